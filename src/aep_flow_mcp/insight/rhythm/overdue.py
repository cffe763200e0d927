"""Whether a flow runs as often as it should, judged by its own rhythm and not by the phase of its schedule.

A flow need not run at the times that its start time and interval give: one with start time 08:00 may run at 05:40
each day, another starts an hour and a half late each time. What repeats is the period. So each run says when the
next one is due: a period later, give or take a third of the period for each of the two. A gap therefore lacks runs
only where it is longer than a period and two thirds, and lacks at least so many as fit into it beyond that.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import pairwise

from aep_flow_mcp.insight.windows import Window

_SLACK = 2
"""Thirds of a period by which a gap may be longer than one: a run early by one, the next late by one."""
LISTED_WITHIN = timedelta(minutes=1)
"""How long a run may take to appear in the list of runs."""


@dataclass(frozen=True, slots=True)
class Attendance:
    """How often a flow ran in a window: `ran` of `due` times. `last` is its last known run, in the window or before.

    `stopped`: nothing has run since `last`, although it is overdue. The missing times are by the flow's own rhythm.
    """

    ran: int
    due: int
    first_missing: datetime
    last_missing: datetime
    last: datetime | None
    stopped: bool

    @property
    def missed(self) -> int:
        return self.due - self.ran


@dataclass(frozen=True, slots=True)
class Seen:
    """When a flow ran. `starts` in any order; `ends` of the runs that are long (None: it goes on), by start.

    `known_from`: every run since then is among them. `since`: when the schedule came into force as it is; what ran
    before, or did not, says nothing. `ran_before`: the flow has run at some time, among these or not.
    """

    starts: Sequence[datetime]
    known_from: datetime
    since: datetime
    ran_before: bool
    ends: Mapping[datetime, datetime | None]


@dataclass(slots=True)
class _Gap:
    """From one run to the next (or to the end, `open`), with the number of runs that it surely lacks.

    unphased: it begins where the runs that are known begin, and not with a run.
    """

    start: datetime
    lacking: int
    open: bool = False
    unphased: bool = False


def lacking(gap: timedelta, period: timedelta) -> int:
    """How many due runs a time without any surely lacks."""
    return max(0, (gap - LISTED_WITHIN - period * _SLACK / 3) // period)


@lru_cache(maxsize=256)
def shortest_lacking(period: timedelta) -> timedelta:
    """The shortest time without any run that surely lacks one."""
    return LISTED_WITHIN + period * _SLACK / 3 + period


def attendance(seen: Seen, *, period: timedelta, window: Window, until: datetime) -> Attendance | None:
    """How a flow that is due every `period` attended; None where nothing is missing beyond doubt.

    until: when runs stop being due (the end of the window, of the schedule, or now).
    """
    starts = sorted(at for at in seen.starts if at <= until)
    if not starts and not seen.ran_before:
        return None
    marks = [at for at in starts if at >= seen.since]
    gaps = list(_gaps(marks, seen, period=period, until=until))
    if not any(gap.lacking for gap in gaps):
        return None
    _caught_up(gaps, marks, period)
    missing = [times for gap in gaps if (times := _inside(gap, period, window))]
    stopped = bool(gaps) and gaps[-1].open and gaps[-1].lacking > 0
    if not missing and stopped:
        # It is overdue now; that its time was before the window makes that no better.
        due = gaps[-1].start + period * gaps[-1].lacking
        missing = [(due, due, 1)]
    if not missing:
        return None
    ran = _counted([at for at in marks if at in window], period)
    return Attendance(
        ran=ran,
        due=ran + sum(number for _, _, number in missing),
        first_missing=missing[0][0],
        last_missing=missing[-1][1],
        last=starts[-1] if starts else None,
        stopped=stopped,
    )


def _gaps(marks: Sequence[datetime], seen: Seen, *, period: timedelta, until: datetime) -> Iterator[_Gap]:
    begin = max(seen.known_from, seen.since)
    if begin < until and (not marks or marks[0] > begin):
        # A run may have started just before. The first one of all comes in a phase that nobody knows yet.
        end = marks[0] if marks else until
        since_first = max(0, lacking(end - seen.since, period) - 1)
        yield _Gap(begin, min(lacking(end - begin, period), since_first), open=not marks, unphased=True)
    for start, end in [*pairwise(marks), *((mark, until) for mark in marks[-1:])]:
        busy = _busy(start, seen, period=period, until=end)
        missing = lacking(end - busy, period)
        if missing and end is until:
            # It has stopped beyond doubt: then whatever has fallen due since is missing, early or late.
            missing = max(missing, (end - busy - period / 3) // period)
        yield _Gap(busy, missing, open=end is until)


def _busy(start: datetime, seen: Seen, *, period: timedelta, until: datetime) -> datetime:
    """The last due time that a run was still going on: what falls due meanwhile may have to wait for it."""
    if start not in seen.ends:
        return start
    end = seen.ends[start] or until
    return min(until, start + period * max(0, (end - start) // period))


def _caught_up(gaps: Sequence[_Gap], marks: Sequence[datetime], period: timedelta) -> None:
    """Take off what was made up for: runs after a gap that are more than the period gives."""
    closed = [gap for gap in gaps if gap.lacking and not gap.open]
    for at, gap in enumerate(closed):
        end = closed[at + 1].start if at + 1 < len(closed) else datetime.max.replace(tzinfo=UTC)
        after = marks[bisect_right(marks, gap.start) : bisect_right(marks, end)]
        usual = ((mark - after[0] + period * _SLACK / 3) // period + 1 for mark in after)
        gap.lacking = max(0, gap.lacking - max((at + 1 - n for at, n in enumerate(usual)), default=0))


def _inside(gap: _Gap, period: timedelta, window: Window) -> tuple[datetime, datetime, int] | None:
    """The first and the last missing time of a gap in the window, and how many there are; None without any."""
    low = max(1, -((gap.start - window.start) // period))
    if gap.unphased and gap.start + period * low == window.start:
        low += 1  # only the phase of the window itself makes something due at its edge
    high = min(gap.lacking, -((gap.start - window.end) // period) - 1)
    if high < low:
        return None
    return gap.start + period * low, gap.start + period * high, high - low + 1


def _counted(starts: Sequence[datetime], period: timedelta) -> int:
    """Runs that count for a due time each: what follows within a third of the period is a repetition."""
    number, last = 0, None
    for at in starts:
        if last is None or at - last >= period / 3:
            number, last = number + 1, at
    return number
