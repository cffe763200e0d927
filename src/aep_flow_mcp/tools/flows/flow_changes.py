"""Tools that create, change, switch and remove flows."""

from datetime import UTC, datetime
from enum import StrEnum
from functools import partial
from typing import Annotated, Any

from pydantic import Field

from aep_flow_mcp.gathering.finding import exact_flow_id
from aep_flow_mcp.guard.changes.change import Change
from aep_flow_mcp.guard.changes.kinds import Kind
from aep_flow_mcp.guard.changes.naming import Named
from aep_flow_mcp.guard.changes.patches import Patch
from aep_flow_mcp.guard.changes.steps import NothingToDo, PlanError
from aep_flow_mcp.pipelines import wellknown
from aep_flow_mcp.pipelines.checks.flows import check_schedule
from aep_flow_mcp.pipelines.fixed import refused_changes
from aep_flow_mcp.planning import objects as planning
from aep_flow_mcp.planning.ends import ends_by_name
from aep_flow_mcp.planning.flow_bodies import (
    Ends,
    ExportEvery,
    Frequency,
    Options,
    Schedule,
    StartTime,
    Transformation,
    export_schedule,
    mapping_step,
    plan_flow,
    read_ends,
    with_epochs,
)
from aep_flow_mcp.planning.patched import checked_flow_ops
from aep_flow_mcp.platform.models.common import to_text, to_texts
from aep_flow_mcp.platform.reader import FlowReader
from aep_flow_mcp.surface.dependencies import Reader
from aep_flow_mcp.surface.params import FlowRef, Id
from aep_flow_mcp.surface.registry import write_tool
from aep_flow_mcp.surface.write_params import Description, Draft, Etag, Labels, Name, PatchOps

MappingVersion = Annotated[int | None, Field(description="latest if left out")]


class FlowAction(StrEnum):
    """What can be done to a flow as a whole."""

    ENABLE = "enable"
    DISABLE = "disable"
    PUBLISH = "publish"


class PolicyMode(StrEnum):
    """Whether policies replace the present ones or join them."""

    REPLACE = "replace"
    ADD = "add"


# The state that each action starts from, and the states that it leads to.
_ACTIONS = {
    FlowAction.ENABLE: ("disabled", ["enabled", "enabling"]),
    FlowAction.DISABLE: ("enabled", ["disabled", "disabling"]),
    FlowAction.PUBLISH: ("draft", ["enabled", "initializing", "enabling"]),
}


@write_tool("flows")
async def create_flow(
    aep: Reader,
    name: Name,
    flow_spec_id: Id,
    source_connection_id: Id,
    target_connection_id: Id,
    schedule: Schedule | None = None,
    transformations: list[Transformation] | None = None,
    options: Options | None = None,
    labels: Labels = None,
    description: Description = None,
    draft: Draft = False,
) -> Change:
    """Create a flow from connections that exist."""
    ends = await read_ends(aep, source_connection_id, target_connection_id)
    return await plan_flow(
        aep,
        name=name,
        flow_spec_id=flow_spec_id,
        ends=ends,
        schedule=schedule.as_params() if schedule else None,
        transformations=[step.model_dump() for step in transformations or []],
        options=options.as_params() if options else None,
        labels=labels,
        description=description,
        draft=draft,
    )


@write_tool("flows")
async def create_streaming_flow(
    aep: Reader,
    name: Name,
    source_connection_id: Id,
    target_connection_id: Id,
    mapping_set_id: Annotated[str | None, Field(description="for raw data; leave out for XDM data")] = None,
    mapping_version: MappingVersion = None,
    description: Description = None,
) -> Change:
    """Create a flow from an HTTP API source into a dataset."""
    ends = await read_ends(aep, source_connection_id, target_connection_id)
    names: list[Named] = []
    warnings: list[str] = []
    steps = await _mapping(aep, mapping_set_id, mapping_version, ends, warnings, names)
    spec_id = wellknown.FLOW_STREAM_MAPPED if mapping_set_id else wellknown.FLOW_STREAM_XDM
    return await plan_flow(
        aep,
        name=name,
        flow_spec_id=spec_id,
        ends=ends,
        schedule=None,
        transformations=steps,
        description=description,
        names=names,
        warnings=warnings,
    )


