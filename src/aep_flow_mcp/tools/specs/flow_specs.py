"""Flow specs: the kinds of dataflows, which connectors each joins, and what its schedule takes."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any

from mcp.server.mcpserver.exceptions import ToolError
from pydantic import BaseModel, Field

from aep_flow_mcp.answers.listing import Detail, listed, sliced
from aep_flow_mcp.answers.pieces import Pieces, as_it_is
from aep_flow_mcp.answers.spec_fields import SpecField, fields_of
from aep_flow_mcp.answers.text import InPieces, Listing, Whole
from aep_flow_mcp.answers.whole import ONE, whole
from aep_flow_mcp.gathering.finding import connector_ids_of
from aep_flow_mcp.gathering.names import Found, find_by_name, found_note
from aep_flow_mcp.gathering.spec_names import with_specs
from aep_flow_mcp.gathering.unread import Unread
from aep_flow_mcp.insight.terms import kind_of_spec
from aep_flow_mcp.pipelines.fixed import fixed_of_spec
from aep_flow_mcp.platform.answers import model_of
from aep_flow_mcp.platform.models.flows import FlowKind
from aep_flow_mcp.platform.models.specs import ConnectionSpec, FlowSpec, NamedSpec
from aep_flow_mcp.surface.dependencies import Reader
from aep_flow_mcp.surface.params import Cursor, Filters, Id, Limit, Named, OrderBy
from aep_flow_mcp.surface.registry import read_tool

SHOWN = 100
SPEC_PATH = "/data/foundation/flowservice/flowSpecs"


class FlowSpecRow(BaseModel):
    """A flow spec in a list; `sources` and `targets` count the connectors it takes."""

    id: str
    name: str | None = None
    kind: FlowKind
    mode: str | None = None
    sources: int
    targets: int
    has_runs: bool


class ConnectorRef(BaseModel):
    """A connector by id and name; the name is missing where the organisation does not have it."""

    id: str
    name: str | None = None


class TransformationRow(BaseModel):
    """A transformation that flows of this kind may have, and its parameters."""

    name: str | None = None
    params: list[str]


class FlowSpecCard(InPieces):
    """What a flow of this kind takes. With `detail="full"` there is `item`, as the API gives it, instead."""

    id: str
    name: str | None = None
    description: str | None = None
    version: str | None = None
    provider_id: str | None = None
    kind: FlowKind | None = None
    mode: str | None = None
    has_runs: bool | None = None
    sources: list[ConnectorRef] | None = None
    targets: list[ConnectorRef] | None = None
    schedule: list[SpecField] | None = None
    options: list[SpecField] | None = None
    transformations: list[TransformationRow] | None = None
    run_params: list[SpecField] | None = None
    fixed: str | None = None
    item: dict[str, Any] | None = None
    note: str | None = None


@read_tool("specs")
async def list_flow_specs(
    aep: Reader,
    kind: FlowKind | None = None,
    source_connector: Named = None,
    target_connector: Named = None,
    filters: Filters = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Listing[FlowSpecRow]:
    """List kinds of dataflows, by the connectors they join."""
    sources = await connector_ids_of(aep, source_connector) if source_connector else None
    targets = await connector_ids_of(aep, target_connector) if target_connector else None
    specs = await aep.list_flow_specs(filters=filters)
    wanted = [
        spec
        for spec in specs
        if (kind is None or kind_of_spec(spec) == kind)
        and (sources is None or any(map(spec.takes_source, sources)))
        and (targets is None or any(map(spec.takes_target, targets)))
    ]
    asked = {"kind": kind, "source": source_connector, "target": target_connector, "filters": filters}
    rows = sorted(map(_row, wanted), key=lambda row: ((row.name or "").casefold(), row.id))
    return sliced("list_flow_specs", asked, rows, limit, cursor)


@read_tool("specs")
async def get_flow_spec(
    aep: Reader, flow_spec_id: Id, detail: Detail = Detail.SUMMARY, cursor: Cursor = None
) -> FlowSpecCard:
    """What a kind of dataflow takes: connectors, schedule, options, transformations."""
    pieces = Pieces(cursor, ("sources", "targets", "schedule", "options", "transformations", "run_params"))
    if detail is Detail.FULL:
        stored = await aep.get_object("flowSpecs", flow_spec_id)
        spec = model_of(FlowSpec, stored, SPEC_PATH)
        shown = whole(stored, path=f"{SPEC_PATH}/{flow_spec_id}", select=ONE)
        return FlowSpecCard(id=spec.id, name=spec.name, item=shown.item, note=shown.note)
    spec, connectors, note = await with_specs(
        lambda: aep.get_flow_spec(flow_spec_id),
        aep.list_connection_specs,
        lacking="Connector names",
        so="its connectors are told by id only",
    )
    return _card(spec, connectors, note, pieces)


@read_tool("specs")
async def find_flow_spec(
    aep: Reader,
    query: Annotated[str | None, Field(description="its name")] = None,
    source_connector: Named = None,
    target_connector: Named = None,
) -> Listing[Found]:
    """A flow spec's id by its name, the connectors it joins, or both."""
    if not (query or source_connector or target_connector):
        raise ToolError("Give query, source_connector or target_connector.")
    unread = Unread()

    async def meant(text: str) -> list[str]:
        so = "what was given was taken for an id"
        read = partial(connector_ids_of, aep, text)
        return await unread.read("The connectors", read, [text.strip()], so=so)

    specs = await aep.list_flow_specs()
    if source_connector:
        ids = await meant(source_connector)
        specs = [spec for spec in specs if any(spec.takes_source(id) for id in ids)]
    if target_connector:
        ids = await meant(target_connector)
        specs = [spec for spec in specs if any(spec.takes_target(id) for id in ids)]
    if not query:
        found = [Found(id=spec.id, name=spec.name or "", match="connectors") for spec in specs]
        note = None if found else "No flow spec joins these connectors."
    else:
        found = find_by_name(query, [(spec.id, spec.name or "") for spec in specs])
        note = found_note(found, "list_flow_specs")
    return Listing(items=found, note=" ".join(filter(None, [note, unread.note])) or None)


