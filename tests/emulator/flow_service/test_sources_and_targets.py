"""Source and target connections: what they need, and what is refused."""

from __future__ import annotations

import re
from typing import Any

import pytest

from aep_flow_mcp.emulator import Variants
from emulator.kit import (
    DATA_LAKE,
    DLZ_DESTINATION,
    EXPORT_LAKE,
    LANDING_ZONE,
    S3,
    STREAMING,
    Api,
    file_source,
    lake_target,
    make_api,
    pipeline,
    reference,
    s3_account,
    written,
)

ETAG = re.compile(r'"[0-9a-f]{8}-0000-[0-9a-f]{4}-0000-([0-9a-f]{8})0000"')


def test_source_and_target_connections_repeat_their_account(api: Api) -> None:
    base = api.create("/connections", s3_account())["id"]
    made = api.create("/sourceConnections", file_source(base))
    row = api.one(f"/sourceConnections/{made['id']}")
    assert row["baseConnectionId"] == base
    assert row["inheritedAttributes"] == {
        "baseConnection": {"id": base, "connectionSpec": {"id": S3, "version": "1.0"}}
    }
    assert row["params"]["path"] == "/receipts/"
    assert row["etag"] == made["etag"]


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"name": None}, 422, None),
        ({"connectionSpec": None}, 422, None),
        ({"baseConnectionId": None}, 400, "CONNECTOR-1359-400"),
        ({"baseConnectionId": "unknown"}, 400, "FLOW-1439-400"),
        ({"params": {}}, 400, "CONNECTOR-1304-400"),
        ({"params": {"path": ""}}, 400, "CONNECTOR-1312-400"),
        ({"params": {"path": "/x", "type": "cupboard"}}, 400, "CONNECTOR-1312-400"),
        ({"params": []}, 400, None),
        ({"data": {"format": "poem"}}, 400, "CONNECTOR-1327-400"),
        ({"data": {"format": "delimited", "columnDelimiter": "||"}}, 400, "CONNECTOR-1331-400"),
        (
            {"data": {"format": "delimited", "properties": {"columnDelimiter": "||"}}},
            400,
            "CONNECTOR-1331-400",
        ),
        ({"connectionSpec": reference(LANDING_ZONE)}, 400, "CONNECTOR-1332-400"),
        ({"connectionSpec": reference(DLZ_DESTINATION)}, 400, "CONNECTOR-1312-400"),
        ({"state": "enabled"}, 400, "FLOW-1410-400"),
    ],
)
def test_a_source_that_is_refused(api: Api, changes: dict[str, Any], status: int, code: str | None) -> None:
    base = api.create("/connections", s3_account())["id"]
    before = written(api)
    reply = api.call("POST", "/sourceConnections", file_source(base, **changes))
    assert reply.status == status
    if code is not None:
        assert reply.code == code
    assert written(api) == before


def test_the_account_has_to_be_of_the_same_spec(api: Api) -> None:
    zone = api.create("/connections", {"name": "zone", "connectionSpec": reference(DLZ_DESTINATION)})["id"]
    assert api.call("POST", "/sourceConnections", file_source(zone)).code == "CONNECTOR-1312-400"


def test_the_landing_zone_needs_no_account(api: Api) -> None:
    body = file_source(
        "", connectionSpec=reference(LANDING_ZONE), params={"path": "dlz-user-container/x.csv"}
    )
    del body["baseConnectionId"]
    made = api.create("/sourceConnections", body)
    assert "inheritedAttributes" not in api.one(f"/sourceConnections/{made['id']}")


def test_a_streaming_source_needs_neither_data_nor_params(api: Api) -> None:
    auth = {"specName": "Streaming Connection", "params": {"dataType": "raw"}}
    base = api.create("/connections", {"name": "w", "connectionSpec": reference(STREAMING), "auth": auth})[
        "id"
    ]
    body = {"name": "events", "baseConnectionId": base, "connectionSpec": reference(STREAMING)}
    made = api.create("/sourceConnections", body)
    assert api.one(f"/sourceConnections/{made['id']}")["baseConnectionId"] == base


