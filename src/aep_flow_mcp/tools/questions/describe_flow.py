"""One flow with everything around it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from aep_flow_mcp.gathering import times
from aep_flow_mcp.gathering.flow_parts import gather_flow
from aep_flow_mcp.insight.description import describe
from aep_flow_mcp.insight.shapes import FlowDescription
from aep_flow_mcp.surface.dependencies import Reader
from aep_flow_mcp.surface.params import FlowId
from aep_flow_mcp.surface.registry import read_tool

LastRuns = Annotated[int, Field(ge=1, le=50)]


@read_tool("core")
async def describe_flow(aep: Reader, flow_id: FlowId, runs: LastRuns = 5) -> FlowDescription:
    """All about one flow: connections, accounts, datasets, schema, mapping, audiences, schedule, last runs.
    Why it fails: diagnose_flow. No id yet: find_flows."""
    return describe(await gather_flow(aep, flow_id, runs=runs), now=times.now())
