"""A pipeline of one sandbox as a Change that creates it in another: by names, without credentials."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from aep_flow_mcp.documents.findings import Finding
from aep_flow_mcp.documents.format import State
from aep_flow_mcp.documents.lowering import lower
from aep_flow_mcp.documents.raising import CannotRaise, Raised, raised
from aep_flow_mcp.documents.text import Document, read, written
from aep_flow_mcp.gathering.unread import Unread
from aep_flow_mcp.guard.changes.canonical import shown
from aep_flow_mcp.guard.changes.change import Change
from aep_flow_mcp.guard.changes.naming import NAME, known_by_name
from aep_flow_mcp.guard.changes.steps import PlanError
from aep_flow_mcp.planning import objects
from aep_flow_mcp.planning.as_code.checking import Targets
from aep_flow_mcp.planning.as_code.creating import create
from aep_flow_mcp.planning.as_code.inventory import Inventory, Renamed, read_inventory
from aep_flow_mcp.planning.as_code.making import Making
from aep_flow_mcp.planning.as_code.timely import started_anew
from aep_flow_mcp.platform.concurrency import together
from aep_flow_mcp.platform.reader import FlowReader

Json = dict[str, Any]
_ARGUMENTS = {"pipeline": "name", "dataset": "renamed", "datasets": "renamed"}
"""Which argument of the tool mends a field of the document, where it is called otherwise."""


@dataclass(frozen=True)
class Copying:
    """What is asked for. renamed: names of datasets, schemas and the account, by what they are called where it is
    copied from. account: name or id where it is copied to."""

    flow_id: str
    name: str | None = None
    account: str | None = None
    renamed: Mapping[str, str] = field(default_factory=dict)
    state: State | None = None
    """None leaves a draft of a draft, and anything else disabled."""


async def copied(origin: FlowReader, there: FlowReader, wanted: Copying) -> Change:
    """A Change for the sandbox of `there`.

    Raises:
        PlanError: something that the flow needs is not there under its name, each with the argument that mends it.
        PlatformError: the flows or the specs of one of the two could not be read.
    """
    renamed: Renamed = dict.fromkeys(("dataset", "schema", "account"), wanted.renamed)
    here, beyond = await together(
        [partial(read_inventory, origin), partial(read_inventory, there, renamed=renamed)]
    )
    flow = here.flows.get(wanted.flow_id)
    if flow is None:
        raise PlanError(f"flow: there is no flow {wanted.flow_id} in the sandbox {origin.sandbox}.")
    await here.read_mappings(origin, [flow])
    try:
        source = raised(here.stored(flow), here.names)
    except CannotRaise as error:
        raise PlanError(f"flow: it cannot be copied: {error}.") from None
    document = _document(source, wanted, beyond)
    if beyond.named(document.pipeline.pipeline):
        raise PlanError(
            f"name: the sandbox {there.sandbox} has a flow called {shown(document.pipeline.pipeline, limit=NAME)} "
            "already: give another name, or compare the two with compare_flows."
        )
    lowered = lower(document.pipeline, beyond.names)
    _refuse([*lowered.findings, *lowered.unknown])
    if lowered.bodies is None:
        raise PlanError("flow: it cannot be copied.")
    if schedule := lowered.bodies.flow.get(
        "scheduleParams"
    ):  # a start that has passed is the next of its rhythm
        lowered.bodies.flow["scheduleParams"] = started_anew(schedule, now=objects.now())
    unread = Unread()
    _refuse(await Targets(there, unread).unknown(lowered.bodies.mapping))
    making = Making()
    findings, notes = await create(there, making, document, lowered.bodies, beyond)
    _refuse(findings)
    things = [
        (kind, thing) for kind in ("account", "dataset", "schema") for thing in beyond.names.things(kind)
    ]
    unsent = [f"left out, for no request of the API has it: {one}." for one in source.unsent]
    warnings = [*source.notes, *unsent, *here.unread.notes, *beyond.unread.notes, *unread.notes, *notes]
    return making.plan.change(
        title=f"Copy the pipeline {shown(flow.get('name') or wanted.flow_id, limit=NAME)} from {origin.sandbox}",
        summary=_summary(document),
        warnings=[_sentence(one) for one in dict.fromkeys(warnings)],
        names=known_by_name((thing.id, kind, thing.name) for kind, thing in things),
        follow=partial(_how_it_stands, there),
    )


def _document(source: Raised, wanted: Copying, beyond: Inventory) -> Document:
    """The document as it is to be there: name, account and state as they were asked for."""
    draft = source.pipeline.state is State.DRAFT
    state = wanted.state or (State.DRAFT if draft else State.DISABLED)
    said = {**source.document, "state": state.value}
    if wanted.name is not None:
        said["pipeline"] = wanted.name.strip()
        said.pop("names", None)
    if wanted.account is not None:
        known = beyond.names.by_id("account", wanted.account)
        said["account"] = {"id": wanted.account} if known is not None else wanted.account
    found = read(written(said, head=False), "copy")
    if not found.documents:
        raise PlanError(f"flow: it cannot be copied: {'; '.join(map(str, found.problems))}")
    return found.documents[0]


def _refuse(findings: list[Finding]) -> None:
    if findings:
        raise PlanError(*(f"{_argument(one)}: {one.message}" for one in findings))


def _argument(finding: Finding) -> str:
    """The argument that mends it, with the field of the pipeline where that is another."""
    root = str(finding.way[0]) if finding.way else ""
    argument = _ARGUMENTS.get(root)
    return finding.field if argument is None else f"{argument} ({finding.field})"


def _summary(document: Document) -> str:
    pipeline = document.pipeline
    parts = ["It is left as a draft" if pipeline.state is State.DRAFT else f"It is left {pipeline.state}"]
    parts += [f"with the account {_plain(pipeline.account)}"] if pipeline.account is not None else []
    parts += ["with a mapping set of its own"] if pipeline.mapping else []
    return f"{', '.join(parts)}. No credentials are copied."


def _plain(account: Any) -> str:
    name = account if isinstance(account, str) else getattr(account, "name", None) or account.id
    return shown(name, limit=NAME)


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!")) else f"{text}."


async def _how_it_stands(there: FlowReader, ids: Mapping[str, str]) -> Mapping[str, Any]:
    """The new flow and its state."""
    flow_id = next(one for key, one in ids.items() if key.endswith("-flow"))
    flow = await there.get_flow(flow_id)
    return {"flow": flow.id, "name": flow.name, "state": flow.state}
