"""One flow with everything around it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from aep_flow_mcp.gathering.finding import flow_id_of
from aep_flow_mcp.gathering.flow_parts import gather_flow
from aep_flow_mcp.gathering.times import now
from aep_flow_mcp.insight.description import describe
from aep_flow_mcp.insight.shapes import FlowDescription
from aep_flow_mcp.surface.dependencies import AppState, Reader
from aep_flow_mcp.surface.params import FlowRef
from aep_flow_mcp.surface.registry import read_tool

LastRuns = Annotated[int, Field(ge=1, le=50)]


@read_tool("core")
async def describe_flow(app: AppState, aep: Reader, flow: FlowRef, runs: LastRuns = 5) -> FlowDescription:
    """All about one flow: connections, accounts, datasets, schema, mapping, audiences, schedule, last runs.
    Why it fails: diagnose_flow. By other words: find_flows."""
    at = now()
    flow_id = await flow_id_of(app, aep, flow, now=at)
    return describe(await gather_flow(aep, flow_id, runs=runs), now=at)
