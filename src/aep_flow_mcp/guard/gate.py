"""From a planned Change to what happened: every way to a yes or a no passes here."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from traceback import format_tb
from typing import Any

import anyio
from mcp.server.mcpserver import Context, Elicit
from mcp.server.mcpserver.exceptions import ToolError

from aep_flow_mcp.guard import Guard, secrets
from aep_flow_mcp.guard.approval import asking as approval
from aep_flow_mcp.guard.approval.asking import Approval, Route
from aep_flow_mcp.guard.approval.pending import Pending, TooMany
from aep_flow_mcp.guard.changes.canonical import plain
from aep_flow_mcp.guard.changes.change import Change
from aep_flow_mcp.guard.changes.preview import change_lines, preview
from aep_flow_mcp.guard.changes.steps import NotAnswered, NothingToDo, PlanError
from aep_flow_mcp.guard.execution.audit import Audit, AuditError
from aep_flow_mcp.guard.execution.execute import Execution
from aep_flow_mcp.guard.execution.results import Status, WriteResult
from aep_flow_mcp.guard.policy import Refusal
from aep_flow_mcp.platform.errors import PlatformError
from aep_flow_mcp.settings import ApprovalMode

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Planned:
    """A Change that may be asked about, and how to plan it once more."""

    change: Change
    again: Callable[[], Awaitable[Plan]]

    @property
    def digest(self) -> str:
        """SHA-256 of the Change, byte for byte, literal secrets included: to compare, not to show."""
        return hashlib.sha256(self.change.canonical()).hexdigest()


@dataclass(frozen=True, slots=True)
class Nothing:
    """Everything is as asked already."""

    sentence: str


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A person was asked for values and gave none."""

    sentence: str
    dismissed: bool


