"""One flow as a person would describe it, shaped from everything that could be gathered about it.

`FlowParts` is what was gathered: each part is there, is a `Problem`, or was never named. `describe` turns it
into a `FlowDescription`. Nothing here calls anybody.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from aep_flow_mcp.insight.shapes import (
    AccountPart,
    AudienceRow,
    FlowDescription,
    LastRunPart,
    MappingPart,
    OperationPart,
    Part,
    Problem,
    ScheduleFields,
    SourcePart,
    TargetPart,
    run_row,
)
from aep_flow_mcp.insight.words import (
    audience_schedule,
    client_words,
    mode_of,
    schedule_words,
    utc,
)
from aep_flow_mcp.platform.models.connections import (
    Connection,
    ConnectionRef,
    SourceConnection,
    TargetConnection,
)
from aep_flow_mcp.platform.models.flows import Flow, FlowKind, LastOperation, LastRun, kind_by_ends
from aep_flow_mcp.platform.models.neighbours import Dataset, MappingSet, SchemaSummary
from aep_flow_mcp.platform.models.runs import FlowRun
from aep_flow_mcp.platform.models.specs import ConnectionSpec, FlowSpec

SHOWN_FIELDS = 8
"""How many mapped fields are shown; their number is always told."""
SHOWN_DATASETS = 100


PartT = TypeVar("PartT")
Found = Mapping[str, PartT | Problem]


@dataclass(frozen=True)
class FlowParts:
    """What was gathered about a flow, by id. An id that is in no mapping was not asked for."""

    flow: Flow
    flow_spec: FlowSpec | Problem | None = None
    connectors: Found[ConnectionSpec] = field(default_factory=dict)
    """By connection spec id."""
    sources: Found[SourceConnection] = field(default_factory=dict)
    targets: Found[TargetConnection] = field(default_factory=dict)
    accounts: Found[Connection] = field(default_factory=dict)
    datasets: Found[Dataset] = field(default_factory=dict)
    schemas: Found[SchemaSummary] = field(default_factory=dict)
    mapping: MappingSet | Problem | None = None
    runs: Sequence[FlowRun] | Problem = ()
    week: tuple[int, int] | Problem | None = None
    """Runs of the last seven days, and how many of them failed."""


def _kind(parts: FlowParts) -> FlowKind | None:
    """By what the flow says, else by its connections; None where neither could be read."""
    if parts.flow.tells_kind:
        return parts.flow.kind
    sources = {each.spec_id for each in parts.sources.values() if isinstance(each, SourceConnection)}
    targets = {each.spec_id for each in parts.targets.values() if isinstance(each, TargetConnection)}
    return kind_by_ends(sources, targets) if sources and targets else None


def describe(parts: FlowParts, *, now: datetime) -> FlowDescription:
    """Shape what was gathered. `now` decides between "starts" and "since", "ends" and "ended"."""
    flow = parts.flow
    spec = parts.flow_spec if isinstance(parts.flow_spec, FlowSpec) else None
    mode = mode_of(flow, spec, _outer_connector(parts))
    sources = [_source(parts, id, ref) for id, ref in _source_ends(flow)]
    targets = [_target(parts, id, ref) for id, ref in ends(flow.target_connection_ids, flow.target_refs)]
    flow_spec = _part(flow.spec_id, parts.flow_spec) if flow.spec_id else None
    mapping = _mapping(parts)
    runs = parts.runs if not isinstance(parts.runs, Problem) else ()
    return FlowDescription(
        id=flow.id,
        name=flow.name,
        description=flow.description,
        state=flow.state,
        kind=_kind(parts),
        mode=mode,
        flow_spec=flow_spec,
        problems=[
            *_part_problems(flow_spec, mapping, sources, targets),
            *_other_problems(parts),
        ],
        endpoint=_endpoint(parts),
        labels=flow.labels,
        schedule=schedule_words(flow, mode, now=now),
        schedule_fields=_schedule_fields(flow),
        sources=sources,
        targets=targets,
        mapping=mapping,
        audience_count=len(flow.audiences) or None,
        audiences=[_audience(selector) for selector in flow.audiences],
        attribute_count=len(flow.attributes) or None,
        attributes=[_attribute(value) for value in flow.attributes],
        mandatory_fields=_mandatory_fields(flow),
        primary_fields=_primary_fields(flow),
        error_diagnostics=flow.error_diagnostics,
        partial_ingestion_percent=flow.partial_ingestion_percent,
        created_at=utc(flow.created_at),
        created_by=flow.created_by,
        created_client=client_words(flow.created_client),
        updated_at=utc(flow.updated_at),
        updated_by=flow.updated_by,
        last_operation=_operation(flow.last_operation),
        last_run=_last_run(flow.last_run, runs),
        runs_7d=parts.week[0] if isinstance(parts.week, tuple) else None,
        failed_7d=parts.week[1] if isinstance(parts.week, tuple) else None,
        runs_problem=parts.runs if isinstance(parts.runs, Problem) else None,
        runs_note=_runs_note(parts, spec),
        runs=[run_row(run) for run in runs],
        note=_more_datasets(parts),
    )


def ends(ids: Sequence[str], refs: Sequence[ConnectionRef]) -> Iterator[tuple[str, ConnectionRef | None]]:
    """The source or target connections of a flow: each id once, with what the flow repeats about it."""
    known = {ref.id: ref for ref in refs if ref.id}
    for id in dict.fromkeys([*ids, *known]):
        yield id, known.get(id)


def connector_id(
    end: SourceConnection | TargetConnection | Problem | None, ref: ConnectionRef | None
) -> str | None:
    """An end's own connection spec, from the end itself or from what the flow repeats about it."""
    own = end.spec_id if isinstance(end, SourceConnection | TargetConnection) else None
    return own or (ref.spec_id if ref else None)


