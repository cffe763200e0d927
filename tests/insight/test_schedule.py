"""When a flow should have run."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from aep_flow_mcp.insight.schedule import START_GRACE, Timetable, judged_slots
from aep_flow_mcp.insight.windows import Window
from aep_flow_mcp.platform.models.flows import Schedule

T0 = datetime(2026, 1, 1, tzinfo=UTC)
MINUTES = st.integers(0, 60 * 24 * 20).map(lambda number: timedelta(minutes=number))
STEPS = st.sampled_from([timedelta(minutes=15), timedelta(hours=1), timedelta(hours=7), timedelta(days=1)])


def plainly(table: Timetable, window: Window) -> list[datetime]:
    """The due times in a window, by walking through all of them."""
    found, due = [], table.first
    while due < window.end and (table.end is None or due < table.end):
        if due >= window.start:
            found.append(due)
        if table.step is None:
            break
        due += table.step
    return found


@given(first=MINUTES, step=STEPS | st.none(), end=MINUTES | st.none(), start=MINUTES, length=MINUTES)
def test_due_times_equal_a_walk_through_all(
    first: timedelta, step: timedelta | None, end: timedelta | None, start: timedelta, length: timedelta
) -> None:
    table = Timetable(T0 + first, step, T0 + end if end is not None else None)
    window = Window(T0 + start, T0 + start + length + timedelta(minutes=1))
    assert list(table.due(window)) == plainly(table, window)


@given(first=MINUTES, step=STEPS | st.none(), end=MINUTES | st.none(), after=MINUTES)
def test_the_next_due_time_is_the_first_later_one(
    first: timedelta, step: timedelta | None, end: timedelta | None, after: timedelta
) -> None:
    table = Timetable(T0 + first, step, T0 + end if end is not None else None)
    later = Window(T0 + after + timedelta(microseconds=1), T0 + timedelta(days=60))
    assert table.next_due(T0 + after) == next(iter(plainly(table, later)), None)
    assert table.ended(T0 + after) == (table.next_due(T0 + after) is None)


@given(step=STEPS, slot=st.integers(0, 500), into=st.floats(0, 0.999))
def test_a_moment_belongs_to_the_due_time_before_it(step: timedelta, slot: int, into: float) -> None:
    table = Timetable(T0, step)
    assert table.slot(table.due_at(slot) + step * into) == slot
    assert table.slot(T0 - timedelta(seconds=1)) is None


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


def test_what_is_due_just_now_is_not_judged_yet() -> None:
    table = Timetable(T0, timedelta(hours=1))
    now = T0 + timedelta(hours=5, minutes=10)
    judged = judged_slots(table, Window(T0, now), now=now)
    assert [table.due_at(slot) for slot in judged] == [T0 + timedelta(hours=hour) for hour in range(5)]
    assert now - table.due_at(5) < START_GRACE
    since = judged_slots(table, Window(T0, now), now=now, since=T0 + timedelta(minutes=90))
    assert list(since) == [2, 3, 4]
    assert not judged_slots(table, Window(T0, now), now=now, since=now)
