"""Runs in lists and by id: statuses, times, numbers, and all the places of their errors."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from mcp import Client

from aep_flow_mcp.cli import emulator_settings
from aep_flow_mcp.emulator import Emulator, EmulatorOptions, Variants
from aep_flow_mcp.emulator.asgi import EmulatorTransport
from aep_flow_mcp.emulator.seed.scenarios import SCENARIOS
from aep_flow_mcp.gathering import times
from aep_flow_mcp.gathering.histories import sifted
from aep_flow_mcp.server import build_server
from tools.bed import Bed
from tools.conftest import ERAS, NOW

DAY = 86_400_000
Runs = tuple[dict[str, Any], ...]


def ms(time: datetime) -> int:
    return int(time.timestamp() * 1000)


def started(run: dict[str, Any]) -> int | None:
    value: int | None = run["metrics"]["durationSummary"].get("startedAtUTC")
    return value


def status(run: dict[str, Any]) -> str:
    value: str = run["metrics"]["statusSummary"]["status"]
    return value


def messages(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """(code, message) of everything under errors, failedInfo, skippedInfo and warningInfo, at any depth."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from messages(inner, name)
    elif isinstance(value, list):
        for item in value:
            if key in ("errors", "failedInfo", "skippedInfo", "warningInfo") and isinstance(item, dict):
                yield item["code"], item["message"]
            else:
                yield from messages(item, key)


async def ids_on_pages(bed: Bed, **arguments: Any) -> list[str]:
    return [item["id"] for page in await bed.pages("list_runs", **arguments) for item in page]


