"""How often a flow should run."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from aep_flow_mcp.insight.schedule import START_GRACE, Timetable
from aep_flow_mcp.platform.models.flows import Schedule

T0 = datetime(2026, 1, 1, tzinfo=UTC)


def test_schedules_as_the_api_gives_them() -> None:
    start = int(T0.timestamp())

    def read(**params: object) -> Timetable | None:
        return Timetable.read(Schedule.model_validate(params))

    assert read(startTime=str(start), frequency="minute", interval="15") == Timetable(
        T0, timedelta(minutes=15)
    )
    assert read(startTime=start, frequency="once") == Timetable(T0)
    assert read(startTime=start, frequency="week", interval=2) == Timetable(T0, timedelta(weeks=2))
    export = read(startTime=start, timeUnit="hour", interval=3, endTime=start + 3600)
    assert export == Timetable(T0, timedelta(hours=3), T0 + timedelta(hours=1))
    assert read(startTime=start, timeUnit="day", interval=0) == Timetable(T0)
    assert read(frequency="hour", interval=1) is None
    assert read(startTime=start, frequency="fortnight") is None
    assert Timetable.read(None) is None
    monthly = read(startTime=start, frequency="month", interval=1)
    assert monthly == Timetable(T0, timedelta(days=31)), "as long as a month can be"


def test_audiences_have_schedules_of_their_own() -> None:
    def read(*schedules: object) -> Timetable | None:
        return Timetable.of_audiences([{"id": "a", "schedule": each} for each in schedules])

    daily = {
        "frequency": "DAILY",
        "triggerType": "SCHEDULED",
        "startDate": "2026-01-01",
        "startTime": "05:00",
    }
    often = {**daily, "frequency": "EVERY_6_HOURS", "endDate": "2026-01-31"}
    assert read(daily) == Timetable(T0, timedelta(days=1))
    assert read(often) == Timetable(T0, timedelta(hours=6), T0 + timedelta(days=31))
    assert read(often, daily) == Timetable(T0, timedelta(days=1)), "as often as those that do not end"
    for silent in (
        {**daily, "triggerType": "AFTER_SEGMENT_EVAL"},
        {**daily, "frequency": "ONCE"},
        {**daily, "startDate": None},
        {**daily, "startDate": "soon"},
        None,
        "DAILY",
    ):
        assert read(silent) is None
    assert Timetable.of_audiences([{"id": "a"}]) is None


def test_a_first_run_may_come_in_any_phase() -> None:
    hourly, once = Timetable(T0, timedelta(hours=1)), Timetable(T0)
    assert not hourly.should_have_begun(None, now=T0 + timedelta(minutes=80))
    assert hourly.should_have_begun(None, now=T0 + timedelta(minutes=81))
    assert not hourly.should_have_begun(T0 + timedelta(minutes=30), now=T0 + timedelta(minutes=100))
    assert not once.should_have_begun(None, now=T0 + START_GRACE)
    assert once.should_have_begun(None, now=T0 + START_GRACE + timedelta(minutes=1))
    over = Timetable(T0, timedelta(hours=1), T0 + timedelta(minutes=70))
    assert not over.should_have_begun(None, now=T0 + timedelta(days=1)), "it ended before a run had to come"
    assert not Timetable(T0, timedelta(days=366) * 100_000).should_have_begun(
        None, now=T0 + timedelta(days=9)
    )
