"""What a store is to those who keep something in it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Protocol


class TooMany(Exception):
    """There is no room, and none that others would not miss."""


class StoreDown(Exception):
    """The store that replicas share does not do what it is asked; the sentence says why, without its address."""


def key_of(name: str) -> str:
    """The key of what is known by a name that is a secret: who reads the store learns no name."""
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True)
class Kept:
    """A value that was read. stamp: tells it from what has replaced it since, for `Store.replace`."""

    value: bytes = field(repr=False)
    stamp: bytes = field(repr=False)


class Store(Protocol):
    """Values by room and key, each for one owner and for a while. Every operation is atomic, among replicas too.

    A room is a name; what is in one is in nobody else's way. An owner that has `per_owner` values in a room, or
    `per_owner_size` of what they weigh, loses its own that would expire first. When `total` are there, room for an
    owner is made by the one who has most, and only while that one has at least two more than the newcomer: an even
    share is safe. A room is always used with the same bounds.

    Each method raises StoreDown where the store is shared and does not answer.
    """

    async def put(
        self,
        room: str,
        key: str,
        value: bytes,
        life_s: float,
        *,
        owner: str = "",
        per_owner: int,
        total: int,
        size: int = 0,
        per_owner_size: int | None = None,
    ) -> None:
        """Keep a value for `life_s` seconds, in the place of what had the key.

        size: what it weighs, in the unit of `per_owner_size`. A single value that is larger is kept all the same.

        Raises:
            TooMany: everybody has an even share already, and the room is full.
        """

    async def get(self, room: str, key: str, *, owner: str | None = None) -> Kept | None:
        """What has the key; None when nothing has, or when it expired. owner: None too when it is another's."""

    async def take(self, room: str, key: str, *, owner: str | None = None) -> Kept | None:
        """As `get`, and it is there no longer: of all who take it, one gets it. What is another's stays."""

    async def replace(self, room: str, key: str, kept: Kept, value: bytes) -> bool:
        """Put another value in the place of the one that was read, if it is still there. Owner, end and size stay."""

    async def count(self, room: str, *, owner: str | None = None) -> int:
        """How many there are, of one owner or of all."""

    async def keys(self, room: str, *, owner: str | None = None) -> list[str]:
        """The keys that are there, of one owner or of all; what expires first comes first."""

    async def check(self) -> None:
        """Return if it answers."""

    async def aclose(self) -> None:
        """Give connections back. It can be used again afterwards."""
