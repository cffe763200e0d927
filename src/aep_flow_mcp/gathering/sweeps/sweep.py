"""Long lists, read side by side: a list follows one token after the other, but ranges of time do not.

The first page is read as usual. What is left of the range is then cut into pieces for which somebody is free, each
with its own filter, and whoever has a page more to go cuts again. No range is read twice, whatever the order of a
page, because each piece is a half-open interval of one property.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import Generic, TypeVar

import anyio

from aep_flow_mcp.insight.windows import epoch_ms
from aep_flow_mcp.platform.errors import ErrorKind, PlatformError
from aep_flow_mcp.platform.filters import Filter, FilterLike
from aep_flow_mcp.platform.paging import MOST_PAGES, Chain, Page
from aep_flow_mcp.platform.waiting.patience import OutOfTime

T = TypeVar("T")
PAGE = 100
PIECE_PAGES = 4
"""In a long list, a piece that is given away promises so many pages: each ends in a page that is not full."""

Fetch = Callable[[Sequence[FilterLike], str | None, str | None], Awaitable[Page[T]]]
"""(conditions, order, cursor) -> a page of at most `PAGE` items."""


@dataclass(slots=True)
class Crew:
    """How many pages may be read at once by all sweeps of one question, and how many are.

    A list that is done leaves its readers to the others; a list that is cut for readers who then have to wait only
    costs more pages.
    """

    size: int
    busy: int = 0

    @property
    def free(self) -> int:
        return self.size - self.busy


@dataclass(slots=True)
class _Piece:
    """Items with `start` <= time < `end`, in epoch milliseconds. `end` shrinks when a part is given away.

    Until then the `last` piece has no end: clocks differ, and something may be made while the list is read.
    """

    start: int
    end: int
    conditions: list[FilterLike]
    cursor: str | None = None
    newest: int | None = None
    splits: bool = True
    last: bool = False
    chain: Chain = field(default_factory=Chain)

    def holds(self, at: int | None) -> bool:
        return at is None or self.last or at < self.end


@dataclass(slots=True)
class Sweep(Generic[T]):
    """Hands every item of a list whose time is in a range to `take`, in no order.

    fetch: reads one page. path: the property with the time, in epoch milliseconds. time_of: the same of an item.
    crew: who reads. enough: asked after each page; true ends the sweep. `cut` says afterwards that the time was up
    before everything was read.
    """

    fetch: Fetch[T]
    path: str
    time_of: Callable[[T], datetime | None]
    take: Callable[[T], None]
    crew: Crew
    conditions: Sequence[FilterLike] = ()
    enough: Callable[[], bool] = field(default=lambda: False)
    pages: int = 0
    cut: bool = False
    _failure: Exception | None = None

    async def run(self, start: int, end: int, *, open_end: bool = False) -> None:
        """Read the range from `start` up to, and without, `end`; with `open_end` whatever comes after it, too.

        Raises:
            PlatformError: a page could not be read.
        """
        if end <= start:
            return
        async with anyio.create_task_group() as group:
            self._start(group, self._piece(start, end, last=open_end))
        if self._failure is not None:
            raise self._failure

    def _piece(self, start: int, end: int, *, last: bool) -> _Piece:
        conditions: list[FilterLike] = [*self.conditions, Filter(self.path).ge(start)]
        if not last:
            conditions.append(Filter(self.path).lt(end))
        return _Piece(start, end, conditions, last=last)

    def _start(self, group: anyio.abc.TaskGroup, piece: _Piece) -> None:
        self.crew.busy += 1
        group.start_soon(self._read, group, piece)

    async def _read(self, group: anyio.abc.TaskGroup, piece: _Piece) -> None:
        try:
            while await self._page(group, piece):
                if self.enough():
                    group.cancel_scope.cancel()
        except Exception as error:  # noqa: BLE001  (kept, and raised by `run`)
            # What was read is worth an answer when only the time is up.
            if self.pages and isinstance(error, OutOfTime):
                self.cut = True
            else:
                self._failure = self._failure or error
            group.cancel_scope.cancel()
        finally:
            self.crew.busy -= 1

    async def _page(self, group: anyio.abc.TaskGroup, piece: _Piece) -> bool:
        """Read and hand over the piece's next page; whether there is one more."""
        page = await self._fetch(piece)
        self.pages += 1
        first: int | None = None
        for item in page.items:
            at = self._at(item)
            first = at if first is None else first
            if piece.holds(at):
                self.take(item)
            if at is not None:
                # Only where the order is kept does the newest time say how far the piece has come.
                piece.splits = piece.splits and (piece.newest is None or at >= piece.newest)
                piece.newest = at
        if self.pages > 2 * MOST_PAGES:
            raise PlatformError(
                ErrorKind.UNEXPECTED,
                f"a list does not end within {2 * MOST_PAGES:,} pages, so it was not read any further",
                hint="Ask for less: a shorter window, or a filter",
            )
        piece.cursor = piece.chain.follow(page)
        if piece.cursor is None:
            return False
        if not piece.splits or piece.newest is None:
            return True
        if not piece.holds(piece.newest):
            return False
        self._give_away(group, piece, covered=piece.newest - (first if first is not None else piece.newest))
        return True

    async def _fetch(self, piece: _Piece) -> Page[T]:
        order = self.path if piece.splits else None
        try:
            return await self.fetch(piece.conditions, order, piece.cursor)
        except PlatformError as error:
            # A service that cannot order by this is read page by page, in whatever order it has.
            if error.kind is not ErrorKind.INVALID or order is None or piece.cursor is not None:
                raise
            piece.splits = False
            return await self.fetch(piece.conditions, None, None)

    def _at(self, item: T) -> int | None:
        at = self.time_of(item)
        return epoch_ms(at) if at is not None else None

    def _give_away(self, group: anyio.abc.TaskGroup, piece: _Piece, *, covered: int) -> None:
        """Cut what is left among those who are free, as far as the density so far promises each enough."""
        free = self.crew.free
        if free < 1 or piece.newest is None:
            return
        left = piece.end - piece.newest
        promised = self.pages + left // max(covered, 1)
        # A short list costs less in pages than in waiting for them.
        first = max(covered, 1) * (PIECE_PAGES if promised > 2 * self.crew.size else 1)
        parts = min(free + 1, left // first)
        if parts < 2:
            return
        cuts = [piece.newest + offset for offset in growing(first, left, parts)]
        last, piece.end, piece.last = piece.last, cuts[0], False
        for start, end in pairwise(cuts):
            self._start(group, self._piece(start, end, last=last and end == cuts[-1]))


def growing(first: int, whole: int, parts: int) -> list[int]:
    """Where to cut `whole` into parts: the first is about `first` long, each further one longer by the same factor.

    Where items are spread evenly the parts are nearly equal; where most are crowded at the beginning, the small
    parts there share the crowd, and the long ones behind cost a page each. Offsets grow and end with `whole`.
    """
    low, high = 1.0, max(1.0, (whole / first) ** (1 / (parts - 1)))
    for _ in range(60):
        factor = (low + high) / 2
        if sum(factor**at for at in range(parts)) * first < whole:
            low = factor
        else:
            high = factor
    offsets, total = [], 0.0
    for at in range(parts):
        total += first * low**at
        offsets.append(min(whole, round(total)))
    offsets[-1] = whole
    return sorted(set(offsets))
