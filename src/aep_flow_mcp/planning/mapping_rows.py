"""Rows added to the mapping of a flow, or removed. Versions that are there are never changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from aep_flow_mcp.gathering.unread import Unread
from aep_flow_mcp.guard.changes.canonical import shown
from aep_flow_mcp.guard.changes.naming import NAME
from aep_flow_mcp.pipelines.checks.outcome import Problem
from aep_flow_mcp.pipelines.mappings import is_column
from aep_flow_mcp.pipelines.places import close
from aep_flow_mcp.pipelines.xdm import XdmFields
from aep_flow_mcp.planning.dependents import flows_with
from aep_flow_mcp.planning.mapping_versions import NewMapping, body_of, new_mapping, read_versions, row_of
from aep_flow_mcp.platform.concurrency import together
from aep_flow_mcp.platform.filters import Filter
from aep_flow_mcp.platform.models.flows import Flow
from aep_flow_mcp.platform.models.neighbours import MappingSet
from aep_flow_mcp.platform.reader import FlowReader

Json = dict[str, Any]


@dataclass(frozen=True)
class Pair:
    """A row to add: a column or an expression, and the path of the XDM field."""

    source: str
    target: str


class RowChange:
    """What is asked of the mapping of one flow."""

    def __init__(self, aep: FlowReader, flow: Json, add: Sequence[Pair], remove: Sequence[str]) -> None:
        self.aep = aep
        self.flow = flow
        self.add = [Pair(pair.source.strip(), pair.target.strip()) for pair in add]
        self.remove = [path.strip() for path in remove]
        self.problems: list[Problem] = []
        self.warnings: list[str] = []
        self.lines: tuple[str, ...] = ()
        """What becomes of the rows, in words."""

    async def planned(self) -> NewMapping | None:
        """The mapping that the flow is to take; None when there are `problems`.

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
        versions = await read_versions(self.aep, ref.mapping_id, ref.mapping_version)
        held, newest = versions.held, versions.newest
        fields, followed = await self._around(ref.mapping_id, held)
        rows = self._rows(held, fields)
        if self.problems:
            return None
        self.lines = (
            *(f"+ {pair.source} -> {pair.target}" for pair in self.add),
            *(f"- {p}" for p in self.remove),
        )
        followed = followed or ref.mapping_version is None
        made = new_mapping(versions, body_of(held, rows), followed=followed)
        if held.version != newest.version and not made.there:
            self.warnings.append(
                f"The flow uses version {held.version} of its mapping set, whose newest is {newest.version}: "
                f"the new rows go on from {held.version}."
            )
        self.warnings.append(made.note)
        return made

    async def _around(self, mapping_id: str, held: MappingSet) -> tuple[XdmFields | None, bool]:
        """The fields of the schema that is filled, and whether other flows take what is newest, or may."""
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
                None,
                so="which others use the mapping set is not known",
            ),
            *([partial(unread.read, "The schema", reading, None, so=so)] if schema_id else []),
        ]
        flows, *schema = await together(calls)
        followed = flows is None or any(
            flow.id != self.flow["id"] and flow.mapping and flow.mapping.mapping_version is None
            for flow in flows
        )
        self.warnings += unread.notes
        return (XdmFields(schema[0]) if schema and schema[0] is not None else None), followed

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
        return [*map(row_of, kept), *map(_new_row, self.add)]

    def _refuse(self, field: str, message: str) -> None:
        self.problems.append(Problem(field, message))


def _new_row(pair: Pair) -> Json:
    kind = "ATTRIBUTE" if is_column(pair.source) else "EXPRESSION"
    return {"sourceType": kind, "source": pair.source, "destination": pair.target}
