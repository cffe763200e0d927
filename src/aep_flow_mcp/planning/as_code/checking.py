"""What stands in the way of a document besides what the specs say: fields that a schema does not have, and the same
pipeline a second time."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from functools import partial
from typing import Any

from aep_flow_mcp.documents.findings import Finding
from aep_flow_mcp.documents.lowering import Bodies
from aep_flow_mcp.documents.members import filled_schema, row_said
from aep_flow_mcp.documents.raising import CannotRaise
from aep_flow_mcp.documents.same import same
from aep_flow_mcp.documents.stored import base_of, spec_of
from aep_flow_mcp.documents.text import Document
from aep_flow_mcp.gathering.unread import Unread
from aep_flow_mcp.guard.changes.canonical import shown
from aep_flow_mcp.guard.changes.naming import NAME
from aep_flow_mcp.pipelines.xdm import XdmFields
from aep_flow_mcp.planning.as_code.inventory import Inventory
from aep_flow_mcp.planning.as_code.matching import Match
from aep_flow_mcp.platform.reader import FlowReader

Json = dict[str, Any]
_ENDS = ("kind", "connector", "flow_spec", "account", "source", "dataset", "datasets", "destination")
"""Fields of which two documents that agree in them do the same."""


class Targets:
    """The fields of schemas, each read once for a plan; what cannot be read is said (`unread`), and not checked."""

    def __init__(self, aep: FlowReader, unread: Unread) -> None:
        self._aep = aep
        self._unread = unread
        self._known: dict[str, XdmFields | None] = {}

    async def unknown(self, mapping: Json | None, held: Iterable[Json | None] = ()) -> list[Finding]:
        """Rows of a mapping set's body that fill what its schema does not have. held: rows as they are there, as
        documents say them: what was wrong before is not held against a change."""
        schema_id = filled_schema(mapping or {})
        there = list(held)
        rows = list(enumerate(mapping["mappings"])) if mapping else []
        if there:
            rows = [(at, row) for at, row in rows if not any(same(row_said(row), one) for one in there)]
        fields = await self._fields(schema_id) if schema_id and rows else None
        if fields is None:
            return []
        problems = [(at, fields.problem(str(row.get("destination")))) for at, row in rows]
        return [Finding(("mapping", at, "field"), problem) for at, problem in problems if problem]

    async def _fields(self, schema_id: str) -> XdmFields | None:
        if schema_id not in self._known:
            reading = partial(self._aep.neighbours.get_schema_fields, schema_id)
            so = "the fields of the mapping are not checked"
            schema = await self._unread.read("The schema", reading, None, so=so)
            self._known[schema_id] = XdmFields(schema) if schema is not None else None
        return self._known[schema_id]


def twin_note(bodies: Bodies, inventory: Inventory, taken: Container[str]) -> str | None:
    """Which flow has the ends of a pipeline that is to be created: a document under a new name is another pipeline,
    unless it says that it is that one. taken: flows that documents are about."""
    wanted = {part: _end_of(getattr(bodies, part)) for part in ("source", "target")}
    for flow in inventory.flows.values():
        if flow["id"] in taken:
            continue
        try:
            stored = inventory.stored(flow)
        except CannotRaise:
            continue
        if all(same(_end_of(getattr(stored, part)), end) for part, end in wanted.items()):
            named = shown(flow.get("name") or "", limit=NAME)
            return (
                f"The flow {named} ({flow['id']}) has the same source and the same target: with id: {flow['id']} this "
                "document would change it and its name instead."
            )
    return None


def _end_of(item: Json) -> Json:
    return {"spec": spec_of(item), "base": base_of(item), "params": item.get("params")}


def refuse_doubles(matches: Sequence[Match]) -> None:
    """A pipeline to create that another document names alike, with the same ends, would load everything twice: a file
    that was copied. Two of one name with other ends are two pipelines, as the service has them."""
    by_name: dict[str, list[Match]] = {}
    for match in matches:
        by_name.setdefault(match.document.pipeline.pipeline, []).append(match)
    for group in by_name.values():
        for at, match in enumerate(group):
            others = [*group[:at], *(one for one in group[at + 1 :] if one.flow is not None)]
            double = next((one for one in others if _same_ends(one.document, match.document)), None)
            if match.flow is None and not match.findings and double is not None:
                match.findings.append(Finding(("pipeline",), _told(double.document)))


def _same_ends(one: Document, other: Document) -> bool:
    return all(getattr(one.pipeline, name) == getattr(other.pipeline, name) for name in _ENDS)


def _told(double: Document) -> str:
    mark = double.marks.get(("pipeline",))
    place = f"{double.file}:{mark.line}" if mark else double.file
    return (
        f"{place} is this pipeline already, by its name, its source and its target: take one of the two away, or give "
        "this one another name."
    )
