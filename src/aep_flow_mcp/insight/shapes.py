"""The shapes in which flows and runs are described.

Every shape is frozen; times are ISO 8601 in UTC, durations seconds, and what is unknown is None.
"""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from aep_flow_mcp.insight.terms import told_status
from aep_flow_mcp.insight.words import error_words, failing_errors, root_error, seconds, utc
from aep_flow_mcp.platform.models.flows import FlowKind
from aep_flow_mcp.platform.models.runs import FlowRun, RunStatus


class Problem(StrEnum):
    """Why a part of the description is missing."""

    NOT_FOUND = "not found: deleted, or hidden by an access label"
    NO_PERMISSION = "no permission"
    UNAVAILABLE = "unavailable"


class _Shape(BaseModel):
    model_config = ConfigDict(frozen=True)


class Part(_Shape):
    """Something the flow depends on. `problem` says why it has no name."""

    id: str
    name: str | None = None
    problem: Problem | None = None


class AccountPart(Part):
    """A base connection."""

    state: str | None = None
    connector: str | None = None


class EndPart(Part):
    """What sources and targets share. `connector` is the name of the end's own connection spec."""

    state: str | None = None
    connector: str | None = None
    connector_id: str | None = None
    account: AccountPart | None = None
    location: str | None = None
    format: str | None = None


class SourcePart(EndPart):
    datasets: list[Part] = []


class TargetPart(EndPart):
    dataset: Part | None = None
    xdm_schema: Part | None = None


class MappingPart(Part):
    """`first` shows some of the `fields` mapped fields."""

    version: int | None = None
    fields: int | None = None
    first: list[str] = []


class AudienceRow(_Shape):
    id: str | None = None
    name: str | None = None
    export_mode: str | None = None
    schedule: str | None = None


class ScheduleFields(_Shape):
    frequency: str | None = None
    interval: int | None = None
    start: str | None = None
    end: str | None = None
    backfill: bool | None = None
    export_mode: str | None = None


class OperationPart(_Shape):
    """The last change made to the flow itself."""

    operation: str | None = None
    status: str | None = None
    at: str | None = None
    errors: list[str] = []


class LastRunPart(_Shape):
    """What the flow itself says about its last run, which need not be among the listed ones."""

    id: str | None = None
    status: RunStatus
    state: str | None = None
    started_at: str | None = None
    completed_at: str | None = None


class RunRow(_Shape):
    """One run. Durations in seconds, times in UTC; a number that is unknown is left out."""

    id: str
    status: RunStatus
    started_at: str | None = None
    duration_s: float | None = None
    records_in: int | None = None
    records_out: int | None = None
    records_failed: int | None = None
    records_skipped: int | None = None
    errors: int | None = None
    first_error: str | None = None


class FlowDescription(_Shape):
    """A flow with everything it depends on. What could not be read has a `problem`, listed in `problems`.

    `mode` is batch or streaming. `endpoint` is where a stream or webhook sends its data to; `labels` are access labels.
    """

    id: str
    name: str | None = None
    description: str | None = None
    state: str | None = None
    kind: FlowKind | None = None
    mode: str | None = None
    flow_spec: Part | None = None
    problems: list[str] = []
    endpoint: str | None = None
    labels: list[str] = []
    schedule: str | None = None
    schedule_fields: ScheduleFields | None = None
    sources: list[SourcePart] = []
    targets: list[TargetPart] = []
    mapping: MappingPart | None = None
    audience_count: int | None = None
    audiences: list[AudienceRow] = []
    attribute_count: int | None = None
    attributes: list[str] = []
    mandatory_fields: list[str] = []
    primary_fields: list[str] = []
    error_diagnostics: bool | None = None
    partial_ingestion_percent: float | None = None
    created_at: str | None = None
    created_by: str | None = None
    created_client: str | None = None
    updated_at: str | None = None
    updated_by: str | None = None
    last_operation: OperationPart | None = None
    last_run: LastRunPart | None = None
    runs_7d: int | None = None
    failed_7d: int | None = None
    runs_problem: Problem | None = None
    runs_note: str | None = None
    runs: list[RunRow] = []
    note: str | None = None


def run_row(run: FlowRun) -> RunRow:
    """A run in one line, with the number of its errors and the one that says most."""
    return RunRow(
        id=run.id,
        status=told_status(run),
        started_at=utc(run.started_at),
        duration_s=seconds(run.duration_s),
        records_in=run.records_in,
        records_out=run.records_out,
        records_failed=run.records_failed,
        records_skipped=run.records_skipped,
        errors=len(failing_errors(run)) or None,
        first_error=error_words(root_error(run)),
    )
