"""Base connections: creating, patching, deleting, and what is refused."""

from __future__ import annotations

import re
from typing import Any

import pytest

from aep_flow_mcp.emulator import Variants
from emulator.kit import (
    DLZ_DESTINATION,
    S3,
    STREAMING,
    Api,
    file_source,
    make_api,
    reference,
    s3_account,
    written,
)

ETAG = re.compile(r'"[0-9a-f]{8}-0000-[0-9a-f]{4}-0000-([0-9a-f]{8})0000"')


def test_a_connection_is_created_and_read_back(api: Api) -> None:
    reply = api.call("POST", "/connections", s3_account(description="for receipts"))
    assert reply.status == 201
    assert set(reply.body) == {"id", "etag"}
    assert reply.headers["Location"].endswith(f"/connections/{reply.body['id']}")
    row = api.one(f"/connections/{reply.body['id']}")
    assert row["name"] == "Receipts account"
    assert row["description"] == "for receipts"
    assert row["state"] == "enabled"
    assert row["sandboxName"] == "dev"
    assert row["createdClient"] == "emulator-client"
    assert row["createdBy"].endswith("@AdobeID")
    assert row["createdAt"] == row["updatedAt"] == int(api.clock.now.timestamp() * 1000)
    assert row["etag"] == row["version"] == reply.body["etag"]
    match = ETAG.fullmatch(row["etag"])
    assert match is not None
    assert int(match[1], 16) == int(api.clock.now.timestamp())


def test_secrets_are_masked_on_reading_and_kept_as_sent(api: Api) -> None:
    id = api.create("/connections", s3_account())["id"]
    params = api.one(f"/connections/{id}")["auth"]["params"]
    stored = api.emulator.store.get("dev", "connections", id)
    assert params["s3AccessKey"] == "AKIAEXAMPLE"
    assert params["s3SecretKey"] == "********"
    assert stored is not None
    assert stored["auth"]["params"]["s3SecretKey"] == "not-a-secret"


def test_a_streaming_connection_gets_an_inlet(api: Api) -> None:
    auth = {"specName": "Streaming Connection", "params": {"dataType": "raw", "authenticationRequired": True}}
    id = api.create("/connections", {"name": "web", "connectionSpec": reference(STREAMING), "auth": auth})[
        "id"
    ]
    params = api.one(f"/connections/{id}")["auth"]["params"]
    assert re.fullmatch(r"https://dcs\.adobedc\.net/collection/[0-9a-f]{64}", params["inletUrl"])
    assert params["inletUrl"].endswith(params["inletId"])
    assert params["sourceId"] == "web"
    assert params["dataType"] == "raw"
    assert params["authenticationRequired"] is True


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"name": None}, 422, None),
        ({"connectionSpec": None}, 422, None),
        ({"connectionSpec": {"id": S3}}, 422, None),
        ({"connectionSpec": {"version": "1.0"}}, 422, None),
        ({"connectionSpec": S3}, 400, None),
        ({"name": 5}, 400, None),
        ({"connectionSpec": reference("unknown")}, 400, "FLOW-1413-400"),
        ({"state": "enabled"}, 400, "FLOW-1410-400"),
        ({"auth": None}, 400, "CONNECTOR-1304-400"),
        ({"auth": {"specName": "Magic", "params": {}}}, 400, "FLOW-1415-400"),
        ({"auth": {"specName": "Access Key"}}, 400, "CONNECTOR-1304-400"),
        ({"auth": {"specName": "Access Key", "params": {"s3AccessKey": "A"}}}, 400, "CONNECTOR-1304-400"),
        (
            {"auth": {"specName": "Access Key", "params": {"s3AccessKey": [1], "s3SecretKey": "b"}}},
            400,
            "CONNECTOR-1312-400",
        ),
    ],
)
def test_a_connection_that_is_refused(
    api: Api, changes: dict[str, Any], status: int, code: str | None
) -> None:
    before = written(api)
    reply = api.call("POST", "/connections", s3_account(**changes))
    assert reply.status == status
    if code is not None:
        assert reply.code == code
    assert written(api) == before


def test_a_refusal_never_repeats_a_secret(api: Api) -> None:
    secret = "hunter2-" * 4
    auth = {"specName": "Access Key", "params": {"s3AccessKey": {"deep": secret}, "s3SecretKey": secret}}
    reply = api.call("POST", "/connections", s3_account(auth=auth))
    assert reply.status == 400
    assert secret not in str(reply.body)


def test_bodies_that_cannot_be_read(api: Api) -> None:
    json_type = {"content-type": "application/json"}
    path = "/data/foundation/flowservice/connections"
    assert api.raw("POST", path, headers=json_type, body=b"").code == "FLOW-1405-400"
    for body in (b"{", b"\xff", b"[]", b'"x"'):
        reply = api.raw("POST", path, headers=json_type, body=body)
        assert (reply.status, reply.body["title"]) == (400, "BadRequestError")
    assert api.raw("POST", path, headers={"content-type": "text/plain"}, body=b"{}").status == 400


