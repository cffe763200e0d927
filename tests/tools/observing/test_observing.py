"""Tools over what Adobe keeps, asked through the protocol and held against the emulator's state."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime
from typing import Any

import pytest

from aep_flow_mcp.cli import emulator_settings
from aep_flow_mcp.emulator import Emulator, FaultRule
from aep_flow_mcp.emulator.seed.scenarios import SCENARIOS
from aep_flow_mcp.settings import Settings
from tools.bed import SANDBOX, Bed

RECORDS = "timeseries.ingestion.dataset.recordsuccess.count"
WINDOW = "2026-02-23T00:00Z/2026-03-01T00:00Z"


def flow_row(bed: Bed, story: str) -> dict[str, Any]:
    row = bed.store.get(SANDBOX, "flows", SCENARIOS[story])
    assert row is not None
    return row


def dataset_of(bed: Bed, story: str) -> str:
    (target,) = flow_row(bed, story)["targetConnectionIds"]
    row = bed.store.get(SANDBOX, "targetConnections", target)
    assert row is not None
    return str(row["params"]["dataSetId"])


def lossy_batch(bed: Bed, story: str) -> tuple[str, dict[str, Any]]:
    """The newest batch of a flow that left rows out, as Catalog has it."""
    runs = sorted(bed.runs_of(story), key=lambda run: -run["createdAt"])
    for run in runs:
        for step in run["activities"]:
            for info in step.get("targetInfo", []):
                batch = bed.store.collection(SANDBOX, "batches").get(info["reference"]["ids"][0])
                if batch and batch["metrics"]["failedRecordCount"]:
                    return batch["id"], batch
    raise AssertionError("no run lost a record")


# --- who changed what -------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["id", "name", "words"])
async def test_who_switched_a_flow_off(bed: Bed, by: str) -> None:
    flow = flow_row(bed, "disabled")
    asked = {"id": flow["id"], "name": flow["name"], "words": "spring campaign response"}[by]
    (event,) = (await bed.answer("list_audit_events", object=asked))["items"]
    at = datetime.fromtimestamp(flow["updatedAt"] // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert (event["at"], event["action"], event["id"]) == (at, "Disable", flow["id"])
    assert event["user"] == bed.store.sandboxes[SANDBOX].people[flow["updatedBy"]]
    assert (event["name"], event["result"]) == (flow["name"], "Allow, Success")


async def test_what_a_person_did_in_a_time(bed: Bed) -> None:
    every = await bed.pages("list_audit_events", limit=10)
    events = [event for page in every for event in page]
    users = {event["user"] for event in events}
    assert len(users) > 2
    mine = await bed.pages(
        "list_audit_events", user="mira@brightfjord.example", since="2026-02-10T09:00Z", limit=5
    )
    found = [event for page in mine for event in page]
    assert found == [
        event
        for event in events
        if event["user"] == "mira@brightfjord.example" and event["at"] > "2026-02-10T09:00:00Z"
    ]
    assert len(found) > 3


async def test_a_change_of_this_server_is_in_the_log(bed: Bed) -> None:
    flow = flow_row(bed, "healthy")
    before = (await bed.answer("list_audit_events", object=flow["id"]))["items"]
    planned = await bed.answer("run_flow_action", flow_id=flow["id"], action="disable")
    await bed.answer("confirm_change", confirmation_id=planned["confirmation_id"])
    first, *rest = (await bed.answer("list_audit_events", object=flow["name"]))["items"]
    assert (first["action"], first["at"]) == ("Disable", "2026-03-02T09:00:00Z")
    assert rest == before


async def test_nothing_found_is_told_with_why(bed: Bed) -> None:
    answer = await bed.answer("list_audit_events", object="no such thing at all", action="Delete")
    assert answer["items"] == []
    assert "90 days" in answer["note"]


async def test_an_event_as_adobe_has_it(bed: Bed) -> None:
    (event,) = (await bed.answer("list_audit_events", object=SCENARIOS["disabled"], detail="full"))["items"]
    assert event["permissionResource"] == "EnterpriseSource"
    assert event["enhancedEvents"][0]["status"] == "Success"


async def test_a_diagnosis_names_who_switched_the_flow_off(bed: Bed) -> None:
    flow = flow_row(bed, "disabled")
    who = bed.store.sandboxes[SANDBOX].people[flow["updatedBy"]]
    at = datetime.fromtimestamp(flow["updatedAt"] // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    answer = await bed.answer("diagnose_flow", flow=flow["name"])
    assert answer["cause"] == "flow_disabled"
    assert answer["evidence"][0] == f"switched off {at} by {who} (audit log)"
    bed.emulator.faults.add(FaultRule("GET .*/audit/", "status", status=403))
    answer = await bed.answer("diagnose_flow", flow=flow["name"])
    assert answer["cause"] == "flow_disabled"
    assert "cannot be read (permission)" in answer["evidence"][-1]


# --- how much came in -------------------------------------------------------------------------------------


def true_records(bed: Bed, dataset: str | None) -> float:
    start = datetime(2026, 2, 23, tzinfo=UTC).timestamp() * 1000
    end = datetime(2026, 3, 1, tzinfo=UTC).timestamp() * 1000
    total = 0
    for row in bed.emulator.store.sandboxes[SANDBOX]["batches"]:
        of = row["relatedObjects"][0]["id"]
        if row["status"] == "success" and start <= row["completed"] < end and dataset in (None, of):
            total += row["metrics"]["outputRecordCount"]
    return total


async def test_what_adobe_counted_beside_what_the_runs_say(bed: Bed) -> None:
    dataset = dataset_of(bed, "healthy")
    answer = await bed.answer("get_ingestion_metrics", flow=SCENARIOS["healthy"], window=WINDOW)
    series = {one["metric"]: one for one in answer["series"]}
    assert {one["dataset_id"] for one in series.values()} == {dataset}
    assert series[RECORDS]["total"] == true_records(bed, dataset) == sum(series[RECORDS]["points"].values())
    start, end = (
        datetime(2026, month, day, tzinfo=UTC).timestamp() * 1000 for month, day in ((2, 23), (3, 1))
    )
    own = [
        run
        for run in bed.runs_of("healthy")
        if start <= run["metrics"]["durationSummary"]["startedAtUTC"] < end
    ]
    assert answer["runs"] == len(own) > 3
    wrote = sum(run["metrics"]["recordSummary"].get("outputRecordCount", 0) for run in own)
    assert answer["runs_wrote"] == wrote > 0
    assert wrote <= series[RECORDS]["total"]


async def test_of_everything_and_by_name(bed: Bed) -> None:
    answer, text = await bed.call("get_ingestion_metrics", window=WINDOW, granularity="month")
    (records,) = [one for one in answer["series"] if one["metric"] == RECORDS]
    assert records["total"] == true_records(bed, None)
    assert list(records["points"]) == ["2026-02-01T00:00:00Z"]
    assert f"total | {records['total']:,.0f} | " in text
    dataset = dataset_of(bed, "healthy")
    row = bed.store.get(SANDBOX, "dataSets", dataset)
    assert row is not None
    named = await bed.answer(
        "get_ingestion_metrics", datasets=[row["name"]], window=WINDOW, metrics=[RECORDS]
    )
    (series,) = named["series"]
    assert (series["dataset_id"], series["dataset"]) == (dataset, row["name"])
    assert series["total"] == true_records(bed, dataset)


async def test_hours_of_a_short_window_and_several_datasets(bed: Bed) -> None:
    ids = [dataset_of(bed, "healthy"), dataset_of(bed, "getting_slower")]
    answer = await bed.answer("get_ingestion_metrics", datasets=ids, window="24h")
    assert answer["granularity"] == "hour"
    assert {one["dataset_id"] for one in answer["series"]} == set(ids)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"flow": "x", "datasets": ["y"]}, "not both"),
        ({"window": "soon"}, "window"),
        ({"datasets": ["Nobody's dataset"]}, "No dataset is called"),
        ({"flow": SCENARIOS["streaming_destination"]}, "writes into no dataset"),
        ({"metrics": ["timeseries.unheard.of"]}, "INSGHT-1000-400"),
    ],
)
async def test_what_cannot_be_counted(bed: Bed, arguments: dict[str, Any], words: str) -> None:
    assert words in await bed.refusal("get_ingestion_metrics", **arguments)


# --- which rows failed ------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["batch_id", "run_id", "flow"])
async def test_which_column_and_why(bed: Bed, by: str) -> None:
    id, batch = lossy_batch(bed, "partial_ingestion")
    (run,) = [
        run["id"]
        for run in bed.runs_of("partial_ingestion")
        if any(id in str(step.get("targetInfo")) for step in run["activities"])
    ]
    asked = {"batch_id": id, "run_id": run, "flow": flow_row(bed, "partial_ingestion")["name"]}
    answer, text = await bed.call("get_batch_errors", **{by: asked[by]})
    assert answer["batches"][0]["records_failed"] == batch["metrics"]["failedRecordCount"]
    counts = {error["code"]: error["recordCount"] for error in batch["errors"]}
    found = {group["error"]: group for group in answer["rejected"]}
    assert (found["MAPPER-3700-400"]["column"], found["MAPPER-3700-400"]["rows"]) == (
        "joined_on",
        counts["MAPPER-3700-400"],
    )
    assert found["1401"]["rows"] == counts["INGEST-1212-400"]
    assert all(file["whole"] for file in answer["files"])
    # Values are people's data: nothing of a row is shown.
    for row in bed.store.sandboxes[SANDBOX].rejected(id):
        for name, value in row.items():
            if not name.startswith("_") and isinstance(value, str) and len(value) > 5:
                assert value not in text


async def test_of_a_long_file_the_beginning(bed: Bed) -> None:
    id, batch = lossy_batch(bed, "deleted_dataset")
    answer = await bed.answer("get_batch_errors", batch_id=id)
    (file,) = answer["files"]
    assert not file["whole"]
    assert 100 < file["rows"] < batch["metrics"]["failedRecordCount"]
    assert answer["rejected"][0]["rows"] == file["rows"]
    assert "only the beginning" in answer["note"]


async def test_where_no_rows_were_kept(bed: Bed) -> None:
    id, batch = lossy_batch(bed, "occasional_partial_ingestion")
    answer = await bed.answer("get_batch_errors", batch_id=id)
    assert answer["rejected"] == []
    assert [one["code"] for one in answer["codes"]] == [error["code"] for error in batch["errors"]]
    assert "error diagnostics" in answer["note"]


async def test_nothing_to_show(bed: Bed) -> None:
    assert "lost records" in await bed.refusal("get_batch_errors", flow=SCENARIOS["healthy"])
    assert "Give one of" in await bed.refusal("get_batch_errors")
    assert "404" in await bed.refusal("get_batch_errors", batch_id="01NONE")


class TestWithRowsShown:
    @pytest.fixture
    def settings(self) -> Settings:
        return emulator_settings(mcp_preview_rows="on")

    async def test_a_value_is_shown_where_a_person_allowed_it(self, bed: Bed) -> None:
        answer = await bed.answer("get_batch_errors", flow=SCENARIOS["partial_ingestion"])
        (group,) = [one for one in answer["rejected"] if one["error"] == "MAPPER-3700-400"]
        assert (group["value"], "'31.02.'" in group["message"]) == ("31.02.", True)


# --- what a credential may not read -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tool", "arguments", "route"),
    [
        ("list_audit_events", {}, "GET .*/audit/"),
        ("get_ingestion_metrics", {}, "POST .*/insights/"),
        ("get_batch_errors", {"flow": SCENARIOS["partial_ingestion"]}, "GET .*/export/"),
    ],
)
async def test_a_missing_permission_is_a_sentence(
    bed: Bed, tool: str, arguments: dict[str, Any], route: str
) -> None:
    bed.emulator.faults.add(FaultRule(route, "status", status=403))
    refusal = await bed.refusal(tool, **arguments)
    assert "403" in refusal
    assert "administrator" in refusal
    bed.emulator.faults.clear()
    await bed.answer(tool, **arguments)


def test_all_runs_of_the_seed_agree_with_their_rows(emulator: Emulator) -> None:
    """What batches count as left out for known reasons is what their files hold."""
    sandbox = emulator.store.sandboxes[SANDBOX]
    counted: dict[str, int] = defaultdict(int)
    for batch in sandbox["batches"]:
        rows = sandbox.rejected(batch["id"])
        if rows:
            counted[batch["status"]] += 1
            assert len(rows) == batch["metrics"]["failedRecordCount"]
    assert counted["success"] > 5
    assert counted["failed"] > 5
