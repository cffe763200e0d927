"""The way to a yes over the approval page: a change waits in the store, and its caller carries out what was approved.

The call that asks for it ends with the address of the page. So nothing is held open while a person thinks, and neither
the page nor the second call has to reach the replica that the first one reached.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from aep_flow_mcp.callers import Ability, Person
from aep_flow_mcp.guard import Guard
from aep_flow_mcp.guard.approval import asking as approval
from aep_flow_mcp.guard.approval.waiting import Somebody, State, Waiting
from aep_flow_mcp.guard.call import Call
from aep_flow_mcp.guard.changes.change import Change
from aep_flow_mcp.guard.changes.naming import kept
from aep_flow_mcp.guard.changes.preview import Preview
from aep_flow_mcp.guard.execution.audit import Audit
from aep_flow_mcp.guard.execution.results import Status, WriteResult
from aep_flow_mcp.store.kept import TooMany


async def wait(
    call: Call, change: Change, shown: Preview, digest: str, *, others: bool, changed: bool = False
) -> WriteResult:
    """Have a change wait for a decision on the page. changed: it differs from what was approved before."""
    if call.page is None or call.asker is None:
        return await call.refused(approval.NO_OTHER, change)
    if call.guard.unconfirmable is not None:
        return await call.refused(f"{approval.NO_SECOND_CALL} {call.guard.unconfirmable}", change)
    said = call.entry(change, "", "")
    waiting = Waiting(
        tool=call.tool,
        arguments=call.arguments,
        sandbox=change.sandbox,
        caller=call.caller,
        asker=call.asker,
        digest=digest,
        others=others,
        preview=shown,
        said={name: value for name, value in said.items() if name not in ("attempt", "event")},
    )
    try:
        name = await call.guard.waiting.put(waiting)
    except TooMany:
        return await call.refused(approval.NO_ROOM, change)
    message = approval.BY_ANOTHER if others else approval.ON_THE_PAGE
    return WriteResult(
        status=Status.NEEDS_CONFIRMATION,
        message=f"It has changed since it was approved; this is the new preview. {message}"
        if changed
        else message,
        sandbox=change.sandbox,
        dependents=kept(shown.dependents),
        preview=shown.text(),
        confirmation_id=name,
        next_step=_next_step(call, name, others=others),
    )


def _next_step(call: Call, name: str, *, others: bool) -> str:
    step = approval.NEXT_STEP_BY_ANOTHER if others else approval.NEXT_STEP_ON_THE_PAGE
    said = call.said(step, address=f"{call.page}/{name}")
    profile = call.guard.profile
    return said if profile is None else f"{said} {approval.SAME_PROFILE.format(profile=profile)}"


async def decided(call: Call, name: str) -> Waiting | WriteResult | None:
    """What was approved and waits for this caller, or why nothing is to be carried out; None where it is not theirs."""
    waiting = await call.guard.waiting.read(name)
    if waiting is None or waiting.caller != call.caller:
        return None
    of = replace(call, tool=waiting.tool, arguments=waiting.arguments, approver=waiting.by)
    if waiting.state is State.WAITING:
        sentence = call.said(approval.UNDECIDED, address=f"{call.page}/{name}")
        return await of.refused(sentence, sandbox=waiting.sandbox, said=waiting.said)
    if waiting.state is State.DECLINED:
        await call.guard.waiting.take(name, call.caller, states=(State.DECLINED,))
        by = waiting.by.shown if waiting.by is not None else "Somebody"
        sentence = approval.DECLINED_ON_THE_PAGE.format(name=by)
        return await of.ended(Status.DECLINED, sentence, sandbox=waiting.sandbox, said=waiting.said)
    return waiting


@dataclass(frozen=True, slots=True)
class Answered:
    """What is said to who came to the page. waiting: what they may decide about; None where they may not, or did."""

    title: str
    sentence: str
    status: int = 200
    waiting: Waiting | None = None


_GONE = Answered(
    "No longer open",
    "Nothing waits here any more: it was decided and carried out, it is older than an hour, or it never was.",
    410,
)


async def shown(guard: Guard, name: str, someone: Person) -> Answered:
    """What a person who signed in sees under an address. Who may not decide is refused, and written down."""
    waiting = await guard.waiting.read(name)
    if waiting is None:
        return _GONE
    sentence = waiting.objection(someone, guard.settings.mcp_auth_scopes[Ability.APPROVE])
    if sentence is not None:
        await _note(guard, waiting, someone, Status.REFUSED.value, sentence)
        return Answered("Not for you to decide", f"{sentence} Nothing was decided.", 403)
    if waiting.state is not State.WAITING:
        by = waiting.by.shown if waiting.by is not None else "somebody"
        return Answered("Decided already", f"This was {waiting.state.value} by {by}.", 410)
    return Answered("", "", waiting=waiting)


async def decide(guard: Guard, name: str, someone: Person, *, approve: bool) -> Answered:
    """Take the decision of a person who signed in, if it is theirs; of two at once, one counts."""
    seen = await shown(guard, name, someone)
    if seen.waiting is None:
        return seen
    state = State.APPROVED if approve else State.DECLINED
    if await guard.waiting.decide(name, state, Somebody.of(someone)) is None:
        return await shown(guard, name, someone)
    sentence = (
        "Approved on the approval page." if approve else "Declined on the approval page: nothing was sent."
    )
    await _note(guard, seen.waiting, someone, "agreed" if approve else Status.DECLINED.value, sentence)
    if not approve:
        return Answered("Declined", "Nothing was sent, and nothing will be. You can close this page.")
    return Answered(
        "Approved",
        f"{seen.waiting.asker.shown} can have it carried out now, until an hour after they asked. If what it is about "
        "has changed meanwhile, it is not: somebody is asked again. You can close this page.",
    )


async def _note(guard: Guard, waiting: Waiting, someone: Person, event: str, sentence: str) -> None:
    """Write down who decided, or tried to.

    Raises:
        AuditError: it cannot be written. What was decided stands: it cannot be carried out without that log either.
    """
    who = {"approver": Somebody.of(someone).as_json(), "message": sentence}
    await guard.audit.write({**waiting.said, "attempt": Audit.attempt(), "event": event, **who})
