"""What a diagnosis looks at: all that could be gathered about one flow, and what its runs say together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from itertools import takewhile

from aep_flow_mcp.insight.causes import Cause
from aep_flow_mcp.insight.facts import Outcome, RunFacts, outcome_of
from aep_flow_mcp.insight.messages import NO_ERROR_GIVEN
from aep_flow_mcp.insight.shapes import Problem
from aep_flow_mcp.insight.streaks.streak import Streak, newest_first
from aep_flow_mcp.insight.windows import Window
from aep_flow_mcp.platform.models.connections import Connection, SourceConnection, TargetConnection
from aep_flow_mcp.platform.models.flows import Flow
from aep_flow_mcp.platform.models.neighbours import Dataset, MappingSet, SchemaSummary
from aep_flow_mcp.platform.models.runs import FlowRun


class Probe(StrEnum):
    """What came of trying something: a connection test, or looking for the source path."""

    OK = "ok"
    FAILED = "failed"
    MISSING = "missing"
    NOT_TRIED = "not tried"
    UNAVAILABLE = "could not be tried"


@dataclass(frozen=True, slots=True)
class Probed:
    """The outcome of a probe, and what the service said when it went wrong."""

    result: Probe = Probe.NOT_TRIED
    message: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One flow and all it depends on, by id: a part, or the `Problem` with it; what was not read is left out.

    `runs` are the newest runs in any order; `unread` says why they are not known. `explored` is by source
    connection id, `tested` by account id.
    `focus` is the run asked about, if one was; a `continuous` flow streams and has no runs of its own. `streak` is what
    goes on at the newest end, as far back as was looked. `window`: the runs are those of this time.
    """

    flow: Flow
    now: datetime
    runs: Sequence[FlowRun] = ()
    unread: Problem | None = None
    sources: Mapping[str, SourceConnection | Problem] = field(default_factory=dict)
    targets: Mapping[str, TargetConnection | Problem] = field(default_factory=dict)
    accounts: Mapping[str, Connection | Problem] = field(default_factory=dict)
    tested: Mapping[str, Probed] = field(default_factory=dict)
    explored: Mapping[str, Probed] = field(default_factory=dict)
    datasets: Mapping[str, Dataset | Problem] = field(default_factory=dict)
    schemas: Mapping[str, SchemaSummary | Problem] = field(default_factory=dict)
    mapping: MappingSet | Problem | None = None
    newest_mapping: int | None = None
    focus: str | None = None
    continuous: bool = False
    streak: Streak | None = None
    window: Window | None = None


@dataclass(frozen=True, slots=True)
class ErrorGroup:
    """Runs with the same error code, cause and reason. `share` is of the runs looked at; `lost` are records that failed
    in them. `in_a_row` is the first of those at the newest end that follow each other, if the newest finished run is
    one; `from_the_start`: all that were looked at are.
    """

    code: str
    message: str | None
    cause: Cause | None
    runs: int
    share: float
    lost: int
    first_at: datetime | None
    last_at: datetime | None
    last_run: str
    in_a_row: datetime | None = None
    from_the_start: bool = False


Key = tuple[str | None, Cause | None, str | None]
_FINISHED = (Outcome.SUCCEEDED, Outcome.FAILED, Outcome.PARTIAL)


@dataclass(frozen=True, slots=True)
class History:
    """What the newest runs of a flow say together. `bad` are the failed and partial ones, newest first."""

    runs: tuple[RunFacts, ...]
    groups: tuple[ErrorGroup, ...]
    streak: int

    def total(self, count: str) -> int | None:
        """The sum of a count over the runs that tell it; None where none does. `count`: a field of `RunFacts`."""
        told = [number for run in self.runs if (number := getattr(run, count)) is not None]
        return sum(told) if told else None

    @property
    def bad(self) -> list[RunFacts]:
        return [run for run in self.runs if run.outcome in (Outcome.FAILED, Outcome.PARTIAL)]

    @property
    def finished(self) -> list[RunFacts]:
        return [run for run in self.runs if run.outcome in _FINISHED]

    @property
    def newest(self) -> RunFacts | None:
        return self.runs[0] if self.runs else None

    @property
    def newest_finished(self) -> RunFacts | None:
        return next(iter(self.finished), None)

    @property
    def last_success(self) -> RunFacts | None:
        return next((run for run in self.runs if run.outcome is Outcome.SUCCEEDED), None)

    @property
    def unfinished(self) -> list[RunFacts]:
        return [run for run in self.runs if run.outcome in (Outcome.IN_PROGRESS, Outcome.WAITING)]


def read_history(runs: Sequence[FlowRun]) -> History:
    """The runs newest first, grouped by the code, the cause and the reason of their most telling error.

    `streak` counts the finished runs at the newest end that did not succeed.
    """
    facts = newest_first(RunFacts.of(run) for run in runs)
    streak = 0
    for run in facts:
        if run.outcome in (Outcome.FAILED, Outcome.PARTIAL):
            streak += 1
        elif run.outcome is Outcome.SUCCEEDED:
            break
    grouped: dict[Key, list[RunFacts]] = {}
    for run in facts:
        if run.error:
            grouped.setdefault(_key(run), []).append(run)
    groups = [_group(key, members, facts) for key, members in grouped.items()]
    groups.sort(key=lambda group: (group.in_a_row is None, -group.runs, _negative(group.last_at)))
    return History(tuple(facts), tuple(groups), streak)


def is_bad(run: FlowRun) -> bool:
    return outcome_of(run) in (Outcome.FAILED, Outcome.PARTIAL)


def _key(run: RunFacts) -> Key:
    return run.error, run.cause, run.reason


def _group(key: Key, members: list[RunFacts], runs: Sequence[RunFacts]) -> ErrorGroup:
    times = [run.at for run in members if run.at]
    newest = members[0]
    finished = [run for run in runs if run.outcome in _FINISHED]
    row = list(takewhile(lambda run: bool(run.error) and _key(run) == key, finished))
    return ErrorGroup(
        code=newest.error or NO_ERROR_GIVEN,
        message=newest.message,
        cause=newest.cause,
        runs=len(members),
        share=len(members) / len(runs),
        lost=sum(run.records_failed or 0 for run in members),
        first_at=min(times, default=None),
        last_at=max(times, default=None),
        last_run=newest.id,
        in_a_row=row[-1].at if row else None,
        from_the_start=len(row) == len(finished),
    )


def _negative(at: datetime | None) -> float:
    return -at.timestamp() if at else float("inf")