def account_id(
    end: SourceConnection | TargetConnection | Problem | None, ref: ConnectionRef | None
) -> str | None:
    """An end's base connection, likewise; the data lake has none."""
    own = end.base_id if isinstance(end, SourceConnection | TargetConnection) else None
    return own or (ref.base_connection.id if ref and ref.base_connection else None)


def target_schema_id(target: TargetConnection, mapping: MappingSet | Problem | None) -> str | None:
    """The schema of what is written: the target's own, else the mapping's output."""
    return target.schema_id or (
        mapping.schema_id if isinstance(mapping, MappingSet) and target.dataset_id else None
    )


# --- parts --------------------------------------------------------------------------------------------------


def _part(id: str, found: object) -> Part:
    if isinstance(found, Problem):
        return Part(id=id, problem=found)
    return Part(id=id, name=getattr(found, "name", None) or getattr(found, "title", None))


def _connector_name(parts: FlowParts, id: str | None) -> str | None:
    spec = parts.connectors.get(id) if id else None
    return spec.shown_name if isinstance(spec, ConnectionSpec) else None


def _end_fields(
    parts: FlowParts,
    id: str,
    end: SourceConnection | TargetConnection | Problem | None,
    ref: ConnectionRef | None,
) -> dict[str, Any]:
    spec_id, base_id = connector_id(end, ref), account_id(end, ref)
    fields: dict[str, Any] = {
        "id": id,
        "connector": _connector_name(parts, spec_id),
        "connector_id": spec_id,
        "account": _account(parts, base_id, ref) if base_id else None,
    }
    if isinstance(end, Problem):
        return {**fields, "problem": end}
    if end is None:
        return fields
    return {
        **fields,
        "name": end.name,
        "state": end.state,
        "location": _location(end),
        "format": end.data.format if end.data and end.data.format else _file_type(end),
    }


def _location(end: SourceConnection | TargetConnection) -> str | None:
    bucket = next((end.params[key] for key in ("bucketName", "container") if end.params.get(key)), None)
    return ":".join(str(part) for part in (bucket, end.path) if part) or None


def _file_type(end: SourceConnection | TargetConnection) -> str | None:
    found = end.params.get("datasetFileType") or end.params.get("fileType")
    return str(found).lower() if found else None


def _account(parts: FlowParts, id: str, ref: ConnectionRef | None) -> AccountPart:
    found = parts.accounts.get(id)
    base = ref.base_connection if ref else None
    if isinstance(found, Connection):
        connector = _connector_name(parts, found.spec_id)
        return AccountPart(id=id, name=found.name, state=found.state, connector=connector)
    connector = _connector_name(parts, base.spec_id if base else None)
    return AccountPart(id=id, connector=connector, problem=found)


