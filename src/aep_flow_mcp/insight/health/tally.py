"""Counts over runs, in bounded memory, that can be added up."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from msgspec import Struct, field

from aep_flow_mcp.insight.causes import Cause
from aep_flow_mcp.insight.facts import Outcome, RunFacts
from aep_flow_mcp.insight.health.quantiles import Quantiles

MOST_STARTS = 4_096
"""Start times kept for one flow, to see which due times it missed; a flow with more is not judged."""
SHORTEST_PERIOD = timedelta(minutes=15)
_SHORTEST_S = SHORTEST_PERIOD.total_seconds()
FLOW_LIMIT = 256
"""Durations kept for one flow as they are."""
_OUTCOMES = tuple(outcome.value for outcome in Outcome)
_AMOUNTS = ("records_in", "records_out", "records_failed", "records_skipped", "bytes_in", "bytes_out")


class Sums(Struct, gc=False):
    """Sums over some runs: of records and bytes over the runs that tell them, None where none does."""

    runs: int = 0
    succeeded: int = 0
    partial: int = 0
    failed: int = 0
    in_progress: int = 0
    waiting: int = 0
    unknown: int = 0
    records_in: int | None = None
    records_out: int | None = None
    records_failed: int | None = None
    records_skipped: int | None = None
    bytes_in: int | None = None
    bytes_out: int | None = None

    def add(self, run: RunFacts) -> None:
        # Written out: this is done several times for each of thousands of runs.
        self.runs += 1
        if run.outcome is Outcome.SUCCEEDED:
            self.succeeded += 1
        else:
            name = run.outcome.value
            setattr(self, name, getattr(self, name) + 1)
        if run.records_in is not None:
            self.records_in = run.records_in + (self.records_in or 0)
        if run.records_out is not None:
            self.records_out = run.records_out + (self.records_out or 0)
        if run.records_failed is not None:
            self.records_failed = run.records_failed + (self.records_failed or 0)
        if run.records_skipped is not None:
            self.records_skipped = run.records_skipped + (self.records_skipped or 0)
        if run.bytes_in is not None:
            self.bytes_in = run.bytes_in + (self.bytes_in or 0)
        if run.bytes_out is not None:
            self.bytes_out = run.bytes_out + (self.bytes_out or 0)

    def merge(self, other: Sums) -> None:
        """Add what another one counted."""
        self.runs += other.runs
        for name in _OUTCOMES:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for name in _AMOUNTS:
            setattr(self, name, _sum(getattr(self, name), getattr(other, name)))

    @property
    def bad(self) -> int:
        """Runs that failed or lost something."""
        return self.failed + self.partial

    @property
    def finished(self) -> int:
        return self.succeeded + self.bad

    @property
    def failure_share(self) -> float | None:
        """Failed runs of all that ended; None when none has."""
        return self.failed / self.finished if self.finished else None


class Tally(Sums, gc=False):
    """Sums over some runs, with how long they took."""

    durations: Quantiles = field(default_factory=lambda: Quantiles(FLOW_LIMIT))

    def add(self, run: RunFacts) -> None:
        Sums.add(self, run)
        if run.duration_s is not None:
            self.durations.add(run.duration_s)

    def merge(self, other: Sums) -> None:
        Sums.merge(self, other)
        if isinstance(other, Tally):
            self.durations.merge(other.durations)


class FlowTally(Tally, gc=False):
    """The tally of one flow, with its start times and the error that its last bad run had.

    `last` is its latest run; `bad_starts` are the starts of its failed and partial runs, `last_good` is that of its
    newest run that was neither.

    `long` gives the ends of runs that lasted longer than the shortest period, by their starts; None: it goes on.
    Most flows have one run, which is neither bad nor long, and nothing is made for those.
    """

    several: array[int] | None = None
    """The starts of more than one run."""
    bad_starts: array[int] | None = None
    last: RunFacts | None = None
    last_good: datetime | None = None
    long: dict[int, datetime | None] | None = None
    last_error: str | None = None
    last_cause: Cause | None = None
    last_error_at: datetime | None = None

    def add(self, run: RunFacts) -> None:
        Tally.add(self, run)
        at = run.at
        if at is None:
            return
        start = int(at.timestamp())
        if self.starts_known:
            if self.last is not None:
                self.several = self.several or array("q", self.starts)
                self.several.append(start)
            goes_on = run.outcome is Outcome.IN_PROGRESS
            if goes_on or (run.duration_s or 0) > _SHORTEST_S:
                self.long = self.long or {}
                self.long[start] = run.ends_at
        if self.last is None or self.last.at is None or at > self.last.at:
            self.last = run
        if run.outcome is Outcome.SUCCEEDED:
            if self.last_good is None or at > self.last_good:
                self.last_good = at
        elif run.error:
            self.bad_starts = self.bad_starts or array("q")
            self.bad_starts.append(start)
            if self.last_error_at is None or at >= self.last_error_at:
                self.last_error, self.last_cause, self.last_error_at = run.error, run.cause, at

    @property
    def last_at(self) -> datetime | None:
        """When its latest run started."""
        return self.last.at if self.last else None

    @property
    def last_end(self) -> datetime | None:
        """When that ended; None while it goes on."""
        return self.last.ends_at if self.last else None

    def bad_since(self, good: datetime | None) -> datetime | None:
        """The first of its bad runs after a moment; None where none is."""
        after = good.timestamp() if good else float("-inf")
        first = min((start for start in self.bad_starts or () if start > after), default=None)
        return None if first is None else datetime.fromtimestamp(first, UTC)

    @property
    def starts(self) -> Sequence[int]:
        """When its runs started, in epoch seconds, in any order; no more than `MOST_STARTS` and one."""
        if self.several is not None:
            return self.several
        return (int(self.last.at.timestamp()),) if self.last is not None and self.last.at is not None else ()

    @property
    def starts_known(self) -> bool:
        return self.several is None or len(self.several) <= MOST_STARTS


def _sum(known: int | None, more: int | None) -> int | None:
    return known if more is None else more if known is None else known + more


def _later(at: datetime | None, than: datetime | None) -> bool:
    return at is not None and (than is None or at > than)


class ErrorTally(Struct, gc=False):
    """Runs with the same error. `flows` counts them by flow."""

    runs: int = 0
    failed: int = 0
    records_failed: int | None = None
    first_at: datetime | None = None
    last_at: datetime | None = None
    message: str | None = None
    """That of the latest of its runs, in whatever order they were read."""
    message_at: datetime | None = None
    flows: dict[str, int] = {}

    def add(self, run: RunFacts) -> None:
        self.runs += 1
        self.failed += run.outcome is Outcome.FAILED
        self.records_failed = _sum(self.records_failed, run.records_failed)
        if run.message and (self.message is None or _later(run.at, self.message_at)):
            self.message, self.message_at = run.message, run.at
        self.flows[run.flow_id] = self.flows.get(run.flow_id, 0) + 1
        if run.at is not None:
            self.first_at = run.at if self.first_at is None else min(self.first_at, run.at)
            self.last_at = run.at if self.last_at is None else max(self.last_at, run.at)
