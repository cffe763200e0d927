"""How often a flow should run, from its schedule."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any

from msgspec import Struct

from aep_flow_mcp.platform.models.flows import Schedule, every

_UNITS = {
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(weeks=1),
    # As long as they can be: nothing is overdue before.
    "month": timedelta(days=31),
    "year": timedelta(days=366),
}

_MOST = 100_000
"""A larger interval is a mistake, not a schedule."""

_LONGEST = 40
"""Characters of the words that say how often."""

_AUDIENCE_STEPS = {
    "DAILY": timedelta(days=1),
    "EVERY_12_HOURS": timedelta(hours=12),
    "EVERY_8_HOURS": timedelta(hours=8),
    "EVERY_6_HOURS": timedelta(hours=6),
    "EVERY_3_HOURS": timedelta(hours=3),
}

START_GRACE = timedelta(minutes=30)
"""How late the only run of a flow may start: new flows need two to three minutes, queues more."""


class Timetable(Struct, frozen=True, gc=False):
    """From `first` on, a run every `step` (None: only one), up to and without `end` (None: for ever).

    The phase in which runs come need not be that of `first`. `step` is the longest that a period can be: months
    and years are not all of a length.
    """

    first: datetime
    step: timedelta | None = None
    end: datetime | None = None

    @classmethod
    def read(cls, schedule: Schedule | None) -> Timetable | None:
        """None without a schedule of the flow's own (streaming, audience exports) or with an unknown unit."""
        if schedule is None:
            return None
        return cls.of(
            schedule.start_time,
            schedule.end_time,
            frequency=schedule.frequency,
            time_unit=schedule.time_unit,
            interval=schedule.interval,
        )

    @classmethod
    def of(
        cls,
        first: datetime | None,
        end: datetime | None,
        *,
        frequency: str | None,
        time_unit: str | None,
        interval: int | None,
    ) -> Timetable | None:
        """From the parts of a schedule, as `read`."""
        # What is remembered is short, whatever a service sends.
        short = len(frequency or "") + len(time_unit or "") < _LONGEST
        step_of = _step if short else _step.__wrapped__
        step = step_of(frequency, time_unit, interval) if first is not None else None
        return cls(first, step or None, end) if first is not None and step is not None else None

    @classmethod
    def of_audiences(cls, audiences: Iterable[Mapping[str, Any]]) -> Timetable | None:
        """When a flow runs whose audiences have schedules of their own: as often as the most frequent of them.

        None where none runs by the clock: after an evaluation, or once.
        """
        found = [table for each in audiences if (table := _of_audience(each.get("schedule")))]
        if not found:
            return None
        ends = [table.end for table in found]
        last = None if None in ends else max(end for end in ends if end)
        lasting = [table for table in found if table.end == last]
        return cls(min(t.first for t in lasting), min(t.step for t in lasting if t.step), last)

    def should_have_begun(self, since: datetime | None, *, now: datetime) -> bool:
        """Whether a first run must have come by now, whatever the phase; `since`: when the schedule came into force."""
        begin = max(self.first, since) if since else self.first
        grace = START_GRACE if self.step is None else max(START_GRACE, self.step * 4 / 3)
        return now - begin > grace and (self.end is None or self.end - begin > grace)


@lru_cache(maxsize=512)
def _step(frequency: str | None, time_unit: str | None, interval: int | None) -> timedelta | None:
    """The time between two runs, none at all for a single run; None for what is unknown. Thousands of flows have the
    same few."""
    how_often = every(frequency, time_unit, interval)
    if how_often is None:
        return None
    number, unit = how_often
    if number == 0:
        return timedelta(0)
    length = _UNITS.get(unit.rstrip("s"))
    return length * number if length is not None and 0 < number <= _MOST else None


def _of_audience(schedule: Any) -> Timetable | None:
    """`{frequency, startDate, endDate?, startTime, triggerType}` of one selector: days in UTC, with the last one."""
    if not isinstance(schedule, dict):
        return None
    step = _AUDIENCE_STEPS.get(str(schedule.get("frequency") or "").upper())
    trigger = str(schedule.get("triggerType") or "").upper()
    first = _midnight(schedule.get("startDate"))
    if step is None or first is None or trigger == "AFTER_SEGMENT_EVAL":
        return None
    last = _midnight(schedule.get("endDate"))
    return Timetable(first, step, last + timedelta(days=1) if last else None)


def _midnight(day: Any) -> datetime | None:
    try:
        return datetime.combine(date.fromisoformat(str(day)[:10]), time(), UTC)
    except ValueError:
        return None
