"""Schedules: of sources, of tables, of exports, and what is fixed once a flow has started."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from aep_flow_mcp.emulator import Variants
from emulator.kit import (
    DLZ_DESTINATION,
    DLZ_EXPORT,
    EXPORT_LAKE,
    STREAM_MAPPED,
    STREAMING,
    Api,
    hourly,
    make_api,
    pipeline,
    reference,
    seconds,
    table_pipeline,
)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"startTime": None}, "CONNECTOR-1312-400"),
        ({"frequency": "yearly"}, "CONNECTOR-1397-400"),
        ({"frequency": "once"}, "CONNECTOR-1361-400"),
        ({"frequency": "minute", "interval": 14}, "CONNECTOR-1362-400"),
        ({"frequency": "hour", "interval": 0}, "CONNECTOR-1362-400"),
        ({"interval": "often"}, "CONNECTOR-1312-400"),
        ({"startTime": 1_000_000_000}, "CONNECTOR-1360-400"),
        ({"startTime": 1.5}, "CONNECTOR-1312-400"),
    ],
)
def test_a_schedule_that_is_refused(api: Api, changes: dict[str, Any], code: str) -> None:
    parts = pipeline(api)
    schedule = hourly(api.clock, **changes)
    assert api.call("POST", "/flows", parts.flow | {"scheduleParams": schedule}).code == code


def test_once_takes_neither_interval_nor_backfill(api: Api) -> None:
    parts = pipeline(api)
    once = {"startTime": seconds(api.clock.now), "frequency": "once"}
    for extra, code in (({"interval": 1}, 1361), ({"backfill": True}, 1364)):
        reply = api.call("POST", "/flows", parts.flow | {"scheduleParams": once | extra})
        assert reply.code == f"CONNECTOR-{code}-400"
    assert api.create("/flows", parts.flow | {"scheduleParams": once})["id"]


def test_numbers_may_be_sent_as_text(api: Api) -> None:
    parts = pipeline(api)
    start = seconds(api.clock.now + timedelta(hours=1))
    schedule = {"startTime": str(start), "frequency": "minute", "interval": "15", "backfill": "true"}
    made = api.create("/flows", parts.flow | {"scheduleParams": schedule})
    assert api.one(f"/flows/{made['id']}")["scheduleParams"] == {
        "startTime": start,
        "frequency": "minute",
        "interval": 15,
        "backfill": True,
    }


def test_the_interval_minimum_is_contested() -> None:
    api = make_api(variants=Variants(interval_minimum="fifteen"))
    assert api.call("POST", "/flows", pipeline(api).flow).code == "CONNECTOR-1362-400"


def test_a_table_flow_has_a_delta_column_unless_it_runs_once(api: Api) -> None:
    parts = table_pipeline(api)
    assert api.create("/flows", parts.flow)["id"]
    without = parts.flow | {"transformations": parts.flow["transformations"][1:]}
    assert api.call("POST", "/flows", without).code == "CONNECTOR-1367-400"
    once = {"startTime": seconds(api.clock.now), "frequency": "once"}
    assert api.call("POST", "/flows", parts.flow | {"scheduleParams": once}).code == "CONNECTOR-1369-400"
    assert api.create("/flows", without | {"scheduleParams": once})["id"]


def test_a_streaming_flow_has_no_schedule(api: Api) -> None:
    parts = pipeline(api)
    auth = {"specName": "Streaming Connection", "params": {"dataType": "raw"}}
    base = api.create("/connections", {"name": "w", "connectionSpec": reference(STREAMING), "auth": auth})[
        "id"
    ]
    source = {"name": "events", "baseConnectionId": base, "connectionSpec": reference(STREAMING)}
    id = api.create("/sourceConnections", source)["id"]
    flow = parts.flow | {"flowSpec": reference(STREAM_MAPPED), "sourceConnectionIds": [id]}
    assert api.call("POST", "/flows", flow).code == "CONNECTOR-1312-400"
    del flow["scheduleParams"]
    made = api.create("/flows", flow)
    assert "scheduleParams" not in api.one(f"/flows/{made['id']}")
    assert api.call("POST", "/flows?mode=draft", flow).code == "CONNECTOR-1368-400"


def export_flow(api: Api, **schedule: Any) -> dict[str, Any]:
    data_set = pipeline(api).data_set
    source = {
        "name": "s",
        "connectionSpec": reference(EXPORT_LAKE),
        "params": {"datasets": [{"dataSetId": data_set}]},
    }
    base = api.create("/connections", {"name": "zone", "connectionSpec": reference(DLZ_DESTINATION)})["id"]
    target = {
        "name": "t",
        "baseConnectionId": base,
        "connectionSpec": reference(DLZ_DESTINATION),
        "params": {"mode": "Server-to-server", "compression": "GZIP", "datasetFileType": "JSON", "path": "x"},
    }
    plan = {
        "exportMode": "FIRST_FULL_THEN_INCREMENTAL",
        "interval": 3,
        "timeUnit": "hour",
        "startTime": seconds(api.clock.now + timedelta(hours=1)),
        "endTime": seconds(api.clock.now + timedelta(hours=8)),
    }
    return {
        "name": "export",
        "flowSpec": reference(DLZ_EXPORT),
        "sourceConnectionIds": [api.create("/sourceConnections", source)["id"]],
        "targetConnectionIds": [api.create("/targetConnections", target)["id"]],
        "transformations": [],
        "scheduleParams": plan | schedule,
    }


def test_a_dataset_export_runs_until_its_end_and_is_deleted_with_202(api: Api) -> None:
    made = api.create("/flows", export_flow(api))
    row = api.one(f"/flows/{made['id']}")
    assert row["inheritedAttributes"]["properties"] == {"isDestinationFlow": True}
    api.clock.forward(days=2)
    runs = api.items("/runs", ("property", f"flowId=={made['id']}"), ("orderby", "createdAt"))
    offsets = [(run["createdAt"] // 1000 - row["scheduleParams"]["startTime"]) // 3600 for run in runs]
    assert offsets == [0, 3, 6]
    assert runs[0]["activities"][0]["name"] == "Activation Batch XdmProcessor Activity"
    assert api.call("DELETE", f"/flows/{made['id']}").status == 202


@pytest.mark.parametrize(
    "schedule",
    [
        {"interval": 2},
        {"interval": 8},
        {"interval": "three"},
        {"interval": 1},
        {"interval": 3, "timeUnit": "day"},
        {"interval": 0, "timeUnit": "day"},
        {"exportMode": "DAILY_FULL_EXPORT"},
        {"endTime": 5},
        {"startTime": "soon"},
    ],
)
def test_an_export_schedule_that_is_refused(api: Api, schedule: dict[str, Any]) -> None:
    assert api.call("POST", "/flows", export_flow(api, **schedule)).code == "CONNECTOR-1312-400"


def test_what_is_fixed_once_a_flow_has_started(api: Api) -> None:
    made = api.create("/flows", pipeline(api).flow)
    path = f"/flows/{made['id']}"
    start = api.one(path)["scheduleParams"]["startTime"]
    earlier = [{"op": "replace", "path": "/scheduleParams/startTime", "value": start + 60}]
    assert api.patch(path, earlier).status == 200
    api.clock.forward(hours=2)
    later = seconds(api.clock.now + timedelta(hours=5))
    for value, code in (
        ({"startTime": later, "frequency": "hour", "interval": 1, "backfill": True}, 1366),
        ({"startTime": start + 60, "frequency": "once"}, 1403),
        ({"startTime": start + 60, "frequency": "hour", "interval": 1, "backfill": False}, 1404),
        ({"startTime": start + 60, "frequency": "minute", "interval": 5, "backfill": True}, 1362),
        ({}, 1317),
    ):
        reply = api.patch(path, [{"op": "replace", "path": "/scheduleParams", "value": value}])
        assert reply.code == f"CONNECTOR-{code}-400"
    good = {"startTime": start + 60, "frequency": "day", "interval": 1, "backfill": True}
    assert api.patch(path, [{"op": "replace", "path": "/scheduleParams", "value": good}]).status == 200
