"""What Adobe keeps beside objects: the audit log, metrics of ingestion, and the files of batches."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from aep_flow_mcp.emulator import Variants
from aep_flow_mcp.emulator.seed.scenarios import SCENARIOS
from emulator.kit import NOON, Api, make_api, pipeline

EVENTS = "/data/foundation/audit/events"
METRICS = "/data/infrastructure/observability/insights/metrics"
BATCHES = "/data/foundation/export/batches"
RECORDS = "timeseries.ingestion.dataset.recordsuccess.count"


def events(api: Api, *query: tuple[str, str]) -> list[dict[str, Any]]:
    reply = api.get(EVENTS, *query)
    assert reply.status == 200, reply
    found: list[dict[str, Any]] = reply.body["_embedded"]["events"]
    return found


def prop(text: str) -> tuple[str, str]:
    return ("property", text)


def batch_of(api: Api, story: str) -> str:
    """The newest batch of a flow."""
    runs = api.items("/runs", prop(f"flowId=={SCENARIOS[story]}"), ("orderby", "-createdAt"), ("limit", "5"))
    infos = [info for run in runs for step in run["activities"] for info in step.get("targetInfo", [])]
    return str(infos[0]["reference"]["ids"][0])


# --- the audit log ----------------------------------------------------------------------------------------


def test_the_log_tells_what_the_seed_tells_of_its_flows(api: Api) -> None:
    flow = api.one(f"/flows/{SCENARIOS['disabled']}")
    (event,) = events(api, prop(f"assetId=={flow['id']}"))
    assert (event["action"], event["assetName"], event["assetType"]) == (
        "Disable",
        flow["name"],
        "Source Data Flow",
    )
    assert datetime.fromisoformat(event["timestamp"]).timestamp() * 1000 == flow["updatedAt"]
    assert event["authId"] == flow["updatedBy"]
    assert event["userEmail"].endswith("@brightfjord.example")
    assert [one["status"] for one in event["enhancedEvents"]] == ["Success"]


def test_the_log_answers_for_ninety_days(api: Api) -> None:
    times = [datetime.fromisoformat(one["timestamp"]) for one in events(api, ("limit", "1000"))]
    assert times == sorted(times, reverse=True)
    assert times[-1] >= NOON - timedelta(days=90)
    created = [row["createdAt"] / 1000 for row in api.emulator.store.all("dev", "flows")]
    assert min(created) < (NOON - timedelta(days=90)).timestamp(), "there are older flows"


def test_each_write_is_taken_down(api: Api) -> None:
    flow = api.create("/flows", pipeline(api).flow)["id"]
    path = f"/flows/{flow}"
    name = api.one(path)["name"]
    assert api.patch(path, [{"op": "add", "path": "/description", "value": "x"}]).status == 200
    api.call("POST", f"{path}/action", query=[("op", "disable")])
    api.call("POST", f"{path}/action", query=[("op", "enable")])
    assert api.patch(path, [{"op": "replace", "path": "/nonsense", "value": "x"}]).status == 400
    api.call("DELETE", path)
    found = events(api, prop(f"assetId=={flow}"))
    assert [one["action"] for one in found][::-1] == ["Create", "Update", "Disable", "Enable", "Delete"]
    assert {one["assetName"] for one in found} == {name}
    assert {one["timestamp"] for one in found} == {"2026-03-10T12:00:00.000+0000"}
    assert len({one["id"] for one in found}) == len(found)


def test_accounts_and_datasets_are_taken_down(api: Api) -> None:
    reply = api.call(
        "POST", "/data/foundation/catalog/dataSets", {"name": "New", "schemaRef": {"id": "https://s"}}
    )
    id = reply.body[0].rsplit("/", 1)[-1]
    assert [(one["assetType"], one["action"]) for one in events(api, prop(f"assetId=={id}"))] == [
        ("Dataset", "Create")
    ]
    api.emulator.reset()
    assert events(api, prop(f"assetId=={id}")) == []


@pytest.mark.parametrize(
    ("condition", "name", "wanted"),
    [
        ("action==disable,create", "action", {"Disable", "Create"}),
        ("assetType==Source Data Flow", "assetType", {"Source Data Flow"}),
        ("user==mira@brightfjord.example", "userEmail", {"mira@brightfjord.example"}),
        ("status==Allow", "status", {"Allow"}),
    ],
)
def test_filters(api: Api, condition: str, name: str, wanted: set[str]) -> None:
    every = events(api, ("limit", "1000"))
    found = events(api, prop(condition), ("limit", "1000"))
    assert {one[name] for one in found} == wanted
    assert [one["id"] for one in found] == [one["id"] for one in every if one[name] in wanted]


def test_a_range_of_times_and_an_order(api: Api) -> None:
    low, high = "2026-02-01T00:00:00Z", "2026-02-25T00:00:00.000000Z"
    found = events(api, prop(f"timestamp>{low}"), prop(f"timestamp<{high}"), ("orderBy", "+timestamp"))
    times = [datetime.fromisoformat(one["timestamp"]) for one in found]
    assert len(times) > 2
    assert times == sorted(times)
    assert datetime.fromisoformat(low) < times[0]
    assert times[-1] < datetime.fromisoformat(high)
    names = [one["assetName"] for one in events(api, ("orderBy", "assetName"))]
    assert names == sorted(names)


def test_pages_by_start_and_by_the_query_id(api: Api) -> None:
    whole = [one["id"] for one in events(api, prop("assetType==Source Data Flow"), ("limit", "1000"))]
    reply = api.get(EVENTS, prop("assetType==Source Data Flow"), ("limit", "4"))
    seen = [one["id"] for one in reply.body["_embedded"]["events"]]
    assert reply.body["page"]["totalElements"] == len(whole)
    while "next" in reply.body["_links"]:
        link = reply.body["_links"]["next"]["href"].removeprefix("https://platform.adobe.io")
        reply = api.get(link)
        seen += [one["id"] for one in reply.body["_embedded"]["events"]]
    assert seen == whole


@pytest.mark.parametrize(
    "query",
    [
        prop("colour==red"),
        prop("action>x"),
        prop("timestamp>soon"),
        prop("timestamp>2026-01-01"),
        ("queryId", "%"),
    ],
)
def test_what_cannot_be_asked(api: Api, query: tuple[str, str]) -> None:
    assert api.get(EVENTS, query).status == 400


def test_an_export_is_a_redirect_or_nothing(api: Api) -> None:
    path = "/data/foundation/audit/export"
    reply = api.get(path, prop("action==Disable"))
    assert (reply.status, "location" in {name.lower() for name in reply.headers}) == (307, True)
    assert api.get(path, prop("assetId==none")).status == 204


# --- metrics ----------------------------------------------------------------------------------------------


def asked(*datasets: str, name: str = RECORDS, **more: Any) -> dict[str, Any]:
    filters = [{"name": "dataSetId", "value": "|".join(datasets), "groupBy": True}] if datasets else []
    metric = {"name": name, "aggregator": "sum", "filters": filters}
    return {
        "start": "2026-03-01T00:00:00.000Z",
        "end": "2026-03-10T12:00:00.000Z",
        "granularity": "day",
        "metrics": [metric],
    } | more


def true_records(api: Api) -> dict[str, dict[str, float]]:
    """Dataset -> day -> records, from the batches themselves."""
    sums: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    start = datetime(2026, 3, 1, tzinfo=UTC).timestamp() * 1000
    for row in api.emulator.store.sandboxes["dev"]["batches"]:
        if row["status"] == "success" and start <= row["completed"] < NOON.timestamp() * 1000:
            day = datetime.fromtimestamp(row["completed"] / 1000, UTC).strftime("%Y-%m-%dT00:00:00Z")
            sums[row["relatedObjects"][0]["id"]][day] += row["metrics"]["outputRecordCount"]
    return sums


def test_records_are_counted_from_batches(api: Api) -> None:
    true = true_records(api)
    ids = sorted(true)[:2]
    body = api.call("POST", METRICS, asked(*ids)).body
    (series,) = body["metricResponses"]
    assert (series["metric"], series["granularity"]) == (RECORDS, "DAY")
    assert {one["groupBy"]["dataSetId"]: one["dps"] for one in series["datapoints"]} == {
        id: true[id] for id in ids
    }
    (together,) = api.call("POST", METRICS, asked()).body["metricResponses"][0]["datapoints"]
    assert together["groupBy"] == {}
    assert sum(together["dps"].values()) == sum(sum(days.values()) for days in true.values())


def test_batches_that_failed_are_counted_apart(api: Api) -> None:
    target = api.one(f"/flows/{SCENARIOS['deleted_dataset']}")["targetConnectionIds"][0]
    gone = api.one(f"/targetConnections/{target}")["params"]["dataSetId"]
    name = "timeseries.ingestion.dataset.{}.count"
    counts = {
        word: api.call("POST", METRICS, asked(gone, name=name.format(word))).body["metricResponses"][0]
        for word in ("batchfailed", "batchsuccess")
    }
    start = datetime(2026, 3, 1, tzinfo=UTC).timestamp() * 1000
    own = [
        row["status"]
        for row in api.emulator.store.sandboxes["dev"]["batches"]
        if row["relatedObjects"][0]["id"] == gone and row["completed"] >= start
    ]
    for word, status in (("batchfailed", "failed"), ("batchsuccess", "success")):
        assert sum(counts[word]["datapoints"][0]["dps"].values()) == own.count(status) > 0


def test_a_run_of_the_emulator_is_counted(api: Api) -> None:
    made = pipeline(api)
    api.create("/flows", made.flow)
    dataset = made.data_set
    before = api.call("POST", METRICS, asked(dataset)).body["metricResponses"][0]["datapoints"][0]["dps"]
    api.clock.forward(hours=3)
    later = asked(dataset, end="2026-03-10T16:00:00Z")
    after = api.call("POST", METRICS, later).body["metricResponses"][0]["datapoints"][0]["dps"]
    assert sum(after.values()) > sum(before.values())


def test_both_spellings_of_an_answer() -> None:
    api = make_api(variants=Variants(metric_name_key="name", metric_group_key="datasetID"))
    (series,) = api.call("POST", METRICS, asked("d")).body["metricResponses"]
    assert series["name"] == RECORDS
    assert series["datapoints"][0]["groupBy"] == {"datasetID": "d"}


@pytest.mark.parametrize(
    "body",
    [
        asked(name="timeseries.unheard.of"),
        asked(start="2026-03-11T00:00:00Z"),
        asked(granularity="fortnight"),
        asked(metrics=[{"name": RECORDS}]),
        asked(metrics=[]),
        {"end": "2026-03-11T00:00:00Z"},
    ],
)
def test_refusals_have_adobes_shape(api: Api, body: dict[str, Any]) -> None:
    reply = api.call("POST", METRICS, body)
    assert (reply.status, reply.code) == (400, "INSGHT-1000-400")
    assert reply.body["report"]["tenantInfo"]["sandboxName"] == "dev"
    assert reply.body["error-chain"][0]["serviceId"] == "INSGHT"


def test_the_sandboxs_id_may_be_named_and_must_be_right(api: Api) -> None:
    id = api.emulator.store.sandboxes["dev"].about["id"]
    assert api.call("POST", METRICS, asked(), headers={"x-sandbox-id": id}).status == 200
    wrong = api.call("POST", METRICS, asked(), headers={"x-sandbox-id": "other"})
    assert (wrong.status, wrong.code) == (401, "INSGHT-1003-401")
    assert api.get("/flows", headers={"x-sandbox-id": id}).code == "FLOW-2110-400"


# --- files of batches -------------------------------------------------------------------------------------


def content(api: Api, path: str, **headers: str) -> tuple[int, str]:
    bare, _, query = path.partition("?")
    delivery = api.emulator.handle("GET", bare, query, api.headers() | headers, b"")
    return delivery.status, b"".join(delivery.chunks).decode()


def test_rows_left_out_are_as_many_as_the_batch_counts(api: Api) -> None:
    id = batch_of(api, "partial_ingestion")
    batch = api.get(f"/data/foundation/catalog/batches/{id}").body[id]
    listed = api.get(f"{BATCHES}/{id}/meta", ("path", "row_errors")).body["data"]
    codes: dict[str, int] = defaultdict(int)
    for entry in listed:
        link = entry["_links"]["self"]["href"].removeprefix("https://platform.adobe.io:443")
        _, text = content(api, link)
        assert len(text.encode()) == int(entry["length"])
        for line in text.splitlines():
            row = json.loads(line)
            assert row["_filename"] == entry["name"]
            codes[row["_errors"][0]["code"]] += 1
    counted = {error["code"]: error["recordCount"] for error in batch["errors"]}
    assert sum(codes.values()) == batch["metrics"]["failedRecordCount"]
    assert codes == {"MAPPER-3700-400": counted["MAPPER-3700-400"], "1401": counted["INGEST-1212-400"]}


def test_the_folders_of_a_batch(api: Api) -> None:
    id = batch_of(api, "partial_ingestion")
    names = [one["name"] for one in api.get(f"{BATCHES}/{id}/meta").body["data"]]
    assert names == ["input_files", "row_errors", "row_errors_sample.json"]
    for sample in ("row_errors_sample.json", "row_error_samples.json"):
        status, text = content(api, f"{BATCHES}/{id}/meta?path={sample}")
        assert status == 200
        assert 5 < len(text.splitlines()) < 30
    assert content(api, f"{BATCHES}/{id}/meta?path=input_files%2FfileMetaData1.json")[1].startswith('{"path"')
    assert api.get(f"{BATCHES}/{id}/meta", ("path", "nothing")).status == 404
    assert api.get(f"{BATCHES}/{id}/failed").body["data"] == []
    assert api.get(f"{BATCHES}/none/failed").status == 404


def test_without_diagnostics_and_after_thirty_days_there_are_no_rows(api: Api) -> None:
    for story in ("occasional_partial_ingestion", "healthy"):
        id = batch_of(api, story)
        assert api.get(f"{BATCHES}/{id}/meta", ("path", "row_errors")).body["data"] == []
    id = batch_of(api, "partial_ingestion")
    api.clock.forward(days=31)
    assert api.get(f"{BATCHES}/{id}/meta", ("path", "row_errors")).body["data"] == []


def test_a_batch_that_failed_has_its_chunks(api: Api) -> None:
    id = batch_of(api, "deleted_dataset")
    success, part = api.get(f"{BATCHES}/{id}/failed").body["data"]
    assert (success["name"], success["length"]) == ("_SUCCESS", "0")
    _, text = content(api, f"{BATCHES}/{id}/failed?path={part['name']}")
    count = api.get(f"/data/foundation/catalog/batches/{id}").body[id]["metrics"]["failedRecordCount"]
    assert len(text.splitlines()) == count
    assert api.get(f"{BATCHES}/{id}/files").body["data"] == []
    first = api.get(f"{BATCHES}/{id}/failed", ("limit", "1")).body
    assert first["_links"]["next"]["href"].endswith("start=1&limit=1")


def test_what_came_in_can_be_listed_and_read_in_part(api: Api) -> None:
    id = batch_of(api, "healthy")
    (file,) = api.get(f"{BATCHES}/{id}/files").body["data"]
    path = f"/data/foundation/export/files/{file['dataSetFileId']}"
    (part,) = api.get(path).body["data"]
    status, whole = content(api, f"{path}?path={part['name']}")
    assert (status, whole[:4], len(whole)) == (200, "PAR1", int(part["length"]))
    assert content(api, f"{path}?path={part['name']}", range="bytes=0-3") == (206, "PAR1")
    head = api.raw("HEAD", path, query=[("path", part["name"])])
    assert head.headers["content-length"] == part["length"]
    assert api.get(path, ("path", "other")).status == 404
    assert api.get("/data/foundation/export/files/none").status == 404


def test_where_a_file_stands_in_for_the_services_they_say_so(api: Api) -> None:
    _ = api.emulator.store.sandboxes
    id = batch_of(api, "healthy")
    api.emulator.backend.unreachable = "snapshot of dev"
    for reply in (
        api.get(EVENTS),
        api.call("POST", METRICS, asked()),
        api.get(f"{BATCHES}/{id}/failed"),
        api.get(f"/data/foundation/export/files/{id}-1"),
    ):
        assert reply.status == 404
        assert reply.body["detail"].startswith("snapshot of dev: ")


def test_the_first_version_of_the_metrics(api: Api) -> None:
    true = true_records(api)
    id = sorted(true)[0]
    query = [("metric", RECORDS), ("id", id), ("dateRange", "2026-03-01T00:00:00Z/2026-03-10T12:00:00Z")]
    (answer,) = api.get(METRICS, *query).body
    found = {one["timestamp"]: one["metrics"][RECORDS] for one in answer["timeseries"]["items"]}
    assert (answer["id"], found) == (id, true[id])
    assert list(found) == sorted(found, reverse=True)
    names = [("metric", f"timeseries.ingestion.dataset.{name}") for name in ("size", "dailysize")]
    assert len(api.get(METRICS, *names).body[0]["timeseries"]["items"]) > 20
    for wrong in ([], [("metric", "x")], [("metric", RECORDS)] * 2, [*query[:2], ("dateRange", "soon")]):
        assert api.get(METRICS, *wrong).code == "INSGHT-1000-400"
