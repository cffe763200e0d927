"""The client is asked to open the approval page (URL-mode elicitation), and the call waits for what is decided there.

From 2026-07-28 on the address is returned and the call comes again; before that it is pushed. The client's "accept"
only says that the person opens the page. What they decide is in the store, so the call may wait at another replica.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Awaitable, Callable

import anyio
from mcp.server.mcpserver import Context
from mcp.shared.exceptions import MCPError
from mcp_types import ElicitRequest, ElicitRequestURLParams, ElicitResult, InputRequiredResult

from aep_flow_mcp.guard import Guard, confirming
from aep_flow_mcp.guard.approval import asking as approval
from aep_flow_mcp.guard.approval.pending import Pending
from aep_flow_mcp.guard.approval.waiting import State
from aep_flow_mcp.guard.call import Call
from aep_flow_mcp.guard.execution.results import Status, WriteResult
from aep_flow_mcp.guard.gate import Plan
from aep_flow_mcp.platform.waiting.patience import asking_a_person
from aep_flow_mcp.store.kept import StoreDown

Replan = Callable[[Pending], Awaitable[Plan]]
_KEY, _PAGE = "aep-flow-mcp:approval-page", "page"
_QUESTION = "Open the approval page to see what will be sent, and to approve or decline it."
_POLL = 1.0
"""Seconds between two looks at what was decided."""


def question(guard: Guard, name: str) -> InputRequiredResult:
    """The question of 2026-07-28 to open the page of a change that waits."""
    params = ElicitRequestURLParams(message=_QUESTION, url=f"{guard.page_at}/{name}")
    return InputRequiredResult(
        input_requests={_KEY: ElicitRequest(params=params)}, request_state=json.dumps({_PAGE: name})
    )


def visited(context: Context) -> str | None:
    """The id of the change whose page this call was asked to open; None where it was not."""
    if not approval.is_modern(context):
        return None
    name = approval.members(context.request_state).get(_PAGE)
    return name if isinstance(name, str) else None


async def answered(call: Call, name: str, replan: Replan) -> WriteResult | InputRequiredResult:
    """Go on with a call that comes again, after its client was asked to open the page."""
    answer = (call.ctx.input_responses or {}).get(_KEY)
    if not isinstance(answer, ElicitResult):
        return question(call.guard, name)
    return await _after(call, name, answer.action, replan)


async def pushed(call: Call, name: str, replan: Replan) -> WriteResult:
    """Ask an older client to open the page, and wait for what is decided there."""
    elicitation_id = secrets.token_urlsafe(16)
    try:
        with asking_a_person(), anyio.fail_after(call.guard.patience):
            answer = await call.ctx.session.elicit_url(
                _QUESTION, f"{call.guard.page_at}/{name}", elicitation_id, call.ctx.request_id
            )
    except (TimeoutError, MCPError, ValueError):
        return await _after(call, name, "cancel", replan)
    result = await _after(call, name, answer.action, replan)
    await call.ctx.session.send_elicit_complete(elicitation_id, call.ctx.request_id)
    return result


async def _after(call: Call, name: str, action: str, replan: Replan) -> WriteResult:
    if action != "accept":
        return await _withdrawn(call, name, declined=action == "decline")
    try:
        await _decided(call, name)
        found = await call.guard.waiting.read(name)
    except StoreDown as error:
        return await call.refused(approval.down(error))
    if found is not None and found.state is State.WAITING and found.caller == call.caller:
        return WriteResult(
            status=Status.NEEDS_CONFIRMATION,
            message=call.said(approval.UNDECIDED, address=f"{call.page}/{name}"),
            sandbox=found.sandbox,
            confirmation_id=name,
        )
    return await confirming.confirm(call, name, replan)


async def _decided(call: Call, name: str) -> None:
    """Wait until somebody has decided on the page, or nothing waits there any more."""
    with asking_a_person() as say, anyio.move_on_after(call.guard.patience):
        say(approval.ON_THE_PAGE_THEY_OPENED)
        while True:
            found = await call.guard.waiting.read(name)
            if found is None or found.caller != call.caller or found.state is not State.WAITING:
                return
            await anyio.sleep(_POLL)


async def _withdrawn(call: Call, name: str, *, declined: bool) -> WriteResult:
    """The person does not open the page: what waits there is taken away."""
    try:
        await call.guard.waiting.take(name, call.caller, states=tuple(State))
    except StoreDown as error:
        return await call.refused(approval.down(error))
    if declined:
        return await call.ended(Status.DECLINED, approval.DECLINED)
    return await call.ended(Status.CANCELLED, approval.NOT_OPENED)
