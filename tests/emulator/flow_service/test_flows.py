"""Flows: creating, patching, switching, deleting."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.kit import (
    DLZ_DESTINATION,
    Api,
    make_api,
    pipeline,
    reference,
    table_pipeline,
    written,
)


def test_a_flow_is_created_and_read_back(api: Api) -> None:
    parts = pipeline(api)
    made = api.create("/flows", parts.flow | {"options": {"partialIngestionPercent": 5}})
    row = api.one(f"/flows/{made['id']}")
    assert row["state"] == "enabled"
    assert row["etag"] == row["version"] == made["etag"]
    assert row["runs"] == f"/runs?property=flowId=={made['id']}"
    assert row["scheduleParams"] == parts.flow["scheduleParams"]
    assert row["options"] == {"partialIngestionPercent": 5}
    assert row["lastOperation"]["operation"] == "create"
    assert row["lastOperation"]["status"]["value"] == "completed"
    inherited = row["inheritedAttributes"]
    assert inherited["properties"] == {"isSourceFlow": True}
    assert inherited["sourceConnections"][0]["id"] == parts.source
    assert inherited["sourceConnections"][0]["baseConnection"]["id"] == parts.base
    assert inherited["targetConnections"][0]["id"] == parts.target
    assert "baseConnection" not in inherited["targetConnections"][0]
    assert "lastRunDetails" not in row


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"name": None}, 422, None),
        ({"flowSpec": None}, 422, None),
        ({"flowSpec": {"id": "9753525b-82c7-4dce-8a9b-5ccfce2b9876"}}, 422, None),
        ({"flowSpec": reference("unknown")}, 400, "FLOW-1413-400"),
        ({"state": "enabled"}, 400, "FLOW-1410-400"),
        ({"sourceConnectionIds": []}, 400, "CONNECTOR-1320-400"),
        ({"sourceConnectionIds": ["a", "b"]}, 400, "CONNECTOR-1321-400"),
        ({"sourceConnectionIds": ["unknown"]}, 400, "CONNECTOR-1322-400"),
        ({"targetConnectionIds": []}, 400, "CONNECTOR-1320-400"),
        ({"targetConnectionIds": ["unknown"]}, 400, "CONNECTOR-1323-400"),
        ({"transformations": []}, 400, "CONNECTOR-1370-400"),
        ({"transformations": [{"name": "mapping", "params": {}}]}, 400, "CONNECTOR-1392-400"),
        ({"transformations": ["Mapping"]}, 400, "CONNECTOR-1392-400"),
        ({"transformations": [{"name": "Mapping", "params": {}}]}, 400, "CONNECTOR-1304-400"),
        ({"transformations": [{"name": "Mapping", "params": {"mappingId": "x"}}]}, 500, "FLOW-2250-500"),
        ({"options": {"partialIngestionPercent": 0}}, 400, "CONNECTOR-1312-400"),
        ({"options": {"errorDiagnosticsEnabled": "yes"}}, 400, "CONNECTOR-1312-400"),
        ({"scheduleParams": None}, 400, "CONNECTOR-1317-400"),
        ({"scheduleParams": []}, 400, None),
    ],
)
def test_a_flow_that_is_refused(api: Api, changes: dict[str, Any], status: int, code: str | None) -> None:
    parts = pipeline(api)
    before = written(api)
    reply = api.call("POST", "/flows", parts.flow | changes)
    assert reply.status == status
    if code is not None:
        assert reply.code == code
    assert written(api) == before


def test_the_mapping_has_to_fit(api: Api) -> None:
    parts = pipeline(api)
    step = {"name": "Mapping", "params": {"mappingId": parts.mapping, "mappingVersion": 1}}
    assert api.call("POST", "/flows", parts.flow | {"transformations": [step]}).code == "FLOW-1412-400"
    schema = api.emulator.store.all("dev", "schemas")[1]["$id"]
    body = {
        "xdmSchema": schema,
        "xdmVersion": "1.0",
        "mappings": [{"sourceAttribute": "a", "destinationXdmPath": "b"}],
    }
    other = api.create("/data/foundation/conversion/mappingSets", body)["id"]
    step = {"name": "Mapping", "params": {"mappingId": other, "mappingVersion": 0}}
    assert api.call("POST", "/flows", parts.flow | {"transformations": [step]}).code == "FLOW-1425-400"


def test_a_source_flow_writes_to_the_lake(api: Api) -> None:
    parts = pipeline(api)
    base = api.create("/connections", {"name": "zone", "connectionSpec": reference(DLZ_DESTINATION)})["id"]
    body = {
        "name": "zone",
        "baseConnectionId": base,
        "connectionSpec": reference(DLZ_DESTINATION),
        "params": {
            "mode": "Server-to-server",
            "compression": "NONE",
            "datasetFileType": "PARQUET",
            "path": "x",
        },
    }
    zone = api.create("/targetConnections", body)["id"]
    assert (
        api.call("POST", "/flows", parts.flow | {"targetConnectionIds": [zone]}).code == "CONNECTOR-1307-400"
    )
    tables = table_pipeline(api)
    mixed = parts.flow | {"sourceConnectionIds": [tables.source]}
    assert api.call("POST", "/flows", mixed).code == "CONNECTOR-1312-400"


def test_disable_and_enable(api: Api) -> None:
    made = api.create("/flows", pipeline(api).flow)
    path = f"/flows/{made['id']}"
    assert api.call("POST", f"{path}/action?op=enable").code == "FLOW-1422-400"
    off = api.call("POST", f"{path}/action?op=disable")
    assert off.status == 200
    assert api.one(path)["state"] == "disabled"
    assert api.one(path)["etag"] == off.body["etag"] != made["etag"]
    assert api.call("POST", f"{path}/action?op=DISABLE").code == "FLOW-1422-400"
    api.clock.forward(hours=3)
    assert api.items("/runs", ("property", f"flowId=={made['id']}")) == []
    assert api.call("POST", f"{path}/action?op=ENABLE&subOp=APPLY").status == 200
    api.clock.forward(hours=1)
    assert len(api.items("/runs", ("property", f"flowId=={made['id']}"))) == 1


def test_an_action_honours_if_match_when_it_is_sent(api: Api) -> None:
    made = api.create("/flows", pipeline(api).flow)
    path = f"/flows/{made['id']}/action?op=disable"
    assert api.call("POST", path, headers={"if-match": '"old"'}).status == 412
    assert api.one(f"/flows/{made['id']}")["state"] == "enabled"
    assert api.call("POST", path, headers={"if-match": made["etag"]}).status == 200


@pytest.mark.parametrize(
    ("op", "code"),
    [("finalize", 1402), ("FINALIZE_UPDATE", 1402), ("publish", 1422), ("dance", 1422), ("", 1451)],
)
def test_an_action_that_is_refused(api: Api, op: str, code: int) -> None:
    made = api.create("/flows", pipeline(api).flow)
    assert api.call("POST", f"/flows/{made['id']}/action?op={op}").code == f"FLOW-{code}-400"


def test_states_in_between_refuse_changes() -> None:
    api = make_api(settle=30.0)
    made = api.create("/flows", pipeline(api).flow)
    path = f"/flows/{made['id']}"
    assert api.one(path)["state"] == "initializing"
    api.clock.forward(seconds=31)
    assert api.one(path)["state"] == "enabled"
    api.call("POST", f"{path}/action?op=disable")
    assert api.one(path)["state"] == "disabling"
    assert api.call("POST", f"{path}/action?op=enable").code == "FLOW-1421-400"
    assert api.patch(path, [{"op": "replace", "path": "/name", "value": "x"}]).code == "FLOW-1457-400"
    assert api.call("DELETE", path).code == "FLOW-1458-400"
    api.clock.forward(seconds=31)
    assert api.one(path)["state"] == "disabled"
    assert api.patch(path, [{"op": "replace", "path": "/name", "value": "x"}]).status == 200
    assert api.one(path)["state"] == "updating"


def test_a_draft_grows_and_is_published(api: Api) -> None:
    parts = pipeline(api)
    body = {
        name: parts.flow[name] for name in ("name", "flowSpec", "sourceConnectionIds", "targetConnectionIds")
    }
    made = api.create("/flows?mode=draft", body)
    path = f"/flows/{made['id']}"
    assert api.one(path)["state"] == "draft"
    assert api.call("POST", f"{path}/action?op=publish").code == "CONNECTOR-1370-400"
    add = [
        {"op": "add", "path": f"/{name}", "value": parts.flow[name]}
        for name in ("transformations", "scheduleParams")
    ]
    assert api.patch(path, add).status == 200
    assert api.one(path)["state"] == "draft"
    assert api.call("POST", f"{path}/action?op=enable").code == "FLOW-1422-400"
    assert api.call("POST", f"{path}/action?op=publish").status == 200
    assert api.one(path)["state"] == "enabled"
    api.clock.forward(hours=1)
    assert len(api.items("/runs", ("property", f"flowId=={made['id']}"))) == 1


def test_a_patch_is_noted_and_reschedules(api: Api) -> None:
    made = api.create("/flows", pipeline(api).flow)
    path = f"/flows/{made['id']}"
    operations = [{"op": "replace", "path": "/scheduleParams/frequency", "value": "day"}]
    assert api.patch(path, operations).status == 200
    row = api.one(path)
    assert row["lastOperation"]["operation"] == "update"
    assert row["lastOperation"]["ops"] == operations
    api.clock.forward(hours=36)
    assert len(api.items("/runs", ("property", f"flowId=={made['id']}"))) == 2


def test_a_patch_of_the_mapping_is_checked(api: Api) -> None:
    parts = pipeline(api)
    path = f"/flows/{api.create('/flows', parts.flow)['id']}"
    mapping = "/data/foundation/conversion/mappingSets"
    body = {
        "outputSchema": {"schemaRef": {"id": parts.schema}},
        "mappings": [{"source": "a", "destination": "b"}],
    }
    step = {"name": "Mapping", "params": {"mappingId": parts.mapping, "mappingVersion": 1}}
    change = [{"op": "replace", "path": "/transformations/0", "value": step}]
    assert api.patch(path, change).code == "FLOW-1412-400"
    assert api.call("PUT", f"{mapping}/{parts.mapping}", body).body["version"] == 1
    assert api.patch(path, change).status == 200
    assert api.one(path)["transformations"] == [step]


def test_a_patch_may_change_the_source_and_what_is_inherited_follows(api: Api) -> None:
    parts, other = pipeline(api), pipeline(api)
    path = f"/flows/{api.create('/flows', parts.flow)['id']}"
    change = [{"op": "replace", "path": "/sourceConnectionIds", "value": [other.source]}]
    assert api.patch(path, change).status == 200
    assert api.one(path)["inheritedAttributes"]["sourceConnections"][0]["baseConnection"]["id"] == other.base


def test_a_policy_with_empty_fields_is_refused(api: Api) -> None:
    path = f"/flows/{api.create('/flows', pipeline(api).flow)['id']}"
    assert (
        api.patch(path, [{"op": "add", "path": "/policy", "value": {"fields": []}}]).code == "FLOW-1431-400"
    )
    policy = {"enforcementRefs": ["/policy/1"]}
    assert api.patch(path, [{"op": "add", "path": "/policy", "value": policy}]).status == 200
    assert api.one(path)["policy"] == policy


def test_connections_of_a_flow_cannot_be_deleted_before_it(api: Api) -> None:
    parts = pipeline(api)
    flow = api.create("/flows", parts.flow)["id"]
    for kind, id in (("sourceConnections", parts.source), ("targetConnections", parts.target)):
        reply = api.call("DELETE", f"/{kind}/{id}")
        assert reply.code == "FLOW-1447-400"
        assert flow in reply.body["detail"]
    assert api.call("DELETE", f"/flows/{flow}").status == 204
    assert api.get(f"/flows/{flow}").status == 404
    for path in (
        f"/sourceConnections/{parts.source}",
        f"/targetConnections/{parts.target}",
        f"/connections/{parts.base}",
    ):
        assert api.call("DELETE", path).status == 204


def test_a_deleted_flow_keeps_its_runs_and_gets_no_more(api: Api) -> None:
    flow = api.create("/flows", pipeline(api).flow)["id"]
    api.clock.forward(hours=2)
    assert len(api.items("/runs", ("property", f"flowId=={flow}"))) == 2
    api.call("DELETE", f"/flows/{flow}")
    api.clock.forward(hours=5)
    assert len(api.items("/runs", ("property", f"flowId=={flow}"))) == 2


def test_creating_and_deleting_leaves_the_emulator_as_it_was(api: Api) -> None:
    api.get("/flows")
    before = api.emulator.store.snapshot("dev")
    parts = pipeline(api)
    flow = api.create("/flows", parts.flow)["id"]
    assert api.emulator.store.snapshot("dev") != before
    api.call("DELETE", f"/flows/{flow}")
    for kind, id in (("sourceConnections", parts.source), ("targetConnections", parts.target)):
        api.call("DELETE", f"/{kind}/{id}")
    api.call("DELETE", f"/connections/{parts.base}")
    api.call("DELETE", f"/data/foundation/catalog/dataSets/{parts.data_set}")
    api.emulator.store.remove("dev", "mappingSets", parts.mapping)
    assert api.emulator.store.snapshot("dev") == before
