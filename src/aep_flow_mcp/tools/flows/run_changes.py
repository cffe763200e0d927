"""Tools that start and repeat runs."""

from functools import partial
from typing import Annotated, Any

from pydantic import Field

from aep_flow_mcp.gathering.finding import exact_flow_id
from aep_flow_mcp.guard.changes.canonical import shown
from aep_flow_mcp.guard.changes.change import Change
from aep_flow_mcp.guard.changes.kinds import Kind
from aep_flow_mcp.guard.changes.naming import NAME, known_by_name
from aep_flow_mcp.guard.changes.steps import PlanError
from aep_flow_mcp.planning import objects as planning
from aep_flow_mcp.planning.flow_bodies import StartTime, epoch_seconds
from aep_flow_mcp.planning.objects import Params, compact
from aep_flow_mcp.platform.models.common import to_text
from aep_flow_mcp.platform.models.runs import RunStatus
from aep_flow_mcp.surface.dependencies import Reader
from aep_flow_mcp.surface.params import FlowRef, Id
from aep_flow_mcp.surface.registry import write_tool


@write_tool("runs")
async def create_run(
    aep: Reader,
    flow: FlowRef,
    window_start: StartTime,
    window_end: StartTime,
    start_time: Annotated[str | None, Field(description="window_end if left out")] = None,
    delta_column: Annotated[str | None, Field(description="tables only, first run only")] = None,
) -> Change:
    """Run a batch flow with frequency once now, over a time window. To repeat a failed run: retry_run."""
    flow_id = await exact_flow_id(aep, flow)
    item = await planning.stored(aep, Kind.FLOW, flow_id)
    frequency = planning.object_in(item, "scheduleParams").get("frequency")
    if str(frequency).casefold() != "once":
        raise PlanError(
            f"The flow runs {'every ' + str(frequency) if frequency else 'without such a schedule'}; only a flow with "
            "frequency once can be run on demand."
        )
    if planning.state_of(item) != "enabled":
        raise PlanError(f"The flow is {item.get('state')}: enable it first (run_flow_action).")
    first, last = epoch_seconds(window_start, "window_start"), epoch_seconds(window_end, "window_end")
    if last < first:
        raise PlanError("window_end: must not be before window_start.")
    params = compact(
        startTime=epoch_seconds(start_time, "start_time") if start_time else last,
        windowStartTime=first,
        windowEndTime=last,
        deltaColumn={"name": delta_column} if delta_column else None,
    )
    names = known_by_name([(flow_id, "flow", to_text(item.get("name")))])
    return Change.create(Kind.RUN, {"flowId": flow_id, "params": params}, names=names)


@write_tool("runs")
async def retry_run(aep: Reader, run_id: Id) -> Change:
    """Repeat a failed batch run as a new run over the same files. For another window: create_run."""
    run = await aep.get_run(run_id)
    if run.status is not RunStatus.FAILED and not (run.status is RunStatus.SUCCESS and not run.records_out):
        raise PlanError(
            f"The run is {run.status.value}; only a failed run, or one that ingested nothing, is repeated."
        )
    warnings: list[str] = []
    flow_id = run.flow_id or ""
    flow = await planning.readable(
        "Its flow",
        partial(planning.stored, aep, Kind.FLOW, flow_id),
        warnings,
        so="its state was not checked",
    )
    if flow and planning.state_of(flow) != "enabled":
        name, state = shown(flow.get("name"), limit=NAME), planning.state_of(flow)
        raise PlanError(f"The flow {name} is {state}: enable it first (run_flow_action).")
    return Change.action(
        Kind.RUN,
        run_id,
        "re-trigger",
        name=flow.get("name") if flow else None,
        creates=Kind.RUN,
        lookup={"flowId": flow_id},
        warnings=warnings,
    )


@write_tool("admin", destructive=True)
async def update_run(aep: Reader, run_id: Id, body: dict[str, Any]) -> Change:
    """Report a run's progress or metrics; the service accepts it from providers only."""
    item = await planning.stored(aep, Kind.RUN, run_id)
    wanted: Params = {**body, "flowId": body.get("flowId", item.get("flowId"))}
    return Change.replace(Kind.RUN, run_id, item, wanted, etag=planning.etag_of(item))
