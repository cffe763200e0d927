"""`every` and times, as people write them, into `scheduleParams`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

_WORDS = {"hourly": "1 hour", "daily": "1 day", "nightly": "1 day", "weekly": "1 week"}
_RHYTHM = re.compile(r"(?:(\d{1,5})\s*)?(minute|min|hour|day|week)s?")


_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_TIMED = re.compile(rf"(.+?)(?: on ({'|'.join(_DAYS)}))?(?: at (\d{{1,2}}):?(\d{{2}})?(?: ?(?:utc|z))?)?")


@dataclass(frozen=True)
class Rhythm:
    """`unit` is `once`, `minute`, `hour`, `day` or `week`."""

    unit: str
    count: int = 1


def parse_rhythm(text: str) -> Rhythm | None:
    """`once`, `day`, `every 2 hours`, `15 minutes`, `weekly`; None when it is none of these."""
    words = " ".join(text.casefold().split()).removeprefix("every ").strip()
    words = _WORDS.get(words, words)
    if words == "once":
        return Rhythm("once")
    match = _RHYTHM.fullmatch(words)
    if match is None:
        return None
    return Rhythm("minute" if match[2] == "min" else match[2], int(match[1] or 1))


@dataclass(frozen=True)
class Timed:
    """A rhythm, and where it was said the minute of the day (UTC) and the day of the week (0 is Monday)."""

    rhythm: Rhythm
    minute: int | None = None
    weekday: int | None = None

    @property
    def said(self) -> bool:
        """Whether it says more than how often."""
        return self.minute is not None or self.weekday is not None

    def fits(self, start: float) -> bool:
        """Whether runs of this rhythm from that start on come at the time of day, and on the day, that were said."""
        begin = datetime.fromtimestamp(start, UTC)
        unit, count = self.rhythm.unit, self.rhythm.count
        if self.minute is not None:
            cycle = min({"minute": count, "hour": 60 * count}.get(unit, 1440), 1440)
            if (begin.hour * 60 + begin.minute - self.minute) % cycle:
                return False
        return self.weekday is None or begin.weekday() == self.weekday

    def next_start(self, start: float, now: float) -> int:
        """The first fitting start that is neither before `start` nor within a quarter of an hour from now."""
        earliest = datetime.fromtimestamp(max(start, now + 900), UTC)
        minute = self.minute
        if minute is None:
            kept = datetime.fromtimestamp(start, UTC)
            minute = kept.hour * 60 + kept.minute
        day = earliest.replace(hour=minute // 60, minute=minute % 60, second=0, microsecond=0)
        while day < earliest or self.weekday not in (None, day.weekday()):
            day += timedelta(days=1)
        return int(day.timestamp())


def parse_timed(text: str) -> Timed | None:
    """`every 6 hours`, `daily at 05:00`, `weekly on Monday at 6:30 UTC`; None when it is none of these."""
    match = _TIMED.fullmatch(" ".join(text.casefold().split()))
    rhythm = parse_rhythm(match[1]) if match else None
    if match is None or rhythm is None:
        return None
    hour, minute = int(match[3] or 0), int(match[4] or 0)
    if hour > 23 or minute > 59 or (match[2] and rhythm.unit != "week"):
        return None
    return Timed(
        rhythm,
        hour * 60 + minute if match[3] else None,
        _DAYS.index(match[2]) if match[2] else None,
    )


def parse_time(text: str) -> int | None:
    """Epoch seconds from `2026-01-31T08:00Z`, `2026-01-31` (UTC) or a number; None when it is neither."""
    stripped = text.strip()
    if stripped.isascii() and stripped.isdecimal():
        return int(stripped)
    try:
        moment = datetime.fromisoformat(stripped)
    except ValueError:
        return None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def show_time(seconds: float) -> str:
    """ISO 8601 in UTC; the number itself where it is no time that a calendar knows."""
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError, OSError):
        return str(seconds)


def suggested_starts(now: float) -> tuple[str, ...]:
    """Starts to offer: the same all day long, so that a question does not change while it is asked."""
    midnight = datetime.fromtimestamp(now, UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return tuple(show_time((midnight + timedelta(days=1, hours=hour)).timestamp()) for hour in (2, 6))


def ingestion_params(
    rhythm: Rhythm, start: int, *, end: int | None = None, backfill: bool | None = None
) -> dict[str, Any]:
    """`scheduleParams` of a source flow; `once` has no interval."""
    params: dict[str, Any] = {"startTime": start, "frequency": rhythm.unit}
    if rhythm.unit != "once":
        params["interval"] = rhythm.count
    if end is not None:
        params["endTime"] = end
    if backfill is not None:
        params["backfill"] = backfill
    return params


def export_rhythm(rhythm: Rhythm) -> dict[str, Any]:
    """Interval, unit and mode of a dataset export; the flow spec says which of them there are."""
    if rhythm.unit == "once":
        return {"interval": 0, "timeUnit": "day", "exportMode": "DAILY_FULL_EXPORT"}
    mode = "FIRST_FULL_THEN_INCREMENTAL"
    return {"interval": rhythm.count, "timeUnit": rhythm.unit, "exportMode": mode}
