"""All documents against a sandbox at once: what each would change, and one Change for all of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from typing import Any

from aep_flow_mcp.documents.findings import Finding
from aep_flow_mcp.documents.format import AccountToMake
from aep_flow_mcp.documents.lowering import NEW_MAPPING, lower
from aep_flow_mcp.documents.raising import CannotRaise, Raised, raised
from aep_flow_mcp.documents.same import Difference, differences
from aep_flow_mcp.documents.secrets import literal_secrets
from aep_flow_mcp.documents.stored import Stored
from aep_flow_mcp.documents.text import Document, Problem
from aep_flow_mcp.guard.changes.change import Change, Follow
from aep_flow_mcp.guard.changes.kinds import Kind
from aep_flow_mcp.guard.changes.naming import Named, known_by_name
from aep_flow_mcp.guard.changes.steps import NothingToDo, PlanError
from aep_flow_mcp.planning.as_code.changing import Changing, differs
from aep_flow_mcp.planning.as_code.checking import Targets, refuse_doubles, twin_note
from aep_flow_mcp.planning.as_code.inventory import Inventory, Renamed, read_inventory
from aep_flow_mcp.planning.as_code.making import Making
from aep_flow_mcp.planning.as_code.matching import Match, flows_wanted, matched
from aep_flow_mcp.planning.mapping_versions import read_versions
from aep_flow_mcp.platform.errors import PlatformError
from aep_flow_mcp.platform.filters import Filter
from aep_flow_mcp.platform.models.common import lives
from aep_flow_mcp.platform.models.text import clean_text
from aep_flow_mcp.platform.reader import FlowReader

Json = dict[str, Any]
TWICE = "twice"
"""In the data of an applied Change: ids of flows that somebody else gave the same names at the same time."""


class Action(StrEnum):
    """What a plan does with a pipeline."""

    CREATE = "create"
    CHANGE = "change"
    DELETE = "delete"
    NONE = "none"


@dataclass
class Entry:
    """One pipeline of a plan. differences: from what is there to what the document says."""

    name: str
    file: str
    key: str
    action: Action
    flow: Json | None = None
    etags: dict[str, str] = field(default_factory=dict)
    """Of the flow and its two ends, and the version of its mapping set, as they were read."""
    differences: list[Difference] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


@dataclass
class WholePlan:
    """What documents would change in a sandbox. `change` is None where nothing would, or where there are problems."""

    sandbox: str
    entries: list[Entry] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    change: Change | None = None

    def count(self, action: Action) -> int:
        return sum(entry.action is action for entry in self.entries)

    @property
    def sentence(self) -> str:
        """How many of what, in one sentence."""
        said = {
            Action.CREATE: "to create",
            Action.CHANGE: "to change",
            Action.DELETE: "to delete",
            Action.NONE: "as they are",
        }
        parts = [f"{self.count(action)} {words}" for action, words in said.items() if self.count(action)]
        return f"{len(self.entries)} pipelines: {', '.join(parts) or 'none'}."


@dataclass(frozen=True)
class Kept:
    """What is known of an apply before: flow ids by document (`Document.key`). prune: delete the flows of those
    documents that are gone."""

    owned: Mapping[str, str] = field(default_factory=dict)
    prune: bool = False


async def plan_documents(
    aep: FlowReader,
    documents: Sequence[Document],
    *,
    kept: Kept | None = None,
    renamed: Renamed | None = None,
) -> WholePlan:
    """Compare documents with a sandbox. Reads only.

    Raises:
        PlatformError: the flows or the specs could not be read.
    """
    kept = kept or Kept()
    inventory = await read_inventory(aep, renamed=renamed)
    await inventory.read_mappings(aep, flows_wanted(documents, inventory, kept.owned).values())
    work = _Work(aep, inventory)
    matches = matched(documents, inventory, kept.owned)
    refuse_doubles(matches)
    work.about = {str(match.flow["id"]) for match in matches if match.flow}
    for match in matches:
        await work.take(match)
    if kept.prune:
        work.prune(documents, kept.owned)
    return work.plan(aep)


async def export_documents(
    aep: FlowReader, *, names: Iterable[str] = (), renamed: Renamed | None = None, with_ids: bool = False
) -> tuple[list[tuple[Json, Raised]], list[str]]:
    """(flow, its document) of every pipeline of a sandbox, oldest first, or of those names; and what was left out.

    with_ids: documents of flows that share a name say which one they are.

    Raises:
        PlatformError: the flows or the specs could not be read.
    """
    inventory = await read_inventory(aep, renamed=renamed)
    wanted = {clean_text(name): name for name in names}
    # A name that an answer has shown lacks what nobody sees.
    names_of = {id: clean_text(str(flow.get("name") or "")) for id, flow in inventory.flows.items()}
    flows = [flow for id, flow in inventory.flows.items() if not wanted or names_of[id] in wanted]
    flows.sort(key=lambda flow: (str(flow.get("createdAt") or ""), str(flow["id"])))
    await inventory.read_mappings(aep, flows)
    found: list[tuple[Json, Raised]] = []
    notes = list(inventory.unread.notes)
    unsent: Counter[str] = Counter()
    for flow in flows:
        try:
            document = raised(inventory.stored(flow), inventory.names)
        except CannotRaise as error:
            notes.append(f"left out: {flow.get('name') or flow['id']}: {error}.")
            continue
        if with_ids and len(inventory.named(str(flow["name"]))) > 1:
            head = {"pipeline": document.document["pipeline"], "id": flow["id"]}
            document.document = {**head, **document.document, "id": flow["id"]}
        found.append((flow, document))
        notes += [f"{flow['name']}: {note}." for note in document.notes]
        unsent.update(document.unsent)
    for name in sorted(wanted.keys() - set(names_of.values())):
        notes.append(f"left out: there is no flow called {wanted[name]}.")
    for member, count in sorted(unsent.items()):
        notes.append(f"left out of {count} pipelines, for no request of the API has it: {member}.")
    return found, notes


class _Work:
    """One plan in the making."""

    def __init__(self, aep: FlowReader, inventory: Inventory) -> None:
        self._aep = aep
        self._inventory = inventory
        self._making = Making()
        self.about: set[str] = set()
        """The flows that documents are about."""
        self._targets = Targets(aep, inventory.unread)
        self._result = WholePlan(inventory.names.sandbox, notes=inventory.unread.notes)

    async def take(self, match: Match) -> None:
        """Add the steps of one document, or what is in the way."""
        document = match.document
        entry = Entry(document.pipeline.pipeline, document.file, document.key, Action.NONE, match.flow)
        self._result.entries.append(entry)
        findings = match.findings
        if not findings and match.flow is None:
            findings = await self._create(entry, document)
        elif not findings and match.flow is not None:
            try:
                findings = await self._change(entry, match, match.flow)
            except NothingToDo:
                raise
            except PlanError as error:
                # What no request can say, such as a member without a name: it has a place too.
                findings = [Finding(("pipeline",), f"this cannot be sent: {error}")]
        entry.problems = [document.problem(finding) for finding in findings]
        self._result.problems += entry.problems

    async def _create(self, entry: Entry, document: Document) -> list[Any]:
        # With all the checks of what is new, which most plans have no use for.
        from aep_flow_mcp.planning.as_code.creating import create

        lowered = lower(document.pipeline, self._inventory.names)
        if lowered.bodies is None or lowered.unknown:
            return [*lowered.findings, *lowered.unknown]
        wrong = literal_secrets(document.pipeline, lowered.bodies.connector.secret_pointers)
        wrong += await self._targets.unknown(lowered.bodies.mapping)
        if wrong:
            return wrong
        findings, notes = await create(self._aep, self._making, document, lowered.bodies, self._inventory)
        entry.action = Action.CREATE
        twin = twin_note(lowered.bodies, self._inventory, self.about)
        entry.notes += [*notes, *([twin] if twin else [])]
        return findings

    async def _change(self, entry: Entry, match: Match, flow: Json) -> list[Any]:
        stored = self._inventory.stored(flow)
        pipeline = match.document.pipeline
        lowered = lower(pipeline, self._inventory.names, mapping=stored.mapping_ref or NEW_MAPPING)
        if lowered.bodies is None:
            return lowered.findings
        entry.etags = _etags(stored)
        # What is as it is in the sandbox need not be looked through; an account that is written out is not compared.
        pointers = lowered.bodies.connector.secret_pointers
        if not differs(match.document, lowered.bodies, stored, self._inventory):
            return literal_secrets(pipeline, pointers) if isinstance(pipeline.account, AccountToMake) else []
        wrong = literal_secrets(pipeline, pointers)
        changing = Changing(self._making, match.document, lowered.bodies, stored, self._inventory)
        if (ref := changing.set_with_other_rows) is not None:
            try:
                changing.versions = await read_versions(self._aep, *ref)
            except PlatformError as error:
                told = f"the versions of the mapping set in use cannot be read: {error}"
                changing.findings.append(Finding(("mapping",), told))
        changing.left_behind = await self._left_behind(changing)
        changing.findings += wrong
        if lowered.bodies.mapping is not None:
            held = changing.parts.get("mapping", {}).get("rows") or ()
            changing.findings += await self._targets.unknown(lowered.bodies.mapping, held)
        if changing.run():
            entry.action = Action.CHANGE
            entry.notes += changing.notes
        if entry.action is Action.CHANGE or changing.findings:
            now = raised(stored, self._inventory.names)
            entry.differences = _told(differences(now.document, said_of(match.document)), changing)
        return changing.findings

    async def _left_behind(self, changing: Changing) -> str | None:
        """The mapping set of its own that the pipeline is to get, where an apply that did not end has made it."""
        new = changing.new_mapping()
        if new is None or new.version is not None or "name" not in new.body:
            return None
        from aep_flow_mcp.planning.as_code.creating import left_mapping

        return await left_mapping(self._aep, new.body, self._inventory, self._making)

    def prune(self, documents: Sequence[Document], owned: Mapping[str, str]) -> None:
        """Delete the flows of documents that are no longer there; nothing else."""
        here = {document.key for document in documents}
        about = {entry.flow["id"] for entry in self._result.entries if entry.flow}
        for key, flow_id in owned.items():
            flow = self._inventory.flows.get(flow_id)
            if key in here or flow_id in about or flow is None:
                continue
            self._making.plan.delete(Kind.FLOW, flow)
            self._making.steps += 1
            name = str(flow.get("name") or flow_id)
            self._result.entries.append(Entry(name, key.partition("#")[0], key, Action.DELETE, flow))

    def plan(self, aep: FlowReader) -> WholePlan:
        result = self._result
        result.notes += self._namesakes()
        if result.problems or not self._making.steps:
            return result
        several = len([entry for entry in result.entries if entry.action is not Action.NONE])
        warnings = dict.fromkeys(f"{entry.name}: {note}" for entry in result.entries for note in entry.notes)
        result.change = self._making.plan.change(
            title=f"Apply {several} pipeline{'s' if several > 1 else ''}",
            summary=_summary(result.entries),
            warnings=warnings,
            names=self._names(),
            follow=self._follow(aep),
        )
        return result

    def _follow(self, aep: FlowReader) -> Follow | None:
        made = tuple(self._making.made)
        return partial(_twice, aep, made, frozenset(self._inventory.flows)) if made else None

    def _namesakes(self) -> list[str]:
        """Flows that have the name of a document's flow, and are no document's."""
        about = {entry.flow["id"] for entry in self._result.entries if entry.flow}
        notes = []
        for name in dict.fromkeys(entry.name for entry in self._result.entries if entry.flow):
            others = [str(flow["id"]) for flow in self._inventory.named(name) if flow["id"] not in about]
            if others:
                notes.append(
                    f"{name}: another flow has this name, and no file is about it: {', '.join(others)}."
                )
        return notes

    def _names(self) -> tuple[Named, ...]:
        names = self._inventory.names
        read = [("account", thing) for thing in names.things("account")]
        read += [("dataset", thing) for thing in names.things("dataset")]
        return known_by_name((thing.id, what, thing.name) for what, thing in read)


def said_of(document: Document) -> Json:
    """A document as a plain value, without what it does not say."""
    return document.pipeline.model_dump(mode="json", exclude_defaults=True, exclude={"id"}) | {
        "kind": document.pipeline.kind.value
    }


def _told(found: list[Difference], changing: Changing) -> list[Difference]:
    """Without what a document leaves open, and a start that means the same rhythm."""
    left_open = ("names.", "flow_spec", "state")
    return [
        one
        for one in found
        if not (one.after is None and one.field.startswith(left_open))
        and not (one.field == "schedule.start" and changing.same_start)
    ]


def _etags(stored: Stored) -> dict[str, str]:
    parts = {"flow": stored.flow, "source": stored.source, "target": stored.target}
    found = {part: str(item.get("etag") or item.get("eTag") or "") for part, item in parts.items()}
    if stored.mapping is not None:
        # A flow that takes the newest version stays as it is while its rows become others.
        found["mapping"] = str(stored.mapping.get("version"))
    return found


async def _twice(
    aep: FlowReader, made: Sequence[str], known: Collection[str], ids: Mapping[str, str]
) -> Mapping[str, Any]:
    """Whether somebody else created a flow of the same name at the same time, as far as it was not seen before.

    known: ids of the flows that were there when it was planned.
    """
    page = await aep.list_flows(Filter("name").in_(list(made)[:50]), limit=100)
    own = set(ids.values())
    wanted = {clean_text(name) for name in made}
    others = [
        flow
        for flow in page.items
        if flow.name in wanted and flow.id not in own and flow.id not in known and lives(flow.state)
    ]
    if not others:
        return {"pipelines": len(made)}
    mine = {flow.name: flow.id for flow in page.items if flow.id in own}
    told = ", ".join(f"{flow.name} ({flow.id}, beside {mine.get(flow.name, 'this one')})" for flow in others)
    sentence = (
        f"There is another flow of the same name now, made by somebody else: {told}. Delete one of them."
    )
    return {"note": sentence, TWICE: [flow.id for flow in others]}


def _summary(entries: Sequence[Entry]) -> str:
    """What happens to which pipeline, in one line that fits a preview."""
    parts = []
    for entry in entries:
        if entry.action is Action.NONE:
            continue
        fields = ", ".join(difference.field for difference in entry.differences)
        parts.append(f"{entry.action.value} {entry.name}{f' ({fields})' if fields else ''}")
    return "; ".join(parts)
