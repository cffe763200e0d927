"""Flows whose runs keep a rhythm are never called overdue; flows that stopped are, within two periods.

What is true of a flow comes from how it was made here, not from anything of the product.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aep_flow_mcp.insight.facts import RunFacts
from aep_flow_mcp.insight.health.report import Health
from aep_flow_mcp.insight.lean import flow_facts, run_facts
from aep_flow_mcp.insight.rhythm.overdue import Attendance
from aep_flow_mcp.insight.windows import Window
from insight.made import ms, raw_flow, raw_run

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
EVERY = [
    *(("minute", number, number * MINUTE) for number in (15, 20, 45)),
    *(("hour", number, number * 60 * MINUTE) for number in (1, 3, 6, 12)),
    *(("day", number, timedelta(days=number)) for number in (1, 2, 30)),
    *(("week", number, timedelta(weeks=number)) for number in (1, 2, 9)),
    ("month", 1, timedelta(days=30)),
]
WINDOWS = [timedelta(hours=1), timedelta(hours=24), timedelta(days=7), timedelta(days=30)]


@dataclass
class Made:
    """A flow, and the starts of its runs as they were drawn. `lost`: due times that have no run (yet)."""

    flow: dict[str, Any]
    period: timedelta
    starts: tuple[datetime, ...]
    lost: tuple[datetime, ...] = ()

    @cached_property
    def runs(self) -> list[RunFacts]:
        """The runs as they are read, in no order."""
        mixed = Random(len(self.starts)).sample(self.starts, len(self.starts))
        return [run_facts(self._raw(number, at)) for number, at in enumerate(mixed)]

    def _raw(self, number: int, at: datetime) -> dict[str, Any]:
        times = {"startedAtUTC": ms(at), "completedAtUTC": ms(at + min(self.period / 2, 9 * MINUTE))}
        return {
            "id": f"{number:08}-0000-4000-8000-000000000000",
            "flowId": self.flow["id"],
            "createdAt": ms(at) - 400,
            "metrics": {"durationSummary": times, "statusSummary": {"status": "success"}},
        }


def made(seed: int, *, stops: datetime | None = None, losing: bool = False) -> Made:
    """A flow whose runs come every period in a phase, with a delay and a jitter of its own."""
    dice = Random(seed)
    unit, number, period = dice.choice(EVERY)
    begin = NOW - period * dice.choice([dice.uniform(0, 6), dice.uniform(0, 60), dice.uniform(0, 300)])
    if unit == "month":
        # At the same time of each calendar month, whatever its length.
        first = begin.replace(day=dice.randint(1, 28))
        nominal = [_month(first, at) for at in range(320)]
    else:
        first = begin + period * dice.random() + period * dice.choice([0, 0.0, 0.3, 0.99])
        nominal = [first + period * at for at in range(302)]
    spread = dice.choice([0, 0.02, 0.2, 0.333])
    starts, lost = [], []
    for due in nominal:
        at = due + period * dice.uniform(-spread, spread)
        if at >= NOW or (stops is not None and at > stops):
            if due < NOW:
                lost.append(due)
            continue
        if losing and dice.random() < 0.1:
            lost.append(due)
        elif at >= begin:
            starts.append(at)
    kept = sorted(starts)
    extra = []
    if kept and dice.random() < 0.3:
        # Somebody runs it by hand, or a backfill runs several times at once.
        around = dice.choice(kept)
        extra = [around + MINUTE * dice.uniform(0, 60) for _ in range(dice.randint(1, 5))]
    text = dice.random() < 0.3
    params = {"startTime": int(begin.timestamp()), "frequency": unit, "interval": number}
    schedule = {key: str(value) if text else value for key, value in params.items()}
    limit = min(NOW, stops or NOW)
    every = sorted([*kept, *(at for at in extra if at < limit)])
    last = {"id": "x", "state": "success", "startedAtUTC": ms(every[-1])} if every else None
    flow = raw_flow(
        id=f"{seed:08}-1111-4111-8111-111111111111",
        createdAt=ms(begin),
        updatedAt=ms(begin),
        scheduleParams=schedule,
        lastOperation={"operation": "create", "updated": ms(begin)},
        lastRunDetails=last,
    )
    return Made(flow, period, tuple(every), tuple(lost))


def _month(first: datetime, number: int) -> datetime:
    year, month = divmod(first.month - 1 + number, 12)
    return first.replace(year=first.year + year, month=month + 1)


def named(case: Made, *, window: timedelta, now: datetime = NOW) -> Attendance | None:
    """The row of the flow in a report over a window that ends now; None where it has none."""
    health = Health(Window(now - window, now), UTC)
    for run in case.runs:
        if run.at is not None and run.at < now:
            health.add(run)
    rows = health.missed([flow_facts(case.flow)], now=now)
    return rows[0].attendance if rows else None


@pytest.mark.parametrize("part", range(10))
def test_a_flow_that_keeps_its_rhythm_is_never_overdue(part: int) -> None:
    """A thousand flows of any phase, delay and jitter below a third of the period, over windows of any length."""
    for seed in range(part * 100, part * 100 + 100):
        case = made(seed)
        for window in WINDOWS:
            found = named(case, window=window)
            assert found is None, (seed, window, found, case.flow["scheduleParams"], case.starts[-4:])


@pytest.mark.parametrize("part", range(5))
def test_a_flow_that_stopped_is_named_within_two_periods(part: int) -> None:
    checked = 0
    for seed in range(5000 + part * 100, 5000 + part * 100 + 100):
        dice = Random(-seed)
        case = made(seed, stops=NOW - timedelta(days=dice.choice([1, 5, 90])))
        if not case.starts:
            continue
        checked += 1
        last = case.starts[-1]
        for window in (timedelta(hours=1), timedelta(hours=24)):
            found = named(case, window=window, now=last + 2 * case.period)
            assert found is not None, (seed, window, case.flow["scheduleParams"], case.starts[-4:])
            assert found.stopped
            assert found.last is not None
            assert abs(found.last - last) < timedelta(seconds=1)
            assert named(case, window=window, now=last + case.period) is None
    assert checked > 50


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(WINDOWS))
def test_never_more_are_missed_than_were_lost(seed: int, window: timedelta) -> None:
    """A row only where runs were lost, and of the lost ones never too many."""
    case = made(seed, losing=True)
    found = named(case, window=window)
    if found is not None:
        kept = found
        edge = case.period / 3 + MINUTE
        lost = [due for due in case.lost if due >= NOW - window - edge - case.period]
        assert 0 < kept.due - kept.ran <= len(lost)


def test_lost_runs_of_a_regular_flow_are_counted() -> None:
    starts = tuple(
        NOW - timedelta(hours=hour) + 7 * MINUTE for hour in range(1, 49) if hour not in (4, 5, 11)
    )
    flow = raw_flow()
    found = named(Made(flow, timedelta(hours=1), starts), window=timedelta(hours=24))
    assert found is not None
    kept = found
    assert (kept.ran, kept.due, kept.stopped) == (21, 24, False)
    assert kept.first_missing == NOW - timedelta(hours=11) + 7 * MINUTE
    assert kept.last_missing == NOW - timedelta(hours=4) + 7 * MINUTE


def test_runs_that_were_made_up_for_are_not_missed() -> None:
    """Three hours of silence, then three runs more than usual within the next hour."""
    usual = [NOW - timedelta(hours=hour) for hour in range(1, 49) if hour not in (5, 6, 7)]
    late = [NOW - timedelta(hours=4) + minutes * MINUTE for minutes in (10, 20, 30)]
    flow = raw_flow()
    hour = timedelta(hours=1)
    assert named(Made(flow, hour, tuple(sorted(usual + late))), window=timedelta(hours=24)) is None
    assert named(Made(flow, hour, tuple(usual)), window=timedelta(hours=24)) is not None


def test_a_run_that_goes_on_is_no_silence() -> None:
    flow = raw_flow(lastRunDetails=None)
    for status, expected in (("inProgress", 0), ("success", 1)):
        health = Health(Window(NOW - timedelta(hours=24), NOW), UTC)
        for hour in range(10, 49):
            health.add(run_facts(raw_run(hour, ago=timedelta(hours=hour))))
        health.add(run_facts(raw_run(9, ago=timedelta(hours=9), status=status, seconds=None)))
        assert len(health.missed([flow_facts(flow)], now=NOW)) == expected
    running = {"id": "x", "state": "inProgress", "startedAtUTC": ms(NOW - timedelta(days=4))}
    quiet = Health(Window(NOW - timedelta(hours=24), NOW), UTC)
    assert not quiet.missed([flow_facts({**flow, "lastRunDetails": running})], now=NOW)
    assert quiet.missed([flow_facts({**flow, "lastRunDetails": {**running, "state": "success"}})], now=NOW)


def test_what_has_ended_or_has_not_begun_is_not_due() -> None:
    starts = tuple(NOW - timedelta(hours=hour) for hour in range(10, 49))
    schedule = {"startTime": ms(NOW - timedelta(days=9)) // 1000, "frequency": "hour", "interval": 1}

    def with_(**changes: Any) -> Attendance | None:
        flow = raw_flow(lastRunDetails=None, **{"scheduleParams": schedule, **changes})
        return named(Made(flow, timedelta(hours=1), starts), window=timedelta(hours=24))

    assert with_() is not None
    assert with_(state="disabled") is None
    ended = {**schedule, "endTime": ms(NOW - timedelta(hours=9)) // 1000}
    assert with_(scheduleParams=ended) is None
    before = {**schedule, "endTime": ms(NOW - timedelta(hours=25)) // 1000}
    stopped = Made(raw_flow(scheduleParams=before, lastRunDetails=None), timedelta(hours=1), starts[-5:])
    assert named(stopped, window=timedelta(hours=24)) is None, (
        "it stopped before its end, long before the window"
    )
    later = {**schedule, "endTime": ms(NOW - timedelta(hours=8)) // 1000}
    assert with_(scheduleParams=later) is not None
    assert with_(scheduleParams={**schedule, "startTime": ms(NOW + timedelta(hours=1)) // 1000}) is None
    assert with_(createdAt=ms(NOW - timedelta(hours=2)), updatedAt=ms(NOW - timedelta(hours=2))) is None
    assert with_(updatedAt=ms(NOW - timedelta(hours=1))) is None, "it may have been off until then"


def test_nothing_is_due_at_the_edge_of_a_window_before_which_no_run_is_kept() -> None:
    """The runs of a month are kept, and a month is asked for: its first hour had its run before."""
    start = NOW - timedelta(days=30)
    starts = [start + timedelta(minutes=57) + hour * timedelta(hours=1) for hour in range(720)]
    schedule = {"startTime": ms(NOW - timedelta(days=400)) // 1000, "frequency": "hour", "interval": 1}
    created = ms(NOW - timedelta(days=400))
    flow = raw_flow(scheduleParams=schedule, createdAt=created, updatedAt=created)

    def missed(times: list[datetime]) -> list[tuple[int, int]]:
        health = Health(Window(start, NOW), UTC)
        for one in Made(flow, timedelta(hours=1), tuple(times)).runs:
            health.add(one)
        found = health.missed([flow_facts(flow)], now=NOW)
        return [(one.attendance.ran, one.attendance.due) for one in found]

    assert missed(starts) == []
    assert missed(starts[:300] + starts[301:]) == [(719, 720)]
