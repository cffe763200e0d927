"""Which flow a document is about: by what was applied last, by its name, by its content. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aep_flow_mcp.documents.findings import Finding
from aep_flow_mcp.documents.raising import CannotRaise, raised
from aep_flow_mcp.documents.same import same
from aep_flow_mcp.documents.text import Document
from aep_flow_mcp.planning.as_code.inventory import Inventory
from aep_flow_mcp.platform.models.flows import FlowKind

Json = dict[str, Any]


@dataclass
class Match:
    """A document and its flow; None where there is none yet."""

    document: Document
    flow: Json | None = None
    findings: list[Finding] = field(default_factory=list)


def flows_wanted(
    documents: Sequence[Document], inventory: Inventory, owned: Mapping[str, str]
) -> dict[str, Json]:
    """The flows that the documents may be about, by id."""
    names = {document.pipeline.pipeline for document in documents}
    ids = {owned.get(document.key) for document in documents} | {
        document.pipeline.id for document in documents
    }
    return {id: flow for id, flow in inventory.flows.items() if id in ids or flow.get("name") in names}


def matched(documents: Sequence[Document], inventory: Inventory, owned: Mapping[str, str]) -> list[Match]:
    """A match for each document, in order. owned: flow ids by `Document.key`, as they were applied last.

    Mapping sets must have been read. A flow belongs to one document at most.
    """
    matches = [Match(document) for document in documents]
    taken: set[str] = set()
    for match in matches:
        _by_id(match, inventory, owned, taken)
    by_name: dict[str, list[Match]] = {}
    for match in matches:
        if match.flow is None and not match.findings:
            by_name.setdefault(match.document.pipeline.pipeline, []).append(match)
    for name, group in by_name.items():
        flows = [flow for flow in inventory.named(name) if flow["id"] not in taken]
        _by_name(group, flows, inventory)
    for match in matches:
        if match.flow is not None and not match.findings:
            _check(match, match.flow, inventory)
    return matches


def _by_id(match: Match, inventory: Inventory, owned: Mapping[str, str], taken: set[str]) -> None:
    said = match.document.pipeline.id
    wanted = said if said in inventory.flows else owned.get(match.document.key)
    if wanted is None or wanted not in inventory.flows:
        return
    if wanted in taken:
        match.findings.append(Finding(("pipeline",), f"another document is about the flow {wanted} already."))
        return
    taken.add(wanted)
    match.flow = inventory.flows[wanted]


def _by_name(group: list[Match], flows: list[Json], inventory: Inventory) -> None:
    """Of several of a name: first those that are the same in content, then what is left alone."""
    if len(group) > 1 or len(flows) > 1:
        for match in group:
            found = next((flow for flow in flows if _is_content(match, flow, inventory)), None)
            if found is not None:
                match.flow = found
                flows.remove(found)
    left = [match for match in group if match.flow is None]
    if len(left) == 1 and len(flows) == 1:
        left[0].flow = flows[0]
    elif left and flows:
        ids = ", ".join(str(flow["id"]) for flow in flows)
        for match in left:
            sentence = (
                f"several flows have this name, and it is not clear which one is meant: say id, one of {ids}."
            )
            match.findings.append(Finding(("pipeline",), sentence))


def _is_content(match: Match, flow: Json, inventory: Inventory) -> bool:
    try:
        now = raised(inventory.stored(flow), inventory.names)
    except CannotRaise:
        return False
    said = match.document.pipeline.model_dump(mode="json", exclude_defaults=True, exclude={"id", "state"})
    is_now = now.pipeline.model_dump(mode="json", exclude_defaults=True, exclude={"id", "state"})
    return same(said, is_now)


def _check(match: Match, flow: Json, inventory: Inventory) -> None:
    try:
        if inventory.stored(flow).kind is FlowKind.INTERNAL:
            raise CannotRaise("it is internal to Platform")
    except CannotRaise as error:
        said = match.document.pipeline.id == flow["id"]
        which = "" if said else " of this name"
        sentence = f"the flow {flow['id']}{which} cannot be kept as a document: {error}."
        match.findings.append(Finding(("id" if said else "pipeline",), sentence))
