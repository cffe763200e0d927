"""`confirm_change`: the second call, for clients that cannot ask a person."""

from collections.abc import Callable
from typing import Annotated, Any

from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.mcpserver.tools import Tool
from pydantic import Field

from aep_flow_mcp.guard import confirming, gate
from aep_flow_mcp.guard.approval.pending import Pending
from aep_flow_mcp.guard.call import Call
from aep_flow_mcp.guard.execution.results import WriteResult
from aep_flow_mcp.guard.tool import guard_of, planning_tool
from aep_flow_mcp.surface.dependencies import in_sandbox
from aep_flow_mcp.surface.registry import ToolDef, Toolset

ConfirmationId = Annotated[str, Field(min_length=1, max_length=200)]


async def _confirm_change(ctx: Context, confirmation_id: ConfirmationId) -> WriteResult:
    """Carry out exactly the change that a write tool previewed, after the person agreed to it."""

    async def replan(pending: Pending) -> gate.Plan:
        with in_sandbox(pending.sandbox):
            plan: gate.Plan = await _planner(ctx, pending.tool).run(dict(pending.arguments), ctx)
        return plan

    call = Call(guard_of(ctx), ctx, "confirm_change", {})
    return await confirming.confirm(call, confirmation_id, replan)


def _planner(ctx: Context, tool: str) -> Tool:
    """What plans a tool's change: known here if it was previewed here, else (on another replica) found by its name."""
    made = guard_of(ctx).planners.get(tool)
    if made is not None:
        planner: Tool = made()
        return planner
    from aep_flow_mcp.surface.selection import refusals
    from aep_flow_mcp.surface.snapshot import definition_of, load_cards

    cards, settings = load_cards(), guard_of(ctx).settings
    card = next((card for card in cards if card["name"] == tool), None)
    refusal = refusals(cards, settings).get(tool)
    if refusal is not None:  # it was not when this was previewed
        raise ToolError(f"{refusal} Nothing was sent.")
    definition = definition_of(card) if card is not None else None
    if definition is not None and definition.writes:
        return planning_tool(definition.fn)
    if definition is not None and definition.reveal is not None and settings.mcp_reveal_secrets:
        return planning_tool(definition.reveal, reveals=True)
    raise ToolError("The tool that previewed this change is not here any more. Nothing was sent.")


class _ConfirmDef(ToolDef):
    """It writes, and it neither plans nor asks: what it carries out was planned and previewed before."""

    @property
    def name(self) -> str:
        return "confirm_change"

    @property
    def description(self) -> str:
        return " ".join((self.fn.__doc__ or "").split())

    def _registered(self, *, reveals: bool) -> Callable[..., Any]:
        del reveals
        return self.fn


confirm_change = _ConfirmDef(_confirm_change, Toolset.CORE, writes=True, destructive=True, idempotent=False)
