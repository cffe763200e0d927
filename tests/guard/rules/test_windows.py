"""Windows by the clock of a zone: on the days on which it is put forward or back as well."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from aep_flow_mcp.guard.rules.models import DAYS, Day, Freeze, Window
from aep_flow_mcp.guard.rules.windows import bounds, day_of, holds, is_open, next_day, next_moment

ZONES = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "Pacific/Apia", "UTC"]
MINUTE = timedelta(minutes=1)
CHANGES = [
    datetime(2026, 3, 29, 1, 0, tzinfo=UTC),  # Berlin: 02:00 becomes 03:00
    datetime(2026, 10, 25, 1, 0, tzinfo=UTC),  # Berlin: 03:00 becomes 02:00
    datetime(2026, 3, 8, 7, 0, tzinfo=UTC),
    datetime(2026, 11, 1, 6, 0, tzinfo=UTC),
    datetime(2026, 10, 3, 15, 30, tzinfo=UTC),  # Lord Howe: by half an hour
]

clock_times = st.integers(0, 1_439).map(lambda minute: f"{minute // 60:02}:{minute % 60:02}")


@st.composite
def windows(draw: st.DrawFn) -> Window:
    start = draw(clock_times)
    end = draw(clock_times.filter(lambda text: text != start) | st.just("24:00"))
    days = draw(st.lists(st.sampled_from(DAYS), min_size=1, max_size=7, unique=True))
    return Window(days=tuple(days), hours=f"{start}-{end}", timezone=draw(st.sampled_from(ZONES)))


moments = st.builds(
    lambda base, minutes: base + timedelta(minutes=minutes),
    st.sampled_from(CHANGES),
    st.integers(-3_000, 3_000),
)


def said(window: Window, at: datetime) -> bool:
    """The same by what a wall clock and a calendar show, as texts."""
    shown = at.astimezone(ZoneInfo(window.timezone or "UTC"))
    start, end = window.hours.split("-")
    clock, today = f"{shown:%H:%M}", f"{shown:%a}".lower()
    before = f"{date(shown.year, shown.month, shown.day) - timedelta(days=1):%a}".lower()
    if start < end:
        return today in window.days and start <= clock < end
    return (today in window.days and clock >= start) or (before in window.days and clock < end)


@given(windows(), moments)
@hypothesis_settings(max_examples=400, deadline=None)
def test_a_window_is_open_by_what_the_clock_shows(window: Window, at: datetime) -> None:
    assert is_open(window, at, "UTC") is said(window, at)


@given(windows(), moments)
@example(
    Window(days=(Day.SUN,), hours="02:30-02:45", timezone="Europe/Berlin"), CHANGES[0] - timedelta(hours=5)
)
@example(
    Window(days=(Day.SUN,), hours="02:30-03:30", timezone="Europe/Berlin"), CHANGES[0] - timedelta(hours=5)
)
@example(
    Window(days=(Day.SUN,), hours="02:30-02:45", timezone="Europe/Berlin"), CHANGES[1] - timedelta(minutes=20)
)
@example(
    Window(days=(Day.SUN,), hours="00:00-24:00", timezone="Australia/Lord_Howe"),
    datetime(2026, 10, 3, 13, 29, tzinfo=UTC),
)
@hypothesis_settings(max_examples=60, deadline=None)
def test_the_next_opening_is_the_first_minute_that_is_open(window: Window, at: datetime) -> None:
    found = next_moment(
        at,
        lambda moment: is_open(window, moment, "UTC"),
        ["UTC", window.timezone or "UTC"],
        [minute for minute in bounds(window) if minute < 1_440],
    )
    assert found is not None
    assert found > at
    assert said(window, found)
    if is_open(window, at, "UTC"):
        return  # It is asked when it is closed; any later moment that is open will do.
    minute = at + MINUTE
    while minute < found:
        assert not said(window, minute), (minute, found)
        minute += MINUTE


def test_a_time_that_the_clock_leaves_out_does_not_come_that_day() -> None:
    """In Berlin on 2026-03-29 02:30 is not shown; the window of that Sunday opens at 03:00 or not at all."""
    before = CHANGES[0] - timedelta(hours=1)
    through = Window(days=(Day.SUN,), hours="02:30-04:00", timezone="Europe/Berlin")
    inside = Window(days=(Day.SUN,), hours="02:10-02:50", timezone="Europe/Berlin")
    for window, opens in (
        (through, datetime(2026, 3, 29, 1, 0, tzinfo=UTC)),
        (inside, datetime(2026, 4, 5, 0, 10, tzinfo=UTC)),
    ):
        times = bounds(window)
        fits = lambda moment, window=window: is_open(window, moment, "UTC")  # noqa: E731
        assert next_moment(before, fits, ["Europe/Berlin"], times) == opens


def test_a_time_that_the_clock_shows_twice_is_open_twice() -> None:
    window = Window(days=(Day.SUN,), hours="02:00-02:30", timezone="Europe/Berlin")
    open_at = [minute for minute in range(120) if is_open(window, CHANGES[1] + (minute - 60) * MINUTE, "UTC")]
    assert open_at == [*range(30), *range(60, 90)]


def test_over_midnight_it_belongs_to_the_day_on_which_it_begins() -> None:
    window = Window(days=(Day.FRI,), hours="22:00-06:00", timezone="UTC")
    friday = datetime(2026, 3, 6, tzinfo=UTC)
    assert [hour for hour in range(48) if is_open(window, friday + timedelta(hours=hour), "UTC")] == [
        *range(22, 30)
    ]


@pytest.mark.parametrize(("hour", "frozen"), [(-1, False), (0, True), (47, True), (48, False)])
def test_a_freeze_lasts_whole_days_of_its_zone(hour: int, frozen: bool) -> None:
    freeze = Freeze.model_validate({"name": "f", "from": "2026-12-18", "to": "2026-12-19"})
    first = datetime.combine(date(2026, 12, 18), time(), tzinfo=ZoneInfo("Europe/Berlin"))
    assert holds(freeze, first + timedelta(hours=hour), "Europe/Berlin") is frozen


@given(moments, st.sampled_from(ZONES))
@hypothesis_settings(max_examples=200, deadline=None)
def test_the_next_day_begins_at_its_first_moment(at: datetime, zone: str) -> None:
    found = next_day(at, zone)
    assert found > at
    assert day_of(found, zone) > day_of(at, zone)
    assert day_of(found - MINUTE, zone) == day_of(at, zone)