def test_a_lake_target_names_a_dataset_and_its_schema(api: Api) -> None:
    parts = pipeline(api)
    for changes, status, code in (
        ({"params": {}}, 400, "CONNECTOR-1325-400"),
        ({"params": {"dataSetId": ""}}, 400, "CONNECTOR-1325-400"),
        ({"params": {"dataSetId": "0" * 24}}, 500, "FLOW-2200-500"),
        ({"data": {"schema": {"id": "https://other"}}}, 400, "FLOW-1425-400"),
    ):
        reply = api.call("POST", "/targetConnections", lake_target(parts.data_set, parts.schema, **changes))
        assert (reply.status, reply.code) == (status, code)
    row = api.one(f"/targetConnections/{parts.target}")
    assert row["params"]["dataSetId"] == parts.data_set
    assert row["connectionSpec"]["id"] == DATA_LAKE


def test_a_destination_target_needs_its_account_and_its_place(api: Api) -> None:
    base = api.create("/connections", {"name": "zone", "connectionSpec": reference(DLZ_DESTINATION)})["id"]
    body = {
        "name": "exports",
        "baseConnectionId": base,
        "connectionSpec": reference(DLZ_DESTINATION),
        "params": {
            "mode": "Server-to-server",
            "compression": "GZIP",
            "datasetFileType": "JSON",
            "path": "out",
        },
    }
    assert api.create("/targetConnections", body)["id"]
    assert (
        api.call("POST", "/targetConnections", body | {"baseConnectionId": None}).code == "CONNECTOR-1359-400"
    )
    assert api.call("POST", "/targetConnections", body | {"params": {}}).code == "CONNECTOR-1304-400"


def test_an_export_names_datasets_that_stay_as_they_are(api: Api) -> None:
    data_set = pipeline(api).data_set
    body = {
        "name": "export",
        "connectionSpec": reference(EXPORT_LAKE),
        "params": {"datasets": [{"dataSetId": data_set}]},
    }
    made = api.create("/sourceConnections", body)
    change = [{"op": "replace", "path": "/params/datasets/0/dataSetId", "value": "x"}]
    assert api.patch(f"/sourceConnections/{made['id']}", change).code == "CONNECTOR-1365-400"
    unknown = body | {"params": {"datasets": [{"dataSetId": "0" * 24}]}}
    assert api.call("POST", "/sourceConnections", unknown).code == "FLOW-2200-500"
    assert (
        api.call("POST", "/sourceConnections", body | {"params": {"datasets": []}}).code
        == "CONNECTOR-1312-400"
    )


@pytest.mark.parametrize("kind", ["sourceConnections", "targetConnections"])
def test_the_answer_to_a_patch_has_two_shapes(kind: str) -> None:
    for variant in ("etag", "list"):
        api = make_api(variants=Variants(patch_answer=variant))
        parts = pipeline(api)
        id = parts.source if kind == "sourceConnections" else parts.target
        reply = api.patch(f"/{kind}/{id}", [{"op": "replace", "path": "/name", "value": "new"}])
        assert reply.status == 200
        if variant == "etag":
            assert reply.body == {"id": id, "etag": api.one(f"/{kind}/{id}")["etag"]}
        else:
            assert reply.body["items"] == [api.one(f"/{kind}/{id}")]
            assert reply.body["items"][0]["name"] == "new"


def test_a_patch_of_a_source_is_checked_as_a_whole(api: Api) -> None:
    parts = pipeline(api)
    path = f"/sourceConnections/{parts.source}"
    assert (
        api.patch(path, [{"op": "remove", "path": "/params/path", "value": ""}]).code == "CONNECTOR-1304-400"
    )
    assert api.patch(path, [{"op": "replace", "path": "/params/path", "value": "/new/"}]).status == 200
    assert api.one(path)["params"]["path"] == "/new/"
    draft = api.create(
        "/sourceConnections?mode=draft", {"name": "d", "connectionSpec": reference(LANDING_ZONE)}
    )
    assert (
        api.call("POST", f"/sourceConnections/{draft['id']}/action?op=publish").code == "CONNECTOR-1304-400"
    )
    params = {"op": "add", "path": "/params", "value": {"path": "dlz-user-container/a.csv"}}
    assert api.patch(f"/sourceConnections/{draft['id']}", [params]).status == 200
    assert api.call("POST", f"/sourceConnections/{draft['id']}/action?op=publish").status == 200
    assert api.one(f"/sourceConnections/{draft['id']}")["state"] == "enabled"
