"""What aepp writes to the emulator: creates, patches with ETag, actions, runs, deletes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from aepp.flowservice import FlowManager, FlowService

from peers.process import FlowApi

DATA_LAKE = "c604ff05-7f1a-43c0-8e18-33bf874cb11c"
FILES_TO_LAKE = "9753525b-82c7-4dce-8a9b-5ccfce2b9876"
EXPORT_SOURCE = "23598e46-f560-407b-88d5-ea6207e49db0"
EXPORT_TO_LANDING_ZONE = "cd2fc47e-e838-4f38-a581-8fff2f99b63a"
STALE = '"00000000-0000-0200-0000-000000000000"'


def tomorrow() -> int:
    return int(time.time()) + 86_400


def existing_mapped_target(api: FlowApi) -> tuple[dict[str, Any], str]:
    """A target connection of the data lake that a flow with a mapping writes to, and that mapping's id."""
    for flow in api.every("/flows", property="inheritedAttributes.properties.isSourceFlow==true"):
        mapping = [t["params"]["mappingId"] for t in flow["transformations"] if t["name"] == "Mapping"]
        target = api.item(f"/targetConnections/{flow['targetConnectionIds'][0]}")
        if mapping and target["connectionSpec"]["id"] == DATA_LAKE:
            return target, mapping[0]
    raise AssertionError("the seed has no mapped flow into the data lake")


# Connections


def test_a_storage_account_is_created_patched_and_deleted(aepp_flows: FlowService, api: FlowApi) -> None:
    created = aepp_flows.createBaseConnectionS3Target(
        name="peer storage", s3AccessKey="AKIAPEERPEERPEERPEER", s3SecretKey="peersecret" * 4
    )
    path = f"/connections/{created['id']}"
    stored = api.item(path)
    assert (stored["name"], stored["etag"]) == ("peer storage", created["etag"])
    assert stored["auth"]["params"]["s3AccessKey"] == "AKIAPEERPEERPEERPEER"
    assert "peersecret" not in str(stored)

    patched = aepp_flows.patchConnection(
        created["id"], [{"op": "replace", "path": "/name", "value": "peer renamed"}]
    )
    assert patched["etag"] != created["etag"]
    assert api.item(path)["name"] == "peer renamed"
    assert api.item(path)["etag"] == patched["etag"]

    assert aepp_flows.deleteConnection(created["id"]) in (202, 204)
    assert api.get(path).status == 404
    assert aepp_flows.deleteConnection(created["id"])["errorMessage"] == (
        f"connections not found with id = [{created['id']}]"
    )


def test_a_streaming_connection_gets_its_inlet(aepp_flows: FlowService, api: FlowApi) -> None:
    created = aepp_flows.createConnectionStreaming(
        name="peer stream",
        sourceId="peer-stream",
        dataType="raw",
        paramName="peer-stream",
        authenticationRequired=True,
    )
    params = api.item(f"/connections/{created['id']}")["auth"]["params"]
    assert params["inletUrl"] == f"https://dcs.adobedc.net/collection/{params['inletId']}"
    assert (params["sourceId"], params["dataType"]) == ("peer-stream", "raw")
    assert params["authenticationRequired"] is True


@pytest.mark.parametrize("kind", ["blob", "landing zone", "profile store"])
def test_other_accounts_are_created(aepp_flows: FlowService, api: FlowApi, kind: str) -> None:
    created = {
        "blob": lambda: aepp_flows.createBaseConnectionBlobTarget(
            name="peer blob",
            connectionString="DefaultEndpointsProtocol=https;AccountName=peer;AccountKey=cGVlcg==",
        ),
        "landing zone": lambda: aepp_flows.createBaseConnectionDLZTarget(name="peer landing zone"),
        "profile store": lambda: aepp_flows.createConnectionToUPS(name="peer profile store"),
    }[kind]()
    stored = api.item(f"/connections/{created['id']}")
    assert stored["name"] == f"peer {kind}"
    assert ("auth" in stored) is (kind == "blob")


