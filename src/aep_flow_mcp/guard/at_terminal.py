"""What comes of a plan that a command made: who says yes there, and how they are asked."""

from __future__ import annotations

from aep_flow_mcp.guard.approval import asking as approval
from aep_flow_mcp.guard.approval.approvers import needs_other_approver
from aep_flow_mcp.guard.approval.terminal import NO_TERMINAL, NOT_BY_DIGEST, OTHER_PLAN, Said, Terminal
from aep_flow_mcp.guard.call import Call
from aep_flow_mcp.guard.carrying import carry_out
from aep_flow_mcp.guard.execution.results import Status, WriteResult
from aep_flow_mcp.guard.gate import Plan, Planned, after_yes, ask_in_browser, preview_of, settled
from aep_flow_mcp.settings import ApprovalMode
from aep_flow_mcp.store.kept import StoreDown


async def decide_at_terminal(
    call: Call, plan: Plan, terminal: Terminal, *, approved: str | None = None
) -> WriteResult:
    """What comes of a command's plan: a person at its terminal is asked, or has reviewed it before.

    approved: the digest of the plan that was reviewed (`Change.digest`). It approves that plan and no other, and none
    where AEP_MCP_APPROVAL wants a person while the command runs.
    """
    try:
        return await _decided(call, plan, terminal, approved)
    except StoreDown as error:  # before anything was sent, as in `gate.decide`
        return await call.refused(approval.down(error), plan.change if isinstance(plan, Planned) else None)


async def _decided(call: Call, plan: Plan, terminal: Terminal, approved: str | None) -> WriteResult:
    if not isinstance(plan, Planned):
        return await settled(call, plan)
    # Nobody is asked for a yes that would be worth nothing.
    if needs_other_approver(call.guard, plan.change):
        return await call.refused(approval.NO_OTHER, plan.change)
    mode = call.guard.settings.mcp_approval
    if approved is not None:
        if mode in (ApprovalMode.HUMAN, ApprovalMode.BROWSER):
            return await call.refused(NOT_BY_DIGEST.format(mode=mode.value), plan.change)
        if approved != plan.change.digest:
            return await call.refused(OTHER_PLAN.format(digest=plan.change.digest), plan.change)
        return await carry_out(call, plan.change)
    if mode is ApprovalMode.NONE:
        return await carry_out(call, plan.change)
    if mode is ApprovalMode.BROWSER:
        return await ask_in_browser(call, plan)
    for _ in range(approval.MAX_QUESTIONS):
        said = await terminal.ask(preview_of(call, plan.change).whole_text())
        if said is not Said.YES:
            nobody = said is Said.NOBODY
            return await call.ended(
                Status.REFUSED if nobody else Status.DECLINED,
                NO_TERMINAL if nobody else approval.DECLINED,
                plan.change,
            )
        ended = await after_yes(call, plan, await plan.again())
        if isinstance(ended, WriteResult):
            return ended
        plan = ended
        terminal.write("It has changed since you were asked.")
    return await call.refused(approval.CHANGED_TOO_OFTEN, plan.change)
