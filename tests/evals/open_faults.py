"""Questions that one call does not answer yet, and why. A line goes from here with the change that mends it."""

from __future__ import annotations

LATER: dict[str, str] = {}
"""Answered by a later call."""

NEVER: dict[str, str] = {}
"""Not answered by three calls, in some organisations."""
