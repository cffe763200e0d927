"""Rows added to the mapping of a flow, or removed: a further version of its mapping set. Versions are never changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from aep_flow_mcp.gathering.unread import Unread
from aep_flow_mcp.guard.changes.canonical import shown
from aep_flow_mcp.guard.changes.naming import NAME
from aep_flow_mcp.pipelines import wellknown
from aep_flow_mcp.pipelines.checks.outcome import Problem
from aep_flow_mcp.pipelines.mappings import is_column
from aep_flow_mcp.pipelines.places import close
from aep_flow_mcp.pipelines.xdm import XdmFields
from aep_flow_mcp.planning.dependents import flow_lines, flows_with
from aep_flow_mcp.platform.concurrency import together
from aep_flow_mcp.platform.filters import Filter
from aep_flow_mcp.platform.models.flows import Flow
from aep_flow_mcp.platform.models.neighbours import Mapping as Row
from aep_flow_mcp.platform.models.neighbours import MappingSet
from aep_flow_mcp.platform.reader import FlowReader

Json = dict[str, Any]
_AGAIN = ("id", "version", "sourceAttribute", "destinationXdmPath")
"""Members of a stored row that a new version gets anew, or that say the same once more."""


@dataclass(frozen=True)
class Pair:
    """A row to add: a column or an expression, and the path of the XDM field."""

    source: str
    target: str


@dataclass(frozen=True)
class NewVersion:
    """The body of a PUT, and the same of the version in use; `version` is the one that it makes."""

    mapping_id: str
    name: str | None
    before: Json
    body: Json
    version: int
    lines: tuple[str, ...]


class RowChange:
    """What is asked of the mapping of one flow."""

    def __init__(self, aep: FlowReader, flow: Json, add: Sequence[Pair], remove: Sequence[str]) -> None:
        self.aep = aep
        self.flow = flow
        self.add = [Pair(pair.source.strip(), pair.target.strip()) for pair in add]
        self.remove = [path.strip() for path in remove]
        self.problems: list[Problem] = []
        self.warnings: list[str] = []
        self.used: list[str] = []
        """Flows that take the newest version of the set, and so this one."""

    async def planned(self) -> NewVersion | None:
        """The new version; None when there are `problems`.

        Raises:
            PlatformError: the mapping set cannot be read.
        """
        ref = Flow.model_validate(self.flow).mapping
        if ref is None:
            argument = "add_fields" if self.add else "remove_fields"
            self._refuse(
                argument, "the flow has no mapping: update_flow_mapping points it to a mapping set first."
            )
            return None
        get = self.aep.neighbours.get_mapping_set
        calls: list[Callable[[], Awaitable[Any]]] = [
            partial(get, ref.mapping_id, ref.mapping_version),
            partial(get, ref.mapping_id),
        ]
        held, newest = await together(calls)
        fields = await self._around(ref.mapping_id, held)
        rows = self._rows(held, fields)
        if self.problems:
            return None
        made = (newest.version or 0) + 1
        if held.version != newest.version:
            self.warnings.append(
                f"The flow uses version {held.version} of its mapping set, whose newest is {newest.version}: "
                f"version {made} is made from {held.version}."
            )
        lines = (
            *(f"+ {pair.source} -> {pair.target}" for pair in self.add),
            *(f"- {p}" for p in self.remove),
        )
        before = _body(held, [_row(row) for row in held.mappings])
        return NewVersion(ref.mapping_id, held.name, before, _body(held, rows), made, lines)

    async def _around(self, mapping_id: str, held: MappingSet) -> XdmFields | None:
        """The fields of the schema that is filled, and the other flows that take what is newest."""
        unread = Unread()
        using = Filter("transformations[].params.mappingId").eq(mapping_id)
        schema_id = held.schema_id
        so = "the fields to fill are not checked"
        reading = partial(self.aep.neighbours.get_schema_fields, schema_id or "")
        calls: list[Callable[[], Awaitable[Any]]] = [
            partial(
                unread.read,
                "The flows",
                partial(flows_with, self.aep, using),
                [],
                so="which others use the mapping set is not known",
            ),
            *([partial(unread.read, "The schema", reading, None, so=so)] if schema_id else []),
        ]
        flows, *schema = await together(calls)
        newest = [
            flow
            for flow in flows
            if flow.id != self.flow["id"] and flow.mapping and flow.mapping.mapping_version is None
        ]
        self.used = flow_lines(newest)
        self.warnings += unread.notes
        return XdmFields(schema[0]) if schema and schema[0] is not None else None

    def _rows(self, held: MappingSet, fields: XdmFields | None) -> list[Json]:
        """The rows of the new version; what is in the way goes to the problems."""
        there = [row.destination or "" for row in held.mappings]
        for at, path in enumerate(self.remove):
            if path not in there:
                near = close(path, there)
                hint = f" Close: {', '.join(near)}." if near else ""
                self._refuse(f"remove_fields[{at}]", f"the mapping fills no {shown(path, limit=NAME)}.{hint}")
        kept = [row for row in held.mappings if row.destination not in self.remove]
        filled = {row.destination: row.source for row in kept}
        many = Counter(pair.target for pair in self.add)
        for at, pair in enumerate(self.add):
            where = f"add_fields[{at}]"
            problem = fields.problem(pair.target) if fields else None
            if problem:
                self._refuse(f"{where}.target", problem)
            elif many[pair.target] > 1:
                self._refuse(f"{where}.target", f"{pair.target} is filled twice: keep one of the rows.")
            elif pair.target in filled:
                source = shown(filled[pair.target] or "", limit=NAME)
                told = f"is filled by {source} already: name it in remove_fields too, to replace that row."
                self._refuse(f"{where}.target", told)
            if not pair.source:
                self._refuse(f"{where}.source", "is empty: name a column or write an expression.")
        if fields is not None:
            gone = [name for name in fields.required if name in self.remove and not many[name]]
            if gone:
                self.warnings.append(f"Required by the schema and not filled any more: {', '.join(gone)}.")
        return [*map(_row, kept), *map(_new_row, self.add)]

    def _refuse(self, field: str, message: str) -> None:
        self.problems.append(Problem(field, message))


def pointed_to(steps: Sequence[Mapping[str, Any]], mapping_id: str, version: int) -> list[Json]:
    """Transformations whose Mapping step names this version."""
    return [
        {
            **step,
            "params": {**_object(step.get("params")), "mappingId": mapping_id, "mappingVersion": version},
        }
        if step.get("name") == "Mapping"
        else dict(step)
        for step in steps
    ]


def _body(held: MappingSet, rows: list[Json]) -> Json:
    reference = held.output_schema.schema_ref if held.output_schema else None
    kind = (reference.version if reference else None) or wellknown.SCHEMA_VERSION
    extra = held.model_extra or {}
    return {
        **({"name": held.name} if held.name else {}),
        **{name: extra[name] for name in ("inputSchema",) if extra.get(name)},
        **(
            {"outputSchema": {"schemaRef": {"id": held.schema_id, "contentType": kind}}}
            if held.schema_id
            else {}
        ),
        "mappings": rows,
    }


def _row(row: Row) -> Json:
    """A stored row as a new version takes it, with whatever else it holds."""
    own = {
        "sourceType": row.source_type,
        "source": row.written_source or row.source,
        "destination": row.written_destination or row.destination,
        "identity": row.identity,
        "primaryIdentity": row.primary_identity,
    }
    more = {name: value for name, value in (row.model_extra or {}).items() if name not in _AGAIN}
    return {name: value for name, value in {**own, **more}.items() if value is not None}


def _new_row(pair: Pair) -> Json:
    kind = "ATTRIBUTE" if is_column(pair.source) else "EXPRESSION"
    return {"sourceType": kind, "source": pair.source, "destination": pair.target}


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
