"""The steps that make a stored pipeline what a document says: only members that differ are touched."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aep_flow_mcp.documents.findings import Finding
from aep_flow_mcp.documents.lowering import Bodies
from aep_flow_mcp.documents.members import filled_schema, row_said
from aep_flow_mcp.documents.raising import state_of
from aep_flow_mcp.documents.same import same
from aep_flow_mcp.documents.stored import Stored, writable
from aep_flow_mcp.documents.text import Document
from aep_flow_mcp.gathering import times
from aep_flow_mcp.guard.changes.kinds import Kind
from aep_flow_mcp.guard.changes.naming import first_few
from aep_flow_mcp.pipelines.blueprint import What, with_refs
from aep_flow_mcp.pipelines.fixed import refused_changes
from aep_flow_mcp.pipelines.wellknown import DATA_LAKE_SOURCE
from aep_flow_mcp.planning.as_code.inventory import Inventory
from aep_flow_mcp.planning.as_code.making import Making
from aep_flow_mcp.planning.as_code.timely import kept_start
from aep_flow_mcp.planning.dependents import flow_lines
from aep_flow_mcp.planning.mapping_versions import (
    NewMapping,
    Versions,
    body_of,
    new_mapping,
    pointed_to,
    rows_like,
)
from aep_flow_mcp.planning.objects import etag_of
from aep_flow_mcp.planning.taking_back import patched_back
from aep_flow_mcp.platform.models.common import to_int
from aep_flow_mcp.platform.models.flows import Flow

Json = dict[str, Any]
Ops = list[Json]
_ENDS = (
    ("source", Kind.SOURCE_CONNECTION, "sourceConnectionIds"),
    ("target", Kind.TARGET_CONNECTION, "targetConnectionIds"),
)
_OTHER_SCHEMA = (
    "The rows fill another schema: they become a mapping set of their own. One cannot be deleted through the API: "
    "the one that was used before stays."
)
_DEEP = frozenset({"params", "data", "scheduleParams", "options"})
"""Members of which only what differs is sent."""
_ACTIONS = {
    ("enabled", "disabled"): ("disable", ["disabled", "disabling"]),
    ("disabled", "enabled"): ("enable", ["enabled", "enabling"]),
    ("draft", "enabled"): ("publish", ["enabled", "initializing", "enabling", "inProgress"]),
}


def differs(document: Document, bodies: Bodies, stored: Stored, inventory: Inventory) -> bool:
    """Whether anything may differ: most pipelines of a plan are as they are, and this is quick for them."""
    trial = Changing(Making(), document, bodies, stored, inventory, only_compare=True)
    return trial.run() or bool(trial.findings)


class Changing:
    """One document and the pipeline that is there."""

    def __init__(
        self,
        making: Making,
        document: Document,
        bodies: Bodies,
        stored: Stored,
        inventory: Inventory,
        *,
        only_compare: bool = False,
    ) -> None:
        self.making = making
        self.document = document
        self.bodies = bodies
        self.stored = stored
        self.inventory = inventory
        extra = document.pipeline.extra
        said = {part: getattr(extra, part) for part in ("source", "target", "flow")} if extra else None
        self.parts, self.left = writable(stored, inventory.names, with_secrets=only_compare, said=said)
        self.findings: list[Finding] = []
        self.notes: list[str] = []
        self.versions: Versions | None = None
        """Of the mapping set in use, where it is a `set_with_other_rows`."""
        self.left_behind: str | None = None
        """The id of a set that an apply before made, where a set of its own is wanted."""
        self.same_start = False
        """Whether the start that the document says means the one that is there."""
        self._steps: list[tuple[Any, ...]] = []

    def run(self) -> bool:
        """Add the steps, where nothing is in the way. Returns whether there are any."""
        refs: Json = {}
        flow = self._wanted_flow()
        for part, kind, member in _ENDS:
            self._end(part, kind, member)
        mapping = self._mapping(flow)
        flow_ops = self._ops("flow", flow)
        action = self._action()
        self._refuse_fixed(flow)
        if self.findings:
            return False
        for kind, item, ops in self._steps:
            self._update(kind, item, ops, self.bodies.connector.secret_pointers)
        if mapping is not None:
            refs = self._make(mapping)
        if flow_ops:
            self._update(Kind.FLOW, self.stored.flow, with_refs(flow_ops, refs), frozenset())
        if action is not None:
            self._act(*action)
        return bool(self._steps or mapping is not None or flow_ops or action)

    # --- the ends -----------------------------------------------------------------------------------------

    def _end(self, part: str, kind: Kind, member: str) -> None:
        item, body = getattr(self.stored, part), dict(getattr(self.bodies, part))
        if not self._says_name(part):
            body.pop("name", None)
            self.parts[part].pop("name", None)
        before, after = (_spec(one) for one in (self.parts[part], body))
        if before != after:
            self._refuse(
                part, f"the {kind.value} of a pipeline keeps its connector: give the pipeline another name."
            )
            return
        body.pop("connectionSpec", None)
        self.parts[part].pop("connectionSpec", None)
        ops = self._ops(part, body)
        if not ops:
            return
        if before == DATA_LAKE_SOURCE and any(op["path"].startswith("/params") for op in ops):
            # 1365-400, help/sources/errors/sources-errors.md.
            told = "the service does not change the datasets of an export: give the pipeline another name."
            self._refuse("datasets", told)
            return
        others = [
            one for one in self.inventory.users(member, item["id"]) if one["id"] != self.stored.flow["id"]
        ]
        lines = flow_lines([Flow.model_validate(one) for one in others])
        self.notes += first_few(f"Uses the same {kind.value} and changes with it", lines)
        self._steps.append((kind, item, ops))

    def _says_name(self, part: str) -> bool:
        """Whether the document says what a part is called; otherwise it stays as it is."""
        names = self.document.pipeline.names
        extra = self.document.pipeline.extra
        return bool(names and getattr(names, part)) or bool(extra and "name" in getattr(extra, part))

    # --- the mapping --------------------------------------------------------------------------------------

    @property
    def set_with_other_rows(self) -> tuple[str, int | None] | None:
        """The mapping set in use and its version, where the document has other rows for the same schema: both of its
        versions have to be read (`versions`) before there are steps."""
        wanted, ref = self.bodies.mapping, self.stored.mapping_ref
        if wanted is None or ref is None or self.stored.mapping is None or self._as_it_is(wanted):
            return None
        schemas = (filled_schema(wanted), self.parts["mapping"].get("schema"))
        return (ref[0], to_int(ref[1])) if None in schemas or schemas[0] == schemas[1] else None

    def _as_it_is(self, wanted: Json) -> bool:
        """Whether the mapping set in use says what the document says."""
        held = self.parts.get("mapping", {})
        schemas = (filled_schema(wanted), held.get("schema"))
        rows = [row_said(row) for row in wanted["mappings"]]
        return same(rows, held.get("rows")) and (None in schemas or schemas[0] == schemas[1])

    def new_mapping(self) -> NewMapping | None:
        """What the flow's mapping is to become; None where it stays, or cannot be compared."""
        wanted, ref, held = self.bodies.mapping, self.stored.mapping_ref, self.stored.mapping
        if wanted is None or (self._as_it_is(wanted) if held is not None else ref is not None):
            return None
        if self.versions is None or ref is None:  # another schema, or none of its own before
            return NewMapping(ref[0] if ref else "", {}, wanted, None)
        return self._other_rows(ref[0], self.versions, wanted)

    def _mapping(self, flow: Json) -> NewMapping | None:
        """The mapping that the flow is to take; None where it stays."""
        ref = self.stored.mapping_ref
        if self.bodies.mapping is not None and ref is not None and self.stored.mapping is None:
            self._refuse(
                "mapping", "the mapping set in use cannot be read, so nothing says what would change."
            )
        new = self.new_mapping()
        if new is not None:
            if self.versions is not None:
                self.notes.append(new.note)
            elif ref is not None:
                self.notes.append(_OTHER_SCHEMA)
            flow["transformations"] = pointed_to(flow["transformations"], ref[0] if ref else None, new)
        return new

    def _other_rows(self, held: str, versions: Versions, wanted: Json) -> NewMapping:
        """The set in use with the rows of the document, and with what else the document says of it."""
        own = set(self.document.pipeline.extra.mapping) if self.document.pipeline.extra else set()
        own |= {"name"} if self._says_name("mapping") else set()
        body = {
            **body_of(versions.held, rows_like(versions.held, wanted["mappings"])),
            **{name: wanted[name] for name in own - {"mappings"} if name in wanted},
        }
        planned = self.making.mappings.get(held, ())
        return new_mapping(versions, body, followed=held in self.inventory.followed, planned=planned)

    def _make(self, mapping: NewMapping) -> Json:
        """The step for the mapping; what stands for an id that is still to come."""
        if mapping.version is None and self.left_behind is not None:
            return {What.MAPPING.value: self.left_behind}
        self.making.count += 1
        self.making.steps += not mapping.there
        self.making.mappings.setdefault(mapping.mapping_id, []).append(mapping)
        return mapping.add_to(self.making.plan, key=f"p{self.making.count}-{What.MAPPING.value}")

    # --- the flow -----------------------------------------------------------------------------------------

    def _wanted_flow(self) -> Json:
        """The members of the flow that are compared, as the document wants them."""
        flow = {name: value for name, value in self.bodies.flow.items() if name not in ("flowSpec",)}
        before, after = (_spec(one, "flowSpec") for one in (self.parts["flow"], self.bodies.flow))
        if before != after:
            self._refuse("flow_spec", "a flow keeps its kind: give the pipeline another name.")
        self.parts["flow"].pop("flowSpec", None)
        flow.setdefault("transformations", [])
        said, there = flow.get("scheduleParams"), self.parts["flow"].get("scheduleParams")
        if isinstance(said, Mapping) and isinstance(there, Mapping) and state_of(self.stored.flow) != "draft":
            flow["scheduleParams"] = kept_start(said, there)
            self.same_start = same(flow["scheduleParams"].get("startTime"), there.get("startTime"))
        return flow

    def _refuse_fixed(self, flow: Json) -> None:
        """What the service does not change of a flow that has started, said before anybody is asked."""
        if state_of(self.stored.flow) == "draft":
            return
        sentences = refused_changes(
            self.parts["flow"].get("scheduleParams"), flow.get("scheduleParams"), now=times.now()
        )
        for sentence in sentences:
            way = (
                "schedule",
                "backfill" if "backfill" in sentence else "start" if "start time (" in sentence else "every",
            )
            self.findings.append(Finding(way, f"{sentence} A pipeline of another name can have it."))

    def _action(self) -> tuple[str, list[str]] | None:
        wanted = self.document.pipeline.state
        there = state_of(self.stored.flow)
        if wanted is None or there is None or wanted.value == there:
            return None
        found = _ACTIONS.get((there, wanted.value))
        if found is None:
            self._refuse("state", f"a flow that is {there} cannot become {wanted.value}.")
        return found

    # --- steps --------------------------------------------------------------------------------------------

    def _ops(self, part: str, body: Json) -> Ops:
        """JSON Patch operations for the members that differ; what was left out as a secret stays as it is."""
        held, ops = self.parts[part], []
        for name in sorted({*held, *body}):
            one, other = held.get(name), body.get(name)
            if same(one or None, other or None):
                continue
            if not name:
                self.findings.append(Finding(("extra", part, name), "a member has a name."))
            elif name in _DEEP and isinstance(one, Mapping) and isinstance(other, Mapping):
                for inner in sorted({*one, *other}):
                    ops += self._op(part, (name, inner), one.get(inner), other.get(inner))
            else:
                ops += self._op(part, (name,), one, other)
        return ops

    def _op(self, part: str, way: tuple[str, ...], one: Any, other: Any) -> Ops:
        if same(one, other):
            return []
        where = ".".join((part, *way))
        if any(left.startswith(f"{where}.") for left in self.left):
            self._refuse("extra", f"{where} holds a secret, which no document has: change it by itself.")
            return []
        path = "".join(f"/{step.replace('~', '~0').replace('/', '~1')}" for step in way)
        if other is None:
            return [{"op": "remove", "path": path, "value": None}]
        return [{"op": "add" if one is None else "replace", "path": path, "value": other}]

    def _update(self, kind: Kind, item: Json, ops: Ops, secret_keys: frozenset[str]) -> None:
        undo = patched_back(self.making.plan, kind, item, ops)
        self.making.plan.update(
            kind, item["id"], item, ops, etag=etag_of(item), secret_keys=secret_keys, undo=undo
        )
        self.making.steps += 1

    def _act(self, op: str, intended: list[str]) -> None:
        flow = self.stored.flow
        self.making.plan.action(
            Kind.FLOW,
            flow["id"],
            op,
            name=flow.get("name"),
            before={"state": flow.get("state")},
            intended={"state": intended},
        )
        self.making.steps += 1

    def _refuse(self, field: str, sentence: str) -> None:
        self.findings.append(Finding((field,), sentence))


def _spec(item: Mapping[str, Any], member: str = "connectionSpec") -> Any:
    ref = item.get(member)
    return ref.get("id") if isinstance(ref, Mapping) else ref
