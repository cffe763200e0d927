from __future__ import annotations

import itertools
from collections import defaultdict

import pytest

from aep_flow_mcp.emulator.seed import SandboxSeed
from aep_flow_mcp.emulator.seed.history.ingestion_runs import COPY_ACTIVITY, PROMOTION_ACTIVITY
from emulator.seed.looking import Json, by_id, runs_of, status

DAY = 86_400_000
COLUMNS = (
    "id",
    "flowId",
    "createdAt",
    "updatedAt",
    "metrics.statusSummary.status",
    "metrics.durationSummary.startedAtUTC",
    "metrics.durationSummary.completedAtUTC",
)


@pytest.fixture(scope="module")
def runs(dev: SandboxSeed) -> list[Json]:
    found = [dev.runs.get(id) for id in dev.runs.ids()]
    return [run for run in found if run is not None]


def test_ids_are_all_different_and_lead_to_their_rows(dev: SandboxSeed, runs: list[Json]) -> None:
    ids = list(dev.runs.ids())
    assert len(set(ids)) == len(ids) == len(dev.runs) == len(runs)
    assert [run["id"] for run in runs] == ids
    assert dev.runs.get("00000000-0000-4000-8000-000000000000") is None
    assert dev.runs.get("nonsense") is None
    assert dev.runs.ids()[-1] == ids[-1]
    assert dev.runs.ids()[2:5] == ids[2:5]


@pytest.mark.parametrize("path", COLUMNS)
def test_columns_agree_with_the_rows(dev: SandboxSeed, runs: list[Json], path: str) -> None:
    column = dev.runs.column(path)
    assert column is not None
    for run, value in zip(runs, column, strict=True):
        node = run
        for key in path.split("."):
            node = node.get(key, {})
        assert (node or None) == value


def test_there_is_no_column_for_what_needs_a_row(dev: SandboxSeed) -> None:
    assert dev.runs.column("metrics.recordSummary.inputRecordCount") is None


def test_a_row_is_the_same_each_time(dev: SandboxSeed) -> None:
    id = dev.runs.ids()[1234]
    assert dev.runs.get(id) == dev.runs.get(id)


def test_times_are_in_order_and_in_the_last_30_days(runs: list[Json], now_ms: int) -> None:
    for run in runs:
        duration = run["metrics"]["durationSummary"]
        assert now_ms - 31 * DAY < run["createdAt"] < duration["startedAtUTC"]
        if "completedAtUTC" in duration:
            assert duration["startedAtUTC"] < duration["completedAtUTC"] < run["updatedAt"] <= now_ms
        else:
            assert status(run) == "inProgress"
            assert run["updatedAt"] <= now_ms


def test_runs_of_a_flow_do_not_overlap(dev: SandboxSeed) -> None:
    for flow in dev.flows:
        spans = [run["metrics"]["durationSummary"] for run in runs_of(dev, flow["id"])]
        for before, after in itertools.pairwise(spans):
            assert before["completedAtUTC"] <= after["startedAtUTC"], flow["name"]


def test_runs_belong_to_their_flows(dev: SandboxSeed, runs: list[Json]) -> None:
    flows = by_id(dev.flows)
    for run in runs:
        assert run["flowSpec"] == flows[run["flowId"]]["flowSpec"]


def test_the_last_run_is_the_newest(dev: SandboxSeed, runs: list[Json]) -> None:
    newest: dict[str, Json] = {}
    for run in runs:
        newest[run["flowId"]] = run
    assert len(newest) > 30
    for flow in dev.flows:
        if flow["id"] not in newest:
            assert "lastRunDetails" not in flow
            continue
        run = newest[flow["id"]]
        duration = run["metrics"]["durationSummary"]
        assert flow["lastRunDetails"] == {"id": run["id"], "state": status(run), **duration}


def test_streaming_flows_have_no_runs_but_batches(dev: SandboxSeed) -> None:
    targets = by_id(dev.target_connections)
    streaming = [
        flow for flow in dev.flows if flow["flowSpec"]["id"].startswith(("c1a19761", "d8a6f005", "d69717ba"))
    ]
    assert len(streaming) == 5
    for flow in streaming:
        assert runs_of(dev, flow["id"]) == []
        dataset = dev.datasets[targets[flow["targetConnectionIds"][0]]["params"]["dataSetId"]]
        assert dev.batches[dataset["lastBatchId"]]["status"] == "success"


