"""Windows of time as people say them: "24h", "7d", "yesterday", "2026-05-01/2026-05-03"."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo

_SPAN = re.compile(r"(?:last|past)?\s*(?P<number>\d{1,6})?\s*(?P<unit>[a-z]+)")
_DAYS = re.compile(
    r"(?:the )?(?:last|past) (?P<number>\d{1,6}) (?P<whole>(?:whole|full|complete) )?(?P<unit>days?|weeks?)"
)
_UNITS = {
    "m": "minutes", "min": "minutes", "mins": "minutes", "minute": "minutes", "minutes": "minutes",
    "h": "hours", "hr": "hours", "hrs": "hours", "hour": "hours", "hours": "hours",
    "d": "days", "day": "days", "days": "days",
    "w": "weeks", "wk": "weeks", "week": "weeks", "weeks": "weeks",
}  # fmt: skip
_TAKES = (
    'A window is a span back from now ("24h", "7d", "90m", "2w"), calendar days ("today", "yesterday", '
    '"last 7 days", "this week", "last week", "this month", "last month"), "last night", a date, or two ISO '
    "8601 times with a slash between them "
    '("2026-05-01T06:00Z/2026-05-02T06:00Z").'
)
LONGEST = timedelta(days=400)


class WindowError(ValueError):
    """The text is no window; the message says what one looks like."""


@dataclass(frozen=True, slots=True)
class Window:
    """From `start` up to, and without, `end`. Both are aware times in UTC."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.end <= self.start:
            raise WindowError(f"The window ends ({_iso(self.end)}) before it starts ({_iso(self.start)}).")
        if self.end - self.start > LONGEST:
            raise WindowError(f"The window is longer than {LONGEST.days} days.")

    def __contains__(self, at: object) -> bool:
        return isinstance(at, datetime) and self.start <= at < self.end

    @property
    def length(self) -> timedelta:
        return self.end - self.start

    @property
    def before(self) -> Window:
        """The window of the same length that ends where this one starts."""
        return Window(self.start - self.length, self.start)

    @property
    def milliseconds(self) -> tuple[int, int]:
        """Start and end as epoch milliseconds, as filters take them."""
        return epoch_ms(self.start), epoch_ms(self.end)

    def __str__(self) -> str:
        return f"{_iso(self.start)}/{_iso(self.end)}"


_EPOCH = datetime.fromtimestamp(0, UTC)


def epoch_ms(at: datetime) -> int:
    """Epoch milliseconds of an aware time, exact where a float would round."""
    since = at - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000 + since.microseconds // 1_000


def read_zone(name: str) -> tzinfo:
    """A time zone by its IANA name, or an offset such as `+02:00`.

    Raises:
        WindowError: there is no such zone.
    """
    text = name.strip()
    if text.upper() in ("UTC", "Z", ""):
        return UTC
    if text[0] in "+-":
        try:
            offset = datetime.fromisoformat(f"2000-01-01T00:00{text}").tzinfo
        except ValueError:
            offset = None
        if offset is not None:
            return offset
    try:
        return ZoneInfo(text)
    except (ValueError, OSError, KeyError):
        raise WindowError(f"There is no time zone {name!r}. Names look like Europe/Berlin.") from None


def parse_window(text: str, *, now: datetime, zone: tzinfo = UTC) -> Window:
    """The window that `text` means.

    Args:
        text: what `_TAKES` lists. A time without an offset is in `zone`; a date as the end means its whole
            day; one date alone means that day, one time alone means from then until now.
        now: an aware time; no window that is said relative to now reaches past it.
        zone: where days begin.

    Raises:
        WindowError: the text is none of these, the window is empty or too long.
    """
    plain = " ".join(text.strip().casefold().split())
    now = now.astimezone(UTC).replace(microsecond=0)
    window = _named(plain, now, zone) or _days(plain, now, zone) or _span(plain, now)
    if window is not None:
        return window
    first, slash, last = _halves(text.strip())
    if not slash:
        start, is_day = _moment(first, zone)
        return Window(start, _next_day(start, zone)) if is_day else Window(start, now)
    if last.strip().casefold() in ("", "now"):
        return Window(_moment(first, zone)[0], now)
    end, is_day = _moment(last, zone)
    return Window(_moment(first, zone)[0], _next_day(end, zone) if is_day else end)


