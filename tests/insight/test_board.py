"""The cells of a board: which stretch a run falls in, and what it counts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from aep_flow_mcp.insight.facts import Outcome, RunFacts
from aep_flow_mcp.insight.health.board import Board, Cell, Step
from aep_flow_mcp.insight.windows import Window

START = datetime(2026, 11, 1, 7, 30, tzinfo=UTC)


def board(length: timedelta, zone: str = "UTC", start: datetime = START) -> Board:
    return Board(Window(start, start + length), ZoneInfo(zone))


def run(outcome: Outcome, at: datetime, written: int | None = None, lost: int | None = None) -> RunFacts:
    return RunFacts(id="r", flow_id="f", outcome=outcome, at=at, records_out=written, records_failed=lost)


@pytest.mark.parametrize(
    ("length", "step", "cells"),
    [
        (timedelta(hours=24), Step.HOUR, 25),
        (timedelta(minutes=10), Step.HOUR, 1),
        (timedelta(hours=50), Step.HOUR, 51),
        (timedelta(days=7), Step.DAY, 8),
        (timedelta(days=62), Step.DAY, 63),
        (timedelta(days=365), Step.WEEK, 53),
    ],
)
def test_a_longer_window_has_longer_cells(length: timedelta, step: Step, cells: int) -> None:
    made = board(length)
    assert made.step is step
    assert len(made.starts) == cells
    assert made.starts[0] == START
    assert all(before < after for before, after in zip(made.starts, made.starts[1:], strict=False))
    assert made.starts[-1] < made.window.end


def test_days_are_those_of_the_zone_also_where_clocks_change() -> None:
    start = datetime(2026, 10, 23, 22, tzinfo=UTC)  # midnight in Berlin, two days before its clocks go back
    made = board(timedelta(days=4), "Europe/Berlin", start)
    local = [at.astimezone(ZoneInfo("Europe/Berlin")) for at in made.starts]
    assert {(at.hour, at.minute) for at in local} == {(0, 0)}
    assert [at.day for at in local] == [24, 25, 26, 27]


@pytest.mark.parametrize(("zone", "minute"), [("Asia/Kolkata", 30), ("Asia/Kathmandu", 15), ("UTC", 0)])
def test_hours_are_those_of_the_zone(zone: str, minute: int) -> None:
    made = board(timedelta(hours=4), zone, datetime(2026, 11, 1, 7, 20, 5, tzinfo=UTC))
    assert {at.minute for at in made.starts[1:]} == {minute}
    assert {(at.astimezone(ZoneInfo(zone)).minute, at.second) for at in made.starts[1:]} == {(0, 0)}


def test_each_run_counts_in_its_cell_and_its_column() -> None:
    made = board(timedelta(hours=3))
    second = START + timedelta(minutes=45)
    for outcome in (Outcome.SUCCEEDED, Outcome.FAILED, Outcome.WAITING, Outcome.IN_PROGRESS):
        item = run(outcome, second, written=10)
        made.add(item, second)
    made.add(run(Outcome.PARTIAL, START, written=5, lost=3), START)
    assert made.rows["f"] == {0: Cell(partial=1, lost=3), 1: Cell(succeeded=1, failed=1, open=2)}
    assert [(column.written, column.lost) for column in made.columns] == [(5, 3), (40, 0), (0, 0), (0, 0)]


def test_what_is_missing_is_marked_where_nothing_ran() -> None:
    made = board(timedelta(hours=6))
    ran = START + timedelta(hours=2)
    made.add(run(Outcome.SUCCEEDED, ran), ran)
    hour = timedelta(hours=1)
    assert made.free("f", START + hour, START + 4 * hour, hour) == [1, 3, 4]
    assert made.free("f", START + hour, START + 4 * hour, None) == [1]
    assert made.free("f", START - 9 * hour, START - 8 * hour, hour) == [], "before the window"
    assert made.free("g", START, START + hour, timedelta(seconds=1)) == [0, 1]
