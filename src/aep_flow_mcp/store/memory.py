"""A store in this process."""

from __future__ import annotations

import time
from bisect import bisect_left, insort
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import count

from aep_flow_mcp.store.kept import Kept, TooMany


@dataclass(frozen=True, slots=True)
class _There:
    end: float
    number: int
    owner: str
    size: int
    kept: Kept


class MemoryStore:
    """A `Store` that ends with the process. clock: seconds that only go forward."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._rooms: dict[str, _Room] = defaultdict(_Room)

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
        there = self._room(room)
        there.drop(key)
        there.make_way(owner, per_owner, total)
        while per_owner_size is not None and size and there.owned[owner]:
            if there.weighs[owner] + size <= per_owner_size:
                break
            there.drop_first(owner)
        there.add(key, value, self._clock() + life_s, owner, size)

    async def get(self, room: str, key: str, *, owner: str | None = None) -> Kept | None:
        found = self._room(room).values.get(key)
        return found.kept if found is not None and owner in (None, found.owner) else None

    async def take(self, room: str, key: str, *, owner: str | None = None) -> Kept | None:
        found = await self.get(room, key, owner=owner)
        if found is not None:
            self._room(room).drop(key)
        return found

    async def replace(self, room: str, key: str, kept: Kept, value: bytes) -> bool:
        there = self._room(room)
        found = there.values.get(key)
        if found is None or found.kept.stamp != kept.stamp:
            return False
        there.values[key] = replace(found, kept=there.stamped(value))
        return True

    async def count(self, room: str, *, owner: str | None = None) -> int:
        there = self._room(room)
        return len(there.values) if owner is None else there.owned[owner]

    async def keys(self, room: str, *, owner: str | None = None) -> list[str]:
        there = self._room(room)
        return [key for *_, key in there.ends if owner in (None, there.values[key].owner)]

    async def check(self) -> None:
        """It is there as long as the process is."""

    async def aclose(self) -> None:
        """There are no connections."""

    def _room(self, name: str) -> _Room:
        there = self._rooms[name]
        there.forget(self._clock())
        return there


class _Room:
    def __init__(self) -> None:
        self.values: dict[str, _There] = {}
        self.ends: list[tuple[float, int, str]] = []
        """End, number and key of each value, what expires first first."""
        self.owned: Counter[str] = Counter()
        self.weighs: Counter[str] = Counter()
        self._numbers: Iterator[int] = count(1)

    def make_way(self, owner: str, per_owner: int, total: int) -> None:
        """Drop a value where one more of this owner is too many."""
        if self.owned[owner] >= per_owner:
            self.drop_first(owner)
        elif len(self.values) >= total:
            greediest, most = self.owned.most_common(1)[0]
            if most < self.owned[owner] + 2:
                greediest = owner
            if not self.owned[greediest]:
                raise TooMany("There is no room for another owner's first.")
            self.drop_first(greediest)

    def add(self, key: str, value: bytes, end: float, owner: str, size: int) -> None:
        number = next(self._numbers)
        self.values[key] = _There(end, number, owner, size, self.stamped(value))
        insort(self.ends, (end, number, key))
        self.owned[owner] += 1
        self.weighs[owner] += size

    def stamped(self, value: bytes) -> Kept:
        return Kept(value, str(next(self._numbers)).encode())

    def drop(self, key: str) -> None:
        found = self.values.pop(key, None)
        if found is None:
            return
        del self.ends[bisect_left(self.ends, (found.end, found.number, key))]
        self.owned[found.owner] -= 1
        self.weighs[found.owner] -= found.size
        if not self.owned[found.owner]:
            del self.owned[found.owner], self.weighs[found.owner]

    def drop_first(self, owner: str) -> None:
        self.drop(next(key for *_, key in self.ends if self.values[key].owner == owner))

    def forget(self, now: float) -> None:
        """Drop what has expired."""
        while self.ends and self.ends[0][0] <= now:
            self.drop(self.ends[0][2])
