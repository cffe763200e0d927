"""From a planned Change to what happened: every way to a yes or a no passes here."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any

import anyio
from mcp.server.mcpserver import Elicit
from mcp.server.mcpserver.exceptions import ToolError
from mcp.shared.exceptions import MCPError

from aep_flow_mcp.callers import person
from aep_flow_mcp.guard import Guard, on_page, secrets
from aep_flow_mcp.guard.approval import asking as approval
from aep_flow_mcp.guard.approval.approvers import needs_other_approver
from aep_flow_mcp.guard.approval.asking import Approval, Route
from aep_flow_mcp.guard.approval.pending import Pending, Use
from aep_flow_mcp.guard.call import Call
from aep_flow_mcp.guard.carrying import carry_out
from aep_flow_mcp.guard.changes.canonical import plain, visible
from aep_flow_mcp.guard.changes.card import VIEW, card
from aep_flow_mcp.guard.changes.change import Change
from aep_flow_mcp.guard.changes.naming import kept
from aep_flow_mcp.guard.changes.preview import Preview, preview
from aep_flow_mcp.guard.changes.steps import NotAnswered, NothingToDo, PlanError
from aep_flow_mcp.guard.changes.whole import too_large
from aep_flow_mcp.guard.execution.results import Status, WriteResult
from aep_flow_mcp.guard.policy import Refusal
from aep_flow_mcp.platform.errors import PlatformError
from aep_flow_mcp.platform.redaction.texts import redact_text
from aep_flow_mcp.platform.waiting.patience import asking_a_person
from aep_flow_mcp.store.kept import StoreDown, TooMany


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
        permitted = await guard.policy.permits(change, person())
        if isinstance(permitted, Refusal):
            return permitted
        change = permitted
        secrets.check(change, prefix=settings.mcp_secrets_prefix, environ=guard.environ)
    except NothingToDo as nothing:
        return Nothing(str(nothing))
    except NotAnswered as unanswered:
        return Unanswered(str(unanswered), unanswered.dismissed)
    except (PlanError, secrets.SecretError, PlatformError) as error:
        raise ToolError(f"{redact_text(str(error))} Nothing was sent.") from error
    return Planned(change, lambda: make_plan(guard, sandbox, planner, reveals=reveals))


# --- asking -----------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Put:
    """The question that a call puts, if it does: a digest of what is asked, and of whom."""

    key: str | None = None
    page: str | None = None
    """The id of what waits for its caller on the approval page."""


# One round of a call is one task; what the SDK calls in between passes nothing of ours on.
_PUT: ContextVar[Put | None] = ContextVar("put", default=None)


@contextmanager
def putting() -> Iterator[Put]:
    """Around one round of a call: which question it puts."""
    put = Put()
    token = _PUT.set(put)
    try:
        yield put
    finally:
        _PUT.reset(token)


@dataclass(frozen=True, slots=True)
class Pushed:
    """The outcome of a question that was pushed to an older client; a status and a sentence where there was none."""

    outcome: Any = None
    status: Status | None = None
    sentence: str = ""


async def _pushed(call: Call, message: str) -> Pushed:
    """Ask through an older client, and wait no longer than an answer would be accepted."""
    try:
        with anyio.fail_after(call.guard.patience):
            return Pushed(await call.ctx.elicit(message, Approval))
    except TimeoutError:
        return Pushed(status=Status.CANCELLED, sentence=approval.LATE)
    except (ValueError, MCPError):
        return Pushed(status=Status.REFUSED, sentence=approval.UNREADABLE)


async def ask(call: Call, plan: Plan) -> Elicit[Approval] | Route | Pushed:
    """The question to a person, or the other way that this call has to go."""
    if not isinstance(plan, Planned):
        return Route.SETTLED
    way = approval.route(
        call.guard.settings.mcp_approval,
        askable=approval.can_ask(call.ctx),
        approver=call.may_approve,
        others=needs_other_approver(call.guard, plan.change),
        page=call.page is not None,
    )
    if way is Route.NONE and not call.may_approve and any(step.reveals for step in plan.change.steps):
        # Where nobody is asked, whoever may write writes; secrets are for those who may say yes to that.
        way = Route.NO_APPROVER
    if way is not None:
        return way
    try:
        # A person is not asked for what could not be sent.
        await call.guard.store.check()
    except StoreDown as error:
        return Pushed(status=Status.REFUSED, sentence=approval.down(error))
    asked = preview_of(call, plan.change)
    if asked.cuts:
        return Pushed(status=Status.REFUSED, sentence=too_large(asked.cuts))
    message = asked.text()
    if approval.is_modern(call.ctx):
        # Which question an answer belongs to is told by its sealed state (guard/tool.py).
        put = _PUT.get()
        if put is not None:
            put.key = _question_key(call, plan)
        return Elicit(message, Approval)
    return await _pushed(call, message)


async def decide(call: Call, plan: Plan, outcome: Any) -> WriteResult:
    """What comes of a call, after the question (if there was one) was answered; beside it, what was asked about."""
    try:
        return with_card(call, plan, await _decided(call, plan, outcome))
    except StoreDown as error:  # before anything was sent: carrying.py lets none out after that
        return await call.refused(approval.down(error), plan.change if isinstance(plan, Planned) else None)


async def _decided(call: Call, plan: Plan, outcome: Any) -> WriteResult:
    if not isinstance(plan, Planned):
        return await settled(call, plan)
    route = getattr(outcome, "data", None)
    if isinstance(route, Pushed):
        return await _answered_push(call, plan, route)
    if not isinstance(route, Route):
        return await _answered(call, plan, outcome)
    if route is Route.NONE:
        return await carry_out(call, plan.change)
    if route is Route.TWO_STEP:
        return await wait_for_confirmation(call, plan)
    if route is Route.PAGE:
        return await wait_on_page(call, plan)
    if route is Route.BROWSER:
        return await ask_in_browser(call, plan)
    if route is Route.NOBODY:
        return await _nobody_to_ask(call, plan.change)
    why = {Route.NO_APPROVER: call.said(approval.NO_APPROVER), Route.NO_OTHER: approval.NO_OTHER}
    return await call.refused(why[route], plan.change)


async def _nobody_to_ask(call: Call, change: Change) -> WriteResult:
    """Refused, since the client cannot ask.

    Raises:
        MCPError: from 2026-07-28 on the protocol has an error for it, with what the client lacks.
    """
    refused = await call.refused(approval.NO_PERSON, change)
    if not approval.is_modern(call.ctx):
        return refused
    raise approval.lacks_elicitation(refused.message)


async def _answered(call: Call, plan: Planned, outcome: Any) -> WriteResult:
    """A person was asked through the client, and the answer came with a repeat of the call.

    The SDK planned again for this round and took the answer only because the question reads the same.
    """
    if not call.may_approve:
        return await call.refused(call.said(approval.NO_APPROVER), plan.change)
    use = await call.guard.ledger.use(approval.question_of(call.ctx), _question_key(call, plan))
    if use is not Use.GOOD:
        return await call.refused(approval.USED if use is Use.USED else approval.CHANGED, plan.change)
    return await carry_out(call, plan.change) if _yes(outcome) else await _no(call, plan.change, outcome)


async def after_yes(call: Call, plan: Planned, fresh: Plan) -> WriteResult | Planned:
    """What comes of a yes to a plan that was made once more: it is carried out, or has to be asked about as it is now.

    fresh: as it was planned after the yes. It is what was approved only if it is the same, byte for byte.
    """
    if not isinstance(fresh, Planned):
        return await settled(call, fresh)
    if fresh.change.canonical() != plan.change.canonical():
        return fresh
    return await carry_out(call, fresh.change)


async def _answered_push(call: Call, plan: Planned, pushed: Pushed) -> WriteResult:
    """A person was asked through an older client, while the call waited."""
    for _ in range(approval.MAX_QUESTIONS):
        if pushed.status is not None:
            return await call.ended(pushed.status, pushed.sentence, plan.change)
        if not _yes(pushed.outcome):
            return await _no(call, plan.change, pushed.outcome)
        ended = await after_yes(call, plan, await plan.again())
        if isinstance(ended, WriteResult):
            return ended
        plan = ended
        asked = preview_of(call, plan.change)
        if asked.cuts:
            return await call.refused(too_large(asked.cuts), plan.change)
        pushed = await _pushed(call, f"It has changed since you were asked.\n{asked.text()}")
    return await call.refused(approval.CHANGED_TOO_OFTEN, plan.change)


async def ask_in_browser(call: Call, plan: Planned) -> WriteResult:
    """A person is asked on a page of this machine."""
    from aep_flow_mcp.guard.approval import browser
    from aep_flow_mcp.guard.approval.desk import Answer
    from aep_flow_mcp.guard.approval.forwarding import NoFolderError

    if call.ctx.headers is not None:
        return await call.refused(browser.NOT_HERE, plan.change)
    for _ in range(approval.MAX_QUESTIONS):
        try:
            async with _told_if_given_up(call, plan.change, browser.GIVEN_UP):
                with asking_a_person() as say:
                    shown = preview_of(call, plan.change)
                    answer = await browser.ask(shown, call.guard.open_browser, say=say)
        except NoFolderError:
            return await call.refused(browser.NO_FILE, plan.change)
        if answer is Answer.NO_BROWSER:
            return await call.refused(browser.NO_BROWSER, plan.change)
        if answer is Answer.DECLINED:
            return await call.ended(Status.DECLINED, approval.DECLINED, plan.change)
        if answer is not Answer.APPROVED:
            return await call.ended(Status.CANCELLED, browser.SENTENCES[answer], plan.change)
        async with _told_if_given_up(call, plan.change, browser.GIVEN_UP_LATE):
            fresh = await plan.again()
        ended = await after_yes(call, plan, fresh)
        if isinstance(ended, WriteResult):
            return ended
        plan = ended
    return await call.refused(approval.CHANGED_TOO_OFTEN, plan.change)


@asynccontextmanager
async def _told_if_given_up(call: Call, change: Change, sentence: str) -> AsyncIterator[None]:
    """Write down that the client gave up in the block: nobody declined, and there is nobody to answer."""
    try:
        yield
    except anyio.get_cancelled_exc_class():
        with anyio.CancelScope(shield=True):
            await call.ended(Status.CANCELLED, sentence, change)
        raise


async def wait_for_confirmation(call: Call, plan: Planned, *, changed: bool = False) -> WriteResult:
    """Keep the call for `confirm_change`."""
    if call.guard.unconfirmable is not None:
        return await call.refused(f"{approval.NO_SECOND_CALL} {call.guard.unconfirmable}", plan.change)
    asked = preview_of(call, plan.change)
    if asked.cuts:
        return await call.refused(too_large(asked.cuts), plan.change)
    pending = Pending(
        tool=call.tool,
        arguments=call.arguments,
        sandbox=plan.change.sandbox,
        caller=call.caller,
        digest=plan.digest,
    )
    try:
        confirmation_id = await call.guard.pending.put(pending)
    except TooMany:
        return await call.refused(approval.TOO_MANY, plan.change)
    message = (
        "It has changed since it was previewed; this is the new preview."
        if changed
        else "A person has to agree."
    )
    return WriteResult(
        status=Status.NEEDS_CONFIRMATION,
        message=message,
        sandbox=plan.change.sandbox,
        dependents=kept(asked.dependents),
        preview=asked.text(),
        confirmation_id=confirmation_id,
        next_step=_next_step(call),
    )


def _next_step(call: Call) -> str:
    step = approval.NEXT_STEP if call.may_approve else call.said(approval.NEXT_STEP_WITHOUT_APPROVER)
    profile = call.guard.profile
    return step if profile is None else f"{step} {approval.SAME_PROFILE.format(profile=profile)}"


async def wait_on_page(call: Call, plan: Planned, *, changed: bool = False) -> WriteResult:
    """Keep the call for a decision on the approval page. changed: it differs from what was approved before."""
    others = needs_other_approver(call.guard, plan.change)
    shown = preview_of(call, plan.change)
    result = await on_page.wait(call, plan.change, shown, plan.digest, others=others, changed=changed)
    put = _PUT.get()
    if put is not None and not others:  # who asks cannot approve what another person has to
        put.page = result.confirmation_id
    return result


# --- ends -------------------------------------------------------------------------------------------------


def _yes(outcome: Any) -> bool:
    """Only an accepted form with the box ticked."""
    data = getattr(outcome, "data", None)
    return (
        getattr(outcome, "action", None) == "accept" and isinstance(data, Approval) and data.approve is True
    )


async def _no(call: Call, change: Change, outcome: Any) -> WriteResult:
    if getattr(outcome, "action", None) == "cancel":
        return await call.ended(Status.CANCELLED, approval.CANCELLED, change)
    return await call.ended(Status.DECLINED, approval.DECLINED, change)


async def settled(call: Call, plan: Refusal | Nothing | Unanswered) -> WriteResult:
    """What comes of a call for which nothing is to be approved."""
    if isinstance(plan, Nothing):
        return WriteResult(status=Status.UNCHANGED, message=plan.sentence)
    if isinstance(plan, Unanswered):
        status = Status.CANCELLED if plan.dismissed else Status.DECLINED
        return await call.ended(status, plan.sentence)
    return await call.refused(plan.sentence, sandbox=plan.sandbox)


def with_card(call: Call, plan: Plan, result: WriteResult) -> WriteResult:
    """The result, beside what it was about, for a client that shows apps."""
    if not isinstance(plan, Planned):
        return result
    return result.beside(VIEW, lambda: card(preview_of(call, plan.change)))


def preview_of(call: Call, change: Change) -> Preview:
    """What a person is shown, without anything that this server knows to be secret."""
    shown = replace(preview(change).redacted(call.guard.redactor.text), at=visible(call.guard.at))
    of = f"This is in {shown.at}." if call.guard.profile else None
    notes = [note for note in (call.guard.note, of) if note]
    return replace(shown, warnings=(*notes, *shown.warnings))


def _question_key(call: Call, plan: Planned) -> str:
    whole = plain([call.caller, call.tool, plan.digest])
    return hashlib.sha256("\x00".join(whole).encode("utf-8", "surrogatepass")).hexdigest()
