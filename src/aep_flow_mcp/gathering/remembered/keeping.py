"""What is kept of a list, and since when it has to be asked about again."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Generic, Protocol, TypeVar

from aep_flow_mcp.insight.windows import epoch_ms
from aep_flow_mcp.platform.concurrency import together
from aep_flow_mcp.platform.errors import ErrorKind, PlatformError
from aep_flow_mcp.platform.filters import Condition, Filter, FilterLike
from aep_flow_mcp.platform.paging import Page

MAX_AGE = 600.0
"""Seconds after which a list is read afresh, counted from when its reading began."""
MARGIN = timedelta(minutes=3)
"""How long a change may take until lists show it, and how far clocks may differ beyond what their answers tell."""
MOST_KEPT = 60_000
"""Facts that are kept of all sandboxes together."""
MOST_SANDBOXES = 4
MOST_PAGES = 30
"""Where more has changed, it is quicker to read everything side by side."""
MOST_OPEN = 240
_AT_ONCE = 80


class Fact(Protocol):
    """Whatever has an id and says when it was changed."""

    @property
    def id(self) -> str: ...
    @property
    def changed_at(self) -> datetime | None: ...


F = TypeVar("F", bound=Fact)
Lister = Callable[[Sequence[FilterLike], str | None, str | None], Awaitable[Page[F]]]


class AfreshError(Exception):
    """What is kept cannot be relied on: everything has to be read again."""


def seconds() -> float:
    """Of a clock that only goes on, whatever becomes of the time of day."""
    return time.monotonic()


@dataclass(slots=True)
class Kept(Generic[F]):
    """The facts of a list by id. `since`: what changed from then on (epoch ms) may be missing."""

    facts: dict[str, F]
    since: int
    read_at: float

    @property
    def fresh(self) -> bool:
        return seconds() - self.read_at < MAX_AGE


K = TypeVar("K", bound=Kept[Any])


class Store(Generic[K]):
    """What is kept of a list in each sandbox: of few, those asked about last, and only while it is fresh."""

    def __init__(self) -> None:
        self._kept: dict[str | None, K] = {}

    def __len__(self) -> int:
        return len(self._kept)

    def take(self, sandbox: str | None) -> K | None:
        """What is kept of it, which then is the caller's alone: who finds it wrong leaves nothing behind."""
        self._drop_stale()
        return self._kept.pop(sandbox, None)

    def put(self, sandbox: str | None, kept: K) -> None:
        """Keep it in place of what there was, and let others go for it. What is too much is not kept."""
        self._drop_stale()
        self._kept.pop(sandbox, None)
        if len(kept.facts) > MOST_KEPT or not kept.fresh:
            return
        self._kept[sandbox] = kept
        while len(self) > MOST_SANDBOXES or sum(len(one.facts) for one in self._kept.values()) > MOST_KEPT:
            del self._kept[next(iter(self._kept))]

    def _drop_stale(self) -> None:
        self._kept = {sandbox: kept for sandbox, kept in self._kept.items() if kept.fresh}


@dataclass(slots=True)
class Watch:
    """When a reading began, so that it is known afterwards since when changes may have been missed."""

    began: datetime
    clock: float = field(init=False)

    def __post_init__(self) -> None:
        self.clock = seconds()

    def since(self, told: Iterable[datetime | None], known: int | None = None) -> int:
        """The earlier of two times, less a margin: when the reading began by this machine's clock; and by the
        service's, which at the end was no earlier than the newest time that its answers told.

        known: what this was before the reading.
        """
        took = timedelta(seconds=seconds() - self.clock)
        newest = max((at for at in told if at is not None), default=None)
        begins = [epoch_ms(self.began - MARGIN)]
        if newest is not None:
            begins.append(max(epoch_ms(newest - took - MARGIN), known or 0))
        elif known is not None:
            begins.append(known)
        return min(begins)


async def changed(
    lister: Lister[F], paths: Iterable[str], since: int, *, most: int = MOST_PAGES
) -> dict[str, F]:
    """Whatever has a time of one of these paths from `since` on (epoch ms).

    Raises:
        AfreshError: there is too much of it, or the service does not filter by these.
        PlatformError: it could not be read.
    """
    lists = await together([partial(_all, lister, [Filter(path).ge(since)], most) for path in paths])
    return {fact.id: fact for listed in lists for fact in listed}


async def read_again(lister: Lister[F], ids: Sequence[str]) -> dict[str, F]:
    """These, as they are now; those that are gone are left out.

    Raises:
        AfreshError: they are too many.
        PlatformError: they could not be read.
    """
    if len(ids) > MOST_OPEN:
        raise AfreshError
    parts = [ids[at : at + _AT_ONCE] for at in range(0, len(ids), _AT_ONCE)]
    lists = await together([partial(_all, lister, [Filter("id").in_(part)], 2) for part in parts])
    return {fact.id: fact for listed in lists for fact in listed}


async def _all(lister: Lister[F], conditions: Sequence[Condition], most: int) -> list[F]:
    found: list[F] = []
    cursor: str | None = None
    for _ in range(most):
        try:
            page = await lister(conditions, None, cursor)
        except PlatformError as error:
            if error.kind is ErrorKind.INVALID:
                raise AfreshError from error
            raise
        found += page.items
        cursor = page.next_cursor
        if cursor is None:
            return found
    raise AfreshError
