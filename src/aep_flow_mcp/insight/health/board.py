"""What a board shows: for each flow and each hour, day or week of a window, how many runs went how."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from enum import StrEnum

from aep_flow_mcp.insight.facts import Outcome, RunFacts
from aep_flow_mcp.insight.windows import Window

MOST_HOURS = 50
MOST_DAYS = 62


class Step(StrEnum):
    """How long one cell is: the longest window of hours is two days, of days two months."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"

    @classmethod
    def of(cls, window: Window) -> Step:
        if window.length <= timedelta(hours=MOST_HOURS):
            return cls.HOUR
        return cls.DAY if window.length <= timedelta(days=MOST_DAYS) else cls.WEEK


@dataclass(slots=True)
class Cell:
    """Runs of one flow that started in one stretch. `open` ones are running or waiting; `lost` are records."""

    succeeded: int = 0
    partial: int = 0
    failed: int = 0
    open: int = 0
    lost: int = 0


@dataclass(slots=True)
class Column:
    """Records over all flows in one stretch; 0 where no run tells any."""

    written: int = 0
    lost: int = 0


@dataclass(slots=True)
class Board:
    """Add every run of the window, in any order. A stretch begins with the hour or the day of the zone."""

    window: Window
    zone: tzinfo
    step: Step = field(init=False)
    starts: list[datetime] = field(init=False)
    """Of each stretch; the last ends with the window."""
    rows: dict[str, dict[int, Cell]] = field(default_factory=dict)
    """By flow id and number of the stretch."""
    columns: list[Column] = field(init=False)

    def __post_init__(self) -> None:
        self.step = Step.of(self.window)
        self.starts = list(_starts(self.window, self.zone, self.step))
        self.columns = [Column() for _ in self.starts]

    def add(self, run: RunFacts, at: datetime) -> None:
        """Count a run that started at `at`, which is in the window."""
        number = self.number(at)
        cell = self.rows.setdefault(run.flow_id, {}).setdefault(number, Cell())
        lost = run.records_failed or 0
        match run.outcome:
            case Outcome.SUCCEEDED:
                cell.succeeded += 1
            case Outcome.PARTIAL:
                cell.partial += 1
            case Outcome.FAILED:
                cell.failed += 1
            case _:
                cell.open += 1
        cell.lost += lost
        column = self.columns[number]
        column.written += run.records_out or 0
        column.lost += lost

    def number(self, at: datetime) -> int:
        """Of the stretch that holds a time of the window."""
        return max(0, bisect_right(self.starts, at) - 1)

    def free(self, flow_id: str, first: datetime, last: datetime, period: timedelta | None) -> list[int]:
        """The stretches without a run of a flow in which one was missing, from `first` to `last` by its period."""
        taken = self.rows.get(flow_id, {})
        found: dict[int, None] = {}
        at = first
        while at <= last:
            if at in self.window and (number := self.number(at)) not in taken:
                found[number] = None
            if period is None or period <= timedelta(0):
                break
            # Several due times within one stretch are one cell.
            at += period * max(1, timedelta(minutes=30) // period)
        return list(found)


def _starts(window: Window, zone: tzinfo, step: Step) -> Iterator[datetime]:
    at = window.start
    while at < window.end:
        yield at
        at = _next(at, zone, step)


def _next(at: datetime, zone: tzinfo, step: Step) -> datetime:
    if step is Step.HOUR:
        # Hours of some zones begin at half or a quarter past an hour of UTC.
        beside = (at.astimezone(zone).utcoffset() or timedelta()) % timedelta(hours=1)
        return (at + beside).replace(minute=0, second=0, microsecond=0) - beside + timedelta(hours=1)
    local = at.astimezone(zone)
    day = (local + timedelta(days=1 if step is Step.DAY else 7)).replace(tzinfo=None)
    return day.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=zone).astimezone(UTC)
