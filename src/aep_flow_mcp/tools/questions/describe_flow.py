"""One flow with everything around it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from aep_flow_mcp.gathering import times
from aep_flow_mcp.gathering.finding import flow_id_of
from aep_flow_mcp.gathering.flow_parts import gather_flow
from aep_flow_mcp.insight.description import describe
from aep_flow_mcp.insight.shapes import FlowDescription
from aep_flow_mcp.pipelines.fixed import fixed_words, started
from aep_flow_mcp.surface.dependencies import AppState, Reader
from aep_flow_mcp.surface.params import FlowRef
from aep_flow_mcp.surface.registry import read_tool

LastRuns = Annotated[int, Field(ge=1, le=50)]


class DescribedFlow(FlowDescription):
    """A flow, and in `fixed` what the service no longer changes of it."""

    fixed: str | None = None


@read_tool("core")
async def describe_flow(app: AppState, aep: Reader, flow: FlowRef, runs: LastRuns = 5) -> DescribedFlow:
    """All about one flow: connections, accounts, datasets, schema, mapping, audiences, schedule, last runs.
    Why it fails: diagnose_flow. By other words: find_flows."""
    at = times.now()
    flow_id = await flow_id_of(app, aep, flow, now=at)
    parts = await gather_flow(aep, flow_id, runs=runs)
    schedule = parts.flow.schedule
    fixed = schedule is not None and started(schedule.model_dump(by_alias=True), now=at)
    return DescribedFlow(**dict(describe(parts, now=at)), fixed=fixed_words() if fixed else None)
