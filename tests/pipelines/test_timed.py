"""Rhythms with a time of day."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from aep_flow_mcp.pipelines.schedules import Rhythm, Timed, parse_timed


def _at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("text", "timed"),
    [
        ("every 6 hours", Timed(Rhythm("hour", 6))),
        ("daily at 05:00", Timed(Rhythm("day"), 300)),
        ("Every day at 5:30 UTC", Timed(Rhythm("day"), 330)),
        ("weekly on Monday at 06:00", Timed(Rhythm("week"), 360, 0)),
        ("hourly", Timed(Rhythm("hour"))),
        ("daily at 25:00", None),
        ("daily on Monday", None),
        ("at noon", None),
    ],
)
def test_words(text: str, timed: Timed | None) -> None:
    assert parse_timed(text) == timed


@pytest.mark.parametrize(
    ("text", "start", "fits"),
    [
        ("daily at 05:00", "2026-03-01T05:00", True),
        ("daily at 05:00", "2026-03-01T06:00", False),
        ("every 6 hours at 05:00", "2026-03-01T23:00", True),
        ("hourly at 05:15", "2026-03-01T23:15", True),
        ("weekly on Monday at 06:00", "2026-03-02T06:00", True),
        ("weekly on Monday", "2026-03-03T06:00", False),
        ("every 2 days at 05:00", "2026-03-01T05:00", True),
    ],
)
def test_whether_a_start_fits(text: str, start: str, fits: bool) -> None:
    timed = parse_timed(text)
    assert timed is not None
    assert timed.fits(_at(start)) is fits


@pytest.mark.parametrize(
    ("text", "start", "now", "first"),
    [
        ("daily at 05:00", "2026-03-03T09:00", "2026-03-02T09:00", "2026-03-04T05:00"),
        ("daily at 05:00", "2026-03-01T09:00", "2026-03-02T04:50", "2026-03-03T05:00"),
        ("weekly on Monday", "2026-03-03T06:30", "2026-03-02T09:00", "2026-03-09T06:30"),
    ],
)
def test_the_first_start_that_fits(text: str, start: str, now: str, first: str) -> None:
    timed = parse_timed(text)
    assert timed is not None
    assert timed.next_start(_at(start), _at(now)) == _at(first)
