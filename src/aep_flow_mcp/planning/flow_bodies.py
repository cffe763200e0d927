"""What tools that create flows take: schedules, transformations, options; and the checks of a whole flow body."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from aep_flow_mcp.guard.changes.canonical import shown
from aep_flow_mcp.guard.changes.change import Change
from aep_flow_mcp.guard.changes.kinds import Kind
from aep_flow_mcp.guard.changes.naming import NAME, Named, known_by_name
from aep_flow_mcp.guard.changes.steps import PlanError
from aep_flow_mcp.pipelines import schedules, wellknown
from aep_flow_mcp.pipelines.checks.flows import check_flow, check_labels
from aep_flow_mcp.pipelines.checks.outcome import Checked, Problem
from aep_flow_mcp.planning import objects as planning
from aep_flow_mcp.planning import same_load
from aep_flow_mcp.planning.objects import compact
from aep_flow_mcp.platform.concurrency import together
from aep_flow_mcp.platform.errors import PlatformError
from aep_flow_mcp.platform.models.connections import SourceConnection, TargetConnection
from aep_flow_mcp.platform.models.neighbours import Dataset
from aep_flow_mcp.platform.models.specs import FlowSpec
from aep_flow_mcp.platform.reader import FlowReader

StartTime = Annotated[str, Field(description="ISO 8601, UTC unless it says otherwise; or epoch seconds")]


class Frequency(StrEnum):
    """How often an ingestion runs."""

    ONCE = "once"
    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"


class ExportEvery(StrEnum):
    """The rhythms that dataset exports have."""

    HOURS_3 = "3 hours"
    HOURS_6 = "6 hours"
    HOURS_9 = "9 hours"
    HOURS_12 = "12 hours"
    DAY = "day"
    ONCE = "once"


class Transformation(BaseModel):
    """A step between source and target."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(description="Mapping, Copy, Encryption, ...")]
    params: dict[str, Any] = {}


class Schedule(BaseModel):
    """`scheduleParams`, with times as people write them."""

    model_config = ConfigDict(extra="forbid")

    start_time: StartTime
    frequency: Frequency | None = None
    interval: int | None = None
    backfill: bool | None = None
    end_time: str | None = None
    time_unit: Annotated[str | None, Field(description="exports: hour or day")] = None
    export_mode: Annotated[
        str | None, Field(description="exports: FIRST_FULL_THEN_INCREMENTAL, DAILY_FULL_EXPORT")
    ] = None
    folder_name_template: str | None = None

    def as_params(self) -> dict[str, Any]:
        """As the API takes it: epoch seconds, numbers as numbers."""
        return compact(
            startTime=epoch_seconds(self.start_time, "start_time"),
            frequency=self.frequency.value if self.frequency else None,
            interval=self.interval,
            backfill=self.backfill,
            endTime=epoch_seconds(self.end_time, "end_time") if self.end_time else None,
            timeUnit=self.time_unit,
            exportMode=self.export_mode,
            folderNameTemplate=self.folder_name_template,
        )


class Options(BaseModel):
    """What a run does with bad rows."""

    model_config = ConfigDict(extra="forbid")

    error_diagnostics: bool | None = None
    partial_ingestion_percent: Annotated[float | None, Field(gt=0, le=100)] = None

    def as_params(self) -> dict[str, Any] | None:
        """As the API takes it; None when nothing was said."""
        return (
            compact(
                errorDiagnosticsEnabled=self.error_diagnostics,
                partialIngestionPercent=self.partial_ingestion_percent,
            )
            or None
        )


@dataclass(frozen=True)
class Ends:
    """The two connections that a flow joins. `warnings`: what could not be read; such a one is known by id only."""

    source: SourceConnection
    target: TargetConnection
    warnings: tuple[str, ...] = ()


def epoch_seconds(text: str, field: str) -> int:
    """Epoch seconds from `2026-01-31T08:00Z`, `2026-01-31` or a number of seconds.

    Raises:
        PlanError: it is neither.
    """
    found = schedules.parse_time(text)
    if found is None:
        raise PlanError(f"{field}: write a time such as 2026-01-31T08:00:00Z, or epoch seconds.")
    return found


