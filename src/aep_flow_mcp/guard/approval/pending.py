"""Changes that wait for a second call, and approvals that may be used once."""

from __future__ import annotations

import hashlib
import json
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Protocol

from aep_flow_mcp.guard.approval.shelf import LIFE, Shelf, TooMany

__all__ = ["LIFE", "Ledger", "MemoryStore", "Pending", "PendingStore", "TooMany", "Use"]

_BYTES = 16_000_000
"""What the arguments of one caller's waiting calls may take, as JSON."""


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
        """Keep it and return its confirmation id: 256 random bits.

        Raises:
            TooMany: there is no room, and none that others would not miss.
        """

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
        self._waiting: Shelf[bytes, Pending] = Shelf(
            per_caller=per_caller, per_caller_size=_BYTES, total=total, life=life, clock=clock
        )

    async def put(self, pending: Pending) -> str:
        confirmation_id = secrets.token_urlsafe(32)
        size = len(json.dumps(dict(pending.arguments), default=str))
        self._waiting.put(_key(confirmation_id), pending, pending.caller, size=size)
        return confirmation_id

    async def peek(self, confirmation_id: str, caller: str) -> Pending | None:
        owner, pending = self._waiting.get(_key(confirmation_id)) or ("", None)
        return pending if owner == caller else None

    async def take(self, confirmation_id: str, caller: str) -> Pending | None:
        found = await self.peek(confirmation_id, caller)
        if found is not None:
            self._waiting.pop(_key(confirmation_id))
        return found

    def __len__(self) -> int:
        return len(self._waiting)


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
        self,
        *,
        clock: Callable[[], float] = time.monotonic,
        life: float = LIFE,
        per_caller: int = 1_000,
        total: int = 10_000,
    ) -> None:
        self._open: Shelf[str, str] = Shelf(per_caller=per_caller, total=total, life=life, clock=clock)

    def asked(self, question: str, caller: str = "") -> str:
        """A question is put to a caller's person; returns its name. `question`: a digest of what is asked, and of whom.

        Raises:
            TooMany: as many are open as can be.
        """
        name = secrets.token_urlsafe(24)
        self._open.put(name, question, caller)
        return name

    def use(self, name: str | None, question: str) -> Use:
        """Use the answer to a question up. It is good if the question was open, and was this one."""
        found = self._open.pop(name) if name is not None else None
        if found is None:
            return Use.USED
        return Use.GOOD if found[1] == question else Use.CHANGED


def _key(confirmation_id: str) -> bytes:
    return hashlib.sha256(confirmation_id.encode("utf-8", "surrogatepass")).digest()