@write_tool("flows")
async def create_flow_data_lake_to_landing_zone(
    aep: Reader,
    name: Name,
    source_connection_id: Id,
    target_connection_id: Id,
    start_time: StartTime,
    every: ExportEvery = ExportEvery.HOURS_3,
    end_time: str | None = None,
    folder_name_template: str | None = None,
    description: Description = None,
) -> Change:
    """Export datasets into the landing zone over existing connections."""
    ends = await read_ends(aep, source_connection_id, target_connection_id)
    return await plan_flow(
        aep,
        name=name,
        flow_spec_id=wellknown.FLOW_DATASET_TO_LANDING_ZONE,
        ends=ends,
        schedule=export_schedule(every, start_time, end_time, folder_name_template),
        transformations=[],
        description=description,
    )


@write_tool("flows")
async def create_flow_landing_zone_to_data_lake(
    aep: Reader,
    name: Name,
    source_connection_id: Id,
    target_connection_id: Id,
    start_time: StartTime,
    frequency: Frequency = Frequency.MINUTE,
    interval: Annotated[int | None, Field(ge=1)] = None,
    mapping_set_id: str | None = None,
    mapping_version: MappingVersion = None,
    description: Description = None,
) -> Change:
    """Import landing-zone files into a dataset over existing connections. Minutes: at least 15."""
    ends = await read_ends(aep, source_connection_id, target_connection_id)
    names: list[Named] = []
    warnings: list[str] = []
    steps = await _mapping(aep, mapping_set_id, mapping_version, ends, warnings, names)
    if interval is None and frequency is not Frequency.ONCE:
        interval = 15 if frequency is Frequency.MINUTE else 1
    schedule = Schedule(start_time=start_time, frequency=frequency, interval=interval)
    return await plan_flow(
        aep,
        name=name,
        flow_spec_id=wellknown.FLOW_FILES_TO_LAKE,
        ends=ends,
        schedule=schedule.as_params(),
        transformations=steps,
        description=description,
        names=names,
        warnings=warnings,
    )


@write_tool("flows", destructive=True, idempotent=True)
async def update_flow(aep: Reader, flow: FlowRef, operations: PatchOps, etag: Etag = None) -> Change:
    """Patch a flow: /name, /scheduleParams, /transformations, /options. To switch it: run_flow_action."""
    flow_id = await exact_flow_id(aep, flow)
    item = await planning.stored(aep, Kind.FLOW, flow_id, etag=etag)
    ops = [with_epochs(operation.as_json()) for operation in operations]
    if any(op["path"] == "/state" for op in ops):
        raise PlanError("The state cannot be patched: use run_flow_action.")
    warnings: list[str] = []
    ops = await checked_flow_ops(aep, item, ops, warnings)
    patched = Patch.of(item, ops)
    now = datetime.fromtimestamp(planning.now(), UTC)
    before, after = (each.get("scheduleParams") for each in (patched.before, patched.after))
    warnings += refused_changes(before, after, now=now)
    return Change.update(Kind.FLOW, flow_id, item, ops, etag=planning.etag_of(item), warnings=warnings)


@write_tool("flows", destructive=True, idempotent=True)
async def update_flow_policies(
    aep: Reader,
    flow: FlowRef,
    policies: Annotated[list[str], Field(description="ids such as /dulepolicy/marketingActions/...")],
    how: PolicyMode = PolicyMode.REPLACE,
) -> Change:
    """Set or extend the data usage policies that apply to a flow."""
    flow_id = await exact_flow_id(aep, flow)
    item = await planning.stored(aep, Kind.FLOW, flow_id)
    policy = planning.object_in(item, "policy")
    present = to_texts(policy.get("enforcementRefs"))
    wanted = list(dict.fromkeys([*present, *policies] if how is PolicyMode.ADD else policies))
    value = {**policy, "enforcementRefs": wanted}
    ops = [{"op": "replace" if item.get("policy") is not None else "add", "path": "/policy", "value": value}]
    return Change.update(Kind.FLOW, flow_id, item, ops, etag=planning.etag_of(item))


