"""The steps that create a pipeline of a document. What an interrupted attempt left behind is used, not made twice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aep_flow_mcp.documents.findings import Finding
from aep_flow_mcp.documents.format import State, Way
from aep_flow_mcp.documents.lowering import Bodies
from aep_flow_mcp.documents.members import COPY, filled_schema, period_of, row_said
from aep_flow_mcp.documents.same import same
from aep_flow_mcp.documents.stored import base_of, spec_of
from aep_flow_mcp.documents.text import Document
from aep_flow_mcp.guard.changes.change import Ref
from aep_flow_mcp.guard.changes.kinds import Kind
from aep_flow_mcp.pipelines import wellknown
from aep_flow_mcp.pipelines.blueprint import Created, What, with_refs
from aep_flow_mcp.pipelines.bodies import concrete, with_stand_ins
from aep_flow_mcp.pipelines.checks.connections import check_params
from aep_flow_mcp.pipelines.checks.flows import check_flow
from aep_flow_mcp.pipelines.checks.outcome import Checked
from aep_flow_mcp.planning import objects
from aep_flow_mcp.planning.as_code.inventory import Inventory, mapping_json, mapping_ref
from aep_flow_mcp.planning.as_code.making import Making
from aep_flow_mcp.planning.as_code.timely import started_anew
from aep_flow_mcp.planning.pipeline_change import DRAFT
from aep_flow_mcp.platform.errors import ErrorKind, PlatformError
from aep_flow_mcp.platform.models.text import clean_text
from aep_flow_mcp.platform.reader import FlowReader

Json = dict[str, Any]
_TRANSIENT = ("name", "baseConnectionId", "data", "params")


async def create(
    aep: FlowReader, making: Making, document: Document, bodies: Bodies, inventory: Inventory
) -> tuple[list[Finding], list[str]]:
    """Add the steps of a pipeline that is not there yet. Returns what is in the way, and what to know before."""
    making.count += 1
    flow, findings, notes = checked(bodies, document)
    findings += await _unknown_mapping(aep, flow)
    if findings:
        return findings, notes
    prefix = f"p{making.count}"
    refs: dict[str, Any] = {}
    if bodies.account is not None:
        refs[What.ACCOUNT.value] = _account(making, bodies, prefix, inventory)
    for what, kind, known in (
        (What.SOURCE, Kind.SOURCE_CONNECTION, inventory.sources),
        (What.TARGET, Kind.TARGET_CONNECTION, inventory.targets),
    ):
        body = with_refs(getattr(bodies, what.value), refs)
        left = _left_behind(body, kind, known, inventory, making)
        if left is not None:
            refs[what.value] = left
            continue
        pointers = bodies.connector.secret_pointers
        refs[what.value] = making.plan.create(kind, body, key=f"{prefix}-{what.value}", secret_keys=pointers)
        making.steps += 1
    if bodies.mapping is not None:
        found = await left_mapping(aep, bodies.mapping, inventory, making)
        refs[What.MAPPING.value] = found or making.plan.create(
            Kind.MAPPING_SET, bodies.mapping, key=f"{prefix}-{What.MAPPING.value}"
        )
        making.steps += found is None
    ref = making.plan.create(
        Kind.FLOW,
        with_refs(flow, refs),
        key=f"{prefix}-{What.FLOW.value}",
        params=DRAFT if bodies.state is State.DRAFT else None,
        namesakes=frozenset(one["id"] for one in inventory.named(str(flow["name"]))),
    )
    making.steps += 1
    making.made.append(str(flow["name"]))
    if bodies.state is State.DISABLED:
        making.plan.action(
            Kind.FLOW,
            ref,
            "disable",
            name=flow["name"],
            before={"state": "enabled"},
            intended={"state": ["disabled", "disabling"]},
            key=f"{prefix}-disabled",
        )
        making.steps += 1
    return [], notes


def checked(bodies: Bodies, document: Document) -> tuple[Json, list[Finding], list[str]]:
    """The flow's body as it is sent, and what its spec says of it."""
    flow = dict(bodies.flow)
    imports = document.pipeline.kind is Way.IMPORT
    draft = bodies.state is State.DRAFT
    if imports and not draft and flow.get("scheduleParams"):
        flow["scheduleParams"] = started_anew(flow["scheduleParams"], now=objects.now())
    findings, notes = _of_ends(bodies, imports=imports)
    if bodies.flow_spec is None:
        return flow, findings, notes
    if not draft and _lacks_delta(bodies, flow):
        # 1367-400, help/sources/errors/sources-errors.md.
        told = "is missing: a scheduled import from a table needs one, or the schedule has to be once."
        findings.append(Finding(("delta_column",), told))
    outcome = check_flow(
        bodies.flow_spec,
        source_spec_id=spec_of(bodies.source),
        target_spec_id=spec_of(bodies.target),
        schedule=flow.get("scheduleParams"),
        transformations=concrete(flow.get("transformations") or []),
        options=flow.get("options"),
        now=objects.now(),
        draft=draft,
    )
    if outcome.problems:
        return flow, [*findings, *_findings(outcome, "source" if imports else "destination")], notes
    value: Mapping[str, Any] = outcome.value
    for name in ("scheduleParams", "options"):
        if value.get(name):
            flow[name] = value[name]
    if flow.get("transformations"):
        flow["transformations"] = with_stand_ins(flow["transformations"], value["transformations"])
    return flow, findings, [*notes, *outcome.notes]