def test_a_connection_that_flows_use_stays(aepp_flows: FlowService, api: FlowApi) -> None:
    flow = next(
        f for f in api.every("/flows") if "baseConnection" in f["inheritedAttributes"]["sourceConnections"][0]
    )
    base = flow["inheritedAttributes"]["sourceConnections"][0]["baseConnection"]["id"]
    refused = aepp_flows.deleteConnection(base)
    assert refused["status"] == 400
    assert "1418" in refused["type"]
    assert api.item(f"/connections/{base}")["id"] == base


def test_an_account_without_its_spec_version_is_refused(aepp_flows: FlowService) -> None:
    refused = aepp_flows.createConnection(name="peer", connectionSpec={"id": DATA_LAKE})
    assert "id" not in refused
    assert "version" in str(refused)


# A flow from the landing zone into the data lake


@pytest.fixture(scope="module")
def lake_flow(aepp_flows: FlowService, api: FlowApi) -> Iterator[dict[str, str]]:
    """A flow that aepp makes of its own source and target connection; its ids. Deleted again through aepp."""
    lake, mapping = existing_mapped_target(api)
    source = aepp_flows.createSourceConnectionDataLandingZone(
        name="peer files", path="dlz-user-container/peer/", type="folder", recursive=True
    )
    target = aepp_flows.createTargetConnectionDataLake(
        name="peer lake",
        datasetId=lake["params"]["dataSetId"],
        schemaId=lake["data"]["schema"]["id"],
        format="parquet_xdm",
    )
    flow = aepp_flows.createFlowDataLandingZoneToDataLake(
        name="peer flow",
        source_connection_id=source["id"],
        target_connection_id=target["id"],
        schedule_start_time=tomorrow(),
        transformation_mapping_id=mapping,
        transformation_name="Mapping",
    )
    made = {"flow": flow["id"], "source": source["id"], "target": target["id"], "mapping": mapping}
    yield made
    assert aepp_flows.deleteFlow(made["flow"]) in (202, 204)
    assert aepp_flows.deleteSourceConnection(made["source"]) in (202, 204)
    assert aepp_flows.deleteTargetConnection(made["target"]) in (202, 204)
    paths = [
        f"/flows/{made['flow']}",
        f"/sourceConnections/{made['source']}",
        f"/targetConnections/{made['target']}",
    ]
    assert [api.get(path).status for path in paths] == [404, 404, 404]


def test_the_flow_is_stored_as_sent(lake_flow: dict[str, str], api: FlowApi) -> None:
    flow = api.item(f"/flows/{lake_flow['flow']}")
    assert flow["name"] == "peer flow"
    assert flow["flowSpec"]["id"] == FILES_TO_LAKE
    assert flow["sourceConnectionIds"] == [lake_flow["source"]]
    assert flow["targetConnectionIds"] == [lake_flow["target"]]
    assert flow["scheduleParams"]["frequency"] == "minute"
    assert int(flow["scheduleParams"]["interval"]) == 15
    assert flow["transformations"][0]["params"]["mappingId"] == lake_flow["mapping"]
    assert flow["inheritedAttributes"]["properties"] == {"isSourceFlow": True}


def test_a_patch_with_the_current_etag_is_stored_and_moves_it(
    lake_flow: dict[str, str], aepp_flows: FlowService, api: FlowApi
) -> None:
    path = f"/flows/{lake_flow['flow']}"
    before = api.item(path)
    change = [{"op": "Add", "path": "/description", "value": "from a peer"}]
    answer = aepp_flows.updateFlow(lake_flow["flow"], etag=before["etag"], updateObj=change)
    after = api.item(path)
    assert answer == {"id": lake_flow["flow"], "etag": after["etag"]}
    assert after["description"] == "from a peer"
    assert after["etag"] != before["etag"]


def test_a_patch_with_a_stale_etag_is_refused_and_aepp_returns_the_refusal(
    lake_flow: dict[str, str], aepp_flows: FlowService, api: FlowApi
) -> None:
    path = f"/flows/{lake_flow['flow']}"
    before = api.item(path)
    change = [{"op": "replace", "path": "/name", "value": "never"}]
    answer = aepp_flows.updateFlow(lake_flow["flow"], etag=STALE, updateObj=change)
    assert "does not match the current version" in answer["errorMessage"]
    assert before["etag"].strip('"') in answer["errorMessage"]
    assert api.item(path) == before


