"""Large answers take turns: those of one call are in memory at a time, and of them one while it arrives.

An answer takes several times its size once it is read, and what a call has read stays until it has answered. Calls
that read small answers, which is nearly all of them, never meet here.
"""

from __future__ import annotations

import ctypes
import gc
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import TracebackType
from typing import cast

import anyio

from .bodies import UnboundedBody, weight

LARGE = 1_000_000
"""Bytes up to which an answer does not wait for its turn. A page of a hundred flows or runs has fewer."""
HEAVY = 6_000_000
"""Bytes of memory likewise: of very many small parts, a smaller answer takes as much as a large one."""
MOST_HELD = 80_000_000
"""Bytes of memory that the large answers of one call may take. The largest that is known, a page of a hundred
connection specs, takes most of it; pages of specs and of sweeps are let go one by one."""
PATIENCE = 10.0
"""Seconds for which an answer waits while the turn does not pass on: calls could wait for each other."""
MOST_ASIDE = 32
"""Answers that are held while they wait, beyond the requests that are sent at once. Each keeps a connection, and
the bytes up to which it was small."""

_MMAP_THRESHOLD = -3
"""What mallopt calls the size from which a block is a mapping of its own, gone as soon as it is freed."""
_BLOCK = 262_144
_COLLECTED_EVERY = 3.0
"""Seconds between two looks for what holds itself, each of which goes through everything in memory."""
_COLLECTED_AFTER = 20_000_000
"""Bytes of memory that were held since, after which the next large answer does not come on top without such a look."""


class NoTurnError(UnboundedBody):
    """An answer that was not read to its end since others were; nothing is wrong with it."""


class Holder:
    """Somebody who reads, a call or a part of one, and holds what was read until the end."""

    def __init__(self, around: Holder | None = None) -> None:
        self.around = around
        self.bytes = 0
        self.lanes: list[Lane] = []
        self.closed = False

    @property
    def open(self) -> Holder | None:
        """This, or the nearest around it, that is not at its end."""
        return self if not self.closed else self.around and self.around.open

    def within(self, other: Holder | None) -> bool:
        """Whether this is the other one or a part of it."""
        return self is other or (self.around is not None and self.around.within(other))

    def let_go(self) -> None:
        """Nothing is held any longer, and nobody is to hold anything by it again."""
        self.closed = True
        for lane in self.lanes:
            lane.leave(self)


_holder: ContextVar[Holder | None] = ContextVar("holder", default=None)


@contextmanager
def holding() -> Iterator[None]:
    """What is read in the block is gone after it. Inside of another such block, it is gone sooner."""
    holder = Holder(_holder.get())
    token = _holder.set(holder)
    try:
        yield
    finally:
        _holder.reset(token)
        holder.let_go()