def export_schedule(
    every: ExportEvery, start_time: str, end_time: str | None, folder: str | None
) -> dict[str, Any]:
    """`scheduleParams` of a dataset export; `once` is a single full export."""
    rhythm = schedules.parse_rhythm(every.value)
    return compact(
        **schedules.export_rhythm(rhythm or schedules.Rhythm("once")),
        startTime=epoch_seconds(start_time, "start_time"),
        endTime=epoch_seconds(end_time, "end_time") if end_time else None,
        folderNameTemplate=folder or wellknown.EXPORT_FOLDER,
    )


async def read_ends(aep: FlowReader, source_id: str, target_id: str) -> Ends:
    """Both connections, read side by side.

    Raises:
        PlanError: one of them is not there.
    """
    warnings: list[str] = []

    def end(name: str, object_id: str, get: Callable[[str], Awaitable[Any]]) -> Callable[[], Awaitable[Any]]:
        return partial(
            planning.readable,
            f"The {name} connection",
            partial(get, object_id),
            warnings,
            so="what depends on it was not checked",
            absent=f"{name}_connection_id: there is no {name} connection {object_id} in this sandbox.",
        )

    source, target = await together(
        [
            end("source", source_id, aep.get_source_connection),
            end("target", target_id, aep.get_target_connection),
        ]
    )
    return Ends(
        source or SourceConnection(id=source_id), target or TargetConnection(id=target_id), tuple(warnings)
    )


async def mapping_step(
    aep: FlowReader,
    mapping_id: str,
    version: int | None,
    *,
    target: TargetConnection | None,
    warnings: list[str],
    names: list[Named],
    in_use: bool = False,
) -> dict[str, Any]:
    """The Mapping transformation, with the mapping set's own latest version unless one is given.

    warnings, names: get what could not be read, and the mapping set's name. in_use: a flow has it already, so that a
    404 says no more than that it is not shown.

    Raises:
        PlanError: there is no such mapping set, it is for another schema than the target's, or its latest version is
            asked for and cannot be read.
    """
    get = aep.neighbours.get_mapping_set
    which = f" in version {version}" if version is not None else ""
    what, so = f"The mapping set {mapping_id}", "whether it fits the target was not checked"
    try:
        mapping = await planning.readable(
            what,
            partial(get, mapping_id, version),
            warnings,
            so=so,
            absent=f"mapping_set_id: there is no mapping set {mapping_id}{which}.",
        )
    except PlanError:
        if not in_use or (version is not None and await _is_shown(partial(get, mapping_id))):
            raise
        mapping = await planning.readable(what, partial(get, mapping_id, version), warnings, so=so)
    if mapping is None and version is None:
        raise PlanError(f"mapping_version: give it, for the latest cannot be told. {' '.join(warnings)}")
    schema_id = mapping.schema_id if mapping else None
    if target and target.schema_id and schema_id and schema_id != target.schema_id:
        # 1425-400, help/sources/errors/flow-service-errors.md: both have the same schema.
        raise PlanError(
            f"mapping_set_id: the mapping set is for the schema {schema_id}, the target for {target.schema_id}."
        )
    if mapping is not None:
        names += known_by_name([(mapping_id, "mapping set", mapping.name)])
    found = version if version is not None or mapping is None else mapping.version
    return {"name": "Mapping", "params": {"mappingId": mapping_id, "mappingVersion": int(found or 0)}}


async def _is_shown(read: Callable[[], Awaitable[Any]]) -> bool:
    try:
        await read()
    except PlatformError:
        return False
    return True


