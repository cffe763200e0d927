"""Mapping sets of Data Prep: which there are, and what each of them maps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Annotated, Any

from pydantic import BaseModel, Field

from aep_flow_mcp.answers.pieces import Pieces
from aep_flow_mcp.answers.present import moment
from aep_flow_mcp.answers.text import InPieces, Listing, NamedRef
from aep_flow_mcp.gathering.unread import Unread
from aep_flow_mcp.insight.shapes import Problem
from aep_flow_mcp.platform.concurrency import together
from aep_flow_mcp.platform.errors import ErrorKind, PlatformError
from aep_flow_mcp.platform.filters import Filter
from aep_flow_mcp.platform.models.flows import Flow
from aep_flow_mcp.platform.models.neighbours import Mapping, MappingSet
from aep_flow_mcp.platform.models.text import clean_text
from aep_flow_mcp.platform.reader import FlowReader
from aep_flow_mcp.surface.dependencies import Reader
from aep_flow_mcp.surface.params import Cursor, Id, Limit
from aep_flow_mcp.surface.registry import read_tool

MAX_FLOWS = 100
"""How many of the flows that use a page of mapping sets are looked for."""
SHOWN_FIELDS = 300
_USED_BY = "transformations[].params.mappingId"
_SHORT_TYPES = {"text/x.schema-path": "ATTRIBUTE", "text/x.aep-xl": "EXPRESSION"}


class MappingSetRow(BaseModel):
    """A mapping set in a list: the schema that it fills, how many fields, and which flows use it, the newest version
    unless they say another."""

    id: str
    name: str | None = None
    version: int | None = None
    schema_title: str | None = None
    fields: int
    flows: list[str] | None = None
    modified_at: str | None = None


class MappedField(BaseModel):
    """One row of a mapping; `type` is that of the XDM field, `kind` is ATTRIBUTE, EXPRESSION or STATIC."""

    source: str | None = None
    destination: str | None = None
    type: str | None = None
    kind: str | None = None


class MappingSetAnswer(InPieces):
    """A mapping set: what fills which field. `flows` are missing where they could not be read."""

    id: str
    name: str | None = None
    version: int | None = None
    status: str | None = None
    schema_id: str | None = None
    schema_title: str | None = None
    modified_at: str | None = None
    flows: list[NamedRef] | None = None
    fields: list[MappedField]
    note: str | None = None

    def text(self) -> str:
        """A line for what it is, and a line a field."""
        about = [
            f"mapping set {self.id}",
            *([self.name] if self.name else []),
            f"version {self.version}" if self.version is not None else "",
            f"schema {self.schema_title or self.schema_id}" if self.schema_title or self.schema_id else "",
            f"modified {self.modified_at}" if self.modified_at else "",
        ]
        used = ", ".join(f"{flow.name} ({flow.id})" for flow in self.flows or [])
        told = [f"used by {used or 'no flow'}"] if self.flows is not None else []
        lines = [
            ", ".join(part for part in about if part),
            *told,
            f"{self.told('fields', len(self.fields))} fields:",
        ]
        lines += [_line(field) for field in self.fields]
        return "\n".join(map(clean_text, [*lines, self.note] if self.note else lines))


@read_tool("flows")
async def list_mapping_sets(
    aep: Reader,
    name: Annotated[str | None, Field(description="exact")] = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Listing[MappingSetRow]:
    """List mapping sets: schema, number of fields, flows that use them."""
    calls: list[Callable[[], Awaitable[Any]]] = [
        lambda: aep.neighbours.list_mapping_sets(name=name or None, limit=limit, cursor=cursor),
        partial(_titles, aep),
    ]
    page, titles = await together(calls)
    unread = Unread()
    flows, more = await _flows_using(aep, [item.id for item in page.items], unread)
    rows = [
        MappingSetRow(
            id=item.id,
            name=item.name,
            version=item.version,
            schema_title=titles.get(item.schema_id or "") or item.schema_id,
            fields=len(item.mappings),
            flows=_users(item, flows.get(item.id, [])) or None,
            modified_at=moment(item.modified_at),
        )
        for item in page.items
    ]
    all_of_one = "list_flows with mapping_set_id names all of one"
    looked = f"Only {MAX_FLOWS} of the flows that use them were looked at: {all_of_one}."
    notes = [looked] if more else unread.notes
    return Listing(items=rows, next_cursor=page.next_cursor, total=page.total, note=" ".join(notes) or None)


@read_tool("flows")
async def get_mapping_set(
    aep: Reader,
    mapping_set_id: Id,
    version: Annotated[int | None, Field(ge=0)] = None,
    cursor: Cursor = None,
) -> MappingSetAnswer:
    """A mapping set: source -> field with type, and the flows that use it."""
    pieces = Pieces(cursor, ("fields",))
    unread = Unread()
    calls: list[Callable[[], Awaitable[Any]]] = [
        lambda: aep.neighbours.get_mapping_set(mapping_set_id, version),
        partial(_flows_using, aep, [mapping_set_id], unread),
    ]
    item, (flows, more) = await together(calls)
    schema, note = await _schema(aep, item)
    types = _types(schema)
    notes = [note] if note else []
    all_of_it = f"list_flows with mapping_set_id={item.id}"
    notes += [f"More than {MAX_FLOWS} flows use it: {all_of_it}."] if more else unread.notes
    using = [NamedRef(id=flow.id, name=flow.name) for flow in flows.get(item.id, [])]
    return MappingSetAnswer(
        id=item.id,
        name=item.name,
        version=item.version,
        status=item.status,
        schema_id=item.schema_id,
        schema_title=schema.get("title"),
        modified_at=moment(item.modified_at),
        flows=None if unread.errors else using,
        fields=pieces.take("fields", item.mappings, SHOWN_FIELDS, lambda row: _field(row, types)),
        more=pieces.more,
        cursors=pieces.cursors,
        note=" ".join(notes) or None,
    )


def _users(item: MappingSet, flows: list[Flow]) -> list[str]:
    """The flows that use a mapping set: equal names told apart by id, and who uses another version than the newest."""
    names = Counter(flow.name for flow in flows)
    said = []
    for flow in flows:
        name = flow.name or flow.id
        words = [flow.id] if flow.name and names[flow.name] > 1 else []
        used = flow.mapping.mapping_version if flow.mapping else None
        if used is not None and item.version is not None and used != item.version:
            words.append(f"uses version {used}, newest {item.version}")
        said.append(f"{name} ({', '.join(words)})" if words else name)
    return said


async def _titles(aep: FlowReader) -> dict[str, str]:
    """Schema id -> title; without them the ids are shown."""
    try:
        page = await aep.neighbours.list_schemas(limit=100)
    except PlatformError:
        return {}
    return {item.id: item.title for item in page.items if item.title}


async def _flows_using(
    aep: FlowReader, mapping_set_ids: list[str], unread: Unread
) -> tuple[dict[str, list[Flow]], bool]:
    """Mapping set id -> flows, and whether there are more than were looked at."""
    if not mapping_set_ids:
        return {}, False
    using = partial(aep.list_flows, Filter(_USED_BY).in_(mapping_set_ids), limit=MAX_FLOWS)
    page = await unread.read("The flows", using, None, so="which of them use it is not known")
    found: dict[str, list[Flow]] = {}
    if page is None:
        return found, False
    for flow in page.items:
        if flow.mapping:
            found.setdefault(flow.mapping.mapping_id, []).append(flow)
    return found, page.next_cursor is not None


async def _schema(aep: FlowReader, item: MappingSet) -> tuple[dict[str, Any], str | None]:
    if item.schema_id is None:
        return {}, None
    try:
        return await aep.neighbours.get_schema_fields(item.schema_id), None
    except PlatformError as error:
        why = (
            f"is {Problem.NOT_FOUND}"
            if error.kind is ErrorKind.NOT_FOUND
            else f"could not be read ({error.kind.value})"
        )
        return {}, f"The fields' types are not known: the schema {why}."


def _types(schema: dict[str, Any]) -> dict[str, str]:
    from aep_flow_mcp.pipelines.xdm import XdmFields

    return XdmFields(schema).leaves


def _field(row: Mapping, types: dict[str, str]) -> MappedField:
    path = "".join(part.split("]")[-1] for part in (row.destination or "").split("["))
    return MappedField(
        source=row.source,
        destination=row.destination,
        type=types.get(path),
        kind=_SHORT_TYPES.get(row.source_type or "", row.source_type),
    )


def _line(field: MappedField) -> str:
    kind = f" [{field.kind.lower()}]" if field.kind and field.kind != "ATTRIBUTE" else ""
    return f"{field.source} -> {field.destination} ({field.type or 'unknown type'}){kind}"
