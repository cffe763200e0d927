"""How much was moved and lost, since when, and what is usual: held against what the emulator stores."""

from __future__ import annotations

import itertools
import json
from datetime import timedelta
from typing import Any

import pytest

from aep_flow_mcp.emulator.seed.scenarios import SCENARIOS
from aep_flow_mcp.gathering import times
from tools.asked import iso, ms
from tools.bed import SANDBOX, Bed
from tools.conftest import NOW


@pytest.fixture(autouse=True)
def _the_emulators_present(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(times, "now", lambda: NOW)


def _records(rows: list[dict[str, Any]], name: str) -> int:
    counts = [row["metrics"].get("recordSummary", {}).get(name) for row in rows]
    return sum(count for count in counts if count is not None and count >= 0)


async def test_a_dataset_tells_its_writers_from_its_readers(bed: Bed) -> None:
    """Written into it, read from it, failed and skipped: four numbers, computed from what is stored."""
    (dataset,) = [row["id"] for row in bed.stored("dataSets") if row["name"] == "Loyalty Members"]
    sources = {row["id"] for row in bed.stored("sourceConnections") if dataset in json.dumps(row)}
    targets = {row["id"] for row in bed.stored("targetConnections") if dataset in json.dumps(row)}
    flows = bed.stored("flows")
    writers = {row["id"] for row in flows if targets.intersection(row["targetConnectionIds"])}
    readers = {row["id"] for row in flows if sources.intersection(row["sourceConnectionIds"])}
    assert writers
    assert readers - writers
    one = bed.runs_of(sorted(readers)[0])[0]
    one["metrics"]["recordSummary"] = {
        "inputRecordCount": 2_000,
        "outputRecordCount": 100,
        "skippedRecordCount": 1_900,
    }
    one["metrics"]["durationSummary"] = {
        "startedAtUTC": ms(NOW - timedelta(hours=2)),
        "completedAtUTC": ms(NOW - timedelta(hours=1)),
    }
    bed.emulator.store.put(SANDBOX, "runs", one)
    start = ms(NOW - timedelta(days=7))
    rows = [
        row
        for row in bed.stored("runs")
        if row["flowId"] in writers | readers
        and start <= row["metrics"]["durationSummary"].get("startedAtUTC", 0) < ms(NOW)
    ]
    answer, text = await bed.call("pipeline_health", dataset="Loyalty Members", window="7d")
    told = answer["dataset"]
    assert told["written_into"] == _records(
        [row for row in rows if row["flowId"] in writers], "outputRecordCount"
    )
    assert told["read_from"] == _records(
        [row for row in rows if row["flowId"] in readers], "inputRecordCount"
    )
    assert told["failed"] == _records(rows, "failedRecordCount")
    assert told["skipped"] == _records(rows, "skippedRecordCount") >= 1_900
    names = {row["id"]: row["name"] for row in flows}
    assert set(told["writers"]) == {names[id] for id in writers}
    assert set(told["readers"]) == {names[id] for id in readers}
    assert f"written by {len(writers)} flows: " in text
    skipping = {row["id"]: row["records_skipped"] for row in answer["skipping"]}
    assert skipping[one["flowId"]] >= 1_900, "a loss that a person sees"
    detail = await bed.answer("get_run", run_id=one["id"])
    assert detail["clean"] is False
    listed = await bed.answer("list_runs", flow_id=one["flowId"], since="3h", limit=50)
    (own,) = [row for row in listed["items"] if row["id"] == one["id"]]
    assert (own["records_out"], own["records_skipped"]) == (100, 1_900)


async def test_what_no_run_tells_is_not_nothing(bed: Bed) -> None:
    for row in bed.runs_of("healthy"):
        row["metrics"].pop("recordSummary", None)
        row["metrics"].pop("sizeSummary", None)
        bed.emulator.store.put(SANDBOX, "runs", row)
    answer, text = await bed.call("pipeline_health", flow=SCENARIOS["healthy"], window="7d")
    assert answer["total"]["runs"] > 0
    assert "records_out" not in answer["total"]
    assert "written" not in text


async def test_failing_flows_say_since_when(bed: Bed) -> None:
    """The truth is walked through in what is stored: backwards to the newest good run."""
    answer = await bed.answer("pipeline_health", window="24h")
    assert answer["failing"]
    for row in answer["failing"]:
        runs = sorted(bed.runs_of(row["id"]), key=lambda run: -run["createdAt"])
        finished = [run for run in runs if run["metrics"]["statusSummary"]["status"] in ("success", "failed")]
        bad = list(itertools.takewhile(_is_bad, finished))
        rest = finished[len(bad) :]
        assert row.get("since") == (iso(_start(bad[-1])) if bad else None)
        assert row.get("last_good") == (iso(_start(rest[0])) if rest else None)


def _is_bad(run: dict[str, Any]) -> bool:
    failed = run["metrics"].get("recordSummary", {}).get("failedRecordCount")
    return bool(run["metrics"]["statusSummary"]["status"] == "failed" or failed)


def _start(run: dict[str, Any]) -> int:
    return int(run["metrics"]["durationSummary"]["startedAtUTC"])


async def test_slower_means_slower_than_usual(bed: Bed) -> None:
    """A flow that is slow in both windows got slower; one that was fast in the window before only did not."""
    flow = SCENARIOS["healthy"]
    runs = sorted(bed.runs_of(flow), key=lambda run: -run["createdAt"])
    for number, row in enumerate(runs[:40]):
        seconds = 3000 if number < 14 else 600
        row["metrics"]["durationSummary"]["completedAtUTC"] = _start(row) + seconds * 1000
        bed.emulator.store.put(SANDBOX, "runs", row)
    slow = await bed.answer("pipeline_health", flow=flow, window="7d")
    (found,) = slow["worse"]
    assert (found["trend"], found["now"], found["before"]) == ("slower", "3000 s mean", "600 s usually")
    assert slow["slowest"][0]["usual_s"] == 600
    for number, row in enumerate(runs[:40]):
        seconds = 600 if 7 <= number < 14 else 3000
        row["metrics"]["durationSummary"]["completedAtUTC"] = _start(row) + seconds * 1000
        bed.emulator.store.put(SANDBOX, "runs", row)
    assert not (await bed.answer("pipeline_health", flow=flow, window="7d"))["worse"]


async def test_a_window_of_a_diagnosis_is_told_from_now(bed: Bed) -> None:
    """The runs of the window, and how the flow does at present, are two things."""
    flow = SCENARIOS["expired_credentials"]
    day = NOW.replace(hour=0) - timedelta(days=3)
    rows = [run for run in bed.runs_of(flow) if ms(day) <= _start(run) < ms(day + timedelta(days=1))]
    assert rows
    error = {"code": "CONNECTOR-1001-500", "message": "The connection was closed by the remote host."}
    for row in rows[:2]:
        row["metrics"]["statusSummary"] = {"status": "failed", "errors": [error]}
        bed.emulator.store.put(SANDBOX, "runs", row)
    answer, text = await bed.call("diagnose_flow", flow=flow, window=day.date().isoformat())
    assert answer["runs"].startswith(f"{len(rows)}: ")
    assert [(row["message"], row["runs"]) for row in answer["errors"]] == [(error["message"], 2)]
    assert "2 of " in text
    now = await bed.answer("diagnose_flow", flow=flow)
    assert (answer["since"], answer["in_a_row"]) == (now["since"], now["in_a_row"])
    assert "expired" in now["errors"][0]["message"]
    assert now["errors"][0]["in_a_row_since"] in (now["since"], f"at least {now['since']}")
    assert "is no time" in await bed.refusal("diagnose_flow", flow=flow, window="whenever")


@pytest.mark.parametrize("story", ["deleted_dataset", "expired_credentials", "no_new_files"])
async def test_a_diagnosis_says_since_when_however_few_runs_it_looks_at(bed: Bed, story: str) -> None:
    """The newest two runs are looked at; the row goes further back, and the run before it is none that read nothing."""
    runs = sorted(bed.runs_of(story), key=lambda run: -run["createdAt"])
    finished = [run for run in runs if run["metrics"]["statusSummary"]["status"] in ("success", "failed")]
    empty = story == "no_new_files"
    row = list(itertools.takewhile(_read_nothing if empty else _is_bad, finished))
    before = finished[len(row)]
    assert len(row) > 2
    asked = len(bed.sent("/runs"))
    answer, text = await bed.call("diagnose_flow", flow=SCENARIOS[story], runs=2)
    assert len(bed.sent("/runs")) - asked <= 10 + 2, "two counts of the week belong to the flow itself"
    assert (answer["since"], answer["in_a_row"]) == (iso(_start(row[-1])), len(row))
    assert answer["last_good"] == iso(_start(before))
    assert f"the newest {len(row)} finished runs " in text
    assert not _read_nothing(before)


async def test_the_phase_of_a_schedule_is_not_held_against_its_runs(bed: Bed) -> None:
    """Every flow's start time is moved to another hour and minute; its runs come as before."""
    before = await bed.answer("pipeline_health", window="24h", top=50)
    moved = 0
    for number, flow in enumerate(bed.stored("flows")):
        schedule = flow.get("scheduleParams") or {}
        if schedule.get("startTime") and int(schedule["startTime"]) * 1000 < ms(NOW - timedelta(days=20)):
            flow["scheduleParams"] = {
                **schedule,
                "startTime": str(int(schedule["startTime"]) + 1_777 * number),
            }
            bed.emulator.store.put(SANDBOX, "flows", flow)
            moved += 1
    assert moved > 10
    after = await bed.answer("pipeline_health", window="24h", top=50)
    assert (
        [row["id"] for row in after["missed"]]
        == [row["id"] for row in before["missed"]]
        == [SCENARIOS["stale"]]
    )
    assert not [row for row in after["worse"] if row["trend"] == "no runs now"]


@pytest.mark.parametrize("window", ["1h", "6h", "24h", "48h"])
async def test_an_export_of_audiences_is_silent_between_its_runs(bed: Bed, window: str) -> None:
    answer = await bed.answer("pipeline_health", window=window, kind="destination", top=50)
    assert not [row for row in answer["worse"] if row["trend"] == "no runs now"], answer["worse"]


def _read_nothing(run: dict[str, Any]) -> bool:
    records = run["metrics"].get("recordSummary", {})
    return bool(
        run["metrics"]["statusSummary"]["status"] == "success" and records.get("inputRecordCount") == 0
    )