Plan = Planned | Refusal | Nothing | Unanswered


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a write tool."""

    guard: Guard
    ctx: Context
    tool: str
    arguments: dict[str, Any]

    @property
    def caller(self) -> str:
        """Who calls."""
        return approval.caller_of(self.ctx)


# --- planning ---------------------------------------------------------------------------------------------


async def make_plan(
    guard: Guard, sandbox: str | None, planner: Callable[[], Awaitable[Change]], *, reveals: bool
) -> Plan:
    """Check where the call may write, plan it, and check what it wants to send.

    Raises:
        ToolError: it cannot be planned, or it references secrets in a way that is not taken.
    """
    allowed = await (guard.policy.reveals(sandbox) if reveals else guard.policy.writes(sandbox))
    if isinstance(allowed, Refusal):
        return allowed
    settings = guard.settings
    try:
        change = (await planner()).in_sandbox(allowed.sandbox, allowed.sandbox_type)
        if any((step.method == "GET") is not reveals for step in change.steps):
            raise PlanError("A tool either reveals secrets or writes.")
        if not settings.mcp_reveal_secrets:
            change = replace(change, steps=tuple(replace(step, reveals=False) for step in change.steps))
        secrets.check(change, prefix=settings.mcp_secrets_prefix, environ=guard.environ)
    except NothingToDo as nothing:
        return Nothing(str(nothing))
    except NotAnswered as unanswered:
        return Unanswered(str(unanswered), unanswered.dismissed)
    except (PlanError, secrets.SecretError, PlatformError) as error:
        raise ToolError(f"{error} Nothing was sent.") from error
    return Planned(change, lambda: make_plan(guard, sandbox, planner, reveals=reveals))


# --- asking -----------------------------------------------------------------------------------------------


def ask(call: Call, plan: Plan) -> Elicit[Approval] | Route:
    """The question to a person, or the other way that this call has to go."""
    if not isinstance(plan, Planned):
        return Route.SETTLED
    way = approval.route(call.guard.settings.mcp_approval, askable=approval.can_ask(call.ctx))
    if way is not None:
        return way
    if approval.is_modern(call.ctx):
        call.guard.ledger.asked(_question_key(call, plan), first=approval.only_values(call.ctx))
    return Elicit(preview(plan.change).text(), Approval)


async def decide(call: Call, plan: Plan, outcome: Any) -> WriteResult:
    """What comes of a call, after the question (if there was one) was answered."""
    if not isinstance(plan, Planned):
        return await _settled(call, plan)
    route = getattr(outcome, "data", None)
    if not isinstance(route, Route):
        return await _answered(call, plan, outcome)
    if route is Route.NONE:
        return await _carry_out(call, plan.change)
    if route is Route.TWO_STEP:
        return await _wait_for_confirmation(call, plan)
    if route is Route.BROWSER:
        return await _ask_in_browser(call, plan)
    return await _refused(call, approval.NO_PERSON, plan.change)


async def _answered(call: Call, plan: Planned, outcome: Any) -> WriteResult:
    """A person was asked through the client."""
    if approval.is_modern(call.ctx):
        # The SDK planned again for this round and took the answer only because the question was the same.
        if not call.guard.ledger.use(_question_key(call, plan)):
            return await _refused(call, approval.USED, plan.change)
        return await _carry_out(call, plan.change) if _yes(outcome) else await _no(call, plan.change, outcome)
    for _ in range(approval.MAX_QUESTIONS):
        if not _yes(outcome):
            return await _no(call, plan.change, outcome)
        fresh = await plan.again()
        if not isinstance(fresh, Planned):
            return await _settled(call, fresh)
        if fresh.change.canonical() == plan.change.canonical():
            return await _carry_out(call, fresh.change)
        plan = fresh
        try:
            outcome = await call.ctx.elicit(
                f"It has changed since you were asked.\n{preview(plan.change).text()}", Approval
            )
        except ValueError as error:
            raise ToolError("The answer to the question could not be read: nothing was sent.") from error
    return await _refused(call, approval.CHANGED_TOO_OFTEN, plan.change)


async def _ask_in_browser(call: Call, plan: Planned) -> WriteResult:
    """A person is asked on a page of this machine."""
    from aep_flow_mcp.guard.approval import browser

    if call.ctx.headers is not None:
        return await _refused(call, browser.NOT_HERE, plan.change)
    for _ in range(approval.MAX_QUESTIONS):
        answer = await browser.ask(preview(plan.change), call.guard.open_browser)
        if answer is browser.Answer.NO_BROWSER:
            return await _refused(call, browser.NO_BROWSER, plan.change)
        if answer is browser.Answer.DECLINED:
            return await _ended(call, Status.DECLINED, approval.DECLINED, plan.change)
        if answer is not browser.Answer.APPROVED:
            return await _ended(call, Status.CANCELLED, browser.SENTENCES[answer], plan.change)
        fresh = await plan.again()
        if not isinstance(fresh, Planned):
            return await _settled(call, fresh)
        if fresh.change.canonical() == plan.change.canonical():
            return await _carry_out(call, fresh.change)
        plan = fresh
    return await _refused(call, approval.CHANGED_TOO_OFTEN, plan.change)


async def _wait_for_confirmation(call: Call, plan: Planned, *, changed: bool = False) -> WriteResult:
    """Keep the call for `confirm_change`."""
    pending = Pending(
        tool=call.tool,
        arguments=call.arguments,
        sandbox=plan.change.sandbox,
        caller=call.caller,
        digest=plan.digest,
    )
    try:
        confirmation_id = await call.guard.pending.put(pending)
    except TooMany as error:
        return await _refused(call, f"{error} Nothing was sent; try again in ten minutes.", plan.change)
    message = (
        "It has changed since it was previewed; this is the new preview."
        if changed
        else "A person has to agree."
    )
    return WriteResult(
        status=Status.NEEDS_CONFIRMATION,
        message=message,
        sandbox=plan.change.sandbox,
        preview=preview(plan.change).text(),
        confirmation_id=confirmation_id,
        next_step=approval.NEXT_STEP,
    )


async def confirm(
    call: Call, confirmation_id: str, replan: Callable[[Pending], Awaitable[Plan]]
) -> WriteResult:
    """Carry out what a write tool previewed, if planning it again gives the same bytes.

    replan: plans the kept call once more, in its sandbox.
    """
    guard = call.guard
    if guard.settings.mcp_approval not in (ApprovalMode.ASK, ApprovalMode.TWO_STEP):
        return await _refused(
            call, f"AEP_MCP_APPROVAL is {guard.settings.mcp_approval.value}: nothing is confirmed."
        )
    pending = await guard.pending.peek(confirmation_id, call.caller)
    if pending is None:
        return await _refused(call, approval.NOT_VALID)
    plan = await replan(pending)
    # Planning took time: only one of two calls with the same id gets it.
    if await guard.pending.take(confirmation_id, call.caller) is None:
        return await _refused(call, approval.NOT_VALID)
    kept = Call(guard, call.ctx, pending.tool, dict(pending.arguments))
    if not isinstance(plan, Planned):
        return await _settled(kept, plan)
    if plan.digest != pending.digest:
        return await _wait_for_confirmation(kept, plan, changed=True)
    return await _carry_out(kept, plan.change)


# --- ends -------------------------------------------------------------------------------------------------


async def _carry_out(call: Call, change: Change) -> WriteResult:
    """Send what was approved. Once begun it is finished, undone and logged even if the call is cancelled."""
    guard, attempt = call.guard, Audit.attempt()
    redactor = secrets.Redactor(change, guard.environ)
    with anyio.CancelScope(shield=True):
        try:
            await guard.audit.write(_entry(call, change, "approved", attempt))
        except AuditError as error:
            return WriteResult(
                status=Status.REFUSED, message=f"{error} Nothing was sent.", sandbox=change.sandbox
            )
        execution = await _execute(guard, change)
        message = redactor.text(execution.message)
        left = [redactor.text(line) for line in execution.not_undone]
        ids = [one.id for one in execution.done if one.id]
        outcome = _entry(call, change, execution.status.value, attempt)
        try:
            await guard.audit.write({**outcome, "message": message, "ids": ids, "not_undone": left})
        except AuditError as error:
            message = f"{message} {error}"
    await _tell(guard, call.ctx, change, execution)
    data = await _followed(change, execution)
    if not any(step.reveals for step in change.steps):
        data = redactor.value(data)
    finished = execution.status is Status.DONE
    return WriteResult(
        status=execution.status,
        message=message,
        sandbox=change.sandbox,
        done=execution.done,
        changes=[line for step in change.steps for line in change_lines(step)] if finished else [],
        not_undone=left,
        data=data,
    )


async def _tell(guard: Guard, ctx: Context, change: Change, execution: Execution) -> None:
    """Let those who follow what is stored know that it was written to; also when only part of it happened."""
    if guard.on_written is None or execution.status is Status.FAILED:
        return
    try:
        await guard.on_written(ctx, change, execution.ids)
    except Exception as error:  # noqa: BLE001  (what was written stays written, and its answer has to say so)
        logger.error(
            "telling of a write met %s\n%s", type(error).__name__, "".join(format_tb(error.__traceback__))
        )


async def _followed(change: Change, execution: Execution) -> Any:
    """The data of the answer, with what was read afterwards. That it cannot be read takes nothing back."""
    if change.follow is None or execution.status is not Status.DONE:
        return execution.data
    try:
        found = dict(await change.follow(execution.ids))
    except Exception as error:  # noqa: BLE001  (likewise)
        known = isinstance(error, PlatformError)
        if not known:
            trace = "".join(format_tb(error.__traceback__))
            logger.error("reading on after a write met %s\n%s", type(error).__name__, trace)
        why = str(error) if known else f"an unexpected {type(error).__name__}."
        found = {"note": f"It is done; how it stands now could not be read: {why}"}
    return {**(execution.data or {}), **found}


async def _execute(guard: Guard, change: Change) -> Execution:
    """Run the steps; a defect of ours is an unknown outcome, said and logged like any other."""
    try:
        return await guard.executor(change.sandbox).run(change)
    except Exception as error:  # noqa: BLE001  (whatever it is, something may have been sent)
        # Its text is left out, here and in the log: it may quote a request.
        logger.error("a write met %s\n%s", type(error).__name__, "".join(format_tb(error.__traceback__)))
        sentence = f"An unexpected {type(error).__name__} interrupted it: look at what is there before doing it again."
        return Execution(Status.UNKNOWN, f"{change.title}: outcome unknown. {sentence}")


def _yes(outcome: Any) -> bool:
    """Only an accepted form with the box ticked."""
    data = getattr(outcome, "data", None)
    return (
        getattr(outcome, "action", None) == "accept" and isinstance(data, Approval) and data.approve is True
    )


async def _no(call: Call, change: Change, outcome: Any) -> WriteResult:
    if getattr(outcome, "action", None) == "cancel":
        return await _ended(call, Status.CANCELLED, approval.CANCELLED, change)
    return await _ended(call, Status.DECLINED, approval.DECLINED, change)


async def _settled(call: Call, plan: Refusal | Nothing | Unanswered) -> WriteResult:
    if isinstance(plan, Nothing):
        return WriteResult(status=Status.UNCHANGED, message=plan.sentence)
    if isinstance(plan, Unanswered):
        status = Status.CANCELLED if plan.dismissed else Status.DECLINED
        return await _ended(call, status, plan.sentence)
    return await _refused(call, plan.sentence, sandbox=plan.sandbox)


async def _refused(
    call: Call, sentence: str, change: Change | None = None, sandbox: str | None = None
) -> WriteResult:
    return await _ended(call, Status.REFUSED, sentence, change, sandbox)


async def _ended(
    call: Call, status: Status, sentence: str, change: Change | None = None, sandbox: str | None = None
) -> WriteResult:
    """An end without anything sent. It stands whether or not it can be logged."""
    try:
        await call.guard.audit.write(
            {**_entry(call, change, status.value, Audit.attempt()), "message": sentence}
        )
    except AuditError as error:
        sentence = f"{sentence} {error}"
    return WriteResult(status=status, message=sentence, sandbox=change.sandbox if change else sandbox)


def _entry(call: Call, change: Change | None, event: str, attempt: str) -> dict[str, Any]:
    """A line of the audit log, without its time. No body is in it: bodies may hold secrets."""
    entry: dict[str, Any] = {
        "attempt": attempt,
        "event": event,
        "tool": call.tool,
        "mode": call.guard.settings.mcp_approval.value,
        "caller": call.caller,
    }
    if change is not None:
        entry |= {
            "sandbox": change.sandbox,
            "sandbox_type": change.sandbox_type,
            "title": change.title,
            "steps": [{"method": step.method, "path": step.path} for step in change.steps],
            "digest": change.digest,
        }
    return entry


def _question_key(call: Call, plan: Planned) -> str:
    whole = plain([call.caller, call.tool, plan.digest])
    return hashlib.sha256("\x00".join(whole).encode("utf-8", "surrogatepass")).hexdigest()
