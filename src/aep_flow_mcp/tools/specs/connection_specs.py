"""Connection specs: the catalogue of connectors, and what each needs."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from aep_flow_mcp.answers.exploring import (
    Compression,
    Encoding,
    Entries,
    Explored,
    Path,
    explored,
    question,
)
from aep_flow_mcp.answers.listing import Detail, sliced
from aep_flow_mcp.answers.pieces import Pieces, as_it_is
from aep_flow_mcp.answers.present import present
from aep_flow_mcp.answers.spec_fields import AuthField, SpecField, auth_fields, fields_of
from aep_flow_mcp.answers.text import InPieces, Listing, NamedRef, Whole
from aep_flow_mcp.answers.whole import ONE, whole
from aep_flow_mcp.gathering.finding import connector_id_of
from aep_flow_mcp.gathering.names import Found, find_by_name, found_note, plain_name
from aep_flow_mcp.gathering.spec_names import with_specs
from aep_flow_mcp.platform.answers import model_of
from aep_flow_mcp.platform.models.explore import FileType, ObjectType
from aep_flow_mcp.platform.models.specs import ConnectionSpec, FlowSpec
from aep_flow_mcp.platform.reader_specs import ConfigsQuery
from aep_flow_mcp.surface.dependencies import Reader, Rows
from aep_flow_mcp.surface.params import ConnectorRef, Cursor, Filters, Limit
from aep_flow_mcp.surface.registry import read_tool

SHOWN = 100
MOST_NAMES = 300
SPEC_PATH = "/data/foundation/flowservice/connectionSpecs"


Side = Literal["source", "destination"]


class ConnectorRow(BaseModel):
    """A connector in a list; `label` is what people see, `auth` are the ways to authenticate."""

    id: str
    name: str | None = None
    label: str | None = None
    sides: list[str]
    category: str | None = None
    mode: str | None = None
    auth: list[str] | None = None


class ConnectorMap(InPieces):
    """Name -> id. Names that several connectors share are in `shared`, with their ids; `labels` tells those apart."""

    ids: dict[str, str]
    shared: dict[str, list[str]] | None = None
    labels: dict[str, str] | None = None
    note: str | None = None

    def text(self) -> str:
        """A line a name."""
        shared = {name: ", ".join(map(self._labelled, ids)) for name, ids in (self.shared or {}).items()}
        lines = [f"{name}: {ids}" for name, ids in sorted((self.ids | shared).items())]
        return "\n".join([*lines, self.told("names", len(lines))] if self.more else lines)

    def _labelled(self, id: str) -> str:
        label = (self.labels or {}).get(id)
        return f"{id} ({label})" if label else id


class FlowSpecUse(NamedRef):
    """A flow spec that takes this connector, and at which end."""

    side: str


class Connector(InPieces):
    """What a connector needs: ways to authenticate, parameters at each end, flow specs that take it.

    With `detail="full"` there is `item`, the spec as the API gives it, instead.
    """

    id: str
    name: str | None = None
    label: str | None = None
    description: str | None = None
    version: str | None = None
    provider_id: str | None = None
    sides: list[str]
    category: str | None = None
    mode: str | None = None
    documentation: str | None = None
    auth: list[AuthField] | None = None
    source_params: list[SpecField] | None = None
    target_params: list[SpecField] | None = None
    flow_specs: list[FlowSpecUse] | None = None
    item: dict[str, Any] | None = None
    note: str | None = None


@read_tool("specs")
async def list_connection_specs(
    aep: Reader,
    side: Side | None = None,
    category: str | None = None,
    filters: Filters = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Listing[ConnectorRow]:
    """List connectors. For one by name, use find_connection_spec."""
    specs = await aep.list_connection_specs(filters=filters)
    wanted = [spec for spec in specs if _matches(spec, side, category)]
    asked = {"side": side, "category": category, "filters": filters}
    return sliced("list_connection_specs", asked, sorted(map(_row, wanted), key=_by_name), limit, cursor)


@read_tool("specs")
async def map_connection_specs(aep: Reader, cursor: Cursor = None) -> ConnectorMap:
    """Connector name -> connection spec id, of all."""
    pieces = Pieces(cursor, ("names",))
    named: dict[str, list[ConnectionSpec]] = {}
    for spec in await aep.list_connection_specs():
        if spec.id and (name := spec.name or spec.label):
            named.setdefault(name, []).append(spec)
    every = sorted(named)
    named = {name: named[name] for name in pieces.take("names", every, MOST_NAMES, as_it_is)}
    shared = {name: specs for name, specs in named.items() if len(specs) > 1}
    return ConnectorMap(
        ids={name: specs[0].id for name, specs in named.items() if name not in shared},
        shared={name: [spec.id for spec in specs] for name, specs in shared.items()} or None,
        labels={spec.id: spec.label for specs in shared.values() for spec in specs if spec.label} or None,
        more=pieces.more,
        cursors=pieces.cursors,
    )


@read_tool("specs")
async def get_connection_spec(
    aep: Reader, connector: ConnectorRef, detail: Detail = Detail.SUMMARY, cursor: Cursor = None
) -> Connector:
    """What a connector needs: auth fields, source and target params, flow specs."""
    connection_spec_id = await connector_id_of(aep, connector)
    pieces = Pieces(cursor, ("auth", "source_params", "target_params", "flow_specs"))
    if detail is Detail.FULL:
        # As the API gives it: the cached model has other names for some parts, and the note names parts.
        stored = await aep.get_object("connectionSpecs", connection_spec_id)
        spec = model_of(ConnectionSpec, stored, SPEC_PATH)
        shown = whole(stored, path=f"{SPEC_PATH}/{connection_spec_id}", select=ONE)
        return Connector(id=spec.id, name=spec.name, sides=_sides(spec), item=shown.item, note=shown.note)
    spec, flow_specs, note = await with_specs(
        lambda: aep.get_connection_spec(connection_spec_id),
        aep.list_flow_specs,
        lacking="The flow specs",
        so="those that take it are not known",
    )
    return _connector(spec, list(flow_specs.values()), note, pieces)


@read_tool("specs")
async def find_connection_spec(aep: Reader, query: Annotated[str, Field(min_length=1)]) -> Listing[Found]:
    """A connector's id by name; else the closest names."""
    specs = await aep.list_connection_specs()
    words = {spec.id: f"{spec.label or ''} {spec.description or ''}".strip() for spec in specs}
    found = find_by_name(query, [(spec.id, spec.name or spec.label or "") for spec in specs], words=words)
    # What people call a connector is its label; its API name may be that of a whole kind.
    labelled = find_by_name(query, [(spec.id, spec.label or "") for spec in specs])
    if labelled and labelled[0].match != "close" and (not found or found[0].match == "close"):
        found = labelled
    shown = {spec.id: spec.shown_name or "" for spec in specs}
    items = [each.model_copy(update={"name": shown[each.id]}) for each in found]
    return Listing(items=items, note=found_note(found, "list_connection_specs"))


