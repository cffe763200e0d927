"""How long a call is waited for, known to everybody who waits on its behalf.

Hosts give up a call that is silent for a minute, so a call has a deadline. Reads end a little before it, with an error
of their own, and whoever asked can still answer with what there is. What changes something is never cut off.
"""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

import anyio
import anyio.lowlevel

from ..errors import ErrorKind, NotSent, PlatformError

PATIENCE = 45.0
"""Seconds after which a call ends that gives no sign of life."""
MARGIN = 3.0
"""Seconds before the deadline at which reads give up: what is left is for the answer."""
_WRITE = 25.0
_AFTERWARDS = 10.0
"""Seconds for what follows a write, whenever the write ends."""


class OutOfTime(PlatformError):
    """A read was given up because whoever asked cannot wait any longer. The service may be well."""


class NotSentInTime(NotSent, OutOfTime):
    """Likewise, before the request had left."""


@dataclass(slots=True)
class Call:
    """One call of a client, as those see it who wait on its behalf.

    heard: the client listens to progress. answers: how many answers came in so far, the sign of life.
    where: how a person is asked, for whoever reports it.
    sent: something that changes the world has begun to leave. promised: the deadline as it was then.
    """

    scope: anyio.CancelScope
    heard: bool = False
    answers: int = 0
    sent: bool = False
    sending: bool = False
    asking: bool = False
    where: str = ""
    promised: float = math.inf


# Context variables, because one call is one task (with those that it starts), and what waits knows of no client.
_call: ContextVar[Call | None] = ContextVar("call", default=None)
_sending: ContextVar[bool] = ContextVar("sending", default=False)


@contextmanager
def calling(call: Call) -> Iterator[Call]:
    """What is done in the block is done for this call."""
    token = _call.set(call)
    try:
        yield call
    finally:
        _call.reset(token)


def sign_of_life() -> None:
    """An answer came in."""
    call = _call.get()
    if call is not None:
        call.answers += 1


def time_for_read() -> float:
    """Seconds for which a read may take from now; infinite where no client waits, 0 where there is no time left."""
    call = _call.get()
    if call is None:
        return math.inf
    left = call.scope.deadline - anyio.current_time() - MARGIN
    if _sending.get():
        # A look that hangs must not keep the answer about a write from whoever hears nothing meanwhile.
        left = min(left, 10.0 if call.heard else 6.0)
    return max(0.0, left)


def time_for_write() -> float:
    """Seconds after which the answer to a write counts as lost, and what came of it is looked for."""
    call = _call.get()
    if call is None:
        return math.inf
    return 40.0 if call.heard else _WRITE


def time_to_look() -> float:
    """Seconds for which it may be waited before a further look at what came of a write."""
    call = _call.get()
    if call is None or call.heard or not call.sending:
        return math.inf
    return max(0.0, call.promised - anyio.current_time() - MARGIN)


@asynccontextmanager
async def unbroken() -> AsyncIterator[None]:
    """What is sent in the block is finished, whatever becomes of the call, and its outcome still reaches the client.

    Raises:
        NotSentInTime: so much time has gone that a client that hears nothing would not wait for the outcome.
    """
    call = _call.get()
    if call is not None:
        if call.scope.cancel_called:
            await (
                anyio.lowlevel.checkpoint()
            )  # It is over, and nothing was sent: better now than in the middle.
        if not call.heard and call.scope.deadline - anyio.current_time() < _WRITE - MARGIN:
            raise NotSentInTime(
                ErrorKind.UNAVAILABLE,
                "reading what it depends on took so long that nothing was sent",
                hint="Adobe may be slow at the moment: call again in a few minutes",
            )
    until = math.inf
    if call is not None:
        until = call.promised = call.scope.deadline
        call.scope.deadline, call.sent, call.sending = math.inf, True, True
    token = _sending.set(True)
    try:
        with anyio.CancelScope(shield=True):
            yield
    finally:
        _sending.reset(token)
        if call is not None:
            call.sending = False
            call.scope.deadline = max(until, anyio.current_time() + _AFTERWARDS)


@contextmanager
def asking_a_person() -> Iterator[Callable[[str], None]]:
    """While a person thinks, nobody runs out of time; afterwards it counts from the beginning.

    Gives a function that takes how it stands with the question, for whoever reports it.
    """
    call = _call.get()
    if call is None:
        yield lambda _: None
        return

    def say(words: str) -> None:
        call.where = words

    call.scope.deadline, call.asking, call.where = math.inf, True, ""
    try:
        yield say
    finally:
        call.scope.deadline, call.asking = anyio.current_time() + PATIENCE, False


def out_of_time(seconds: float, *, method: str, path: str) -> OutOfTime:
    """The error of a read that was waited for in vain. seconds: for how long."""
    waited = f"no complete answer within {seconds:.0f} seconds" if seconds >= 1 else "no time was left to ask"
    return OutOfTime(
        ErrorKind.UNAVAILABLE,
        f"{waited}, and the call cannot wait longer",
        hint="Adobe may be slow at the moment: try again, or ask for less at once",
    ).about(method, path)
