"""Questions that one call does not answer yet, and why. A line goes from here with the change that mends it."""

from __future__ import annotations

LATER: dict[str, str] = {
    "failed-flows-day": "a table is cut at 5 rows, whatever matters most",
    "stream-runs": "pipeline_health says 'no runs' of a streaming flow, as of one that should have had some",
}
"""Answered by a later call."""

NEVER: dict[str, str] = {}
"""Not answered by three calls, in some organisations."""