def parse_since(text: str, *, now: datetime, zone: tzinfo = UTC) -> datetime:
    """The moment that "since 7d", "since 2026-05-01" or "since yesterday" means.

    Raises:
        WindowError: as `parse_window`.
    """
    return parse_window(text, now=now, zone=zone).start


def local_day(at: datetime, zone: tzinfo) -> date:
    """The calendar day of a moment, in a zone."""
    return at.astimezone(zone).date()


def _named(plain: str, now: datetime, zone: tzinfo) -> Window | None:
    today = _midnight(local_day(now, zone), zone)
    if plain in ("today", "this day"):
        return Window(today, max(now, today + timedelta(milliseconds=1)))
    if plain == "yesterday":
        return Window(_midnight(local_day(now, zone) - timedelta(days=1), zone), today)
    if plain == "last night":
        evening = datetime.combine(local_day(now, zone) - timedelta(days=1), time(18), zone).astimezone(UTC)
        return Window(evening, min(now, evening + timedelta(hours=14)))
    day = local_day(now, zone)
    monday, first = day - timedelta(days=day.weekday()), day.replace(day=1)
    begin = {"this week": monday, "this month": first}.get(plain)
    if begin is not None:
        start = _midnight(begin, zone)
        return Window(start, max(now, start + timedelta(milliseconds=1)))
    if plain in ("last week", "previous week"):
        return Window(_midnight(monday - timedelta(days=7), zone), _midnight(monday, zone))
    if plain in ("last month", "previous month"):
        before = (first - timedelta(days=1)).replace(day=1)
        return Window(_midnight(before, zone), _midnight(first, zone))
    return None


def _days(plain: str, now: datetime, zone: tzinfo) -> Window | None:
    """Calendar days: today so far and the days before it, in all so many; `whole` ones end with yesterday."""
    match = _DAYS.fullmatch(plain)
    if match is None:
        return None
    number = int(match["number"]) * (7 if match["unit"].startswith("week") else 1)
    if not 0 < number <= LONGEST.days:
        raise WindowError(f"A window is from one minute to {LONGEST.days} days long.")
    day = local_day(now, zone)
    if match["whole"]:
        return Window(_midnight(day - timedelta(days=number), zone), _midnight(day, zone))
    start = _midnight(day - timedelta(days=number - 1), zone)
    return Window(start, max(now, start + timedelta(milliseconds=1)))


def _span(plain: str, now: datetime) -> Window | None:
    match = _SPAN.fullmatch(plain)
    unit = _UNITS.get(match["unit"]) if match else None
    if match is None or unit is None:
        return None
    number = int(match["number"] or 1)
    length = timedelta(days=number * 7) if unit == "weeks" else timedelta(**{unit: number})
    if not timedelta(0) < length <= LONGEST:
        raise WindowError(f"A window is from one minute to {LONGEST.days} days long.")
    return Window(now - length, now)


def _halves(text: str) -> tuple[str, str, str]:
    for separator in ("/", "..", " to ", " - ", " – "):
        first, found, last = text.partition(separator)
        if found:
            return first.strip(), found, last.strip()
    return text, "", ""


def _moment(text: str, zone: tzinfo) -> tuple[datetime, bool]:
    """The time in UTC, and whether only a day was given."""
    try:
        day = date.fromisoformat(text)
        return _midnight(day, zone), True
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC), False
    except (ValueError, OverflowError):
        raise WindowError(f"{text!r} is no time. {_TAKES}") from None


def _midnight(day: date, zone: tzinfo) -> datetime:
    try:
        return datetime.combine(day, time(), zone).astimezone(UTC)
    except OverflowError:
        raise WindowError(f"{day} is out of range. {_TAKES}") from None


def _next_day(start: datetime, zone: tzinfo) -> datetime:
    """The midnight after: 23, 24 or 25 hours later, as the zone's clocks go."""
    day = local_day(start, zone)
    if day == date.max:
        raise WindowError(f"{day} is out of range. {_TAKES}")
    return _midnight(day + timedelta(days=1), zone)


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