@write_tool("flows", destructive=True, idempotent=True)
async def update_flow_mapping(
    aep: Reader, flow: FlowRef, mapping_set_id: str | None = None, mapping_version: MappingVersion = None
) -> Change:
    """Point a flow to another mapping set, or to the latest version of its own."""
    flow_id = await exact_flow_id(aep, flow)
    item = await planning.stored(aep, Kind.FLOW, flow_id)
    steps = planning.objects_in(item, "transformations")
    index = next((number for number, step in enumerate(steps) if step.get("name") == "Mapping"), None)
    own = to_text(planning.object_in(steps[index], "params").get("mappingId")) if index is not None else None
    chosen = mapping_set_id or own
    if chosen is None:
        raise PlanError("mapping_set_id: the flow has no mapping yet; name the mapping set.")
    targets = to_texts(item.get("targetConnectionIds"))
    names: list[Named] = []
    warnings: list[str] = []
    target = None
    if targets:
        target = await planning.readable(
            "The target connection",
            partial(aep.get_target_connection, targets[0]),
            warnings,
            so="whether the mapping set is for its schema was not checked",
        )
    step = await mapping_step(
        aep, chosen, mapping_version, target=target, warnings=warnings, names=names, in_use=chosen == own
    )
    ops: list[dict[str, Any]]
    if index is None or item.get("transformations") != steps:
        # A lone object, or a list with nulls in it: its places are not those of the list that was read here.
        wanted = [step if number == index else each for number, each in enumerate(steps)]
        ops = [
            {
                "op": "add",
                "path": "/transformations",
                "value": wanted if index is not None else [*steps, step],
            }
        ]
    else:
        ops = [{"op": "replace", "path": f"/transformations/{index}", "value": step}]
    ops = await checked_flow_ops(aep, item, ops, warnings)
    etag = planning.etag_of(item)
    return Change.update(Kind.FLOW, flow_id, item, ops, etag=etag, warnings=warnings, names=names)


@write_tool("flows", destructive=True, idempotent=True)
async def run_flow_action(aep: Reader, flow: FlowRef, action: FlowAction) -> Change:
    """Enable, disable, or publish (a draft) a flow. To run it now: create_run."""
    flow_id = await exact_flow_id(aep, flow)
    item = await planning.stored(aep, Kind.FLOW, flow_id)
    state = planning.state_of(item)
    starts_from, leads_to = _ACTIONS[action]
    if state in leads_to and action is not FlowAction.PUBLISH:
        raise NothingToDo(f"The flow is already {state}: nothing was sent.")
    if state != starts_from:
        fitting = [other.value for other, (needed, _) in _ACTIONS.items() if needed == state]
        hint = (
            f" What fits is: {', '.join(fitting)}."
            if fitting
            else " Wait until its present change is through."
        )
        raise PlanError(f"The flow is {state}; {action.value} needs a flow that is {starts_from}.{hint}")
    warnings = ["No further run starts until it is enabled again."] if action is FlowAction.DISABLE else []
    if action is FlowAction.PUBLISH:
        await _refuse_unpublishable(aep, item, warnings)
    return Change.action(
        Kind.FLOW,
        flow_id,
        action.value,
        name=item.get("name"),
        etag=planning.etag_of(item),
        before={"state": item.get("state")},
        intended={"state": leads_to},
        warnings=warnings,
    )


@write_tool("flows", destructive=True, idempotent=True)
async def delete_flow(aep: Reader, flow: FlowRef) -> Change:
    """Delete a flow. Its connections, its dataset and the data stay."""
    flow_id = await exact_flow_id(aep, flow)
    item = await planning.stored(aep, Kind.FLOW, flow_id)
    warnings = ["It is enabled: its runs stop."] if planning.state_of(item) == "enabled" else []
    kept = await ends_by_name(aep, item)
    summary = f"These stay: {'; '.join(kept)}." if kept else ""
    return Change.delete(Kind.FLOW, item, warnings=warnings, summary=summary)


async def _refuse_unpublishable(aep: FlowReader, item: dict[str, Any], warnings: list[str]) -> None:
    """A draft may lack what its flow spec requires of a schedule; a flow that runs may not.

    Raises:
        PlanError: one sentence a problem.
    """
    sources = planning.objects_in(planning.object_in(item, "inheritedAttributes"), "sourceConnections")
    if any(planning.spec_id_of(source) == wellknown.PROFILE_STORE for source in sources):
        return  # each of its audiences has a schedule of its own
    spec_id = planning.spec_id_of(item, "flowSpec")
    spec = await planning.spec_for_update(aep.get_flow_spec, spec_id, warnings)
    if spec is not None:
        planning.sendable(check_schedule(spec, item.get("scheduleParams"), now=0), warnings)


async def _mapping(
    aep: FlowReader,
    mapping_set_id: str | None,
    version: int | None,
    ends: Ends,
    warnings: list[str],
    names: list[Named],
) -> list[dict[str, Any]]:
    """The Mapping step where one is wanted."""
    if mapping_set_id is None:
        return []
    return [
        await mapping_step(aep, mapping_set_id, version, target=ends.target, warnings=warnings, names=names)
    ]
