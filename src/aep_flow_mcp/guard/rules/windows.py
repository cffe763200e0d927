"""When: windows and freezes on the clock of a time zone, with the days on which it is put forward or back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from aep_flow_mcp.guard.rules.models import DAYS, Freeze, Window

HORIZON = 400
"""Days in which the next opening is looked for."""
_DAY = timedelta(days=1)


def is_open(window: Window, at: datetime, zone: str) -> bool:
    """Whether a moment lies in a window. zone: of the file, where the window names none."""
    local = at.astimezone(ZoneInfo(window.timezone or zone))
    start, end = bounds(window)
    minute = local.hour * 60 + local.minute
    today, yesterday = DAYS[local.weekday()], DAYS[local.weekday() - 1]
    if start < end:
        return today in window.days and start <= minute < end
    return (today in window.days and minute >= start) or (yesterday in window.days and minute < end)


def bounds(window: Window) -> tuple[int, int]:
    """The minutes of the day at which it begins and ends, as the clock shows them."""
    start, end = (int(text[:2]) * 60 + int(text[3:]) for text in window.hours.split("-"))
    return start, end


def holds(freeze: Freeze, at: datetime, zone: str) -> bool:
    """Whether a freeze holds at a moment."""
    return freeze.first <= at.astimezone(ZoneInfo(freeze.timezone or zone)).date() <= freeze.last


def day_of(at: datetime, zone: str) -> date:
    """The day on which a change is counted."""
    return at.astimezone(ZoneInfo(zone)).date()


def next_day(at: datetime, zone: str) -> datetime:
    """The first moment of the next day of a zone."""
    tomorrow = day_of(at, zone) + _DAY
    return min(_moments(tomorrow, 0, zone), key=lambda moment: (day_of(moment, zone) != tomorrow, moment))


def next_moment(
    at: datetime, fits: Callable[[datetime], bool], zones: Iterable[str], times: Iterable[int]
) -> datetime | None:
    """The first moment after `at` that fits; None when none does within a year and a month.

    fits: changes its mind at the given times only (minutes of a day), at midnight, and where a clock is put forward or
    back, in any of the zones.
    """
    minutes = sorted({0, *times})
    here = at.astimezone(UTC)
    zones = sorted(set(zones))

    def first(number: int) -> datetime | None:
        found = [
            moment
            for zone in zones
            # Days of the calendar: 24 hours on, it may be two days later where a clock is put forward.
            for moment in _changes(day_of(here, zone) + number * _DAY, zone, minutes)
        ]
        return next((moment for moment in sorted(found) if moment > here and fits(moment)), None)

    for number in range(-1, HORIZON):
        found = first(number)
        if found is not None:
            # In another zone the next day has begun before this one is over, and a clock that is put forward or back is
            # among the changes of the two days before.
            return min([found, *(later for more in range(1, 4) if (later := first(number + more)))])
    return None


def _changes(day: date, zone: str, minutes: Iterable[int]) -> Iterator[datetime]:
    for minute in minutes:
        yield from _moments(day, minute, zone)
    start, end = (
        datetime(each.year, each.month, each.day, tzinfo=UTC) for each in (day - _DAY, day + 2 * _DAY)
    )
    clock = ZoneInfo(zone)
    if start.astimezone(clock).utcoffset() != end.astimezone(clock).utcoffset():
        yield _put_forward_or_back(start, end, clock)


def _moments(day: date, minute: int, zone: str) -> tuple[datetime, datetime]:
    """When a clock shows a time: where it is put back, twice; where it is put forward, one before and one after."""
    shown = datetime(day.year, day.month, day.day) + timedelta(minutes=minute)
    first, second = (shown.replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC) for fold in (0, 1))
    return first, second


def _put_forward_or_back(start: datetime, end: datetime, clock: ZoneInfo) -> datetime:
    """The first minute with the offset that holds at the end."""
    offset = end.astimezone(clock).utcoffset()
    while end - start > timedelta(minutes=1):
        middle = start + timedelta(minutes=int((end - start).total_seconds() // 120))
        if middle.astimezone(clock).utcoffset() == offset:
            end = middle
        else:
            start = middle
    return end
