"""What the writes of a server have created, and what may come of those under way: no two claim the same object.

It is kept in the server's store, so it holds for all replicas: their callers may want the same, word for word, too.
"""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from secrets import token_urlsafe

from aep_flow_mcp.guard.changes.canonical import JSON
from aep_flow_mcp.guard.changes.kinds import Kind
from aep_flow_mcp.store.kept import Store, StoreDown

logger = logging.getLogger(__name__)

_KEPT = 10_000
_LIFE = 3_600.0
"""Seconds for which it is known of an object whose it is: longer than anybody looks for one."""
_UNDER_WAY = 900.0
"""Seconds after which a request of a replica that has ended is not taken for one that is under way."""


@dataclass(frozen=True, slots=True)
class Creating:
    """A request under way that creates something. body: references to earlier results resolved."""

    sandbox: str
    kind: Kind
    body: JSON
    name: str = field(default_factory=token_urlsafe)
    """Tells it from another one that is alike."""


class Creations:
    """One for all calls of a server, and of its replicas."""

    def __init__(self, store: Store, *, under_way: str = "creating", made: str = "created") -> None:
        """under_way, made: the rooms of the store."""
        self._store = store
        self._under_way = under_way
        self._made = made

    @asynccontextmanager
    async def under_way(self, one: Creating) -> AsyncIterator[None]:
        """From before a request is sent until it is known what came of it.

        Raises:
            StoreDown: before anything was sent; never afterwards.
        """
        told = json.dumps({"sandbox": one.sandbox, "kind": one.kind.value, "body": one.body}).encode()
        await self._store.put(self._under_way, one.name, told, _UNDER_WAY, per_owner=_KEPT, total=_KEPT)
        try:
            yield
        finally:
            with suppress(StoreDown):
                await self._store.take(self._under_way, one.name)

    async def made(self, kind: Kind, object_id: str) -> None:
        """An object came of a request of this server, which said so to its caller."""
        await self._note(kind, object_id, b"sure")

    async def disputed(self, kind: Kind, object_id: str) -> None:
        """An object was named to a caller as what may have come of a request: nobody else can be sure of it."""
        with suppress(StoreDown):
            if await self._store.get(self._made, _key(kind, object_id)) is None:
                await self._note(kind, object_id, b"disputed")

    async def is_anothers(self, kind: Kind, object_id: str) -> bool:
        """Whether an object came of a request whose answer said so, or which was looked for before."""
        with suppress(StoreDown):
            found = await self._store.get(self._made, _key(kind, object_id))
            return found is not None and found.value == b"sure"
        return False

    async def contested(
        self, own: Creating | None, kind: Kind, object_id: str, fits: Callable[[JSON], bool]
    ) -> bool:
        """Whether an object may as well have come of another request, of now or of before; where nobody knows it may.

        fits: whether it can come of a body.
        """
        try:
            # In this order: a request says what it made before it is under way no longer.
            if own is not None and await self._another(own, fits):
                return True
            return await self._store.get(self._made, _key(kind, object_id)) is not None
        except StoreDown:
            return True

    async def _another(self, own: Creating, fits: Callable[[JSON], bool]) -> bool:
        for name in await self._store.keys(self._under_way):
            found = await self._store.get(self._under_way, name) if name != own.name else None
            other = json.loads(found.value) if found is not None else None
            if (
                other
                and (other["sandbox"], other["kind"]) == (own.sandbox, own.kind.value)
                and fits(other["body"])
            ):
                return True
        return False

    async def _note(self, kind: Kind, object_id: str, what: bytes) -> None:
        try:
            await self._store.put(
                self._made, _key(kind, object_id), what, _LIFE, per_owner=_KEPT, total=_KEPT
            )
        except StoreDown as error:  # what was created stays created
            logger.warning("%s Other replicas do not know of an object that was created.", error)


def _key(kind: Kind, object_id: str) -> str:
    return f"{kind.value} {object_id}"
