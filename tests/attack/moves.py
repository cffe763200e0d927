"""What is done in a story: honest calls and answers, and everything that a client could send instead."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from typing import Any

from attack.callers import NOES, NONSENSE, YES, Caller, Held, answer, edited
from attack.judge import LIFE, Question
from attack.story import Story
from attack.wishes import Wish, draw
from tools.writing import SANDBOX

Move = Callable[[Story], Awaitable[None]]


def _tried(story: Story, what: str) -> None:
    story.report.attempts[what] += 1
    story.report.told.append(f"- {what}")


def _caller(story: Story) -> Caller:
    return story.rng.choice(story.callers)


def _held(story: Story, caller: Caller, *, confirms: bool = False) -> Held | None:
    fits = [one for one in caller.held if (one.confirmation_id is not None) is confirms]
    fits = [one for one in fits if one.waiting is None or not one.waiting.done()]
    return story.rng.choice(fits) if fits else None


# --- calls ------------------------------------------------------------------------------------------------


async def ask(story: Story) -> None:
    """A new wish, or one that somebody has already, word for word."""
    twin = bool(story.wishes) and story.rng.random() < 0.3
    wish = story.rng.choice(story.wishes[-6:]) if twin else draw(story.place)
    if not twin:
        story.wishes.append(wish)
    story.judge.of(wish)
    caller = _caller(story)
    _tried(story, "call: the same again" if twin else "call")
    if story.mode == "none":
        story.judge.nobody_is_asked(wish)
    await story.message(caller, wish, wish.tool, wish.arguments)


async def ask_with_an_approval_in_hand(story: Story) -> None:
    """A first call that brings answers, a state or an argument of its own making."""
    if story.mode in ("none", "browser"):
        return await ask(story)
    caller, wish = _caller(story), _of_its_own(story)
    story.wishes.append(wish)
    story.judge.of(wish)
    more: dict[str, Any] = {}
    arguments = dict(wish.arguments)
    kind = story.rng.choice(("answers", "state", "argument")) if caller.modern else "argument"
    if kind == "argument":
        name = story.rng.choice(("approve", "guard_approval", "guard_planned", "confirmation_id", "_meta"))
        arguments[name] = story.rng.choice((True, "yes", YES, {"approve": True}))
    else:
        keys = [one.key for one in caller.held if one.key] or ["aep-flow-mcp:approval"]
        more["input_responses"] = {story.rng.choice(keys): answer(YES)}
        if kind == "state":
            states = [one.state for _, one in story.used if one.state] or [secrets.token_urlsafe(300)]
            more["request_state"] = story.rng.choice(states)
    _tried(story, f"call with {kind} of its own")
    await story.message(caller, wish, wish.tool, arguments, **more)
    return None


def _of_its_own(story: Story) -> Wish:
    """A wish that nobody had before."""
    while (wish := draw(story.place)) is story.place.of_all:
        continue
    return wish


# --- answers ----------------------------------------------------------------------------------------------


async def say_yes(story: Story) -> None:
    """A person agrees."""
    await _say(story, "yes", YES)


async def say_no(story: Story) -> None:
    """A person does not."""
    await _say(story, "no", story.rng.choice(NOES))


async def say_nonsense(story: Story) -> None:
    """What is no answer."""
    await _say(story, "nonsense", story.rng.choice(NONSENSE))


async def _say(story: Story, kind: str, content: dict[str, Any]) -> None:
    caller = _caller(story)
    held = _held(story, caller)
    if held is None:
        return await ask(story)
    _tried(story, f"answer: {kind}, {caller.era}")
    if kind == "yes":
        _agreed(story, caller, held.question)
    elif kind == "no":
        held.question.closed = True
    if held.waiting is not None:
        caller.held.remove(held)
        calls = set(caller.calls)
        held.waiting.set_result(answer(content))
        await story.until_still(calls, within=1.0)  # Nobody may wait for it any more.
        return None
    story.used.append((caller, held))
    await _send(story, caller, held, responses={held.key: answer(content)})
    return None


def _agreed(story: Story, caller: Caller, question: Question) -> None:
    now = asyncio.get_running_loop().time()
    story.judge.agreed(question, caller=caller.name, server=story.server_number, now=now)


async def _send(
    story: Story,
    caller: Caller,
    held: Held,
    *,
    responses: dict[str, Any] | None = None,
    state: str | None = None,
    of: Held | None = None,
) -> None:
    """Repeat a call of 2026-07-28 with an answer. state, of: those of another question."""
    about = of or held
    await story.message(
        caller,
        about.question.wish,
        about.question.wish.tool,
        about.question.arguments,
        input_responses={held.key: answer(YES)} if responses is None else responses,
        request_state=held.state if state is None else state,
    )


async def answer_twice(story: Story) -> None:
    """A yes that was used, or answered with no, once more; or the same yes twice at once."""
    used = [pair for pair in story.used if pair[0].modern]
    caller = _caller(story)
    fresh = _held(story, caller)
    if fresh is not None and fresh.state is not None and story.rng.random() < 0.5:
        _tried(story, "answer: twice at once")
        story.used.append((caller, fresh))
        _agreed(story, caller, fresh.question)
        sent = [asyncio.ensure_future(_send(story, caller, fresh)) for _ in range(2)]
        await asyncio.wait(sent, return_when=asyncio.FIRST_COMPLETED)
        story.tasks.update(sent)
        for one in sent:
            one.add_done_callback(story.tasks.discard)
        return
    if not used:
        return await ask(story)
    owner, held = story.rng.choice(used)
    _tried(story, "answer: used before")
    _agreed(story, owner, held.question)  # The first yes, where what was sent before was no answer.
    await _send(story, owner, held)


async def answer_anothers(story: Story) -> None:
    """The other caller answers a question with all that its owner holds."""
    owner, other = story.rng.sample(story.callers, 2)
    held = _held(story, owner)
    if held is None or held.state is None or not other.modern:
        return await ask(story)
    _tried(story, "answer: by the other caller")
    await _send(story, other, held)


async def answer_with_an_edited_state(story: Story) -> None:
    """One byte of the sealed state is another."""
    caller = _caller(story)
    held = _held(story, caller)
    if held is None or held.state is None:
        return await ask(story)
    state = edited(held.state, story.rng)
    if state == held.state:
        return
    _tried(story, "answer: state edited")
    await _send(story, caller, held, state=state)


async def answer_with_anothers_state(story: Story) -> None:
    """Arguments of one question, state of another."""
    caller = _caller(story)
    held, of = _held(story, caller), _held(story, caller)
    if held is None or of is None or held.state is None or of.state is None:
        return await ask(story)
    if held.question.wish is of.question.wish:
        return
    _tried(story, "answer: state of another question")
    await _send(story, caller, held, of=of)


async def answer_with_edited_arguments(story: Story) -> None:
    """The call that is repeated is another one."""
    caller = _caller(story)
    held = _held(story, caller)
    if held is None or held.state is None:
        return await ask(story)
    _tried(story, "answer: arguments edited")
    wish = _of_its_own(story)
    story.wishes.append(wish)
    story.judge.of(wish)
    tool = held.question.wish.tool if story.rng.random() < 0.3 else wish.tool
    more = {"input_responses": {held.key: answer(YES)}, "request_state": held.state}
    await story.message(caller, wish, tool, wish.arguments, **more)


async def answer_without_a_state(story: Story) -> None:
    """The answer alone, or under another name."""
    caller = _caller(story)
    held = _held(story, caller)
    if held is None or held.state is None:
        return await ask(story)
    _tried(story, "answer: no state, or another name")
    wish = held.question.wish
    if story.rng.random() < 0.5:
        responses = {held.key: answer(YES)}
        await story.message(caller, wish, wish.tool, held.question.arguments, input_responses=responses)
        return None
    key = edited(held.key, story.rng)
    await _send(story, caller, held, responses={key: answer(YES)} if key != held.key else {})
    return None


# --- the second call --------------------------------------------------------------------------------------


async def confirm(story: Story) -> None:
    """An id is confirmed by whoever got it."""
    caller = _caller(story)
    held = _held(story, caller, confirms=True)
    if held is None:
        return await ask(story)
    _tried(story, "confirm")
    await _confirm(story, caller, held)


async def _confirm(story: Story, caller: Caller, held: Held, confirmation_id: str | None = None) -> None:
    genuine = confirmation_id is None
    if genuine:
        _agreed(story, caller, held.question)
        story.used.append((caller, held))
    given = held.confirmation_id if confirmation_id is None else confirmation_id
    await story.message(caller, held.question.wish, "confirm_change", {"confirmation_id": given})


async def confirm_twice(story: Story) -> None:
    """An id that was confirmed, once more."""
    used = [pair for pair in story.used if pair[1].confirmation_id is not None]
    if not used:
        return await confirm(story)
    caller, held = story.rng.choice(used)
    _tried(story, "confirm: used before")
    await _confirm(story, caller, held)


async def confirm_twice_at_once(story: Story) -> None:
    """Two calls with one id race."""
    caller = _caller(story)
    held = _held(story, caller, confirms=True)
    if held is None:
        return await ask(story)
    _tried(story, "confirm: twice at once")
    sent = {asyncio.ensure_future(_confirm(story, caller, held)) for _ in range(2)}
    story.tasks |= sent
    for one in sent:
        one.add_done_callback(story.tasks.discard)
    await asyncio.wait(sent, return_when=asyncio.FIRST_COMPLETED)


async def confirm_anothers(story: Story) -> None:
    """The other caller has got hold of an id."""
    owner, other = story.rng.sample(story.callers, 2)
    held = _held(story, owner, confirms=True)
    if held is None:
        return await ask(story)
    _tried(story, "confirm: by the other caller")
    arguments = {"confirmation_id": held.confirmation_id}
    await story.message(other, held.question.wish, "confirm_change", arguments)


async def confirm_edited(story: Story) -> None:
    """One character of an id is another."""
    caller = _caller(story)
    held = _held(story, caller, confirms=True)
    if held is None or held.confirmation_id is None:
        return await ask(story)
    given = edited(held.confirmation_id, story.rng)
    # Text around an id is taken off wherever a client puts it.
    if given.strip() == held.confirmation_id:
        return None
    _tried(story, "confirm: id edited")
    await _confirm(story, caller, held, given)


# --- the world --------------------------------------------------------------------------------------------


async def somebody_else_writes(story: Story) -> None:
    """An object changes, goes, or is used by something new, while questions about it are open."""
    about = [wish for wish in story.wishes[-8:] if wish.target is not None]
    if not about:
        return await ask(story)
    wish = story.rng.choice(about)
    assert wish.target is not None
    kind, object_id = wish.target
    how = story.rng.random()
    if how < 0.7:
        changed = story.touch(wish)
    elif how < 0.85 and kind == "connections" and wish.method == "DELETE":
        like = story.place.source_like()
        story.place.own("sourceConnections", like, baseConnectionId=object_id)
        changed = True
    else:
        changed = story.emulator.store.get(SANDBOX, kind, object_id) is not None
        if changed:
            story.emulator.store.remove(SANDBOX, kind, object_id)
    if changed:
        story.judge.changed(wish.target)
        story.report.ends["world changed"] += 1
    return None


async def time_goes_by(story: Story) -> None:
    """Seconds, or more than a question is good for."""
    await story.pass_time(story.rng.choice((0.5, 5, 30, 120, 300, LIFE - 1, LIFE, LIFE + 1)))


async def held_writes_go_on(story: Story) -> None:
    """What waited at the service is carried out."""
    story.upstream.let_go()
    if story.tasks:
        await story.until_still(set(story.tasks))


async def a_client_gives_up(story: Story) -> None:
    """A call is cancelled by who made it."""
    caller = _caller(story)
    if not caller.calls:
        return await ask(story)
    _tried(story, "call cancelled")
    task = story.rng.choice(list(caller.calls))
    task.cancel()
    await asyncio.wait({task})
    return None


async def stopped(story: Story) -> None:
    """The server is told to stop, as by SIGTERM, with writes under way; nothing new begins, and another one starts."""
    settling = asyncio.ensure_future(story.guard.in_flight.settle())
    await asyncio.sleep(0)
    _tried(story, "write at a server that stops")
    before = len(story.judge.record)
    caller = _caller(story)
    held = _held(story, caller, confirms=True)
    if held is not None:
        await confirm(story)
    else:
        await ask(story)
    if not story.upstream.held and len(story.judge.record) > before:
        story.report.found.append("a write began at a server that stops")
    story.upstream.let_go()
    await settling
    if any(not write.acted and write.under_way for write in story.judge.record):
        story.report.found.append("the server settled with a write under way")
    await story.stop()
    await story.start()


async def killed(story: Story) -> None:
    """The server ends and another one starts, which knows nothing of what was asked."""
    _tried(story, "restart")
    await story.stop()
    await story.start()


MOVES: tuple[tuple[Move, int], ...] = (
    (ask, 14),
    (ask_with_an_approval_in_hand, 4),
    (say_yes, 12),
    (say_no, 3),
    (say_nonsense, 5),
    (answer_twice, 6),
    (answer_anothers, 4),
    (answer_with_an_edited_state, 8),
    (answer_with_anothers_state, 4),
    (answer_with_edited_arguments, 4),
    (answer_without_a_state, 3),
    (confirm, 8),
    (confirm_twice, 5),
    (confirm_twice_at_once, 2),
    (confirm_anothers, 4),
    (confirm_edited, 8),
    (somebody_else_writes, 6),
    (time_goes_by, 3),
    (held_writes_go_on, 4),
    (a_client_gives_up, 1),
    (stopped, 1),
    (killed, 1),
)
