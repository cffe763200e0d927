"""All flows of two sandboxes side by side."""

from __future__ import annotations

from aep_flow_mcp.answers.pieces import Pieces
from aep_flow_mcp.answers.progress import progress_of
from aep_flow_mcp.answers.sandboxes import LISTS, SandboxComparison, compare
from aep_flow_mcp.gathering import times
from aep_flow_mcp.surface.dependencies import AppState, Reader
from aep_flow_mcp.surface.params import Cursor
from aep_flow_mcp.surface.registry import read_tool


@read_tool("pipelines")
async def compare_sandboxes(
    app: AppState, aep: Reader, other_sandbox: str, cursor: Cursor = None
) -> SandboxComparison:
    """Which pipelines are in both sandboxes, in one only, and what differs, by name."""
    readers = (aep, aep.with_sandbox(other_sandbox))
    return await compare(
        app, readers, Pieces(cursor, LISTS), now=times.now(), progress=progress_of("objects")
    )
