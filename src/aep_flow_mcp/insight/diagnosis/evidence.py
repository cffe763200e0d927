"""What a diagnosis looks at: all that could be gathered about one flow, and what its runs say together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from aep_flow_mcp.insight.causes import Cause
from aep_flow_mcp.insight.facts import Outcome, RunFacts, outcome_of
from aep_flow_mcp.insight.shapes import Problem
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
    `focus` is the run asked about, if one was; a `continuous` flow streams and has no runs of its own.
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


@dataclass(frozen=True, slots=True)
class ErrorGroup:
    """Runs with the same error. `share` is of the runs looked at; `lost` are records that failed in them."""

    code: str
    message: str | None
    cause: Cause | None
    runs: int
    share: float
    lost: int
    first_at: datetime | None
    last_at: datetime | None
    last_run: str


_FINISHED = (Outcome.SUCCEEDED, Outcome.FAILED, Outcome.PARTIAL)


@dataclass(frozen=True, slots=True)
class History:
    """What the newest runs of a flow say together. `bad` are the failed and partial ones, newest first."""

    runs: tuple[RunFacts, ...]
    groups: tuple[ErrorGroup, ...]
    streak: int
    lost: int

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
    """The runs newest first, grouped by their most telling error.

    `streak` counts the finished runs at the newest end that did not succeed.
    """
    facts = sorted((RunFacts.of(run) for run in runs), key=_newest_first)
    streak = 0
    for run in facts:
        if run.outcome in (Outcome.FAILED, Outcome.PARTIAL):
            streak += 1
        elif run.outcome is Outcome.SUCCEEDED:
            break
    grouped: dict[str, list[RunFacts]] = {}
    for run in facts:
        if run.error:
            grouped.setdefault(run.error, []).append(run)
    groups = [_group(code, members, len(facts)) for code, members in grouped.items()]
    groups.sort(key=lambda group: (-group.runs, _negative(group.last_at)))
    return History(tuple(facts), tuple(groups), streak, sum(run.records_failed or 0 for run in facts))


def is_bad(run: FlowRun) -> bool:
    return outcome_of(run) in (Outcome.FAILED, Outcome.PARTIAL)


def _group(code: str, members: list[RunFacts], total: int) -> ErrorGroup:
    times = [run.at for run in members if run.at]
    newest = members[0]
    return ErrorGroup(
        code=code,
        message=newest.message,
        cause=newest.cause,
        runs=len(members),
        share=len(members) / total,
        lost=sum(run.records_failed or 0 for run in members),
        first_at=min(times, default=None),
        last_at=max(times, default=None),
        last_run=newest.id,
    )


def _newest_first(run: RunFacts) -> float:
    return _negative(run.at)


def _negative(at: datetime | None) -> float:
    return -at.timestamp() if at else float("inf")