async def plan_flow(
    aep: FlowReader,
    *,
    name: str,
    flow_spec_id: str,
    ends: Ends,
    schedule: Mapping[str, Any] | None,
    transformations: list[dict[str, Any]] | None,
    options: Mapping[str, Any] | None = None,
    labels: list[str] | None = None,
    description: str | None,
    draft: bool = False,
    names: Iterable[Named] = (),
    warnings: Iterable[str] = (),
) -> Change:
    """A Change that creates a flow, after the flow spec's own checks."""
    told = [*warnings, *ends.warnings]
    spec = await planning.flow_spec(aep, flow_spec_id, told)
    sent = planning.sendable(
        _checked(spec, flow_spec_id, ends, schedule, transformations, options, draft=draft), told
    )
    body = compact(
        name=name,
        description=description,
        flowSpec=planning.spec_ref(flow_spec_id, spec),
        sourceConnectionIds=[ends.source.id],
        targetConnectionIds=[ends.target.id],
        transformations=sent["transformations"] or [],
        scheduleParams=sent["scheduleParams"] or None,
        options=sent["options"] or None,
        labels=planning.sendable(check_labels(labels or ()), told),
    )
    calls: list[Callable[[], Awaitable[Any]]] = [
        partial(same_load.of_ends, aep, ends.source, ends.target),
        partial(_dataset, aep, ends),
    ]
    doubled, dataset = await together(calls)
    named = (("source connection", ends.source), ("target connection", ends.target), ("flow spec", spec))
    return Change.create(
        Kind.FLOW,
        body,
        params={"mode": "draft"} if draft else None,
        warnings=[*told, *doubled],
        summary=_from_to(ends, dataset),
        names=(*names, *planning.called(*named)),
    )


async def _dataset(aep: FlowReader, ends: Ends) -> Dataset | None:
    """The dataset that is written, for its name; a plan does without it."""
    if ends.target.dataset_id is None:
        return None
    try:
        return await aep.neighbours.get_dataset(ends.target.dataset_id)
    except PlatformError:
        return None


def _from_to(ends: Ends, dataset: Dataset | None) -> str:
    """What is read and what is written, where the connections say it."""
    path, dataset_id = ends.source.path, ends.target.dataset_id
    name = shown(dataset.name, limit=NAME) if dataset and dataset.name else "(name not read)"
    into = f"dataset {name} ({dataset_id})" if dataset_id else shown(ends.target.path or "", limit=NAME)
    if not path or not (dataset_id or ends.target.path):
        return f"Into {into}." if dataset_id else ""
    return f"From {shown(path, limit=NAME)} into {into}."


def _checked(
    spec: FlowSpec | None,
    spec_id: str,
    ends: Ends,
    schedule: Mapping[str, Any] | None,
    transformations: list[dict[str, Any]] | None,
    options: Mapping[str, Any] | None,
    *,
    draft: bool,
) -> Checked:
    """The body against the flow spec, and against what the flow spec's own mapping needs."""
    as_given = {"scheduleParams": schedule, "transformations": transformations, "options": options}
    checked = Checked(as_given)
    if spec is not None:
        checked = check_flow(
            spec,
            source_spec_id=ends.source.spec_id,
            target_spec_id=ends.target.spec_id,
            schedule=schedule,
            transformations=transformations,
            options=options,
            now=planning.now(),
            draft=draft,
        )
    needs_mapping = spec_id == wellknown.FLOW_STREAM_MAPPED and not draft
    if needs_mapping and not any(step.get("name") == "Mapping" for step in transformations or ()):
        # 1328-400, help/sources/errors/sources-errors.md: the mapping transformation is missing.
        missing = Problem("mapping_set_id", f"is required: {spec.name if spec else spec_id} maps raw data.")
        return replace(checked, problems=(*checked.problems, missing))
    return checked


def with_epochs(op: dict[str, Any]) -> dict[str, Any]:
    """A patch operation on a schedule whose times, as they are shown, are ISO 8601: as the service keeps them.

    Raises:
        PlanError: a text that is neither a time nor a number.
    """
    path, value = op["path"], op.get("value")
    if path == "/scheduleParams" and isinstance(value, dict):
        return {**op, "value": {name: _epoch(name, each) for name, each in value.items()}}
    parent, _, name = path.rpartition("/")
    return {**op, "value": _epoch(name, value)} if parent == "/scheduleParams" and "value" in op else op


def _epoch(name: str, value: Any) -> Any:
    if name not in ("startTime", "endTime") or not isinstance(value, str) or value.strip().isdecimal():
        return value
    return epoch_seconds(value, name)
