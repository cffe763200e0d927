"""How often a flow should run, from its schedule."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from aep_flow_mcp.platform.models.flows import Schedule

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

START_GRACE = timedelta(minutes=30)
"""How late the only run of a flow may start: new flows need two to three minutes, queues more."""


@dataclass(frozen=True, slots=True)
class Timetable:
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
        if schedule is None or schedule.start_time is None or schedule.every is None:
            return None
        number, unit = schedule.every
        if number == 0:
            return cls(schedule.start_time, None, schedule.end_time)
        length = _UNITS.get(unit.rstrip("s"))
        if length is None or not 0 < number <= _MOST:
            return None
        return cls(schedule.start_time, length * number, schedule.end_time)

    def should_have_begun(self, since: datetime | None, *, now: datetime) -> bool:
        """Whether a first run must have come by now, whatever the phase; `since`: when the schedule came into force."""
        begin = max(self.first, since) if since else self.first
        grace = START_GRACE if self.step is None else max(START_GRACE, self.step * 4 / 3)
        return now - begin > grace and (self.end is None or self.end - begin > grace)