def _source(parts: FlowParts, id: str, ref: ConnectionRef | None) -> SourcePart:
    source = parts.sources.get(id)
    datasets: list[Part] = []
    if isinstance(source, SourceConnection):
        given = _given_names(source)
        datasets = [_dataset(parts, id, name=given.get(id)) for id in source.dataset_ids[:SHOWN_DATASETS]]
    return SourcePart(**_end_fields(parts, id, source, ref), datasets=datasets)


def _target(parts: FlowParts, id: str, ref: ConnectionRef | None) -> TargetPart:
    target = parts.targets.get(id)
    fields = _end_fields(parts, id, target, ref)
    if not isinstance(target, TargetConnection):
        return TargetPart(**fields)
    dataset = _dataset(parts, target.dataset_id) if target.dataset_id else None
    schema_id = target_schema_id(target, parts.mapping)
    if schema_id is None and target.dataset_id:
        written = parts.datasets.get(target.dataset_id)
        schema_id = written.schema_id if isinstance(written, Dataset) else None
    schema = _part(schema_id, parts.schemas.get(schema_id)) if schema_id else None
    return TargetPart(**fields, dataset=dataset, xdm_schema=schema)


def _dataset(parts: FlowParts, id: str, *, name: str | None = None) -> Part:
    found = parts.datasets.get(id)
    return Part(id=id, name=name) if found is None else _part(id, found)


def _given_names(source: SourceConnection) -> dict[str, str]:
    """The names under which an export lists its datasets; they may be out of date."""
    listed = _listed(source.params, "datasets")
    named = [item for item in listed if isinstance(item, dict) and isinstance(item.get("name"), str)]
    return {str(item.get("dataSetId") or item.get("id")): item["name"] for item in named}


def _mapping(parts: FlowParts) -> MappingPart | None:
    used = parts.flow.mapping
    if used is None:
        return None
    found = parts.mapping
    if not isinstance(found, MappingSet):
        return MappingPart(id=used.mapping_id, version=used.mapping_version, problem=found)
    version = found.version if used.mapping_version is None else used.mapping_version
    first = [_arrow(row.source, row.destination) for row in found.mappings[:SHOWN_FIELDS]]
    return MappingPart(
        id=used.mapping_id, name=found.name, version=version, fields=len(found.mappings), first=first
    )


def _arrow(source: str | None, destination: str | None) -> str:
    return f"{source or '?'} -> {destination}" if destination else source or "?"


def _audience(selector: dict[str, Any]) -> AudienceRow:
    def text(key: str) -> str | None:
        value = selector.get(key)
        return value if isinstance(value, str) else None

    return AudienceRow(
        id=text("id"), name=text("name"), export_mode=text("exportMode"), schedule=audience_schedule(selector)
    )


def _more_datasets(parts: FlowParts) -> str | None:
    """How to read the datasets of a source that are not shown."""
    many = [
        f"{SHOWN_DATASETS} of {len(end.dataset_ids)} datasets of a source are shown. All: get_source_connection "
        f"with source_connection_id={id}."
        for id, end in parts.sources.items()
        if isinstance(end, SourceConnection) and len(end.dataset_ids) > SHOWN_DATASETS
    ]
    return " ".join(many) or None


def _attribute(value: dict[str, Any]) -> str:
    mapping = value.get("mapping")
    mapped = mapping if isinstance(mapping, dict) else {}
    source = value.get("path") or mapped.get("sourceAttribute") or mapped.get("source")
    destination = mapped.get("destination") or mapped.get("destinationXdmPath")
    return _arrow(
        str(source) if source else None, str(destination) if destination and destination != source else None
    )


def _mandatory_fields(flow: Flow) -> list[str]:
    """They lie beside the profile selectors, not inside."""
    listed = [item for step in flow.transformations for item in _listed(step.params, "mandatoryFields")]
    return [item for item in listed if isinstance(item, str)]


def _primary_fields(flow: Flow) -> list[str]:
    listed = [item for step in flow.transformations for item in _listed(step.params, "primaryFields")]
    fields = []
    for item in listed:
        if isinstance(item, dict):
            what = item.get("identityNamespace") or item.get("attributePath")
            fields.append(f"{str(item.get('fieldType') or 'field').lower()} {what or '?'}")
    return fields


