"""A small cache for what changes rarely: one fetch serves all who ask at once."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

import anyio

from .errors import ErrorKind
from .waiting.patience import OutOfTime, time_for_read
from .wire.outcome import CrowdedOut

T = TypeVar("T")


@dataclass(slots=True)
class _Flight:
    """A fetch in progress. Without `value` or `error` at the end its leader was cancelled."""

    landed: anyio.Event = field(default_factory=anyio.Event)
    value: Any = None
    error: Exception | None = None
    done: bool = False


class TtlCache:
    """Values by key for `ttl` seconds, at most `max_entries` of them (the oldest goes first).

    Failures are not kept; those who waited for a fetch that failed get its error. When the one who fetches
    is cancelled, its own call had no time left, or its turn among large answers did not come, the next waiter
    fetches: who holds what the other waited for would wait for itself.
    """

    def __init__(
        self, ttl: float, *, max_entries: int = 512, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._ttl = ttl
        self._max_entries = max_entries
        self._clock = clock
        self._entries: OrderedDict[Hashable, tuple[float, Any]] = OrderedDict()
        self._flights: dict[Hashable, _Flight] = {}
        self._epoch = 0

    async def get(self, key: Hashable, fetch: Callable[[], Awaitable[T]]) -> T:
        """The value of `key`, from the cache or from `fetch`."""
        while True:
            entry = self._fresh(key)
            if entry is not None:
                return cast(T, entry[1])
            flight = self._flights.get(key)
            if flight is None:
                return await self._fetch(key, fetch)
            with anyio.move_on_after(time_for_read()) as patience:
                await flight.landed.wait()
            if patience.cancelled_caught:
                raise OutOfTime(
                    ErrorKind.UNAVAILABLE, "another call still waits for Adobe's answer to the same"
                )
            if flight.error and not isinstance(flight.error, OutOfTime | CrowdedOut):
                raise flight.error
            if flight.done:
                return cast(T, flight.value)

    def kept(self, key: Hashable) -> Any:
        """The value of `key` where it is in the cache, else None."""
        entry = self._fresh(key)
        return None if entry is None else entry[1]

    def _fresh(self, key: Hashable) -> tuple[float, Any] | None:
        entry = self._entries.get(key)
        return entry if entry is not None and self._clock() < entry[0] else None

    def drop(self, key: Hashable | None = None) -> None:
        """Forget one key, or everything. A fetch in progress is not kept either."""
        self._epoch += 1
        if key is None:
            self._entries.clear()
            self._flights.clear()
        else:
            self._entries.pop(key, None)
            self._flights.pop(key, None)

    async def _fetch(self, key: Hashable, fetch: Callable[[], Awaitable[T]]) -> T:
        flight = self._flights[key] = _Flight()
        epoch = self._epoch
        try:
            value = await fetch()
            flight.value, flight.done = value, True
        except Exception as error:
            flight.error = error
            raise
        finally:
            if self._flights.get(key) is flight:
                del self._flights[key]
            flight.landed.set()
        if epoch == self._epoch:
            self._keep(key, value)
        return value

    def _keep(self, key: Hashable, value: object) -> None:
        self._entries[key] = (self._clock() + self._ttl, value)
        self._entries.move_to_end(key)
        while len(self._entries) > self._max_entries:
            self._entries.popitem(last=False)
