"""The second call: what was previewed, or approved on the page, is planned again and carried out if it is the same."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

from aep_flow_mcp.guard import on_page
from aep_flow_mcp.guard.approval import asking as approval
from aep_flow_mcp.guard.approval.approvers import needs_other_approver
from aep_flow_mcp.guard.approval.pending import Pending
from aep_flow_mcp.guard.approval.waiting import State, Waiting
from aep_flow_mcp.guard.call import Call
from aep_flow_mcp.guard.carrying import carry_out
from aep_flow_mcp.guard.execution.results import WriteResult
from aep_flow_mcp.guard.gate import Plan, Planned, settled, wait_for_confirmation, wait_on_page, with_card
from aep_flow_mcp.settings import ApprovalMode
from aep_flow_mcp.store.kept import StoreDown


async def confirm(
    call: Call, confirmation_id: str, replan: Callable[[Pending], Awaitable[Plan]]
) -> WriteResult:
    """Carry out what a write tool previewed, if planning it again gives the same bytes.

    replan: plans the kept call once more, in its sandbox.
    """
    try:
        return await _confirmed(call, confirmation_id, replan)
    except StoreDown as error:
        return await call.refused(approval.down(error))


async def _confirmed(
    call: Call, confirmation_id: str, replan: Callable[[Pending], Awaitable[Plan]]
) -> WriteResult:
    guard = call.guard
    decided = await on_page.decided(call, confirmation_id)
    if decided is not None:
        if isinstance(decided, WriteResult):
            return decided
        return await _carry_approved(call, confirmation_id, decided, replan)
    if guard.settings.mcp_approval not in (ApprovalMode.ASK, ApprovalMode.TWO_STEP):
        return await call.refused(
            f"AEP_MCP_APPROVAL is {guard.settings.mcp_approval.value}: nothing is confirmed."
        )
    if not call.may_approve:
        return await call.refused(call.said(approval.NO_APPROVER))
    pending = await guard.pending.peek(confirmation_id, call.caller)
    if pending is None:
        return await call.refused(approval.NOT_VALID)
    plan = await replan(pending)
    # Planning took time: only one of two calls with the same id gets it.
    if await guard.pending.take(confirmation_id, call.caller) is None:
        return await call.refused(approval.NOT_VALID)
    kept = Call(guard, call.ctx, pending.tool, dict(pending.arguments))
    if not isinstance(plan, Planned):
        return await settled(kept, plan)
    if needs_other_approver(guard, plan.change):  # it was previewed under other settings
        return with_card(kept, plan, await wait_on_page(kept, plan))
    if plan.digest != pending.digest:
        return with_card(kept, plan, await wait_for_confirmation(kept, plan, changed=True))
    return with_card(kept, plan, await carry_out(kept, plan.change))


async def _carry_approved(
    call: Call, name: str, waiting: Waiting, replan: Callable[[Pending], Awaitable[Plan]]
) -> WriteResult:
    """Carry out what was approved on the page, if planning it again gives the same bytes."""
    plan = await replan(waiting.as_pending())
    if await call.guard.waiting.take(name, call.caller, states=(State.APPROVED,)) is None:
        return await call.refused(approval.NOT_VALID)
    kept = Call(call.guard, call.ctx, waiting.tool, dict(waiting.arguments))
    if not isinstance(plan, Planned):
        return await settled(kept, plan)
    if plan.digest != waiting.digest:
        return with_card(kept, plan, await wait_on_page(kept, plan, changed=True))
    return with_card(kept, plan, await carry_out(replace(kept, approver=waiting.by), plan.change))
