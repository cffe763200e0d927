"""When a flow runs, and which schedules are allowed.

Three vocabularies: `frequency`/`interval` for sources, `timeUnit`/`interval` for dataset exports, and one
schedule per audience inside the transformation of an audience export.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ...http.errors import provider
from ...http.json_schema import first_error, refusal
from ...json_types import JsonObject

_SECONDS = {"minute": 60, "hour": 3600, "day": 86_400, "week": 604_800}
_AUDIENCE_SECONDS = {
    "DAILY": 86_400,
    "CHAINED": 86_400,
    "EVERY_3_HOURS": 3 * 3600,
    "EVERY_6_HOURS": 6 * 3600,
    "EVERY_8_HOURS": 8 * 3600,
    "EVERY_12_HOURS": 12 * 3600,
}
PAST_TOLERANCE = 60
"""Seconds that a start time may lie back: a request takes its time."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """Times in epoch seconds. `period` of None is a single run at the start; `end` of None is never."""

    start: int
    period: int | None
    end: int | None = None

    def next_after(self, moment: float) -> int | None:
        """The first due time later than a moment, or None when there is none."""
        if moment < self.start:
            due = self.start
        elif self.period is None:
            return None
        else:
            due = self.start + (int((moment - self.start) // self.period) + 1) * self.period
        return due if self.end is None or due <= self.end else None


def schedule_of(flow: JsonObject) -> Schedule | None:
    """When a flow runs by itself, or None."""
    params = normalised(_object(flow, "scheduleParams"))
    start = params.get("startTime")
    if isinstance(start, int):
        return _of_params(params, start)
    return _of_audiences(flow)


def _of_params(params: JsonObject, start: int) -> Schedule | None:
    interval = params.get("interval")
    unit = params.get("timeUnit") or params.get("frequency")
    end = params.get("endTime")
    end = end if isinstance(end, int) else None
    if unit == "once" or interval == 0:
        return Schedule(start, None, end)
    if unit not in _SECONDS or not isinstance(interval, int) or interval < 1:
        return None
    return Schedule(start, _SECONDS[unit] * interval, end)


def _of_audiences(flow: JsonObject) -> Schedule | None:
    found: list[Schedule] = []
    for plan in _audience_plans(flow):
        frequency = str(plan.get("frequency", "")).upper()
        clock = str(plan.get("startTime") or "00:00")
        try:
            start = datetime.strptime(f"{plan['startDate']} {clock}", "%Y-%m-%d %H:%M").replace(tzinfo=UTC)
            end = _day_end(plan.get("endDate"))
        except (KeyError, ValueError, TypeError):
            continue
        begins = int(start.timestamp())
        if frequency == "ONCE":
            found.append(Schedule(begins, None, end))
        elif frequency in _AUDIENCE_SECONDS:
            found.append(Schedule(begins, _AUDIENCE_SECONDS[frequency], end))
    return min(found, key=lambda one: (one.period or 10**9, one.start), default=None)


def _day_end(text: str | None) -> int | None:
    if not text:
        return None
    return int(datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).timestamp()) + 86_399


def _audience_plans(flow: JsonObject) -> Iterator[JsonObject]:
    for transformation in _listed(flow, "transformations"):
        selectors = _object(_object(transformation, "params"), "segmentSelectors")
        for selector in _listed(selectors, "selectors"):
            plan = _object(selector, "value").get("schedule")
            if isinstance(plan, dict):
                yield plan


def _object(row: JsonObject, name: str) -> JsonObject:
    """A member that is an object: an organisation that was read from elsewhere may hold anything."""
    found = row.get(name)
    return found if isinstance(found, dict) else {}


def _listed(row: JsonObject, name: str) -> list[JsonObject]:
    found = row.get(name)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def normalised(params: JsonObject) -> JsonObject:
    """Schedule members with numbers and booleans that were sent as text turned into what they are."""
    return {name: _plain(name, value) for name, value in params.items()}


def _plain(name: str, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if name == "backfill" and value.lower() in {"true", "false"}:
        return value.lower() == "true"
    if name in {"startTime", "endTime", "interval"} and value.lstrip("-").isdecimal():
        return int(value)
    return value


def checked_schedule(
    spec: JsonObject | None, params: Any, *, now: float, table: bool, delta: bool, minimum: int | None
) -> JsonObject:
    """The schedule of a new flow, normalised. `spec` is the flow spec's `scheduleSpec`.

    Raises the provider's errors 1304, 1312, 1317, 1360 to 1364, 1367, 1369, 1397.
    """
    if spec is None:
        if params:
            raise provider(1312, "This kind of flow has no schedule")
        return {}
    if not params:
        raise provider(1317, "scheduleParams is empty")
    if not isinstance(params, dict):
        raise provider(1312, "scheduleParams has to be an object")
    plain = normalised(params)
    if not _is_periodic(spec):
        _check_export(spec, plain)
        return plain
    _check_periodic(spec, plain, table=table, delta=delta, minimum=minimum)
    if plain["startTime"] < now - PAST_TOLERANCE:
        raise provider(1360, "startTime is in the past")
    return plain


def _is_periodic(spec: JsonObject) -> bool:
    return "frequency" in ((spec.get("spec") or {}).get("properties") or {})


def _check_export(spec: JsonObject, params: JsonObject) -> None:
    error = first_error(spec.get("spec"), params)
    if error is not None:
        raise refusal(error, "scheduleParams")
    end = params.get("endTime")
    if end is not None and end <= params["startTime"]:
        raise provider(1312, "endTime is not after startTime")


def _check_periodic(
    spec: JsonObject, params: JsonObject, *, table: bool, delta: bool, minimum: int | None
) -> None:
    frequency = params.get("frequency")
    if frequency is not None and frequency not in {"once", *_SECONDS}:
        raise provider(1397, f"The frequency '{frequency}' is not valid")
    if frequency == "once":
        if "interval" in params:
            raise provider(1361, "interval cannot be given with the frequency once")
        if "backfill" in params:
            raise provider(1364, "backfill cannot be given with the frequency once")
        if delta:
            raise provider(1369, "A delta column cannot be given with the frequency once")
    else:
        least = minimum or (15 if frequency == "minute" else 1)
        interval = params.get("interval")
        if isinstance(interval, int) and interval < least:
            raise provider(1362, f"interval must be at least {least} with the frequency {frequency}")
        if table and not delta:
            raise provider(1367, "A scheduled flow from a table needs a delta column")
    error = first_error(spec.get("spec"), params)
    if error is not None:
        raise refusal(error, "scheduleParams")


def checked_change(
    spec: JsonObject | None,
    before: Any,
    after: Any,
    *,
    now: float,
    table: bool,
    delta: bool,
    minimum: int | None,
) -> JsonObject:
    """The schedule of an existing flow after a change. Some members are fixed once the flow has started:
    1366 (start time), 1403 (becoming once), 1404 (backfill)."""
    if spec is None or not _is_periodic(spec) or not before:
        return checked_schedule(spec, after, now=now, table=table, delta=delta, minimum=minimum)
    if not isinstance(after, dict) or not after:
        raise provider(1317, "scheduleParams is empty")
    old, new = normalised(before), normalised(after)
    started = isinstance(old.get("startTime"), int) and old["startTime"] <= now
    if not started:
        return checked_schedule(spec, after, now=now, table=table, delta=delta, minimum=minimum)
    if old != new:
        if new.get("startTime") != old.get("startTime"):
            raise provider(1366, "The start time has passed and cannot be changed")
        if new.get("frequency") == "once" and old.get("frequency") != "once":
            raise provider(1403, "frequency cannot become once after the start")
        if new.get("backfill", True) != old.get("backfill", True):
            raise provider(1404, "backfill cannot be changed after the start")
        _check_periodic(spec, new, table=table, delta=delta, minimum=minimum)
    return new
