"""`every` and times, as people write them, into `scheduleParams`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

_WORDS = {"hourly": "1 hour", "daily": "1 day", "nightly": "1 day", "weekly": "1 week"}
_RHYTHM = re.compile(r"(?:(\d{1,5})\s*)?(minute|min|hour|day|week)s?")
_EXPORT_HOURS = (3, 6, 9, 12)


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
    """ISO 8601 in UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def suggested_starts(now: float) -> tuple[str, ...]:
    """Starts to offer: the same all day long, so that a question does not change while it is asked."""
    midnight = datetime.fromtimestamp(now, UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return tuple(show_time((midnight + timedelta(days=1, hours=hour)).timestamp()) for hour in (2, 6))


def ingestion_params(rhythm: Rhythm, start: int, backfill: bool | None) -> dict[str, Any]:
    """`scheduleParams` of a source flow; `once` has neither interval nor backfill."""
    params: dict[str, Any] = {"startTime": start, "frequency": rhythm.unit}
    if rhythm.unit != "once":
        params["interval"] = rhythm.count
    if backfill is not None:
        params["backfill"] = backfill
    return params


def export_rhythm(rhythm: Rhythm) -> dict[str, Any] | None:
    """Interval, unit and mode of a dataset export; None for a rhythm that exports do not have."""
    if rhythm.unit == "once":
        return {"interval": 0, "timeUnit": "day", "exportMode": "DAILY_FULL_EXPORT"}
    incremental = "FIRST_FULL_THEN_INCREMENTAL"
    if rhythm == Rhythm("day"):
        return {"interval": 1, "timeUnit": "day", "exportMode": incremental}
    if rhythm.unit == "hour" and rhythm.count in _EXPORT_HOURS:
        return {"interval": rhythm.count, "timeUnit": "hour", "exportMode": incremental}
    return None
