"""Things that wait for a while, each for one caller, in bounds that no caller fills at the cost of another."""

from __future__ import annotations

import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

LIFE = 600.0
"""Seconds for which a confirmation id, and an answer to a question, may be used."""


class TooMany(Exception):
    """There is no room for another caller's first."""


@dataclass(frozen=True, slots=True)
class _Kept(Generic[V]):
    end: float
    caller: str
    value: V
    size: int


class Shelf(Generic[K, V]):
    """Values by key, kept for `life` seconds.

    A caller that has `per_caller` of them, or `per_caller_size` of what they weigh, loses its own oldest. When `total`
    are there, room for a caller is made by the one who has most, and only while that one has at least two more than
    the newcomer: an even share is safe.
    """

    def __init__(
        self,
        *,
        per_caller: int,
        total: int,
        per_caller_size: int = 0,
        life: float = LIFE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        self._life = life
        self._per_caller = per_caller
        self._per_caller_size = per_caller_size
        self._total = total
        self._there: OrderedDict[K, _Kept[V]] = OrderedDict()
        self._owned: Counter[str] = Counter()
        self._weighs: Counter[str] = Counter()

    def put(self, key: K, value: V, caller: str, *, size: int = 0) -> None:
        """Keep a value. size: what it weighs, in the unit of `per_caller_size`; 0 where that does not matter.

        Raises:
            TooMany: everybody has an even share already, and the shelf is full.
        """
        self._forget_expired()
        if self._owned[caller] >= self._per_caller:
            self._drop_oldest(caller)
        elif len(self._there) >= self._total:
            greediest, most = self._owned.most_common(1)[0]
            if most < self._owned[caller] + 2:
                greediest = caller
            if not self._owned[greediest]:
                raise TooMany("Too many changes wait for a person's approval.")
            self._drop_oldest(greediest)
        while size and self._owned[caller] and self._weighs[caller] + size > self._per_caller_size:
            self._drop_oldest(caller)
        self._there[key] = _Kept(self._clock() + self._life, caller, value, size)
        self._owned[caller] += 1
        self._weighs[caller] += size

    def get(self, key: K) -> tuple[str, V] | None:
        """The caller and the value; None when the key is unknown or too old."""
        self._forget_expired()
        found = self._there.get(key)
        return (found.caller, found.value) if found is not None else None

    def pop(self, key: K) -> tuple[str, V] | None:
        """As `get`, and it is there no longer."""
        found = self.get(key)
        if found is not None:
            self._drop(key)
        return found

    def __len__(self) -> int:
        self._forget_expired()
        return len(self._there)

    def _drop_oldest(self, caller: str) -> None:
        self._drop(next(key for key, kept in self._there.items() if kept.caller == caller))

    def _drop(self, key: K) -> None:
        kept = self._there.pop(key)
        self._owned[kept.caller] -= 1
        self._weighs[kept.caller] -= kept.size
        if not self._owned[kept.caller]:
            del self._owned[kept.caller], self._weighs[kept.caller]

    def _forget_expired(self) -> None:
        # All live equally long, so the oldest expire first.
        now = self._clock()
        while self._there:
            key, kept = next(iter(self._there.items()))
            if kept.end > now:
                return
            self._drop(key)