@read_tool("specs")
async def explore_connection_spec(
    aep: Reader,
    shown: Rows,
    connector: ConnectorRef,
    object_type: ObjectType = "root",
    path: Path = None,
    file_type: FileType | None = None,
    preview: bool | None = None,
    column_delimiter: str | None = None,
    compression_type: Compression | None = None,
    encoding: Encoding | None = None,
    determine_properties: bool = False,
    limit: Entries = 100,
    cursor: Cursor = None,
) -> Explored:
    """Explore a connector that needs no account. Otherwise use explore_connection."""
    query = question(
        object_type,
        path,
        file_type=file_type,
        preview=preview,
        column_delimiter=column_delimiter,
        compression=compression_type,
        encoding=encoding,
        determine_properties=determine_properties,
    )
    found = await aep.explore_connection_spec(await connector_id_of(aep, connector), query)
    return explored(found, cursor=cursor, limit=limit, shown=shown)


@read_tool("specs")
async def get_connection_spec_configs(
    aep: Reader,
    connector: ConnectorRef,
    output_type: str = "activationDatasets",
    output_field: str = "datasets",
    properties: list[str] | None = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Listing[Whole]:
    """A connector's configuration options. For exportable datasets use list_exportable_datasets."""
    query = ConfigsQuery(
        output_type=output_type, output_field=output_field, properties=properties or (), limit=limit
    )
    page = await aep.connection_spec_configs(await connector_id_of(aep, connector), query, cursor=cursor)
    items = [Whole(present(item)) for item in page.items]
    return Listing(items=items, next_cursor=page.next_cursor, total=page.total)


def _connector(
    spec: ConnectionSpec, flow_specs: list[FlowSpec], note: str | None, pieces: Pieces
) -> Connector:
    notes = [] if spec.auth_specs else ["It needs no credentials."]
    return Connector(
        id=spec.id,
        name=spec.name,
        label=_label(spec),
        description=spec.description,
        version=spec.version,
        provider_id=spec.provider_id,
        sides=_sides(spec),
        category=spec.category,
        mode=spec.frequency,
        documentation=spec.documentation,
        auth=pieces.take("auth", auth_fields(spec.auth_specs), SHOWN, as_it_is) or None,
        source_params=pieces.take("source_params", fields_of(spec.source_spec), SHOWN, as_it_is) or None,
        target_params=pieces.take("target_params", fields_of(spec.target_spec), SHOWN, as_it_is) or None,
        flow_specs=pieces.take("flow_specs", _uses(spec.id, flow_specs), SHOWN, as_it_is) or None,
        more=pieces.more,
        cursors=pieces.cursors,
        note=" ".join([*notes, *([note] if note else [])]) or None,
    )


def _uses(spec_id: str, flow_specs: list[FlowSpec]) -> list[FlowSpecUse]:
    uses = []
    for spec in flow_specs:
        if spec.takes_source(spec_id):
            uses.append(FlowSpecUse(id=spec.id, name=spec.name, side="source"))
        if spec.takes_target(spec_id):
            uses.append(FlowSpecUse(id=spec.id, name=spec.name, side="target"))
    return uses


def _matches(spec: ConnectionSpec, side: Side | None, category: str | None) -> bool:
    if side is not None and side not in _sides(spec):
        return False
    return category is None or plain_name(category) == plain_name(spec.category or "")


def _sides(spec: ConnectionSpec) -> list[str]:
    return ["source"] * spec.is_source + ["destination"] * spec.is_destination


def _row(spec: ConnectionSpec) -> ConnectorRow:
    return ConnectorRow(
        id=spec.id,
        name=spec.name,
        label=_label(spec),
        sides=_sides(spec),
        category=spec.category,
        mode=spec.frequency,
        auth=[auth.name for auth in spec.auth_specs if auth.name] or None,
    )


def _label(spec: ConnectionSpec) -> str | None:
    """The label where it says more than the name."""
    return spec.label if spec.label and plain_name(spec.label) != plain_name(spec.name or "") else None


def _by_name(row: ConnectorRow) -> tuple[str, str]:
    return (row.name or "").casefold(), row.id
