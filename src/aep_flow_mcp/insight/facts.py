"""The few facts about flows and runs that questions over many of them need: small, so that thousands fit.

They hold nothing that could hold them, so the garbage collector never looks at them (`gc=False`): going through tens of
thousands of them took a fifth of the time of a question about all.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct

from aep_flow_mcp.insight.causes import Cause, cause_of_error
from aep_flow_mcp.insight.messages import NO_ERROR_GIVEN, reason_of, signature
from aep_flow_mcp.insight.schedule import Timetable
from aep_flow_mcp.insight.words import failing_errors, root_error
from aep_flow_mcp.platform.models.flows import Flow, FlowKind
from aep_flow_mcp.platform.models.runs import FlowRun, RunStatus


class Outcome(StrEnum):
    """How a run went. A `success` that is known to have lost records or carries errors is PARTIAL: the API hides
    that. One whose counts do not tell is SUCCEEDED, as the API says."""

    SUCCEEDED = "succeeded"
    PARTIAL = "partial"
    FAILED = "failed"
    IN_PROGRESS = "in_progress"
    WAITING = "waiting"
    UNKNOWN = "unknown"


_OUTCOMES = {
    RunStatus.FAILED: Outcome.FAILED,
    RunStatus.PARTIAL_SUCCESS: Outcome.PARTIAL,
    RunStatus.PARTIAL_FAILURE: Outcome.PARTIAL,
    RunStatus.IN_PROGRESS: Outcome.IN_PROGRESS,
    RunStatus.SCHEDULED: Outcome.WAITING,
    RunStatus.QUEUED: Outcome.WAITING,
}


def outcome_of(run: FlowRun) -> Outcome:
    """The outcome behind a run's status, counts and errors."""
    status = run.status
    if status is RunStatus.SUCCESS:
        return Outcome.PARTIAL if run.unfailing is False else Outcome.SUCCEEDED
    return _OUTCOMES.get(status, Outcome.UNKNOWN)


class RunFacts(Struct, frozen=True, gc=False):
    """One run. `at` is when it started; where it has not, when it was created. Seconds, records, bytes.

    `error` is the code of the error that says most (its message where it has no code), `reason` its message without
    what varies, and `cause` what the errors name; all None for a run that neither failed nor lost records.
    """

    id: str
    flow_id: str
    outcome: Outcome
    at: datetime | None
    started: bool = True
    duration_s: float | None = None
    latency_s: float | None = None
    records_in: int | None = None
    records_out: int | None = None
    records_failed: int | None = None
    records_skipped: int | None = None
    files_in: int | None = None
    bytes_in: int | None = None
    bytes_out: int | None = None
    error: str | None = None
    message: str | None = None
    reason: str | None = None
    cause: Cause | None = None
    created_at: datetime | None = None
    changed_at: datetime | None = None

    @property
    def read_nothing(self) -> bool:
        """Whether it is known to have found no record and no file. What is not counted is not nothing."""
        return self.records_in == 0 and not self.files_in and not self.records_out

    @property
    def ends_at(self) -> datetime | None:
        """When it ended: as told, its start where a run that is over does not tell; None while it goes on."""
        if self.at is None or self.outcome is Outcome.IN_PROGRESS:
            return None
        return self.at + timedelta(seconds=self.duration_s or 0)

    @classmethod
    def of(cls, run: FlowRun) -> RunFacts:
        outcome = outcome_of(run)
        code = message = reason = cause = None
        if outcome in (Outcome.FAILED, Outcome.PARTIAL):
            root = root_error(run)
            code = (root.code or signature(root.message)) if root else NO_ERROR_GIVEN
            message = root.message if root else None
            reason = reason_of(message)
            cause = cause_of_run(run)
        started = run.started_at
        return cls(
            id=run.id,
            flow_id=run.flow_id or "",
            outcome=outcome,
            at=started or run.created_at,
            started=started is not None,
            duration_s=run.duration_s,
            latency_s=latency_s(run),
            records_in=run.records_in,
            records_out=run.records_out,
            records_failed=run.records_failed,
            records_skipped=run.records_skipped,
            files_in=run.files_in,
            bytes_in=run.bytes_in,
            bytes_out=run.bytes_out,
            error=code,
            message=message,
            reason=reason,
            cause=cause,
            created_at=run.created_at,
            changed_at=run.updated_at or run.created_at,
        )