def test_a_patch_changes_the_object_and_its_etag(api: Api) -> None:
    made = api.create("/connections", s3_account())
    api.clock.forward(minutes=1)
    operations = [
        {"op": "replace", "path": "/name", "value": "Renamed"},
        {"op": "Add", "path": "/description", "value": "new"},
        {"op": "ADD", "path": "/auth/params/s3SessionToken", "value": "session"},
    ]
    reply = api.patch(f"/connections/{made['id']}", operations)
    assert (reply.status, set(reply.body)) == (200, {"id", "etag"})
    row = api.one(f"/connections/{made['id']}")
    assert reply.body["etag"] == row["etag"] == row["version"] != made["etag"]
    assert (row["name"], row["description"]) == ("Renamed", "new")
    assert row["updatedAt"] - row["createdAt"] == 60_000
    stored = api.emulator.store.get("dev", "connections", made["id"])
    assert stored is not None
    assert stored["auth"]["params"]["s3SessionToken"] == "session"


def test_a_patch_may_be_one_object_and_may_remove(api: Api) -> None:
    made = api.create("/connections", s3_account(description="old"))
    reply = api.patch(f"/connections/{made['id']}", {"op": "remove", "path": "/description", "value": "old"})
    assert reply.status == 200
    assert "description" not in api.one(f"/connections/{made['id']}")


def test_if_match_is_required_and_exact(api: Api) -> None:
    made = api.create("/connections", s3_account())
    path, patch = f"/connections/{made['id']}", [{"op": "replace", "path": "/name", "value": "x"}]
    assert api.call("PATCH", path, patch).code == "FLOW-1403-400"
    reply = api.patch(path, patch, etag='"00000000-0000-0000-0000-000000000000"')
    bare = made["etag"].strip('"')
    assert reply.status == 412
    assert reply.body["errorMessage"] == (
        'Supplied version=["00000000-0000-0000-0000-000000000000"] does not match the current version'
        f' on entity=["{bare}"]'
    )
    assert api.patch(path, patch, etag=bare).status == 412
    assert api.one(path)["name"] == "Receipts account"
    assert api.patch(path, patch, etag=made["etag"]).status == 200
    assert api.patch(path, patch, etag=made["etag"]).status == 412


def test_if_match_may_be_lenient() -> None:
    api = make_api(variants=Variants(if_match="lenient"))
    made = api.create("/connections", s3_account())
    patch = [{"op": "replace", "path": "/name", "value": "x"}]
    assert api.patch(f"/connections/{made['id']}", patch, etag=made["etag"].strip('"')).status == 200


@pytest.mark.parametrize(
    ("operations", "code"),
    [
        ([], "FLOW-1405-400"),
        ([{"op": "move", "from": "/name", "path": "/description"}], "FLOW-1434-400"),
        ([{"op": "copy", "from": "/name", "path": "/description"}], "FLOW-1434-400"),
        ([{"op": "test", "path": "/name", "value": "x"}], "FLOW-1434-400"),
        ([{"path": "/name", "value": "x"}], "FLOW-1455-400"),
        ([{"op": "replace", "value": "x"}], "FLOW-1455-400"),
        ([{"op": "replace", "path": "name", "value": "x"}], "FLOW-1455-400"),
        ([{"op": "replace", "path": "/name"}], "FLOW-1455-400"),
        ([{"op": "replace", "path": "/colour", "value": "x"}], "FLOW-1455-400"),
        ([{"op": "replace", "path": "/id", "value": "x"}], "FLOW-1455-400"),
        ([{"op": "replace", "path": "/etag", "value": "x"}], "FLOW-1455-400"),
        ([{"op": "replace", "path": "/connectionSpec/id", "value": "x"}], "FLOW-1414-400"),
        ([{"op": "replace", "path": "/state", "value": "deleted"}], "FLOW-1456-400"),
        ([{"op": "replace", "path": "/auth/nothing/here", "value": "x"}], "CONNECTOR-1365-400"),
        ([{"op": "remove", "path": "/description", "value": ""}], "CONNECTOR-1365-400"),
        ([{"op": "replace", "path": "/auth/params", "value": {}}], "CONNECTOR-1304-400"),
        ([{"op": "replace", "path": "/auth/specName", "value": "Magic"}], "FLOW-1415-400"),
        (["name"], "FLOW-1455-400"),
    ],
)
def test_a_patch_that_is_refused(api: Api, operations: list[Any], code: str) -> None:
    made = api.create("/connections", s3_account())
    reply = api.patch(f"/connections/{made['id']}", operations)
    assert (reply.status, reply.code) == (400, code)
    assert api.one(f"/connections/{made['id']}")["etag"] == made["etag"]


