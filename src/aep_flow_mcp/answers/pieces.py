"""Lists that are longer than one answer: how many there are, what is shown, and the cursor that gets the rest.

An answer with several lists (`InPieces`) gives a cursor for each that it cuts, such as `failing:5`. A list of pages
(`Listing`) that ends before its page does gives one that leads into the middle of the page.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, TypeVar

from pydantic import BaseModel

from aep_flow_mcp.answers.text import InPieces, Listing
from aep_flow_mcp.gathering.asked import AskedError
from aep_flow_mcp.platform.filters import epoch_ms
from aep_flow_mcp.platform.models.common import to_time

CONTINUED = 25
"""Rows of the one list that a further piece shows, unless more are asked for."""
_ROOM = 18_000
"""Characters of the rows of one answer, all its lists together."""
_PIECE = re.compile(r"([a-z_]{1,40}):(\d{1,9})(?:@(\d{1,15}))?")
_INTO_A_PAGE = re.compile(r"(\d{0,12})/(\d{1,6})/(.*)", re.DOTALL)
ItemT = TypeVar("ItemT")
RowT = TypeVar("RowT")


class Pieces:
    """Takes from each list of an answer what is shown of it; with a cursor the next rows of the one list it names.

    names: the lists that the answer has. now: the present, where rows depend on it; a cursor brings back the moment of
    the first answer, so that all pieces are of one list.

    Raises:
        AskedError: the cursor is none of this tool's.
    """

    def __init__(self, cursor: str | None, names: Collection[str], *, now: datetime | None = None) -> None:
        # A cursor keeps milliseconds.
        self._now = now.replace(microsecond=now.microsecond // 1000 * 1000) if now else None
        self.only: str | None = None
        self.start = 0
        self._room = _ROOM
        self.more: dict[str, int] = {}
        self.cursors: dict[str, str] = {}
        if cursor:
            self._resume(cursor, names)

    def _resume(self, cursor: str, names: Collection[str]) -> None:
        match = _PIECE.fullmatch(cursor.strip())
        at = to_time(match[3]) if match and match[3] else None
        future = at is not None and self._now is not None and at > self._now
        if match is None or match[1] not in names or (match[3] and at is None) or future:
            raise AskedError(
                "This is not a cursor of this tool. Use one from an earlier answer, or leave it out."
            )
        self.only, self.start = match[1], int(match[2])
        self._now = at or self._now

    @property
    def now(self) -> datetime:
        """The moment that all pieces are of."""
        if self._now is None:
            raise AssertionError("made without a moment")
        return self._now

    def shows(self, name: str) -> bool:
        """Whether the answer shows this list at all."""
        return self.only in (None, name)

    def part(self, name: str, items: Sequence[ItemT], most: int) -> Sequence[ItemT]:
        """What is to be shown of a list, should there be room."""
        if not self.shows(name):
            return items[:0]
        start = self.start if self.only else 0
        return items[start : start + (max(most, CONTINUED) if self.only else most)]

    def take(self, name: str, items: Sequence[ItemT], most: int, make: Callable[[ItemT], RowT]) -> list[RowT]:
        """The rows of a list that are shown, at least one where it has any.

        Raises:
            AskedError: the cursor leads past the end.
        """
        start = self.start if self.only else 0
        if self.shows(name) and start and start >= len(items):
            raise AskedError(f"This cursor leads past the end: {name} has {len(items)} rows.")
        rows: list[RowT] = []
        for item in self.part(name, items, most):
            row = make(item)
            self._room -= _size(row)
            if rows and self._room < 0:
                break
            rows.append(row)
        end = start + len(rows)
        if self.shows(name) and len(rows) < len(items):
            self.more[name] = len(items)
        if self.shows(name) and end < len(items):
            at = f"@{epoch_ms(self._now)}" if self._now else ""
            self.cursors[name] = f"{name}:{end}{at}"
        return rows


def _size(row: object) -> int:
    """About how many characters a row takes."""
    if isinstance(row, BaseModel):
        return sum(len(str(value)) + 3 for _, value in row if value is not None)
    return len(str(row)) + 2


def as_it_is(item: ItemT) -> ItemT:
    """A row that is shown as it is."""
    return item


AnswerT = TypeVar("AnswerT", bound=InPieces)


def without_cursors(answer: AnswerT) -> AnswerT:
    """An answer beside others: its cursors would not say whose list they lead on in."""
    return answer.model_copy(update={"cursors": {}})


@dataclass(frozen=True)
class Place:
    """Where in a list of pages an answer begins: `skip` items into the page at `cursor`; of `total` in all."""

    cursor: str | None = None
    skip: int = 0
    total: int | None = field(default=None, compare=False)

    @classmethod
    def of(cls, cursor: object) -> Place:
        """What a cursor says; one that says nothing of this is the page's own."""
        match = _INTO_A_PAGE.fullmatch(cursor) if isinstance(cursor, str) else None
        if match is None:
            return cls(cursor if isinstance(cursor, str) and cursor else None)
        return cls(match[3] or None, int(match[2]), int(match[1]) if match[1] else None)

    def __str__(self) -> str:
        if self.total is None and not self.skip:
            return self.cursor or ""
        return f"{'' if self.total is None else self.total}/{self.skip}/{self.cursor or ''}"

    def after(self, shown: int, listing: Listing[Any]) -> str | None:
        """The cursor behind the first `shown` items of the listing that begins here; None behind the last."""
        total = listing.total if listing.total is not None else self.total
        if shown < len(listing.items):
            return str(Place(self.cursor, self.skip + shown, total))
        return str(Place(listing.next_cursor, 0, total)) if listing.next_cursor else None


async def from_place(place: Place, read: Callable[[str | None], Awaitable[Any]]) -> tuple[Any, Place]:
    """What a tool answers at a place, and where that begins: a smaller page size moves it to a later page.

    read: calls the tool with the cursor of a page.
    """
    answer = await read(place.cursor)
    while isinstance(answer, Listing) and place.skip >= len(answer.items) > 0 and answer.next_cursor:
        place = replace(place, cursor=answer.next_cursor, skip=place.skip - len(answer.items))
        answer = await read(place.cursor)
    if isinstance(answer, Listing):
        total = answer.total if answer.total is not None else place.total
        answer = answer.model_copy(update={"items": answer.items[place.skip :], "total": total})
    return answer, place
