"""Counts over runs, in bounded memory, that can be added up."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from aep_flow_mcp.insight.causes import Cause
from aep_flow_mcp.insight.facts import Outcome, RunFacts
from aep_flow_mcp.insight.health.quantiles import Quantiles

MOST_STARTS = 4_096
"""Start times kept for one flow, to see which due times it missed; a flow with more is not judged."""
SHORTEST_PERIOD = timedelta(minutes=15)
FLOW_LIMIT = 256
"""Durations kept for one flow as they are."""
_OUTCOMES = tuple(outcome.value for outcome in Outcome)


@dataclass(slots=True)
class Tally:
    """Sums over some runs. Unknown counts add nothing, so each sum is over the runs that report it.

    `last_at` is the latest start, `last_end` when that run ended; None while it goes on.
    """

    runs: int = 0
    succeeded: int = 0
    partial: int = 0
    failed: int = 0
    in_progress: int = 0
    waiting: int = 0
    unknown: int = 0
    records_in: int = 0
    records_out: int = 0
    records_failed: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    last_at: datetime | None = None
    last_end: datetime | None = None
    durations: Quantiles = field(default_factory=lambda: Quantiles(FLOW_LIMIT))

    def add(self, run: RunFacts) -> None:
        self.runs += 1
        name = run.outcome.value
        setattr(self, name, getattr(self, name) + 1)
        self.records_in += run.records_in or 0
        self.records_out += run.records_out or 0
        self.records_failed += run.records_failed or 0
        self.bytes_in += run.bytes_in or 0
        self.bytes_out += run.bytes_out or 0
        if run.duration_s is not None:
            self.durations.add(run.duration_s)
        if run.at is not None and (self.last_at is None or run.at > self.last_at):
            self.last_at, self.last_end = run.at, run.ends_at

    def merge(self, other: Tally) -> None:
        """Add what another tally counted."""
        self.runs += other.runs
        for name in _OUTCOMES:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.records_in += other.records_in
        self.records_out += other.records_out
        self.records_failed += other.records_failed
        self.bytes_in += other.bytes_in
        self.bytes_out += other.bytes_out
        self.durations.merge(other.durations)
        if other.last_at is not None and (self.last_at is None or other.last_at > self.last_at):
            self.last_at, self.last_end = other.last_at, other.last_end

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


@dataclass(slots=True)
class FlowTally(Tally):
    """The tally of one flow, with its start times and the error that its last bad run had.

    `long` gives the ends of runs that lasted longer than the shortest period, by their starts; None: it goes on.
    """

    starts: array[int] = field(default_factory=lambda: array("q"))
    long: dict[int, datetime | None] = field(default_factory=dict)
    last_error: str | None = None
    last_cause: Cause | None = None
    last_error_at: datetime | None = None

    def add(self, run: RunFacts) -> None:
        Tally.add(self, run)
        if run.at is not None and len(self.starts) <= MOST_STARTS:
            start = int(run.at.timestamp())
            self.starts.append(start)
            end = run.ends_at
            if end is None or (end - run.at) > SHORTEST_PERIOD:
                self.long[start] = end
        if run.error and run.at and (self.last_error_at is None or run.at >= self.last_error_at):
            self.last_error, self.last_cause, self.last_error_at = run.error, run.cause, run.at

    @property
    def starts_known(self) -> bool:
        return len(self.starts) <= MOST_STARTS


@dataclass(slots=True)
class ErrorTally:
    """Runs with the same error. `flows` counts them by flow, `causes` by the cause that they name."""

    runs: int = 0
    failed: int = 0
    records_failed: int = 0
    first_at: datetime | None = None
    last_at: datetime | None = None
    message: str | None = None
    flows: dict[str, int] = field(default_factory=dict)
    causes: dict[Cause, int] = field(default_factory=dict)

    def add(self, run: RunFacts) -> None:
        self.runs += 1
        self.failed += run.outcome is Outcome.FAILED
        self.records_failed += run.records_failed or 0
        self.message = self.message or run.message
        self.flows[run.flow_id] = self.flows.get(run.flow_id, 0) + 1
        cause = run.cause or Cause.UNKNOWN
        self.causes[cause] = self.causes.get(cause, 0) + 1
        if run.at is not None:
            self.first_at = run.at if self.first_at is None else min(self.first_at, run.at)
            self.last_at = run.at if self.last_at is None else max(self.last_at, run.at)
