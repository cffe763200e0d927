"""The end of a pipeline: a flow with everything that only it uses, after one approval."""

from typing import Annotated

from pydantic import Field

from aep_flow_mcp.gathering.finding import exact_flow_id
from aep_flow_mcp.guard.changes.change import Change
from aep_flow_mcp.planning.retiring import retire
from aep_flow_mcp.surface.dependencies import Reader
from aep_flow_mcp.surface.params import FlowRef
from aep_flow_mcp.surface.registry import write_tool


@write_tool("pipelines", destructive=True, idempotent=True)
async def delete_pipeline(
    aep: Reader,
    flow: FlowRef,
    delete_account: Annotated[bool, Field(description="too, if nothing else uses it")] = False,
) -> Change:
    """Delete a flow with the source and target connections that only it uses. Says what stays and what goes stale."""
    return await retire(aep, await exact_flow_id(aep, flow), delete_account=delete_account)
