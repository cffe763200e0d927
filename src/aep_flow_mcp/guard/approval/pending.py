"""Changes that wait for a second call, and approvals that may be used once. Both are kept in the server's store."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from enum import Enum
from typing import Any

from aep_flow_mcp.store.kept import Kept, Store, key_of

LIFE = 600.0
"""Seconds for which a confirmation id, and an answer to a question, may be used."""

_BYTES = 16_000_000
"""What the arguments of one caller's waiting calls may take, as JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """What waits: the call that planned it, and a digest of what the plan was. It holds the call's arguments."""

    tool: str
    arguments: Mapping[str, Any] = field(repr=False)
    """As JSON has them."""
    sandbox: str | None
    caller: str
    digest: str
    """SHA-256 of `Change.canonical()`."""


class Confirmations:
    """Changes that wait for a second call, each for its caller. The ids themselves are not kept, only their digests."""

    def __init__(
        self,
        store: Store,
        room: str = "confirmations",
        *,
        life: float = LIFE,
        per_caller: int = 64,
        total: int = 1_024,
    ) -> None:
        self._store = store
        self._room = room
        self._life = life
        self._per_caller = per_caller
        self._total = total

    async def put(self, pending: Pending) -> str:
        """Keep it and return its confirmation id: 256 random bits.

        Raises:
            TooMany: there is no room, and none that others would not miss.
            StoreDown: the store does not answer.
        """
        confirmation_id = secrets.token_urlsafe(32)
        value = json.dumps(asdict(pending), separators=(",", ":")).encode()
        await self._store.put(
            self._room,
            key_of(confirmation_id),
            value,
            self._life,
            owner=pending.caller,
            per_owner=self._per_caller,
            total=self._total,
            size=len(value),
            per_owner_size=_BYTES,
        )
        return confirmation_id

    async def peek(self, confirmation_id: str, caller: str) -> Pending | None:
        """What the id stands for; None when it is unknown, expired, used, or another caller's."""
        return _read(await self._store.get(self._room, key_of(confirmation_id), owner=caller))

    async def take(self, confirmation_id: str, caller: str) -> Pending | None:
        """As `peek`, and the id is used up, atomically. What is another caller's stays untouched."""
        return _read(await self._store.take(self._room, key_of(confirmation_id), owner=caller))

    async def count(self) -> int:
        """How many wait."""
        return await self._store.count(self._room)


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
        store: Store,
        room: str = "questions",
        *,
        life: float = LIFE,
        per_caller: int = 1_000,
        total: int = 10_000,
    ) -> None:
        self._store = store
        self._room = room
        self._life = life
        self._per_caller = per_caller
        self._total = total

    async def asked(self, question: str, caller: str = "") -> str:
        """A question is put to a caller's person; returns its name. `question`: a digest of what is asked, and of whom.

        Raises:
            TooMany: as many are open as can be.
            StoreDown: the store does not answer.
        """
        name = secrets.token_urlsafe(24)
        await self._store.put(
            self._room,
            name,
            question.encode(),
            self._life,
            owner=caller,
            per_owner=self._per_caller,
            total=self._total,
        )
        return name

    async def use(self, name: str | None, question: str) -> Use:
        """Use the answer to a question up. It is good if the question was open, and was this one."""
        found = None if name is None else await self._store.take(self._room, name)
        if found is None:
            return Use.USED
        return Use.GOOD if found.value == question.encode() else Use.CHANGED


def _read(found: Kept | None) -> Pending | None:
    """What was kept. A replica of another version may have kept what this one does not know: that is not valid here."""
    members = json.loads(found.value) if found is not None else None
    if members is None or members.keys() != {each.name for each in fields(Pending)}:
        return None
    return Pending(**members)
