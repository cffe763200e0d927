"""Windows of time as people say them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aep_flow_mcp.insight.windows import Window, WindowError, epoch_ms, parse_window, read_zone

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("24h", timedelta(hours=24)),
        ("last 24 hours", timedelta(hours=24)),
        ("90m", timedelta(minutes=90)),
        ("7d", timedelta(days=7)),
        ("2 weeks", timedelta(days=14)),
        ("hour", timedelta(hours=1)),
    ],
)
def test_spans_end_now(text: str, length: timedelta) -> None:
    assert parse_window(text, now=NOW) == Window(NOW - length, NOW)


def test_named_days_follow_the_zone() -> None:
    assert parse_window("today", now=NOW).start == datetime(2026, 3, 2, tzinfo=UTC)
    assert parse_window("yesterday", now=NOW, zone=BERLIN) == Window(
        datetime(2026, 2, 28, 23, tzinfo=UTC), datetime(2026, 3, 1, 23, tzinfo=UTC)
    )
    assert parse_window("this week", now=NOW).start == datetime(2026, 3, 2, tzinfo=UTC)
    night = parse_window("last night", now=NOW)
    assert night == Window(datetime(2026, 3, 1, 18, tzinfo=UTC), datetime(2026, 3, 2, 8, tzinfo=UTC))


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("last 7 days", "2026-02-24", None),
        ("Past 2 Weeks", "2026-02-17", None),
        ("last 1 day", "2026-03-02", None),
        ("the last 7 whole days", "2026-02-23", "2026-03-02"),
        ("this month", "2026-03-01", None),
        ("last month", "2026-02-01", "2026-03-01"),
        ("last week", "2026-02-23", "2026-03-02"),
    ],
)
@pytest.mark.parametrize("zone", [UTC, BERLIN], ids=["utc", "berlin"])
def test_calendar_days_by_name(text: str, start: str, end: str | None, zone: tzinfo) -> None:
    """They begin at midnight of the zone; those that do not say whole reach until now."""

    def midnight(day: str) -> datetime:
        return datetime.fromisoformat(day).replace(tzinfo=zone).astimezone(UTC)

    assert parse_window(text, now=NOW, zone=zone) == Window(midnight(start), midnight(end) if end else NOW)


def test_rolling_spans_stay_beside_calendar_days() -> None:
    assert parse_window("7d", now=NOW).length == timedelta(days=7)
    assert parse_window("last 7 days", now=NOW).length == timedelta(days=6, hours=9, minutes=30)
    # The week in which summer time began has an hour less.
    after = datetime(2026, 4, 1, 12, tzinfo=UTC)
    assert parse_window("last 7 whole days", now=after, zone=BERLIN).length == timedelta(days=7, hours=-1)


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2026-02-01", "2026-02-01T00:00Z", "2026-02-02T00:00Z"),
        ("2026-02-01/2026-02-03", "2026-02-01T00:00Z", "2026-02-04T00:00Z"),
        ("2026-02-01T06:00Z/2026-02-01T18:00+02:00", "2026-02-01T06:00Z", "2026-02-01T16:00Z"),
        ("2026-02-01T06:00 to now", "2026-02-01T06:00Z", "2026-03-02T09:30Z"),
        ("2026-02-01..2026-02-02T03:00Z", "2026-02-01T00:00Z", "2026-02-02T03:00Z"),
        ("2026-03-02T08:00Z", "2026-03-02T08:00Z", "2026-03-02T09:30Z"),
    ],
)
def test_two_times(text: str, start: str, end: str) -> None:
    window = parse_window(text, now=NOW)
    assert (window.start, window.end) == (datetime.fromisoformat(start), datetime.fromisoformat(end))


def test_a_day_is_as_long_as_the_clocks_say() -> None:
    """The day on which summer time begins has 23 hours."""
    assert parse_window("2026-03-29", now=NOW.replace(month=4), zone=BERLIN).length == timedelta(hours=23)
    assert parse_window("2026-10-25", now=NOW.replace(month=11), zone=BERLIN).length == timedelta(hours=25)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "soon",
        "24",
        "0h",
        "99999d",
        "2026-13-01",
        "last 0 days",
        "last 401 days",
        "2026-02-02/2026-02-01T00:00Z",
        "-5h",
        "9999-12-31",
    ],
)
def test_what_is_no_window_is_said(text: str) -> None:
    with pytest.raises(WindowError):
        parse_window(text, now=NOW)


def test_zones() -> None:
    assert read_zone("+05:30").utcoffset(NOW) == timedelta(hours=5, minutes=30)
    assert read_zone("utc") is UTC
    for wrong in ("Europe/Atlantis", "+99:00", "../etc/passwd"):
        with pytest.raises(WindowError, match="no time zone"):
            read_zone(wrong)


@given(st.text(max_size=40))
def test_any_text_is_a_window_or_an_error(text: str) -> None:
    try:
        window = parse_window(text, now=NOW)
    except WindowError:
        return
    assert window.start < window.end


@given(
    st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),
    st.integers(1, 400 * 86_400_000 - 1),
)
def test_the_window_before_is_as_long_and_touches(start: datetime, length: int) -> None:
    window = Window(start, start + timedelta(milliseconds=length))
    assert window.before.end == window.start
    assert window.before.length == window.length
    assert window.start in window
    assert window.end not in window
    assert window.start not in window.before


@given(st.datetimes(datetime(1970, 1, 2), datetime(2100, 1, 1), timezones=st.just(UTC)))
def test_epoch_milliseconds_are_exact(at: datetime) -> None:
    whole = at.replace(microsecond=at.microsecond // 1000 * 1000)
    assert datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=epoch_ms(at)) == whole