@pytest.mark.parametrize("end", ["source", "target"])
def test_both_ends_are_patched_with_their_etag(
    lake_flow: dict[str, str], aepp_flows: FlowService, api: FlowApi, end: str
) -> None:
    update = {"source": aepp_flows.updateSourceConnection, "target": aepp_flows.updateTargetConnection}[end]
    path = f"/{end}Connections/{lake_flow[end]}"
    change = [{"op": "replace", "path": "/name", "value": f"peer {end} renamed"}]
    before = api.item(path)
    answer = update(lake_flow[end], before["etag"], change)
    assert answer["etag"] == api.item(path)["etag"] != before["etag"]
    assert api.item(path)["name"] == f"peer {end} renamed"
    assert "does not match" in update(lake_flow[end], before["etag"], change)["errorMessage"]


def test_a_policy_cannot_be_set_through_aepp(
    lake_flow: dict[str, str], aepp_flows: FlowService, api: FlowApi
) -> None:
    """Its updatePolicy never passes the ETag that its own updateFlow requires."""
    path = f"/flows/{lake_flow['flow']}"
    with pytest.raises(Exception, match="etag"):
        aepp_flows.updatePolicy(lake_flow["flow"], policies=["/dulepolicy/marketingActions/core/peer"])
    value = {"enforcementRefs": ["/dulepolicy/marketingActions/core/peer"]}
    reply = api.call(
        "PATCH",
        path,
        [{"op": "add", "path": "/policy", "value": value}],
        **{"If-Match": api.item(path)["etag"]},
    )
    assert reply.status == 200
    assert api.item(path)["policy"] == value


def test_the_flow_is_disabled_and_enabled(
    lake_flow: dict[str, str], aepp_flows: FlowService, api: FlowApi
) -> None:
    path = f"/flows/{lake_flow['flow']}"
    assert aepp_flows.postFlowAction(lake_flow["flow"], "disable")["id"] == lake_flow["flow"]
    assert api.item(path)["state"] == "disabled"
    refused = aepp_flows.postFlowAction(lake_flow["flow"], "disable")
    assert "1422" in refused["type"]
    assert aepp_flows.postFlowAction(lake_flow["flow"], "enable")["etag"] == api.item(path)["etag"]
    assert api.item(path)["state"] == "enabled"


def test_the_flow_manager_patches_and_then_forgets_the_flow(
    lake_flow: dict[str, str], aepp_flows: FlowService, api: FlowApi
) -> None:
    """It takes the answer `{id, etag}` of a PATCH for the flow itself, so that name and state are gone."""
    manager = FlowManager(lake_flow["flow"])
    manager.updateFlow([{"op": "replace", "path": "/description", "value": "from the manager"}])
    assert api.item(f"/flows/{lake_flow['flow']}")["description"] == "from the manager"
    assert manager.etag == api.item(f"/flows/{lake_flow['flow']}")["etag"]
    assert manager.name is None
    assert manager.state is None


def test_a_run_on_demand_needs_a_flow_that_runs_once(
    lake_flow: dict[str, str], aepp_flows: FlowService, api: FlowApi
) -> None:
    refused = aepp_flows.createRun(lake_flow["flow"])
    assert "1386" in refused["type"]
    scheduled = aepp_flows.createFlow(flow_spec_id=FILES_TO_LAKE, obj=once(lake_flow))
    window = {"startTime": tomorrow(), "windowStartTime": tomorrow() - 86_400, "windowEndTime": tomorrow()}
    answer = aepp_flows.createRun(scheduled["id"], params=window)
    (run,) = aepp_flows.getRun(answer["items"][0]["id"])
    assert run["flowId"] == scheduled["id"]
    assert run["params"]["windowEndTime"] == window["windowEndTime"]
    assert aepp_flows.deleteFlow(scheduled["id"]) in (202, 204)


