"""Changes that wait for a second call, and approvals that may be used once."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
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


class Use(Enum):
    """What an answer is worth."""

    GOOD = "good"
    USED = "used"
    CHANGED = "changed"


class Ledger:
    """Questions that were put and are still open, each by a name of its own, so that one yes is one write.

    On 2026-07-28 the answer comes with a repeat of the call, which a client may send twice (a lost response is
    reason enough), and two questions that are alike may be open at once. The name travels in the sealed state of
    the question, so an answer counts for the one question that it came with, once. What is not open here was
    used, is too old, or was never asked.
    """

    def __init__(
        self, *, clock: Callable[[], float] = time.monotonic, life: float = LIFE, total: int = 10_000
    ) -> None:
        self._clock = clock
        self._life = life
        self._total = total
        self._open: OrderedDict[str, tuple[float, str]] = OrderedDict()

    def asked(self, question: str) -> str:
        """A question is put; returns its name. `question`: a digest of what is asked, and of whom."""
        self._forget_expired()
        while len(self._open) >= self._total:
            self._open.popitem(last=False)
        name = secrets.token_urlsafe(24)
        self._open[name] = (self._clock() + self._life, question)
        return name

    def use(self, name: str | None, question: str) -> Use:
        """Use the answer to a question up. It is good if the question was open, and was this one."""
        self._forget_expired()
        found = self._open.pop(name, None) if name is not None else None
        if found is None:
            return Use.USED
        return Use.GOOD if found[1] == question else Use.CHANGED

    def _forget_expired(self) -> None:
        # All live equally long, so the oldest expire first.
        now = self._clock()
        while self._open and next(iter(self._open.values()))[0] <= now:
            self._open.popitem(last=False)


def _key(confirmation_id: str) -> bytes:
    return hashlib.sha256(confirmation_id.encode("utf-8", "surrogatepass")).digest()
