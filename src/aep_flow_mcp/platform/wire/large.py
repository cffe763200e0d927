"""Large answers take turns: those of one call are in memory at a time, and of them one while it arrives.

An answer takes several times its size once it is read, and what a call has read stays until it has answered. Calls
that read small answers, which is nearly all of them, never meet here.
"""

from __future__ import annotations

import ctypes
import gc
import sys
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
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
"""Seconds for which an answer waits for its turn. Nobody waits for it in vain: calls could wait for each other."""

_MMAP_THRESHOLD = -3
"""What mallopt calls the size from which a block is a mapping of its own, gone as soon as it is freed."""
_BLOCK = 262_144


class Holder:
    """Somebody who reads, a call or a part of one, and holds what was read until the end."""

    def __init__(self, around: Holder | None = None) -> None:
        self.around = around
        self.bytes = 0
        self.lanes: list[Lane] = []

    def within(self, other: Holder | None) -> bool:
        """Whether this is the other one or a part of it."""
        return self is other or (self.around is not None and self.around.within(other))

    def let_go(self) -> None:
        """Nothing is held any longer."""
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

    @contextmanager
    def arrival(self) -> Iterator[Arrival]:
        """An answer that arrives in the block, and is read as what it is."""
        holder = _holder.get()
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
                self._next()
            if holder is None:
                own.let_go()

    async def enter(self, arrival: Arrival) -> None:
        """Wait for the turn of an answer.

        Raises:
            UnboundedBody: it did not come in time.
        """
        holder = arrival.holder
        if not self._waiting and self._free(holder):
            self._take(arrival)
            return
        place = (holder, anyio.Event())
        self._waiting.append(place)
        try:
            with anyio.fail_after(PATIENCE):
                while not self._free(holder) or self._first() is not place:
                    await place[1].wait()
                    place = self._again(place)
            self._take(arrival)
        except TimeoutError:
            raise UnboundedBody("the answer is large, had to wait too long for others that are") from None
        finally:
            self._waiting.remove(place)
            self._next()

    def leave(self, holder: Holder) -> None:
        """A holder is done."""
        if self._owner is holder:
            self._owner = None
            if holder.around is None:
                # Errors that were told of and their frames hold each other, and with them what was read.
                gc.collect()
            if self._give_back is not None:
                self._give_back(0)
            self._next()

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
            self._owner = arrival.holder
            arrival.holder.lanes.append(self)

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


class Arrival:
    """One answer on its way in."""

    def __init__(self, lane: Lane, holder: Holder) -> None:
        self._lane = lane
        self._turn = False
        self.holder = holder
        self.bytes = 0
        """What it takes in memory; a small answer does not count."""

    async def grown(self, now: int) -> None:
        """It has grown to so many bytes.

        Raises:
            UnboundedBody: its turn does not come.
        """
        if now > LARGE:
            await self._enter()

    async def weighed(self, body: bytes | bytearray) -> None:
        """All of it is here, and will be read.

        Raises:
            UnboundedBody: its turn does not come, or the call would hold too much.
        """
        takes = weight(body)
        if takes > HEAVY:
            await self._enter()
        if not self._turn:
            return
        self.bytes = takes
        self.holder.bytes += takes
        if self.holder.bytes > MOST_HELD:
            words = f"the answer, with those before it, takes more than {MOST_HELD // 1_000_000} MB of memory"
            raise UnboundedBody(words)

    async def _enter(self) -> None:
        if not self._turn:
            await self._lane.enter(self)
            self._turn = True