def once(made: dict[str, str]) -> dict[str, Any]:
    return {
        "name": "peer once",
        "flowSpec": {"id": FILES_TO_LAKE, "version": "1.0"},
        "sourceConnectionIds": [made["source"]],
        "targetConnectionIds": [made["target"]],
        "transformations": [
            {"name": "Mapping", "params": {"mappingId": made["mapping"], "mappingVersion": 0}}
        ],
        "scheduleParams": {"startTime": tomorrow(), "frequency": "once"},
    }


# Dataset exports


def test_one_dataset_given_as_text_falls_into_letters_before_anything_is_sent(
    aepp_flows: FlowService, api: FlowApi
) -> None:
    """`list("66b0...")`."""
    dataset = exportable(api)
    before = len(api.every("/flows"))
    with pytest.raises(Exception, match=f"^{dataset[0]} cannot be found"):
        aepp_flows.exportDatasetToDLZ(datasetIds=dataset, scheduleStart=tomorrow())
    with pytest.raises(Exception, match=r"^unknown cannot be found"):
        aepp_flows.exportDatasetToDLZ(datasetIds=["unknown"], scheduleStart=tomorrow())
    assert len(api.every("/flows")) == before


def test_datasets_are_exported_to_the_landing_zone_in_one_go(aepp_flows: FlowService, api: FlowApi) -> None:
    dataset = exportable(api)
    start = tomorrow()
    made = aepp_flows.exportDatasetToDLZ(datasetIds=[dataset], scheduleStart=start, flowname="peer in one go")
    flow = api.item(f"/flows/{made['id']}")
    assert flow["name"] == "peer in one go"
    assert flow["flowSpec"]["id"] == EXPORT_TO_LANDING_ZONE
    assert {name: flow["scheduleParams"][name] for name in ("interval", "timeUnit", "startTime")} == {
        "interval": 1,
        "timeUnit": "day",
        "startTime": int(start),
    }
    source = api.item(f"/sourceConnections/{flow['sourceConnectionIds'][0]}")
    assert [one["dataSetId"] for one in source["params"]["datasets"]] == [dataset]
    target = api.item(f"/targetConnections/{flow['targetConnectionIds'][0]}")
    assert (target["params"]["datasetFileType"], target["params"]["compression"]) == ("JSON", "GZIP")


def test_an_export_is_made_of_its_parts(aepp_flows: FlowService, api: FlowApi) -> None:
    dataset = exportable(api)
    base = aepp_flows.createBaseConnectionDLZTarget(name="peer export account")
    source = aepp_flows.createSourceConnectionDataLake(name="peer export source", dataset_ids=[dataset])
    target = aepp_flows.createTargetConnectionDatasetToDataLandingZone(
        name="peer export target", baseConnectionId=base["id"], path="peer", datasetFileType="PARQUET"
    )
    body = {
        "name": "peer export",
        "flowSpec": {"id": EXPORT_TO_LANDING_ZONE, "version": "1.0"},
        "sourceConnectionIds": [source["id"]],
        "targetConnectionIds": [target["id"]],
        "transformations": [],
        "scheduleParams": {
            "timeUnit": "day",
            "interval": 1,
            "exportMode": "FIRST_FULL_THEN_INCREMENTAL",
            "startTime": tomorrow(),
        },
    }
    flow = aepp_flows.createFlow(flow_spec_id=EXPORT_TO_LANDING_ZONE, obj=body)
    stored = api.item(f"/flows/{flow['id']}")
    assert stored["inheritedAttributes"]["properties"] == {"isDestinationFlow": True}
    assert stored["scheduleParams"]["exportMode"] == "FIRST_FULL_THEN_INCREMENTAL"
    assert aepp_flows.deleteFlow(flow["id"]) == 202
    assert api.get(f"/flows/{flow['id']}").status == 404


def exportable(api: FlowApi) -> str:
    reply = api.get(
        f"/connectionSpecs/{EXPORT_SOURCE}/configs",
        outputType="activationDatasets",
        outputField="datasets",
        limit=5,
    )
    dataset: str = reply.body["items"][0]["id"]
    return dataset