def _listed(params: dict[str, Any], key: str) -> list[Any]:
    value = params.get(key)
    return value if isinstance(value, list) else []


def _schedule_fields(flow: Flow) -> ScheduleFields | None:
    schedule = flow.schedule
    if schedule is None or not schedule.model_fields_set:
        return None
    return ScheduleFields(
        frequency=schedule.frequency or schedule.time_unit,
        interval=schedule.interval,
        start=utc(schedule.start_time),
        end=utc(schedule.end_time),
        backfill=schedule.backfill,
        export_mode=schedule.export_mode,
    )


def _operation(last: LastOperation | None) -> OperationPart | None:
    if last is None:
        return None
    errors = [": ".join(part for part in (error.code, error.message) if part) for error in last.errors]
    return OperationPart(
        operation=last.operation,
        status=last.status.value if last.status else None,
        at=utc(last.updated or last.started),
        errors=errors,
    )


def _endpoint(parts: FlowParts) -> str | None:
    """The streaming endpoint: the flow's own (webhooks), else that of an account it reads (HTTP API)."""
    if parts.flow.inlet_url:
        return parts.flow.inlet_url
    bases = [account_id(parts.sources.get(id), ref) for id, ref in _source_ends(parts.flow)]
    accounts = [parts.accounts.get(base) for base in bases if base]
    urls = [
        each.auth.params.get("inletUrl") for each in accounts if isinstance(each, Connection) and each.auth
    ]
    return next((url for url in urls if isinstance(url, str) and url), None)


def _source_ends(flow: Flow) -> Iterator[tuple[str, ConnectionRef | None]]:
    return ends(flow.source_connection_ids, flow.source_refs)


def _last_run(last: LastRun | None, listed: Sequence[FlowRun]) -> LastRunPart | None:
    """The last run as the flow tells it, where the list does not hold it."""
    if last is None or any(run.id == last.id for run in listed):
        return None
    return LastRunPart(
        id=last.id,
        status=last.status,
        state=last.state,
        started_at=utc(last.started_at),
        completed_at=utc(last.completed_at),
    )


def _outer_connector(parts: FlowParts) -> ConnectionSpec | None:
    """The connector at the end outside Platform: the source's, or of a destination flow the target's."""
    flow = parts.flow
    refs = flow.target_refs if flow.kind is FlowKind.DESTINATION else flow.source_refs
    found = [parts.connectors.get(ref.spec_id) for ref in refs if ref.spec_id]
    return next((spec for spec in found if isinstance(spec, ConnectionSpec)), None)


# --- problems -----------------------------------------------------------------------------------------------


def _part_problems(
    flow_spec: Part | None, mapping: Part | None, sources: list[SourcePart], targets: list[TargetPart]
) -> Iterator[str]:
    """One line for each part that could not be read."""
    named: list[tuple[str, Part | None]] = [("flow spec", flow_spec)]
    for source in sources:
        named += [("source connection", source), ("account of the source", source.account)]
        named += [("exported dataset", dataset) for dataset in source.datasets]
    for target in targets:
        named += [("target connection", target), ("account of the target", target.account)]
        named += [("target dataset", target.dataset), ("schema", target.xdm_schema)]
    named.append(("mapping set", mapping))
    for what, part in named:
        if part is not None and part.problem is not None:
            yield f"{what} {part.id}: {part.problem.value}"


def _other_problems(parts: FlowParts) -> Iterator[str]:
    for id, found in parts.connectors.items():
        if isinstance(found, Problem):
            yield f"connector {id}: {found.value}"
    if isinstance(parts.runs, Problem):
        yield f"runs: {parts.runs.value}"


def _runs_note(parts: FlowParts, spec: FlowSpec | None) -> str | None:
    if isinstance(parts.runs, Problem) or parts.runs:
        return None
    if spec is not None and not spec.has_runs:
        return "Streaming flows list no runs; look at the batches of the dataset."
    if parts.flow.last_run is not None:
        return "No run is listed, though the flow tells of a last one: runs may be kept for a while only."
    return "It has not run yet, as far as is told: no run is listed, and the flow names none."
