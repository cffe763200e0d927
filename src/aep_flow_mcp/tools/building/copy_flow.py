"""A pipeline of another sandbox, created here by names."""

from typing import Annotated

from pydantic import Field

from aep_flow_mcp.documents.format import State
from aep_flow_mcp.gathering.finding import exact_flow_id
from aep_flow_mcp.guard.changes.change import Change
from aep_flow_mcp.planning.as_code.copying import Copying, copied
from aep_flow_mcp.surface.dependencies import Reader
from aep_flow_mcp.surface.params import FlowRef, Named
from aep_flow_mcp.surface.registry import write_tool


@write_tool("pipelines")
async def copy_flow(
    aep: Reader,
    flow: FlowRef,
    from_sandbox: str,
    name: Annotated[str | None, Field(min_length=1, max_length=255)] = None,
    account: Named = None,
    renamed: Annotated[
        dict[str, str] | None, Field(description="what datasets, schemas, account are called there: here")
    ] = None,
    state: Annotated[State | None, Field(description="disabled if left out")] = None,
) -> Change:
    """Copy a pipeline from another sandbox into `sandbox`: by names, mapping set made anew, never credentials."""
    origin = aep.with_sandbox(from_sandbox)
    flow_id = await exact_flow_id(origin, flow)
    wanted = Copying(flow_id, name=name, account=account, renamed=renamed or {}, state=state)
    return await copied(origin, aep, wanted)