def cause_of_run(run: FlowRun) -> Cause | None:
    """The cause that a run's own errors name: of the most telling one, else of any other."""
    root = root_error(run)
    named = cause_of_error(root.code, root.message) if root else None
    if named is not None:
        return named
    causes = (cause_of_error(error.code, error.message) for error in failing_errors(run))
    return next((cause for cause in causes if cause is not None), None)


def latency_s(run: FlowRun) -> float | None:
    """The average latency of a run in seconds (`latencySummary.avgMs`); most runs report none."""
    extra = (run.metrics.model_extra if run.metrics else None) or {}
    summary = extra.get("latencySummary")
    value = summary.get("avgMs") if isinstance(summary, dict) else None
    if isinstance(value, int | float) and not isinstance(value, bool) and value >= 0:
        return value / 1000
    return None


class FlowFacts(Struct, frozen=True, gc=False):
    """One flow. `specs` are the connection specs of its outer ends, `accounts` the base connections."""

    id: str
    name: str
    description: str
    state: str
    kind: FlowKind
    spec_id: str | None
    source_ids: tuple[str, ...]
    target_ids: tuple[str, ...]
    source_specs: tuple[str, ...]
    target_specs: tuple[str, ...]
    accounts: tuple[str, ...]
    mapping_id: str | None
    audiences: int
    timetable: Timetable | None
    created_at: datetime | None
    changed_at: datetime | None
    reset_at: datetime | None
    last_run_at: datetime | None
    last_status: RunStatus | None
    last_run_id: str | None = None

    @classmethod
    def of(cls, flow: Flow) -> FlowFacts:
        refs = [*flow.source_refs, *flow.target_refs]
        last, operation = flow.last_run, flow.last_operation
        if last and not (last.state or last.started_at or last.completed_at):
            last = None  # an id alone says neither when nor how
        changed = operation and (operation.operation or "").casefold() != "create"
        return cls(
            id=flow.id,
            name=flow.name or "",
            description=flow.description or "",
            state=(flow.state or "").casefold(),
            kind=flow.kind,
            spec_id=flow.spec_id,
            source_ids=tuple(flow.source_connection_ids) or _ids(ref.id for ref in flow.source_refs),
            target_ids=tuple(flow.target_connection_ids) or _ids(ref.id for ref in flow.target_refs),
            source_specs=_ids(ref.spec_id for ref in flow.source_refs),
            target_specs=_ids(ref.spec_id for ref in flow.target_refs),
            accounts=_ids(ref.base_connection.id for ref in refs if ref.base_connection),
            mapping_id=flow.mapping.mapping_id if flow.mapping else None,
            audiences=len(flow.audiences),
            timetable=Timetable.read(flow.schedule) or Timetable.of_audiences(flow.audiences),
            created_at=flow.created_at,
            changed_at=flow.changed_at,
            # Due times before a change may be those of another schedule: nothing can be said of them.
            reset_at=operation.updated or operation.started if operation and changed else None,
            last_run_at=last.started_at or last.completed_at if last else None,
            last_status=last.status if last else None,
            last_run_id=(last.id or None) if last else None,
        )

    @property
    def enabled(self) -> bool:
        return self.state == "enabled"

    @property
    def outer_specs(self) -> tuple[str, ...]:
        """The connectors that people name a flow by: the source's, or for a destination flow the target's."""
        if self.kind is FlowKind.DESTINATION:
            return self.target_specs or self.source_specs
        return self.source_specs or self.target_specs

    @property
    def judged_since(self) -> datetime | None:
        """From when on the flow is known to have been as it is: what it did before may be by another schedule, or off.

        Switching a flow on leaves no operation, only a new time of change.
        """
        latest = self.created_at
        for at in (self.reset_at, self.changed_at):
            if at is not None and (latest is None or at > latest):
                latest = at
        return latest


def _ids(values: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for value in values if value))