def _lacks_delta(bodies: Bodies, flow: Json) -> bool:
    schedule = flow.get("scheduleParams") or {}
    scheduled = bool(schedule) and period_of(schedule) != 0
    steps = flow.get("transformations")
    listed = steps if isinstance(steps, list) else []
    copies = any(isinstance(step, Mapping) and step.get("name") == COPY for step in listed)
    of_table = bodies.flow_spec is not None and bodies.flow_spec.id == wellknown.FLOW_TABLES_TO_LAKE
    return of_table and scheduled and not copies


def _of_ends(bodies: Bodies, *, imports: bool) -> tuple[list[Finding], list[str]]:
    """What the connector declares of the params at its own end."""
    end = bodies.source if imports else bodies.target
    part = bodies.connector.source_spec if imports else bodies.connector.target_spec
    params = end.get("params")
    outcome = check_params(part, params, flow_spec=bodies.flow_spec, whose=bodies.connector.name)
    return _findings(outcome, "source" if imports else "destination"), list(outcome.notes)


_FIELDS = (
    ("scheduleParams.startTime", ("schedule", "start")),
    ("scheduleParams.endTime", ("schedule", "end")),
    ("scheduleParams.backfill", ("schedule", "backfill")),
    ("scheduleParams", ("schedule", "every")),
    ("options.partialIngestionPercent", ("options", "partial_ingestion_percent")),
    ("options", ("options",)),
    ("transformations", ("transformations",)),
)


def _findings(outcome: Checked, end: str) -> list[Finding]:
    """What the specs refuse, said about the document's fields."""
    found = []
    for problem in outcome.problems:
        way: tuple[str | int, ...] = ()
        if problem.field.startswith("params"):
            way = (end, *problem.field.split(".")[1:2])
        for prefix, fields in _FIELDS:
            if not way and problem.field.startswith(prefix):
                way = fields
        found.append(Finding(way, problem.message if way else str(problem)))
    return found


def _account(making: Making, bodies: Bodies, prefix: str, inventory: Inventory) -> Ref:
    key = (bodies.connector.id, str((bodies.account or {}).get("name")))
    if key not in making.accounts:
        making.accounts[key] = making.plan.create(
            Kind.CONNECTION,
            bodies.account or {},
            key=f"{prefix}-{What.ACCOUNT.value}",
            secret_keys=bodies.connector.secret_pointers,
            namesakes=frozenset(id for id, one in inventory.accounts.items() if one.get("name") == key[1]),
        )
        making.steps += 1
    return making.accounts[key]


def _left_behind(
    body: Json, kind: Kind, known: Mapping[str, Json], inventory: Inventory, making: Making
) -> str | None:
    """A connection of the same name and content that no flow uses."""
    member = "sourceConnectionIds" if kind is Kind.SOURCE_CONNECTION else "targetConnectionIds"
    for object_id, item in known.items():
        if item.get("name") != body.get("name") or spec_of(item) != spec_of(body) or object_id in making.used:
            continue
        there = {**item, "baseConnectionId": base_of(item)}
        alike = all(same(there.get(name) or None, body.get(name) or None) for name in _TRANSIENT)
        if (
            alike
            and not isinstance(body.get("baseConnectionId"), Created | Ref)
            and not inventory.users(member, object_id)
        ):
            making.used.add(object_id)
            return object_id
    return None


async def _unknown_mapping(aep: FlowReader, flow: Json) -> list[Finding]:
    """A mapping set that is named by an id, as those without rows are, is one of its sandbox alone; a flow that names
    an unknown one ends in 2250-500, which leaves open what came of it."""
    ref = mapping_ref(flow)
    if ref is None:
        return []
    try:
        await aep.neighbours.get_mapping_set(ref[0])
    except PlatformError as error:
        if error.kind is ErrorKind.NOT_FOUND:
            told = f"the sandbox shows no mapping set with the id {ref[0]}: write the rows out under mapping."
            return [Finding(("mapping",), told)]
    return []


async def left_mapping(aep: FlowReader, body: Json, inventory: Inventory, making: Making) -> str | None:
    """A mapping set of the same name and content, in its first version, that no flow uses."""
    try:
        page = await aep.neighbours.list_mapping_sets(name=str(body["name"]), limit=20)
    except PlatformError:
        return None
    for item in page.items:
        rows, wanted = ([row_said(row) for row in one["mappings"]] for one in (mapping_json(item), body))
        schema = filled_schema(body)
        free = item.id not in making.used and item.id not in inventory.mappings_in_use
        if (
            free
            and item.name == clean_text(str(body["name"]))
            and not item.version
            and item.schema_id == schema
            and same(rows, wanted)
        ):
            making.used.add(item.id)
            return item.id
    return None
