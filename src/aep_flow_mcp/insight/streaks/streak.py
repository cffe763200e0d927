"""What goes on at the newest end of a flow's runs without a break: since when, and what was before."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from aep_flow_mcp.insight.facts import Outcome, RunFacts
from aep_flow_mcp.insight.words import utc


@dataclass(frozen=True, slots=True)
class Trouble:
    """What may go on: which runs belong to it, and which end it. All others (unfinished, unknown) do neither."""

    belongs: Callable[[RunFacts], bool]
    breaks: Callable[[RunFacts], bool]
    words: str
    """Said of runs."""
    good: str
    """What the last run before it is called."""


def _is_bad(run: RunFacts) -> bool:
    return run.outcome in (Outcome.FAILED, Outcome.PARTIAL)


def _is_good(run: RunFacts) -> bool:
    return run.outcome is Outcome.SUCCEEDED


def _brought_data(run: RunFacts) -> bool:
    return run.outcome in (Outcome.SUCCEEDED, Outcome.PARTIAL) and not run.read_nothing


def _brought_nothing(run: RunFacts) -> bool:
    return run.outcome is Outcome.SUCCEEDED and run.read_nothing


FAILING = Trouble(_is_bad, _is_good, "failed or lost records", "the last good one")
EMPTY = Trouble(_brought_nothing, _brought_data, "read 0 records", "the last one with data")
"""A failed run in between ends it not: it brought no data either."""


@dataclass(frozen=True, slots=True)
class Streak:
    """`runs` in a row that are in the same trouble; where not `counted`, there are more. `first` is the first of them;
    where not `whole`, only the first known. `last_good` is the newest run that was not; None: there is none, or it is
    not known.
    """

    trouble: Trouble
    runs: int = 0
    first: RunFacts | None = None
    last_good: RunFacts | None = None
    whole: bool = True
    counted: bool = True

    @property
    def since(self) -> str | None:
        """The time of the first run, for a person."""
        at = utc(self.first.at) if self.first else None
        return at if self.whole or at is None else f"at least {at}"

    def __str__(self) -> str:
        number = f"{self.runs:,}" if self.counted else f"{self.runs:,} or more"
        since = f", {'' if self.whole else 'at least '}since {utc(self.first.at)}" if self.first else ""
        words = f"the newest {number} finished runs {self.trouble.words}{since}"
        if self.last_good is not None:
            return f"{words}; {self.trouble.good} was {utc(self.last_good.at)}"
        return f"{words}; no run before was better" if self.whole else words


def newest_first(runs: Iterable[RunFacts]) -> list[RunFacts]:
    """In the order in which runs count: by their start, or where they have none by their creation."""
    return sorted(runs, key=lambda run: -run.at.timestamp() if run.at else float("inf"))


def streak_of(runs: Iterable[RunFacts], trouble: Trouble) -> Streak:
    """The streak at the newest end of some runs, newest first. `whole`: they hold a run that ended another."""
    members: list[RunFacts] = []
    for run in runs:
        if trouble.breaks(run):
            return Streak(trouble, len(members), members[-1] if members else None, run)
        if trouble.belongs(run):
            members.append(run)
    return Streak(trouble, len(members), members[-1] if members else None, None, whole=False, counted=False)
