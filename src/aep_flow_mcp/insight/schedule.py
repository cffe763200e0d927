"""When a flow should have run, from its schedule."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from aep_flow_mcp.insight.windows import Window
from aep_flow_mcp.platform.models.flows import Schedule

_UNITS = {
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(weeks=1),
}

_MOST = 100_000
"""A larger interval is a mistake, not a schedule."""

START_GRACE = timedelta(minutes=30)
"""How late a run may start before it counts as missed: new flows need two to three minutes, queues more."""


@dataclass(frozen=True, slots=True)
class Timetable:
    """Due times: `first`, then every `step` (None: only once), up to and without `end` (None: for ever).

    Periods are of fixed length, whatever clocks do: the service counts from an epoch time.
    """

    first: datetime
    step: timedelta | None = None
    end: datetime | None = None

    @classmethod
    def read(cls, schedule: Schedule | None) -> Timetable | None:
        """None without a schedule of the flow's own (streaming, audience exports) or with an unknown unit."""
        if schedule is None or schedule.start_time is None or schedule.every is None:
            return None
        number, unit = schedule.every
        if number == 0:
            return cls(schedule.start_time, None, schedule.end_time)
        length = _UNITS.get(unit.rstrip("s"))
        if length is None or not 0 < number <= _MOST:
            return None
        return cls(schedule.start_time, length * number, schedule.end_time)

    def slot(self, at: datetime) -> int | None:
        """Which due time (0, 1, ...) the moment `at` belongs to; None before the first."""
        if at < self.first:
            return None
        return 0 if self.step is None else (at - self.first) // self.step

    def due_at(self, slot: int) -> datetime:
        return self.first if self.step is None else self.first + self.step * slot

    def slots(self, window: Window) -> range:
        """The due times inside a window, as slot numbers."""
        last = min(window.end, self.end) if self.end else window.end
        if last <= self.first or last <= window.start:
            return range(0)
        if self.step is None:
            return range(1) if self.first >= window.start else range(0)
        low = 0 if window.start <= self.first else -((self.first - window.start) // self.step)
        high = -((self.first - last) // self.step)
        return range(low, max(low, high))

    def due(self, window: Window) -> Iterator[datetime]:
        """The due times inside a window, in order."""
        return (self.due_at(slot) for slot in self.slots(window))

    def next_due(self, after: datetime) -> datetime | None:
        """The first due time later than `after`; None when the schedule is over."""
        slot = self.slot(after)
        if slot is None:
            due: datetime | None = self.first
        else:
            due = None if self.step is None else self.due_at(slot + 1)
        return due if due is not None and (self.end is None or due < self.end) else None

    def ended(self, now: datetime) -> bool:
        return self.next_due(now) is None


def judged_slots(
    table: Timetable,
    window: Window,
    *,
    now: datetime,
    since: datetime | None = None,
    grace: timedelta = START_GRACE,
) -> range:
    """The due times in the window that must have a run in it: not those within `grace` of its end, or of now.

    since: due times before it don't count (when the flow was created, or last changed its schedule).
    """
    end = min(window.end, now) - grace
    start = max(window.start, since) if since else window.start
    return table.slots(Window(start, end)) if end > start else range(0)