@read_tool("admin")
async def search_flow_specs(
    aep: Reader,
    query: Annotated[str, Field(min_length=1, description="e.g. name==CloudStorageToAEP")],
    order_by: OrderBy = None,
    projection_fields: list[str] | None = None,
    group_by: str | None = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Listing[FlowSpecRow | Whole]:
    """Adobe's own search, whose query language is undocumented. Prefer list_flow_specs."""
    page = await aep.search_flow_specs(
        query,
        limit=limit,
        orderby=order_by,
        cursor=cursor,
        projection_fields=projection_fields or (),
        group_by=group_by,
    )
    # Groups and projections have a shape of their own.
    detail = Detail.FULL if group_by or projection_fields else Detail.SUMMARY
    return listed(page, _row, detail)


def _card(
    spec: FlowSpec, connectors: Mapping[str, ConnectionSpec], note: str | None, pieces: Pieces
) -> FlowSpecCard:
    def connector(id: str) -> ConnectorRef:
        return ConnectorRef(id=id, name=connectors[id].name if id in connectors else None)

    notes = [] if spec.has_runs else ["Its flows have no runs to list."]
    return FlowSpecCard(
        id=spec.id,
        name=spec.name,
        description=spec.description,
        version=spec.version,
        provider_id=spec.provider_id,
        kind=kind_of_spec(spec),
        mode=spec.frequency,
        has_runs=spec.has_runs,
        sources=pieces.take("sources", spec.source_connection_spec_ids, SHOWN, connector) or None,
        targets=pieces.take("targets", spec.target_connection_spec_ids, SHOWN, connector) or None,
        schedule=pieces.take("schedule", fields_of(spec.schedule_spec), SHOWN, as_it_is) or None,
        options=pieces.take("options", fields_of(spec.option_spec), SHOWN, as_it_is) or None,
        transformations=pieces.take("transformations", spec.transformation_specs, SHOWN, _transformation)
        or None,
        run_params=pieces.take("run_params", fields_of(spec.run_spec), SHOWN, as_it_is) or None,
        more=pieces.more,
        cursors=pieces.cursors,
        fixed=fixed_of_spec(spec),
        note=" ".join([*notes, *([note] if note else [])]) or None,
    )


def _transformation(part: NamedSpec) -> TransformationRow:
    return TransformationRow(name=part.name, params=[field.name for field in fields_of(part)])


def _row(spec: FlowSpec) -> FlowSpecRow:
    return FlowSpecRow(
        id=spec.id,
        name=spec.name,
        kind=kind_of_spec(spec),
        mode=spec.frequency,
        sources=len(spec.source_connection_spec_ids),
        targets=len(spec.target_connection_spec_ids),
        has_runs=spec.has_runs,
    )
