"""Changes that wait for a second call, and approvals that may be used once."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

LIFE = 600.0
"""Seconds for which a confirmation id, and an answer to a question, may be used."""


class TooMany(Exception):
    """The store is full of confirmations that have not expired."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """What waits: the call that planned it, and a digest of what the plan was. It holds the call's arguments."""

    tool: str
    arguments: Mapping[str, Any] = field(repr=False)
    sandbox: str | None
    caller: str
    digest: str
    """SHA-256 of `Change.canonical()`."""


class PendingStore(Protocol):
    """Where confirmations are kept: in memory here, shared between replicas elsewhere."""

    async def put(self, pending: Pending) -> str:
        """Keep it and return its confirmation id: 256 random bits."""

    async def peek(self, confirmation_id: str, caller: str) -> Pending | None:
        """What the id stands for; None when it is unknown, expired, used, or another caller's."""

    async def take(self, confirmation_id: str, caller: str) -> Pending | None:
        """As `peek`, and the id is used up, atomically. What is another caller's stays untouched."""


class MemoryStore:
    """A `PendingStore` in this process. The ids themselves are not kept, only their digests."""

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.monotonic,
        life: float = LIFE,
        per_caller: int = 64,
        total: int = 1_024,
    ) -> None:
        self._clock = clock
        self._life = life
        self._per_caller = per_caller
        self._total = total
        self._waiting: OrderedDict[bytes, tuple[float, Pending]] = OrderedDict()

    async def put(self, pending: Pending) -> str:
        self._forget_expired()
        own = [key for key, (_, one) in self._waiting.items() if one.caller == pending.caller]
        if len(own) >= self._per_caller:
            del self._waiting[own[0]]
        if len(self._waiting) >= self._total:
            raise TooMany("Too many changes are waiting to be confirmed.")
        confirmation_id = secrets.token_urlsafe(32)
        self._waiting[_key(confirmation_id)] = (self._clock() + self._life, pending)
        return confirmation_id

    async def peek(self, confirmation_id: str, caller: str) -> Pending | None:
        self._forget_expired()
        found = self._waiting.get(_key(confirmation_id))
        if found is None or found[1].caller != caller:
            return None
        return found[1]

    async def take(self, confirmation_id: str, caller: str) -> Pending | None:
        found = await self.peek(confirmation_id, caller)
        if found is not None:
            del self._waiting[_key(confirmation_id)]
        return found

    def __len__(self) -> int:
        self._forget_expired()
        return len(self._waiting)

    def _forget_expired(self) -> None:
        # All live equally long, so the oldest expire first.
        now = self._clock()
        while self._waiting:
            key, (end, _) = next(iter(self._waiting.items()))
            if end > now:
                return
            del self._waiting[key]


class Ledger:
    """Questions that were put and answers that were used, so that one yes is one write.

    On 2026-07-28 the answer comes with a repeat of the call, which a client may send twice (a lost response
    is reason enough). The SDK verifies that the answer belongs to the question; this remembers that it was used.
    """

    def __init__(
        self, *, clock: Callable[[], float] = time.monotonic, life: float = LIFE, total: int = 10_000
    ) -> None:
        self._clock = clock
        self._life = life
        self._total = total
        self._open: OrderedDict[str, list[float]] = OrderedDict()
        self._used: OrderedDict[str, float] = OrderedDict()

    def asked(self, question: str, *, first: bool) -> None:
        """A question is about to be put; `first`: the call brings no answer to an earlier one."""
        self._forget_expired()
        if first or (question not in self._open and question not in self._used):
            self._open.setdefault(question, []).append(self._clock() + self._life)

    def use(self, question: str) -> bool:
        """Whether the answer may be used; it may not be used again."""
        self._forget_expired()
        ends = self._open.get(question)
        if not ends or len(self._used) >= self._total:
            return False
        ends.pop(0)
        if not ends:
            del self._open[question]
        # Longer than any answer is accepted by the SDK.
        self._used[question] = self._clock() + 3 * self._life
        self._used.move_to_end(question)
        return True

    def _forget_expired(self) -> None:
        now = self._clock()
        for question in [question for question, ends in self._open.items() if ends[-1] <= now]:
            del self._open[question]
        while self._used and next(iter(self._used.values())) <= now:
            self._used.popitem(last=False)
        while len(self._open) > self._total:
            self._open.popitem(last=False)


def _key(confirmation_id: str) -> bytes:
    return hashlib.sha256(confirmation_id.encode("utf-8", "surrogatepass")).digest()
