"""Every number of a health report against a plain computation over the raw runs."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aep_flow_mcp.insight.facts import FlowFacts, Outcome, RunFacts
from aep_flow_mcp.insight.health.report import (
    Health,
    Trend,
    Worse,
    compare,
    each_first,
    ending,
    has_never_run,
    missed_runs,
)
from aep_flow_mcp.insight.health.tally import MOST_STARTS, FlowTally, Sums, Tally
from aep_flow_mcp.insight.lean import run_facts
from aep_flow_mcp.insight.messages import NO_ERROR_GIVEN, signature
from aep_flow_mcp.insight.windows import Window
from insight.made import FLOW, NOW, failed_run, flow, ms, raw_run, run

ZONES = ["UTC", "Asia/Tokyo", "America/St_Johns", "Europe/Berlin"]
STATUSES = [
    "success",
    "failed",
    "Failed",
    "inProgress",
    "IN_PROGRESS",
    "scheduled",
    "partialSuccess",
    "odd",
    None,
]


@st.composite
def raw_runs(draw: st.DrawFn) -> dict[str, Any]:
    """Runs of all kinds: without end, without start, without metrics, with counts unknown."""
    ago = draw(st.none() | st.integers(-3600, 72 * 3600).map(lambda seconds: timedelta(seconds=seconds)))
    failed = draw(st.sampled_from([0, 0, 0, 3, None, -1]))
    status = draw(st.sampled_from(STATUSES))
    errors = draw(
        st.sampled_from([None, None, [{"code": "CONNECTOR-1001-500", "message": "x"}], [{"message": "id 7"}]])
    )
    made = raw_run(
        draw(st.integers(0, 10**7)),
        flow=draw(st.sampled_from(["aaaa", "bbbb", "cccc"])),
        ago=ago,
        status=status,
        seconds=draw(st.none() | st.floats(0, 5000)),
        read=draw(st.none() | st.integers(0, 10**6)),
        failed=failed,
        errors=errors,
    )
    if draw(st.booleans()) and draw(st.booleans()):
        made["metrics"] = draw(st.sampled_from([None, {}]))
    if draw(st.booleans()):
        made["metrics"] = {**(made["metrics"] or {}), "latencySummary": {"avgMs": draw(st.integers(0, 9000))}}
    return made


def plainly(made: dict[str, Any]) -> dict[str, Any]:
    """What matters of a run, straight from its JSON."""
    metrics = made["metrics"] or {}
    times = metrics.get("durationSummary", {})
    records, sizes = metrics.get("recordSummary", {}), metrics.get("sizeSummary", {})
    errors = [
        error for part in made["activities"] for error in part.get("statusSummary", {}).get("errors", [])
    ]
    status = (metrics.get("statusSummary", {}).get("status") or "").casefold().replace("_", "")
    lost = records.get("failedRecordCount")
    lost = None if lost is None or lost < 0 else lost
    outcome = {
        "failed": "failed",
        "inprogress": "in_progress",
        "scheduled": "waiting",
        "partialsuccess": "partial",
    }
    name = outcome.get(status, "unknown")
    if status == "success":
        name = "partial" if lost or errors else "succeeded"
    started, completed = times.get("startedAtUTC"), times.get("completedAtUTC")
    bad = name in ("failed", "partial")
    code = (errors[0].get("code") or "id #") if errors else NO_ERROR_GIVEN
    return {
        "flow": made["flowId"],
        "at": started if started is not None else made["createdAt"],
        "outcome": name,
        "seconds": (completed - started) / 1000 if started is not None and completed is not None else None,
        "latency": metrics.get("latencySummary", {}).get("avgMs"),
        "records_in": records.get("inputRecordCount"),
        "records_out": records.get("outputRecordCount"),
        "records_failed": lost,
        "bytes_in": sizes.get("inputBytes"),
        "bytes_out": sizes.get("outputBytes"),
        "error": code if bad else None,
        "message": errors[0].get("message") if errors else None,
    }


SUMS = ("records_in", "records_out", "records_failed", "bytes_in", "bytes_out")


def check_tally(tally: Sums, rows: list[dict[str, Any]]) -> None:
    counts = Counter(row["outcome"] for row in rows)
    assert tally.runs == len(rows)
    for outcome in Outcome:
        assert getattr(tally, outcome.value) == counts[outcome.value]
    for name in SUMS:
        told = [row[name] for row in rows if row[name] is not None]
        assert getattr(tally, name) == (sum(told) if told else None)
    if not isinstance(tally, Tally):
        return
    timed = [row["seconds"] for row in rows if row["seconds"] is not None]
    assert tally.durations.count == len(timed)
    assert tally.durations.total == pytest.approx(sum(timed))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(raw_runs(), max_size=40),
    st.integers(1, 40),
    st.sampled_from(ZONES),
    st.sampled_from([None, {"aaaa"}, {"bbbb", "cccc"}]),
)
def test_every_number_equals_a_plain_computation(
    made: list[dict[str, Any]], hours: int, zone_name: str, wanted: set[str] | None
) -> None:
    zone = ZoneInfo(zone_name)
    window = Window(NOW - timedelta(hours=hours), NOW)
    wants = (lambda _: True) if wanted is None else wanted.__contains__
    health = Health(window, zone, wanted=wants, by_day=True)
    for each in made:
        health.add(run_facts(each))
    rows = [row for row in map(plainly, made) if wanted is None or row["flow"] in wanted]
    (start, end), (earlier, _) = window.milliseconds, window.before.milliseconds
    now = [row for row in rows if start <= row["at"] < end]
    check_tally(health.total, now)
    check_tally(health.before, [row for row in rows if earlier <= row["at"] < start])

    assert set(health.flows) == {row["flow"] for row in now}
    for id, tally in health.flows.items():
        check_tally(tally, [row for row in now if row["flow"] == id])
    by_day = defaultdict(list)
    for row in now:
        by_day[datetime.fromtimestamp(row["at"] / 1000, zone).date().isoformat()].append(row)
    assert set(health.days) == set(by_day)
    for day, of_day in health.days.items():
        check_tally(of_day, by_day[day])
    by_error = Counter((row["error"], row["message"]) for row in now if row["error"])
    assert {(key.error, tally.message): tally.runs for key, tally in health.errors.items()} == by_error
    timed = sorted(row["seconds"] for row in now if row["seconds"] is not None)
    if timed:
        assert health.durations.at(50) == pytest.approx(timed[-(-len(timed) // 2) - 1])
        assert health.durations.largest == pytest.approx(timed[-1])
    late = sorted(row["latency"] / 1000 for row in now if row["latency"] is not None)
    assert health.latencies.count == len(late)
    if late:
        assert health.latencies.largest == late[-1]
    grouped = health.grouped(lambda id: ["first"] if id == "aaaa" else ["second", "both"])
    for key, members in {"first": {"aaaa"}, "second": {"bbbb", "cccc"}, "both": {"bbbb", "cccc"}}.items():
        own = [row for row in now if row["flow"] in members]
        check_tally(grouped.get(key, Tally()), own)
    failing = health.most_failing()
    assert {id for id, _ in failing} == {row["flow"] for row in now if row["error"]}
    assert [tally.failed for _, tally in failing] == sorted(
        (tally.failed for _, tally in failing), reverse=True
    )


def test_a_run_belongs_to_the_window_it_started_in() -> None:
    window = Window(NOW - timedelta(hours=1), NOW)
    health = Health(window, UTC)
    health.add(RunFacts.of(run(1, ago=timedelta(hours=1), seconds=7200)))
    health.add(RunFacts.of(run(2, ago=timedelta(hours=1, milliseconds=1), seconds=7200)))
    health.add(RunFacts.of(run(3, ago=timedelta(0))))
    assert (health.total.runs, health.before.runs) == (1, 1)


def test_different_messages_without_code_are_one_error() -> None:
    texts = ["Job 17 of 4711 failed", "Job 18 of 9 failed"]
    assert len({signature(text) for text in texts}) == 1
    assert signature("") == NO_ERROR_GIVEN
    health = Health(Window(NOW - timedelta(hours=2), NOW), UTC)
    for number in range(900):
        letters = "".join(chr(97 + int(digit)) for digit in str(number))
        health.add(RunFacts.of(failed_run(number, f"reason {letters}", code="")))
    assert sum(tally.runs for tally in health.errors.values()) == 900
    assert len(health.errors) == 501


def test_one_code_with_a_known_and_an_unknown_cause_has_an_order() -> None:
    """As many runs each: the cause decides then, and no cause is comparable with one."""
    health = Health(Window(NOW - timedelta(hours=2), NOW), UTC)
    for number, message in enumerate(["access denied: the key has expired", "something else"]):
        health.add(RunFacts.of(failed_run(number, message)))
    assert {key.cause is None for key in health.errors} == {True, False}
    assert [key.cause is None for key, _ in health.most_frequent_errors()] == [True, False]


def facts(**changes: Any) -> FlowFacts:
    return FlowFacts.of(flow(**changes))


def tally_of(*hours_ago: float) -> FlowTally:
    tally = FlowTally()
    for number, hours in enumerate(hours_ago):
        # A run starts some minutes after it is due; the flow is due at each full hour.
        tally.add(RunFacts.of(run(number, ago=timedelta(hours=hours) - timedelta(minutes=3))))
    return tally


DAY = Window(NOW - timedelta(hours=24), NOW)


def test_missed_due_times() -> None:
    ran = tally_of(*[hours for hours in range(1, 25) if hours not in (5, 9)])
    missed = missed_runs(facts(), ran, DAY, now=NOW)
    assert missed is not None
    kept = missed.attendance
    assert (kept.ran, kept.due, kept.stopped) == (22, 24, False)
    late = timedelta(minutes=3)
    assert (kept.first_missing, kept.last_missing) == (
        NOW - timedelta(hours=9) + late,
        NOW - timedelta(hours=5) + late,
    )
    assert missed_runs(facts(), tally_of(*range(1, 25)), DAY, now=NOW) is None
    old = {"state": "success", "startedAtUTC": ms(NOW - timedelta(days=3))}
    nothing = missed_runs(facts(lastRunDetails=old), None, DAY, now=NOW)
    assert nothing is not None
    assert (nothing.attendance.ran, nothing.attendance.due, nothing.attendance.stopped) == (0, 24, True)


def test_what_is_not_due_is_not_missed() -> None:
    old = {"state": "success", "startedAtUTC": ms(NOW - timedelta(days=3))}
    assert missed_runs(facts(lastRunDetails=old), None, DAY, now=NOW) is not None
    assert missed_runs(facts(state="disabled", lastRunDetails=old), None, DAY, now=NOW) is None
    assert missed_runs(facts(scheduleParams={}, lastRunDetails=old), None, DAY, now=NOW) is None
    assert missed_runs(facts(updatedAt=ms(NOW), lastRunDetails=old), None, DAY, now=NOW) is None
    for changed in (
        {"lastOperation": {"operation": "update", "updated": ms(NOW - timedelta(hours=3, minutes=45))}},
        {"updatedAt": ms(NOW - timedelta(hours=3, minutes=45))},
    ):
        late = missed_runs(facts(**changed, lastRunDetails=old), None, DAY, now=NOW)
        assert late is not None
        assert late.attendance.due == 2, (
            "in the phase that nobody knows yet, the first comes within two periods"
        )
    once = {"startTime": ms(NOW - timedelta(hours=5)) // 1000, "frequency": "once"}
    assert missed_runs(facts(scheduleParams=once), None, DAY, now=NOW) is None
    assert missed_runs(facts(scheduleParams=once, lastRunDetails=None), None, DAY, now=NOW) is not None
    crowded = FlowTally()
    for number in range(MOST_STARTS + 1):
        crowded.add(RunFacts.of(run(number)))
    assert not crowded.starts_known
    assert missed_runs(facts(), crowded, DAY, now=NOW) is None


def test_never_ran() -> None:
    assert has_never_run(facts(lastRunDetails=None), now=NOW)
    assert not has_never_run(facts(), now=NOW)
    assert not has_never_run(facts(lastRunDetails=None, state="draft"), now=NOW)
    soon = {"startTime": ms(NOW + timedelta(hours=1)) // 1000, "frequency": "hour", "interval": 1}
    assert not has_never_run(facts(lastRunDetails=None, scheduleParams=soon), now=NOW)
    assert not has_never_run(facts(lastRunDetails=None, scheduleParams={}), now=NOW)


def test_ends_of_schedules() -> None:
    def ends(days: float) -> FlowFacts:
        schedule = {"startTime": 1_700_000_000, "timeUnit": "day", "interval": 1}
        return facts(scheduleParams={**schedule, "endTime": ms(NOW + timedelta(days=days)) // 1000})

    over, soon, far = ends(-3), ends(13), ends(15)
    assert ending([over, far, facts(), soon], now=NOW) == [soon, over]


def trend(now: Tally | None, before: Tally | None) -> Trend | None:
    found = compare(FLOW, now, before)
    return found.trend if found else None


def tally(*, good: int = 0, failed: int = 0, seconds: float = 60, lost: int = 0) -> Tally:
    made = Tally()
    for number in range(good):
        made.add(RunFacts.of(run(number, seconds=seconds, failed=lost)))
    for number in range(failed):
        made.add(RunFacts.of(failed_run(number, "x", seconds=seconds)))
    return made


def test_what_got_worse() -> None:
    assert trend(tally(good=3, failed=1), tally(good=4)) is Trend.FAILING
    assert trend(tally(good=5, failed=5), tally(good=9, failed=1)) is Trend.FAILS_MORE
    assert trend(tally(good=5, lost=50), tally(good=5, lost=1)) is Trend.LOSES_MORE
    assert trend(tally(good=3, seconds=300), tally(good=3, seconds=100)) is Trend.SLOWER
    assert trend(None, tally(good=3)) is Trend.SILENT


def test_what_is_shown_of_what_got_worse_holds_each_trend() -> None:
    """A slowdown is not cut by ten single failures."""
    failures = [Worse(f"f{number}", Trend.FAILING, 1, 0) for number in range(10)]
    found = [*failures, Worse("lossy", Trend.LOSES_MORE, 9, 1), Worse("slow", Trend.SLOWER, 300, 100)]
    ordered = [item.flow_id for item in each_first(found)]
    assert ordered[:5] == ["f0", "lossy", "slow", "f1", "f2"]
    assert sorted(ordered) == sorted(item.flow_id for item in found)
    assert each_first([]) == []


def test_what_did_not_get_worse() -> None:
    assert trend(tally(good=4), tally(good=4)) is None
    assert trend(tally(good=4), None) is None
    assert trend(tally(good=4), tally(good=1, failed=3)) is None
    assert trend(tally(good=2, seconds=300), tally(good=2, seconds=100)) is None
    assert trend(tally(good=3, seconds=90), tally(good=3, seconds=50)) is None