class Lane:
    """The turn that large answers take; one for all that shares a process's memory."""

    def __init__(self) -> None:
        self._owner: Holder | None = None
        self._arriving: Arrival | None = None
        self._waiting: deque[tuple[Holder, anyio.Event]] = deque()
        self._give_back: Callable[[int], object] | None = None
        self._passed_on = 0
        self._collected = -_COLLECTED_EVERY
        self._since = 0
        """Bytes of memory that answers took since then."""
        self._aside = 0

    @contextmanager
    def arrival(self) -> Iterator[Arrival]:
        """An answer that arrives in the block, and is read as what it is."""
        # A task may outlive the call that started it, whose holder lets go of nothing any more.
        given = _holder.get()
        holder = given and given.open
        own = holder or Holder()
        arrival = Arrival(self, own)
        try:
            yield arrival
        except BaseException:
            own.bytes -= arrival.bytes
            raise
        finally:
            if self._arriving is arrival:
                self._arriving = None
                self._pass_on()
            self._aside -= arrival.aside
            if holder is None or own.closed:
                own.let_go()

    async def enter(self, arrival: Arrival) -> None:
        """Wait for the turn of an answer.

        Raises:
            NoTurnError: it did not come in time.
        """
        holder = arrival.holder
        if not self._waiting and self._free(holder):
            self._take(arrival)
            return
        if self._aside < MOST_ASIDE and arrival.step_aside():
            self._aside += 1
        place = (holder, anyio.Event())
        self._waiting.append(place)
        try:
            while not self._free(holder) or self._first() is not place:
                before = self._passed_on
                with anyio.move_on_after(PATIENCE) as patience:
                    await place[1].wait()
                    place = self._again(place)
                if patience.cancelled_caught and before == self._passed_on:
                    raise NoTurnError("the answer is large, and had to wait too long for others that are")
            self._take(arrival)
        finally:
            self._waiting.remove(place)
            self._next()

    def leave(self, holder: Holder) -> None:
        """A holder is done."""
        if self._owner is holder:
            self._owner = None
            if holder.around is None and time.monotonic() - self._collected >= _COLLECTED_EVERY:
                self._collect()
            if self._give_back is not None:
                self._give_back(0)
            self._pass_on()

    def _collect(self) -> None:
        """Errors that were told of and their frames hold each other, and with them what was read."""
        gc.collect()
        self._collected, self._since = time.monotonic(), 0

    def held(self, more: int) -> None:
        """An answer takes so many bytes of memory."""
        self._since += more

    def _free(self, holder: Holder) -> bool:
        return self._arriving is None and (self._owner is None or holder.within(self._owner))

    def _first(self) -> tuple[Holder, anyio.Event] | None:
        """Whose turn it is: the one who waits longest among those who can go on."""
        return next((place for place in self._waiting if self._free(place[0])), None)

    def _again(self, place: tuple[Holder, anyio.Event]) -> tuple[Holder, anyio.Event]:
        """A fresh event at the same place of the queue: an event cannot be taken back."""
        fresh = (place[0], anyio.Event())
        self._waiting[self._waiting.index(place)] = fresh
        return fresh

    def _take(self, arrival: Arrival) -> None:
        self._give_back = self._give_back or _giving_back()
        self._arriving = arrival
        if self._owner is None:
            if self._since > _COLLECTED_AFTER:
                self._collect()
            self._owner = arrival.holder
            arrival.holder.lanes.append(self)

    def _pass_on(self) -> None:
        self._passed_on += 1
        self._next()

    def _next(self) -> None:
        first = self._first()
        if first is not None:
            first[1].set()


def _giving_back() -> Callable[[int], object] | None:
    """What returns freed memory to the system. The GNU allocator keeps tens of megabytes once large blocks were used,
    on which the next large answer would come on top; others do not, or cannot be told.
    """
    if sys.platform != "linux":
        return None
    try:
        library = ctypes.CDLL(None)
        library.mallopt(_MMAP_THRESHOLD, _BLOCK)
        return cast(Callable[[int], object], library.malloc_trim)
    except (OSError, AttributeError):
        return None


class Slot:
    """A place among the requests that are sent at once."""

    def __init__(self, limiter: anyio.CapacityLimiter) -> None:
        self._limiter = limiter
        self._held = False

    async def __aenter__(self) -> Slot:
        await self._limiter.acquire_on_behalf_of(self)
        self._held = True
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.let_go()

    def let_go(self) -> None:
        """Leave it to others; a second time, nothing."""
        if self._held:
            self._held = False
            self._limiter.release_on_behalf_of(self)


class Arrival:
    """One answer on its way in."""

    def __init__(self, lane: Lane, holder: Holder) -> None:
        self._lane = lane
        self._turn = False
        self.holder = holder
        self.bytes = 0
        """What it takes in memory; a small answer does not count."""
        self.slot: Slot | None = None
        """That of its request."""
        self.aside = False
        """Whether it has let go of its slot."""

    def step_aside(self) -> bool:
        """Let go of the slot, which whoever it waits for may need. It is not taken again: answers arrive one at a time,
        so one request more is on its way, and those with a slot may wait for this one. Whether there was one.
        """
        if self.slot is None:
            return False
        self.slot.let_go()
        self.aside = True
        return True

    async def grown(self, now: int) -> None:
        """It has grown to so many bytes.

        Raises:
            NoTurnError: its turn does not come.
        """
        if now > LARGE:
            await self._enter()

    async def weighed(
        self, body: bytes | bytearray, weigh: Callable[[bytes | bytearray], int] = weight
    ) -> None:
        """All of it is here, and will be read. weigh: about what it takes in memory then.

        Raises:
            NoTurnError: its turn does not come.
            UnboundedBody: the call would hold too much.
        """
        takes = weigh(body)
        if takes > HEAVY:
            await self._enter()
        if not self._turn:
            return
        more = takes - self.bytes
        self.bytes = takes
        self.holder.bytes += more
        self._lane.held(more)
        if self.holder.bytes > MOST_HELD:
            words = f"the answer, with those before it, takes more than {MOST_HELD // 1_000_000} MB of memory"
            raise UnboundedBody(words)

    async def _enter(self) -> None:
        if not self._turn:
            await self._lane.enter(self)
            self._turn = True