def test_a_connection_in_use_cannot_be_deleted(api: Api) -> None:
    base = api.create("/connections", s3_account())["id"]
    source = api.create("/sourceConnections", file_source(base))["id"]
    assert api.call("DELETE", f"/connections/{base}").code == "FLOW-1418-400"
    assert api.call("DELETE", f"/sourceConnections/{source}").status == 204
    reply = api.call("DELETE", f"/connections/{base}/")
    assert (reply.status, reply.body) == (204, None)
    gone = api.get(f"/connections/{base}")
    assert gone.status == 404
    assert (
        gone.body["errorMessage"] == gone.body["errorDetails"] == f"connections not found with id = [{base}]"
    )
    assert api.call("DELETE", f"/connections/{base}").status == 404


@pytest.mark.parametrize(
    ("variant", "of_source", "of_destination"),
    [("mixed", 204, 202), ("204", 204, 204), ("202", 202, 202), ("200", 200, 200)],
)
def test_a_delete_is_answered_in_one_of_three_ways(variant: Any, of_source: int, of_destination: int) -> None:
    api = make_api(variants=Variants(delete_status=variant))
    source = api.create("/connections", s3_account())["id"]
    target = api.create("/connections", {"name": "zone", "connectionSpec": reference(DLZ_DESTINATION)})["id"]
    for id, status in ((source, of_source), (target, of_destination)):
        reply = api.call("DELETE", f"/connections/{id}")
        assert (reply.status, reply.body) == (status, None)
        assert api.emulator.store.get("dev", "connections", id) is None


def test_a_draft_is_published(api: Api) -> None:
    body = {"name": "later", "connectionSpec": reference(S3)}
    made = api.create("/connections?mode=draft", body)
    assert api.one(f"/connections/{made['id']}")["state"] == "draft"
    assert api.call("POST", f"/connections/{made['id']}/action?op=publish").code == "CONNECTOR-1304-400"
    api.patch(f"/connections/{made['id']}", [{"op": "add", "path": "/auth", "value": s3_account()["auth"]}])
    reply = api.call("POST", f"/connections/{made['id']}/action?op=PUBLISH&subOp=APPLY")
    assert reply.status == 200
    row = api.one(f"/connections/{made['id']}")
    assert (row["state"], row["etag"]) == ("enabled", reply.body["etag"])
    assert api.call("POST", f"/connections/{made['id']}/action?op=publish").code == "FLOW-1422-400"


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("", "FLOW-1451-400"),
        ("?op=finalize", "FLOW-1402-400"),
        ("?op=enable", "FLOW-1422-400"),
        ("?op=publish&subOp=dance", "FLOW-1435-400"),
    ],
)
def test_an_action_that_is_refused(api: Api, query: str, code: str) -> None:
    made = api.create("/connections", s3_account())
    assert api.call("POST", f"/connections/{made['id']}/action{query}").code == code


def test_a_provider_may_finalize() -> None:
    api = make_api(provider_access=True)
    made = api.create("/connections", s3_account())
    reply = api.call(
        "POST", f"/connections/{made['id']}/action?op=FINALIZE&subOp=APPLY", {"percentCompleted": 100}
    )
    assert (reply.status, reply.body["id"]) == (200, made["id"])


def test_a_broken_connection_fails_its_test_until_it_gets_new_credentials(api: Api) -> None:
    id = api.create("/connections", s3_account())["id"]
    assert api.get(f"/connections/{id}/test").body == {"result": True}
    api.emulator.broken_connections[id] = "The key was revoked."
    for path in (f"/connections/{id}/test", f"/connections/{id}/explore?objectType=root"):
        reply = api.get(path)
        assert reply.code == "CONNECTOR-1308-400"
        assert reply.body["detail"] == "The key was revoked."
    params = {"s3AccessKey": "AKIANEW", "s3SecretKey": "also-not-a-secret"}
    api.patch(f"/connections/{id}", [{"op": "replace", "path": "/auth/params", "value": params}])
    assert api.get(f"/connections/{id}/test").body == {"result": True}


def test_the_mask_is_no_new_credential(api: Api) -> None:
    id = api.create("/connections", s3_account())["id"]
    api.emulator.broken_connections[id] = "The key was revoked."
    for path, value in (
        ("s3SecretKey", "***"),
        ("s3AccessKey", "***"),
        ("s3SecretKey", "still-masked-beside"),
    ):
        api.patch(f"/connections/{id}", [{"op": "replace", "path": f"/auth/params/{path}", "value": value}])
        assert api.get(f"/connections/{id}/test").code == "CONNECTOR-1308-400"


def test_an_unknown_mode_is_refused(api: Api) -> None:
    assert api.call("POST", "/connections?mode=magic", s3_account()).code == "CONNECTOR-1368-400"


def test_the_same_seed_makes_the_same_ids() -> None:
    first, second = (make_api().create("/connections", s3_account()) for _ in range(2))
    other = make_api(seed=8).create("/connections", s3_account())
    assert first == second != other
