"""How long a flow's runs usually take, and whether they take longer now."""

from __future__ import annotations

from collections.abc import Iterable
from statistics import median

from aep_flow_mcp.insight.facts import Outcome, RunFacts

SLOWER_FACTOR = 1.5
SLOWER_SECONDS = 60.0
FEWEST_RUNS = 3
"""A duration is compared only where it is that of so many runs."""


def usual_duration(runs: Iterable[RunFacts]) -> float | None:
    """The median over the runs that did their work, in seconds; None where they are too few to speak of usual."""
    worked = (Outcome.SUCCEEDED, Outcome.PARTIAL)
    timed = [run.duration_s for run in runs if run.outcome in worked and run.duration_s is not None]
    return median(timed) if len(timed) >= FEWEST_RUNS else None


def is_slower(now: float | None, usual: float | None) -> bool:
    """Whether a duration is longer than another by so much that a person would call it slower."""
    if now is None or usual is None:
        return False
    return now >= SLOWER_FACTOR * usual and now - usual >= SLOWER_SECONDS