async def test_every_run_of_a_flow_is_on_exactly_one_page_newest_first(bed: Bed) -> None:
    runs = bed.runs_of("healthy")
    pages = await bed.pages("list_runs", flow_id=SCENARIOS["healthy"], limit=7)
    assert len(pages) == -(-len(runs) // 7) > 2
    found = [item["id"] for page in pages for item in page]
    assert sorted(found) == sorted(run["id"] for run in runs)
    created = {run["id"]: run["createdAt"] for run in runs}
    assert [created[id] for id in found] == sorted(created.values(), reverse=True)


async def test_rows_say_what_is_stored(bed: Bed, all_runs: Runs) -> None:
    stored = {run["id"]: run for run in all_runs}
    rows = (await bed.answer("list_runs", limit=100))["items"]
    assert len(rows) == 100
    for row in rows:
        run = stored[row["id"]]
        records = run["metrics"].get("recordSummary", {})
        assert row["flow_id"] == run["flowId"]
        assert row["status"] == told(run)
        for field, name in (
            ("records_in", "input"),
            ("records_out", "output"),
            ("records_failed", "failed"),
            ("records_skipped", "skipped"),
        ):
            assert row.get(field) == records.get(f"{name}RecordCount"), (row, field)
        times = run["metrics"]["durationSummary"]
        if "completedAtUTC" in times:
            seconds = (times["completedAtUTC"] - times["startedAtUTC"]) / 1000
            assert row["duration_s"] == pytest.approx(seconds, abs=0.051)
    assert "flow_id" not in (await bed.answer("list_runs", flow_id=rows[0]["flow_id"]))["items"][0]


def told(run: dict[str, Any]) -> str:
    """The status in the words of answers: a success of which records failed is partial."""
    lost = run["metrics"].get("recordSummary", {}).get("failedRecordCount")
    if status(run) == "success" and (lost or run["metrics"]["statusSummary"].get("errors")):
        return "partial_success"
    return status(run).replace("inProgress", "in_progress")


@pytest.mark.parametrize(
    ("asked", "is_told"),
    [
        ("failed", "failed"),
        ("in_progress", "in_progress"),
        ("success", "success"),
        ("partial", "partial_success"),
    ],
)
async def test_statuses(bed: Bed, all_runs: Runs, asked: str, is_told: str) -> None:
    since = NOW - timedelta(days=2)
    expected = {run["id"] for run in all_runs if told(run) == is_told and (started(run) or 0) >= ms(since)}
    assert expected
    for limit in (100, 3):
        found = await ids_on_pages(bed, status=asked, since=since.isoformat(), limit=limit)
        assert sorted(found) == sorted(expected)
        if len(expected) > 50:
            break
    count = await bed.answer("list_runs", status=asked, since=since.isoformat(), count_only=True)
    assert count["count"] == len(expected)


async def test_an_age_leads_on_over_pages_of_partial_runs(
    bed: Bed, all_runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert bed.emulator, "of this process, as the clock is that is set here"
    monkeypatch.setattr(times, "now", lambda: NOW)
    since = ms(NOW - timedelta(days=7))
    expected = {
        run["id"] for run in all_runs if told(run) == "partial_success" and (started(run) or 0) >= since
    }
    assert len(expected) > 9
    assert sorted(await ids_on_pages(bed, status="partial", since="7d", limit=4)) == sorted(expected)


async def test_too_many_to_tell_apart_are_not_counted_wrong(
    bed: Bed, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert bed.emulator, "of this process, as the limit is that is lowered here"
    monkeypatch.setattr(sifted, "MOST_COUNTED", 3)
    assert "pipeline_health" in await bed.refusal("list_runs", status="partial", count_only=True)
    assert (await bed.answer("list_runs", status="failed", count_only=True))["count"] > 3


async def test_a_window_of_time(bed: Bed, all_runs: Runs) -> None:
    since, until = NOW - timedelta(hours=30), NOW - timedelta(hours=10)
    expected = {run["id"] for run in all_runs if ms(since) <= (started(run) or 0) < ms(until)}
    assert len(expected) > 20
    found = await ids_on_pages(bed, since=since.isoformat(), until="2026-03-01T23:00:00", limit=20)
    assert sorted(found) == sorted(expected)


async def test_filters_are_added_to_the_rest(bed: Bed) -> None:
    runs = bed.runs_of("partial_ingestion")
    expected = {run["id"] for run in runs if run["metrics"]["recordSummary"].get("failedRecordCount", 0) > 0}
    assert expected
    found = await ids_on_pages(
        bed,
        flow_id=SCENARIOS["partial_ingestion"],
        filters=["metrics.recordSummary.failedRecordCount>0"],
        limit=100,
    )
    assert sorted(found) == sorted(expected)


async def test_an_age_means_the_same_on_every_page(era: str) -> None:
    """Said again a moment later, 36h is another question: the cursor keeps when it was first asked."""
    emulator = Emulator(EmulatorOptions())
    server = build_server(emulator_settings(), transport=lambda: EmulatorTransport(emulator), emulated=True)
    before = datetime.now(UTC)
    async with Client(server, mode=ERAS[era]) as client:
        bed = Bed(client, emulator)
        found = await ids_on_pages(bed, since="36h", limit=30)
        cursor = (await bed.answer("list_runs", since="36h", limit=30))["next_cursor"]
        assert "another query" in await bed.refusal("list_runs", since="35h", limit=30, cursor=cursor)
        assert "cursor" in await bed.refusal("list_runs", since="36h", cursor="99999999999999999999~x")
    after = datetime.now(UTC)
    runs = [run for run in emulator.store.all("dev", "runs") if started(run)]
    certain = {run["id"] for run in runs if (started(run) or 0) >= ms(after - timedelta(hours=36))}
    possible = {run["id"] for run in runs if (started(run) or 0) >= ms(before - timedelta(hours=36))}
    assert len(found) == len(set(found)) > 60
    assert certain <= set(found) <= possible


async def test_full_detail_is_the_whole_object(bed: Bed) -> None:
    stored = {run["id"]: run for run in bed.runs_of("export_to_s3")}
    items = (await bed.answer("list_runs", flow_id=SCENARIOS["export_to_s3"], detail="full", limit=5))[
        "items"
    ]
    assert len(items) == 5
    for item in items:
        run = stored[item["id"]]
        assert item["metrics"]["recordSummary"] == run["metrics"]["recordSummary"]
        assert [one["id"] for one in item["activities"]] == [one["id"] for one in run["activities"]]


@pytest.mark.parametrize(
    "story",
    [
        "expired_credentials",
        "missing_file",
        "partial_ingestion",
        "deleted_dataset",
        "audience_export_with_skips",
    ],
)
async def test_get_run_gathers_the_errors_from_everywhere(bed: Bed, story: str) -> None:
    run = max((run for run in bed.runs_of(story) if list(messages(run))), key=lambda run: run["createdAt"])
    answer, text = await bed.call("get_run", run_id=run["id"])
    expected = set(messages(run))
    assert {(error["code"], error["message"]) for error in answer["errors"]} == expected
    for code, _ in expected:
        assert code in text
    assert answer["status"] == told(run)
    assert answer["clean"] is False, "records that were skipped are lost, too"
    assert [one["name"] for one in answer["activities"]] == [one["name"] for one in run["activities"]]


async def test_get_run_in_numbers(bed: Bed) -> None:
    run = max(
        (run for run in bed.runs_of("export_to_s3") if status(run) == "success"),
        key=lambda run: run["createdAt"],
    )
    answer = await bed.answer("get_run", run_id=run["id"])
    metrics = run["metrics"]
    times = metrics["durationSummary"]
    assert answer["flow_id"] == run["flowId"]
    assert answer["duration_s"] == pytest.approx(
        (times["completedAtUTC"] - times["startedAtUTC"]) / 1000, abs=0.051
    )
    at = datetime.fromtimestamp(times["startedAtUTC"] // 1000, UTC)
    assert answer["started_at"] == at.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert answer["records_in"] == metrics["recordSummary"]["inputRecordCount"]
    assert answer["records_out"] == metrics["recordSummary"]["outputRecordCount"]
    for field, name in (("bytes_in", "inputBytes"), ("bytes_out", "outputBytes")):
        size = metrics["sizeSummary"].get(name, -1)
        assert answer.get(field) == (size if size >= 0 else None)
    assert answer["clean"] is True


async def test_a_failed_run_says_what_to_try(bed: Bed) -> None:
    run = next(run for run in bed.runs_of("expired_credentials") if status(run) == "failed")
    answer = await bed.answer("get_run", run_id=run["id"])
    assert answer["clean"] is False
    assert "credentials" in answer["fix"]
    row = (await bed.answer("list_runs", flow_id=SCENARIOS["expired_credentials"], limit=1))["items"][0]
    assert row["first_error"].startswith("CONNECTOR-1001-500: ")
    assert row["errors"] >= 1


async def test_a_running_run_has_no_end(bed: Bed) -> None:
    run = next(run for run in bed.runs_of("running_now") if status(run) == "inProgress")
    answer = await bed.answer("get_run", run_id=run["id"])
    assert answer["status"] == "in_progress"
    assert not {"completed_at", "duration_s", "clean"} & set(answer)
    assert answer["started_at"] < NOW.isoformat()


class TestOtherSpellings:
    """What Adobe's documents write in more than one way is read, and filtered on, all the same."""

    @pytest.fixture
    def emulator_options(self) -> EmulatorOptions:
        variants = Variants(
            status_case="upper", activities_key="activites", completed_key="stoppedAtUTC", run_etag_key="eTag"
        )
        return EmulatorOptions(clock=lambda: NOW, variants=variants)

    async def test_runs(self, bed: Bed) -> None:
        expected = {run["id"] for run in bed.runs_of("expired_credentials") if status(run) == "failed"}
        found = await ids_on_pages(bed, flow_id=SCENARIOS["expired_credentials"], status="failed", limit=100)
        assert sorted(found) == sorted(expected)
        answer = await bed.answer("get_run", run_id=found[0])
        assert answer["status"] == "failed"
        assert answer["duration_s"] > 0
        assert answer["activities"]
        running = (await bed.answer("list_runs", status="in_progress"))["items"]
        assert {row["status"] for row in running} == {"in_progress"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"since": "yesterday"}, "since takes a UTC time"),
        ({"since": "999999w"}, "since takes"),
        ({"since": ""}, "since takes"),
        ({"until": "24 hours and a bit"}, "until takes"),
        ({"since": "2026-03-01", "until": "2026-02-01"}, "before"),
        ({"status": "broken"}, "status"),
        ({"flow_id": " "}, "empty"),
        ({"flow_id": "a,b"}, "comma"),
        ({"limit": 1000}, "limit"),
        ({"filters": ["metrics.recordSummary.failedRecordCount>some"]}, "number"),
    ],
)
async def test_bad_arguments(bed: Bed, arguments: dict[str, Any], said: str) -> None:
    assert said in await bed.refusal("list_runs", **arguments)
    assert (await bed.answer("list_runs", limit=1))["items"]


@pytest.mark.parametrize("id", ["nope", "../runs", "a/b"])
async def test_an_id_that_is_none(bed: Bed, id: str) -> None:
    refusal = await bed.refusal("get_run", run_id=id)
    assert refusal.startswith("get_run: ")
    assert "id" in refusal
