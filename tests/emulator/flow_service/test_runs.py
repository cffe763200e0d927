"""Runs: by schedule, on demand, and again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from aep_flow_mcp.emulator import Variants
from emulator.kit import Api, hourly, make_api, pipeline, seconds, table_pipeline


def runs_of(api: Api, flow: str) -> list[Any]:
    return api.items("/runs", ("property", f"flowId=={flow}"), ("orderby", "createdAt"), ("limit", "100"))


def status(run: Any) -> str:
    return str(run["metrics"]["statusSummary"]["status"])


def once(api: Api) -> dict[str, Any]:
    return {"startTime": seconds(api.clock.now), "frequency": "once"}


def window(api: Api, **changes: Any) -> dict[str, Any]:
    now = seconds(api.clock.now)
    return {"startTime": now, "windowStartTime": now - 3600, "windowEndTime": now} | changes


def test_runs_appear_when_they_fall_due(api: Api) -> None:
    flow = api.create("/flows", pipeline(api).flow)["id"]
    api.clock.forward(minutes=29)
    assert runs_of(api, flow) == []
    api.clock.forward(minutes=1)
    (run,) = runs_of(api, flow)
    assert status(run) == "scheduled"
    api.clock.forward(seconds=10)
    (run,) = runs_of(api, flow)
    assert status(run) == "inProgress"
    assert "completedAtUTC" not in run["metrics"]["durationSummary"]
    assert api.one(f"/flows/{flow}")["lastRunDetails"]["state"] == "inProgress"
    api.clock.forward(minutes=10)
    (run,) = runs_of(api, flow)
    assert status(run) == "success"
    api.clock.forward(hours=5)
    assert [status(run) for run in runs_of(api, flow)] == ["success"] * 6


def test_a_finished_run_adds_up(api: Api) -> None:
    parts = pipeline(api)
    flow = api.create("/flows", parts.flow)
    api.clock.forward(hours=1)
    (run,) = runs_of(api, flow["id"])
    metrics = run["metrics"]
    times = metrics["durationSummary"]
    records = metrics["recordSummary"]
    assert 40_000 <= times["completedAtUTC"] - times["startedAtUTC"] < 240_000
    assert records["inputRecordCount"] == records["outputRecordCount"] > 0
    assert records["failedRecordCount"] == 0
    assert [step["statusSummary"]["status"] for step in run["activities"]] == ["success", "success"]
    assert run["activities"][0]["sourceInfo"][0]["id"] == parts.source
    (batch,) = run["activities"][1]["targetInfo"][0]["reference"]["ids"]
    held = api.get(f"/data/foundation/catalog/batches/{batch}").body[batch]
    assert held["metrics"]["outputRecordCount"] == records["outputRecordCount"]
    assert {"type": "dataSet", "id": parts.data_set} in held["relatedObjects"]
    row = api.one(f"/flows/{flow['id']}")
    assert row["lastRunDetails"] == {
        "id": run["id"],
        "state": "success",
        "startedAtUTC": times["startedAtUTC"],
        "completedAtUTC": times["completedAtUTC"],
    }
    # A run is not a change of its flow.
    assert row["etag"] == flow["etag"]


def test_runs_of_the_seed_go_on_by_schedule(api: Api) -> None:
    before = api.get("/runs", ("count", "true")).body["count"]
    api.clock.forward(hours=24)
    after = api.get("/runs", ("count", "true")).body["count"]
    assert after > before + 20
    newest = api.items("/runs", ("orderby", "-createdAt"), ("limit", "1"))[0]
    assert newest["createdAt"] > int((api.clock.now - timedelta(hours=3)).timestamp() * 1000)


def test_what_the_seed_left_under_way_comes_to_an_end(api: Api) -> None:
    moving = api.items("/runs", ("property", "metrics.statusSummary.status==inProgress"))
    assert moving
    api.clock.forward(minutes=6)
    assert status(api.one(f"/runs/{moving[0]['id']}")) in {"success", "failed"}


@pytest.mark.parametrize("missing", ["connection", "data set"])
def test_a_run_fails_when_what_it_needs_is_gone(api: Api, missing: str) -> None:
    parts = pipeline(api)
    flow = api.create("/flows", parts.flow)["id"]
    if missing == "connection":
        api.emulator.broken_connections[parts.base] = "The key has expired."
    else:
        api.call("DELETE", f"/data/foundation/catalog/dataSets/{parts.data_set}")
    api.clock.forward(hours=1)
    (run,) = runs_of(api, flow)
    assert status(run) == "failed"
    code = "CONNECTOR-1001-500" if missing == "connection" else "CONNECTOR-2001-500"
    assert run["metrics"]["statusSummary"]["errors"][0]["code"] == code
    last = run["activities"][-1]["statusSummary"]
    assert last["status"] == "failed"
    needle = "The key has expired." if missing == "connection" else parts.data_set
    assert needle in last["extensions"]["errors"][0]["message"]
    assert run["metrics"]["recordSummary"]["outputRecordCount"] == 0
    assert api.one(f"/flows/{flow}")["lastRunDetails"]["state"] == "failed"


def test_run_now(api: Api) -> None:
    flow = api.create("/flows", pipeline(api).flow | {"scheduleParams": once(api)})["id"]
    api.clock.forward(hours=1)
    assert len(runs_of(api, flow)) == 1
    reply = api.call("POST", "/runs/", {"flowId": flow, "params": window(api)})
    assert reply.status == 201
    (reference,) = reply.body["items"]
    run = api.one(f"/runs/{reference['id']}")
    assert (status(run), run["etag"], run["flowId"]) == ("scheduled", reference["etag"], flow)
    assert run["params"] == window(api)
    assert run["createdClient"] == "emulator-client"
    api.clock.forward(minutes=10)
    assert status(api.one(f"/runs/{reference['id']}")) == "success"


def test_a_run_waits_for_its_start_time(api: Api) -> None:
    flow = api.create("/flows", pipeline(api).flow | {"scheduleParams": once(api)})["id"]
    later = seconds(api.clock.now + timedelta(hours=2))
    params = {name: str(value) for name, value in window(api, startTime=later).items()}
    run = api.call("POST", "/runs", {"flowId": flow, "params": params}).body["items"][0]["id"]
    api.clock.forward(hours=1)
    assert status(api.one(f"/runs/{run}")) == "scheduled"
    api.clock.forward(hours=2)
    assert status(api.one(f"/runs/{run}")) == "success"


@pytest.mark.parametrize(
    ("params", "code"),
    [
        (None, "CONNECTOR-1384-400"),
        ({}, "CONNECTOR-1384-400"),
        ({"startTime": 1}, "CONNECTOR-1384-400"),
        ({"startTime": "soon", "windowStartTime": 1, "windowEndTime": 2}, "CONNECTOR-1384-400"),
        ({"startTime": 1, "windowStartTime": 3, "windowEndTime": 2}, "CONNECTOR-1381-400"),
    ],
)
def test_run_params_that_are_refused(api: Api, params: Any, code: str) -> None:
    flow = api.create("/flows", pipeline(api).flow | {"scheduleParams": once(api)})["id"]
    assert api.call("POST", "/runs", {"flowId": flow, "params": params}).code == code


def test_flows_that_cannot_be_run_now(api: Api) -> None:
    parts = pipeline(api)
    body = {"params": window(api)}
    assert api.call("POST", "/runs", body).status == 422
    assert api.call("POST", "/runs", body | {"flowId": "unknown"}).code == "FLOW-1430-400"
    scheduled = api.create("/flows", parts.flow)["id"]
    assert api.call("POST", "/runs", body | {"flowId": scheduled}).code == "CONNECTOR-1386-400"
    api.call("POST", f"/flows/{scheduled}/action?op=disable")
    assert api.call("POST", "/runs", body | {"flowId": scheduled}).code == "FLOW-1422-400"
    enabled = ("property", "state==enabled")
    export = api.items(
        "/flows", ("property", "inheritedAttributes.properties.isDestinationFlow==true"), enabled
    )[0]
    assert api.call("POST", "/runs", body | {"flowId": export["id"]}).code == "CONNECTOR-1385-400"


def test_the_first_run_of_a_table_flow_names_its_delta_column(api: Api) -> None:
    parts = table_pipeline(api)
    flow = parts.flow | {"scheduleParams": once(api), "transformations": parts.flow["transformations"][1:]}
    id = api.create("/flows", flow)["id"]
    body = {"flowId": id, "params": window(api)}
    assert api.call("POST", "/runs", body).code == "CONNECTOR-1383-400"
    first = {"flowId": id, "params": window(api, deltaColumn={"name": "updated_at"})}
    assert api.call("POST", "/runs", first).status == 201
    copy_step = api.one(f"/flows/{id}")["transformations"][0]
    assert copy_step == {"name": "Copy", "params": {"deltaColumn": {"name": "updated_at"}}}
    other = {"flowId": id, "params": window(api, deltaColumn={"name": "created_at"})}
    assert api.call("POST", "/runs", other).code == "CONNECTOR-1382-400"
    assert api.call("POST", "/runs", body).status == 201


def test_a_created_run_is_answered_in_three_shapes() -> None:
    for shape in ("items", "etag", "run"):
        api = make_api(variants=Variants(run_create=shape))
        flow = api.create("/flows", pipeline(api).flow | {"scheduleParams": once(api)})["id"]
        body = api.call("POST", "/runs", {"flowId": flow, "params": window(api)}).body
        found = body["items"][0] if shape == "items" else body
        assert api.one(f"/runs/{found['id']}")["flowId"] == flow
        assert ("metrics" in found) is (shape == "run")


def failed_run(api: Api) -> tuple[str, str, str]:
    """Ids of a base connection, a flow on it, and its failed run."""
    parts = pipeline(api)
    flow = api.create("/flows", parts.flow)["id"]
    api.emulator.broken_connections[parts.base] = "no"
    api.clock.forward(hours=1)
    (run,) = runs_of(api, flow)
    return parts.base, flow, run["id"]


@pytest.mark.parametrize("op", ["re-trigger", "RE_TRIGGER", "retrigger"])
def test_a_failed_run_is_run_again(api: Api, op: str) -> None:
    base, flow, run = failed_run(api)
    del api.emulator.broken_connections[base]
    reply = api.call("POST", f"/runs/{run}/action?op={op}")
    assert reply.status == 200
    assert reply.body["id"] != run
    api.clock.forward(minutes=10)
    assert status(api.one(f"/runs/{reply.body['id']}")) == "success"
    assert status(api.one(f"/runs/{run}")) == "failed"
    assert len(runs_of(api, flow)) == 2


def test_the_answer_may_be_the_new_run() -> None:
    api = make_api(variants=Variants(retrigger_answer="run"))
    _, flow, run = failed_run(api)
    body = api.call("POST", f"/runs/{run}/action?op=re-trigger").body
    assert (body["flowId"], status(body)) == (flow, "scheduled")


def test_runs_that_cannot_be_run_again(api: Api) -> None:
    base, flow, run = failed_run(api)
    assert api.call("POST", f"/runs/{run}/action?op=stop").code == "CONNECTOR-1333-400"
    assert api.call("POST", "/runs/unknown/action?op=re-trigger").status == 404
    assert api.call("POST", f"/runs/{run}/action?op=re-trigger", headers={"if-match": '"x"'}).status == 412
    del api.emulator.broken_connections[base]
    api.clock.forward(hours=1)
    good = runs_of(api, flow)[-1]
    assert status(good) == "success"
    assert api.call("POST", f"/runs/{good['id']}/action?op=re-trigger").code == "CONNECTOR-1387-400"
    api.call("POST", f"/flows/{flow}/action?op=disable")
    assert api.call("POST", f"/runs/{run}/action?op=re-trigger").code == "CONNECTOR-1388-400"
    api.call("DELETE", f"/flows/{flow}")
    assert api.call("POST", f"/runs/{run}/action?op=re-trigger").code == "FLOW-1430-400"


def test_only_a_provider_updates_a_run() -> None:
    api = make_api()
    run = api.items("/runs", ("limit", "1"))[0]
    change = {"recordTypes": ["test"]}
    assert (
        api.call("PUT", f"/runs/{run['id']}", change, headers={"if-match": run["etag"]}).code
        == "FLOW-1427-400"
    )
    api = make_api(provider_access=True)
    assert api.call("PUT", f"/runs/{run['id']}", change).code == "FLOW-1403-400"
    reply = api.call("PUT", f"/runs/{run['id']}", change, headers={"if-match": run["etag"]})
    assert (reply.status, reply.body) == (200, {"id": run["id"]})
    assert api.one(f"/runs/{run['id']}")["recordTypes"] == ["test"]


def test_a_daily_audience_export_runs_daily(api: Api) -> None:
    def due(flow: Any) -> bool:
        plans = [
            selector["value"]["schedule"]
            for step in flow["transformations"]
            for selector in step["params"].get("segmentSelectors", {}).get("selectors", [])
            if "schedule" in selector["value"]
        ]
        return bool(plans) and all(plan["frequency"] == "DAILY" and "endDate" not in plan for plan in plans)

    flow = next(
        row for row in api.items("/flows", ("property", "state==enabled"), ("limit", "100")) if due(row)
    )
    before = len(runs_of(api, flow["id"]))
    api.clock.forward(days=3)
    assert len(runs_of(api, flow["id"])) == min(before + 3, 100)


def test_a_start_just_missed_still_counts(api: Api) -> None:
    start = seconds(api.clock.now - timedelta(seconds=20))
    flow = pipeline(api).flow | {"scheduleParams": hourly(api.clock, startTime=start)}
    id = api.create("/flows", flow)["id"]
    assert len(runs_of(api, id)) == 1
