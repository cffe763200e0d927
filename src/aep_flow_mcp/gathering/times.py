"""Times as people give them: a moment, or an age."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from aep_flow_mcp.gathering.asked import AskedError
from aep_flow_mcp.platform.filters import Condition, Filter, epoch_ms
from aep_flow_mcp.platform.models.common import to_time
from aep_flow_mcp.platform.paging import Page

T = TypeVar("T")

_AGE = re.compile(r"(?P<number>\d{1,6})\s*(?P<unit>m|h|d|w)[a-z]*(\s+ago)?", re.IGNORECASE)
_SEPARATOR = "~"  # in no cursor of ours, which is base64url
_STANDING: ContextVar[datetime | None] = ContextVar("standing", default=None)
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def now() -> datetime:
    """The present, in UTC; on a snapshot the time at which it was taken."""
    return _STANDING.get() or datetime.now(UTC)


@contextmanager
def standing(at: datetime) -> Iterator[None]:
    """Whatever runs within, and the tasks that it starts, takes this for the present."""
    token = _STANDING.set(at)
    try:
        yield
    finally:
        _STANDING.reset(token)


class Window:
    """`since` and `until` of a list, and the cursors that keep ages meaning the same on every page.

    "24h" said again a minute later is another question. So the moment from which ages count is kept in
    front of the cursor, and later pages count from there.

    Raises:
        AskedError: a time that cannot be read; the message names the parameter.
    """

    def __init__(self, since: str | None, until: str | None, cursor: str | None, *, at: datetime) -> None:
        # The API compares milliseconds.
        self._at = at.replace(microsecond=at.microsecond // 1000 * 1000)
        self.cursor = cursor
        self._ages = any(text and _AGE.fullmatch(text.strip()) for text in (since, until))
        if cursor and self._ages:
            self._resume(cursor)
        self.since = parse_moment("since", since, at=self._at)
        self.until = parse_moment("until", until, at=self._at)
        if self.since and self.until and self.since >= self.until:
            raise AskedError("since must be before until.")

    def _resume(self, cursor: str) -> None:
        kept, separator, rest = cursor.partition(_SEPARATOR)
        moment = to_time(kept) if separator and kept.isascii() and kept.isdecimal() else None
        if moment:
            self._at, self.cursor = moment, rest

    def conditions(self, path: str) -> list[Condition]:
        """Filters on a property that holds epoch milliseconds."""
        bounds = []
        if self.since:
            bounds.append(Filter(path).ge(self.since))
        if self.until:
            bounds.append(Filter(path).lt(self.until))
        return bounds

    def page(self, page: Page[T]) -> Page[T]:
        """The page with a cursor that leads on from here."""
        if page.next_cursor is None or not self._ages:
            return page
        return replace(page, next_cursor=f"{epoch_ms(self._at)}{_SEPARATOR}{page.next_cursor}")


def parse_moment(name: str, text: str | None, *, at: datetime) -> datetime | None:
    """A time from ISO 8601 (without a zone: UTC), epoch seconds or milliseconds, or an age before `at`.

    Raises:
        AskedError: it is none of these; the message names the parameter.
    """
    if text is None:
        return None
    age = _AGE.fullmatch(text.strip())
    try:
        moment = at - timedelta(**{_UNITS[age["unit"].lower()]: int(age["number"])}) if age else to_time(text)
    except OverflowError:
        moment = None
    if moment is None:
        raise AskedError(f"{name} takes a UTC time (2024-05-01T06:00Z) or an age (24h, 7d).")
    return moment