def test_counts_add_up(runs: list[Json]) -> None:
    checked = 0
    for run in runs:
        summary = run["metrics"].get("recordSummary", {})
        if "inputRecordCount" not in summary or "outputRecordCount" not in summary:
            continue
        lost = summary.get("failedRecordCount", 0) + summary.get("skippedRecordCount", 0)
        assert summary["inputRecordCount"] == summary["outputRecordCount"] + lost
        for side, count in (("source", "inputRecordCount"), ("target", "outputRecordCount")):
            for part in summary.get(f"{side}Summaries", []):
                assert sum(entity[count] for entity in part["entitySummaries"]) == part[count]
        for activity in run["activities"]:
            inner = activity["recordSummary"]
            if activity["id"] == PROMOTION_ACTIVITY:
                assert inner["failedRecordCount"] == sum(i["count"] for i in inner.get("failedInfo", []))
        checked += 1
    assert checked > 3000


def test_activities_lie_within_their_run_and_refer_to_its_flow(dev: SandboxSeed, runs: list[Json]) -> None:
    flows = by_id(dev.flows)
    for run in runs:
        flow, span = flows[run["flowId"]], run["metrics"]["durationSummary"]
        for activity in run["activities"]:
            inner = activity["durationSummary"]
            assert span["startedAtUTC"] <= inner["startedAtUTC"]
            assert inner.get("completedAtUTC", 0) <= span.get("completedAtUTC", 0)
            for end in activity.get("sourceInfo", []):
                assert [end["id"]] == flow["sourceConnectionIds"]
            for end in activity.get("targetInfo", []):
                assert [end["id"]] == flow["targetConnectionIds"]
        known = {activity["id"] for activity in run["activities"]}
        assert set(run["metrics"]["statusSummary"].get("activityRefs", [])) <= known


def test_batches_agree_with_the_runs_that_loaded_them(dev: SandboxSeed, runs: list[Json]) -> None:
    seen = set()
    for run in runs:
        for activity in run["activities"]:
            for end in activity.get("targetInfo", []):
                (id,) = end["reference"]["ids"]
                batch = dev.batches[id]
                summary = run["metrics"]["recordSummary"]
                assert batch["metrics"]["inputRecordCount"] == summary["inputRecordCount"]
                assert batch["metrics"]["failedRecordCount"] == summary["failedRecordCount"]
                assert batch["status"] == ("success" if status(run) == "success" else "failed")
                assert batch["tags"]["flowId"] == [run["flowId"]]
                seen.add(id)
    assert len(seen) > 3000
    assert seen < set(dev.batches)
    assert len(list(dev.batches)) == len(dev.batches)


def test_an_unknown_batch_is_not_found(dev: SandboxSeed) -> None:
    assert dev.batches.get("01HF7YAT00J03HDR8XK53C1CFG") is None
    assert dev.batches.get("") is None


def test_shops_are_busier_in_the_afternoon(dev: SandboxSeed) -> None:
    flow = next(flow for flow in dev.flows if flow["name"] == "Store POS receipts")
    by_hour: dict[int, list[int]] = defaultdict(list)
    for run in runs_of(dev, flow["id"]):
        count = run["metrics"]["recordSummary"]["inputRecordCount"]
        if count:
            by_hour[run["createdAt"] // 3_600_000 % 24].append(count)
    mean = {hour: sum(counts) / len(counts) for hour, counts in by_hour.items()}
    assert mean[18] > 5 * mean[3]


def test_a_copy_activity_opens_each_ingestion(dev: SandboxSeed, runs: list[Json]) -> None:
    sources = {flow["id"] for flow in dev.flows if "isSourceFlow" in str(flow["inheritedAttributes"])}
    ingestions = [run for run in runs if run["flowId"] in sources]
    assert len(ingestions) > 3000
    assert {run["activities"][0]["id"] for run in ingestions} == {COPY_ACTIVITY}
