"""What aepp reads from the emulator: all that it reads right, and what it makes of right answers."""

from __future__ import annotations

from typing import Any

import pytest
from aepp.flowservice import FlowManager, FlowService

from peers.process import FlowApi

DATA_LAKE = "c604ff05-7f1a-43c0-8e18-33bf874cb11c"
EXPORT_SOURCE = "23598e46-f560-407b-88d5-ea6207e49db0"
LANDING_ZONE_TARGET = "10440537-2a7b-4583-ac39-ed38d4b848e8"
PROFILE_STORE = "8a9c3494-9708-43d7-ae3f-cda01e5030e1"
LANDING_ZONE = "/data/foundation/connectors/landingzone"


def ids(items: list[dict[str, Any]]) -> list[str]:
    return [item["id"] for item in items]


def test_the_token_is_the_one_the_emulator_issued(aepp_flows: FlowService) -> None:
    assert aepp_flows.connector.token
    assert aepp_flows.sandbox == "dev"


# Connections


def test_connections_are_paged_through_once_each(aepp_flows: FlowService, api: FlowApi) -> None:
    found = ids(aepp_flows.getConnections(limit=5, n_results="inf"))
    assert len(found) > 10
    assert sorted(found) == sorted(ids(api.every("/connections")))


def test_connections_are_filtered_and_ordered_by_what_aepp_passes_on(
    aepp_flows: FlowService, api: FlowApi
) -> None:
    spec = api.every("/connections")[0]["connectionSpec"]["id"]
    found = aepp_flows.getConnections(property=f"connectionSpec.id=={spec}", orderby="name", n_results="inf")
    assert {c["connectionSpec"]["id"] for c in found} == {spec}
    assert sorted(ids(found)) == sorted(ids(api.every("/connections", property=f"connectionSpec.id=={spec}")))
    assert [c["name"] for c in found] == sorted(c["name"] for c in found)


def test_a_connection_is_read_and_tested(aepp_flows: FlowService, api: FlowApi) -> None:
    enabled = next(c for c in api.every("/connections", property="state==enabled") if "auth" in c)
    assert aepp_flows.getConnection(enabled["id"]) == api.item(f"/connections/{enabled['id']}")
    assert aepp_flows.connectionTest(enabled["id"]) == api.get(f"/connections/{enabled['id']}/test").body


def test_counting_is_refused_because_aepp_sends_a_limit_too(aepp_flows: FlowService, api: FlowApi) -> None:
    """`limit` with `count` is 1401-400. aepp cannot count: it takes the error for the answer."""
    answer = aepp_flows.getConnections(count=True)
    assert isinstance(answer, dict)
    assert "1401" in str(answer)
    assert api.get("/connections", count="true").body["count"] == len(api.every("/connections"))
    assert api.get("/connections", count="true", limit=20).status == 400


def test_an_unknown_connection_is_an_error_that_aepp_takes_for_an_empty_one(
    aepp_flows: FlowService, api: FlowApi
) -> None:
    unknown = "00000000-0000-4000-8000-000000000000"
    assert aepp_flows.getConnection(unknown) == {}
    reply = api.get(f"/connections/{unknown}")
    assert (reply.status, reply.body["errorMessage"]) == (404, f"connections not found with id = [{unknown}]")


# Specs


def test_connection_specs_are_listed_and_found_by_name(aepp_flows: FlowService, api: FlowApi) -> None:
    everything = api.every_spec("/connectionSpecs")
    assert sorted(ids(aepp_flows.getConnectionSpecs())) == sorted(ids(everything))
    assert aepp_flows.getConnectionSpecsMap()["datalake"] == DATA_LAKE
    assert aepp_flows.getConnectionSpecIdFromName("Data Landing Zone") == LANDING_ZONE_TARGET
    assert aepp_flows.getConnectionSpecIdFromName("activation-datalake") == EXPORT_SOURCE
    assert ids(aepp_flows.getConnectionSpec(DATA_LAKE)["items"]) == [DATA_LAKE]


def test_flow_specs_are_listed_filtered_and_found_by_their_ends(
    aepp_flows: FlowService, api: FlowApi
) -> None:
    assert sorted(ids(aepp_flows.getFlowSpecs())) == sorted(ids(api.every_spec("/flowSpecs")))
    files_to_lake = aepp_flows.getFlowSpecIdFromNames("CloudStorageToAEP", "landing-zone", "datalake")
    assert files_to_lake == "9753525b-82c7-4dce-8a9b-5ccfce2b9876"
    assert aepp_flows.getFlowSpec(files_to_lake)["name"] == "CloudStorageToAEP"


# Flows


def test_flows_are_paged_through_once_each(aepp_flows: FlowService, api: FlowApi) -> None:
    found = ids(aepp_flows.getFlows(limit=7, n_results="inf"))
    assert len(found) > 30
    assert sorted(found) == sorted(ids(api.every("/flows")))


def test_flows_are_filtered_by_the_service(aepp_flows: FlowService, api: FlowApi) -> None:
    disabled = aepp_flows.getFlows(prop="state==disabled")
    assert disabled
    assert {flow["state"] for flow in disabled} == {"disabled"}
    destinations = aepp_flows.getFlows(onlyDestinations=True)
    sources = aepp_flows.getFlows(onlySources=True)
    assert destinations
    assert sources
    assert all(f["inheritedAttributes"]["properties"]["isDestinationFlow"] is True for f in destinations)
    assert all(f["inheritedAttributes"]["properties"]["isSourceFlow"] is True for f in sources)
    assert ids(destinations) == ids(
        api.every("/flows", property="inheritedAttributes.properties.isDestinationFlow==true")
    )


def test_of_two_filters_aepp_sends_the_last_and_the_service_would_honour_both(
    aepp_flows: FlowService, api: FlowApi
) -> None:
    """onlyDestinations overwrites `prop`. A repeated `property` means both."""
    both = ["state==disabled", "inheritedAttributes.properties.isDestinationFlow==true"]
    asked = aepp_flows.getFlows(prop=both[0], onlyDestinations=True)
    right = api.every("/flows", property=both)
    assert ids(asked) == ids(api.every("/flows", property=both[1]))
    assert set(ids(right)) < set(ids(asked))


def test_a_flow_is_read_and_found_by_its_ends(aepp_flows: FlowService, api: FlowApi) -> None:
    flow = api.every("/flows", property="state==enabled")[0]
    assert aepp_flows.getFlow(flow["id"]) == api.item(f"/flows/{flow['id']}")
    source, target = flow["sourceConnectionIds"][0], flow["targetConnectionIds"][0]
    assert flow["id"] in ids(aepp_flows.getFlows(filterSourceIds=[source], n_results="inf"))
    assert flow["id"] in ids(aepp_flows.getFlows(filterTargetIds=[target], n_results="inf"))
    assert aepp_flows.getSourceConnection(source)["id"] == source
    assert aepp_flows.getTargetConnection(target)["id"] == target


def test_aepp_doubles_a_flow_for_each_filter_it_meets(aepp_flows: FlowService, api: FlowApi) -> None:
    """It filters on its own side, once per id asked for. The service names each flow once."""
    mapped = next(
        f for f in api.every("/flows") if any("mappingId" in t["params"] for t in f["transformations"])
    )
    mapping = next(t["params"]["mappingId"] for t in mapped["transformations"] if "mappingId" in t["params"])
    doubled = ids(aepp_flows.getFlows(filterMappingSetIds=[mapping, mapping], n_results="inf"))
    once = ids(api.every("/flows", property=f"transformations[].params.mappingId=={mapping},{mapping}"))
    assert mapped["id"] in once
    assert sorted(doubled) == sorted(once * 2)


def test_aepp_calls_profile_flows_identity_flows(aepp_flows: FlowService, api: FlowApi) -> None:
    """Its list of identity flows asks for the profile store's spec. Each kind has its own flow spec."""
    profile = flows_of_spec(api, "dataset_to_ups")
    identity = flows_of_spec(api, "dataset_to_uis")
    assert profile
    assert identity
    assert not profile & identity
    assert set(ids(aepp_flows.getUPSFlows())) == profile
    assert set(ids(aepp_flows.getUISFlows())) == profile


def flows_of_spec(api: FlowApi, name: str) -> set[str]:
    (spec,) = api.get("/flowSpecs", property=f"name=={name}").body["items"]
    return set(ids(api.every("/flows", property=f"flowSpec.id=={spec['id']}")))


# Runs


def test_runs_of_a_flow_are_paged_through_once_each(aepp_flows: FlowService, api: FlowApi) -> None:
    flow = next(f for f in api.every("/flows", property="state==enabled") if "lastRunDetails" in f)
    found = aepp_flows.getRuns(limit=6, n_results="inf", prop=[f"flowId=={flow['id']}"])
    assert len(found) > 6
    assert {run["flowId"] for run in found} == {flow["id"]}
    assert sorted(ids(found)) == sorted(ids(api.every("/runs", property=f"flowId=={flow['id']}")))
    assert aepp_flows.getRun(found[0]["id"])[0]["id"] == found[0]["id"]


def test_runs_are_filtered_by_state_as_well(aepp_flows: FlowService) -> None:
    failed = aepp_flows.getRuns(limit=50, n_results=50, prop="metrics.statusSummary.status==failed")
    assert failed
    assert {run["metrics"]["statusSummary"]["status"] for run in failed} == {"failed"}
    flow = failed[0]["flowId"]
    of_flow = aepp_flows.getRuns(
        n_results=20, prop=[f"flowId=={flow}", "metrics.statusSummary.status==failed"]
    )
    assert {(r["flowId"], r["metrics"]["statusSummary"]["status"]) for r in of_flow} == {(flow, "failed")}


# Source and target connections


@pytest.mark.parametrize("collection", ["sourceConnections", "targetConnections"])
def test_both_ends_are_paged_through_once_each(
    aepp_flows: FlowService, api: FlowApi, collection: str
) -> None:
    read = {
        "sourceConnections": aepp_flows.getSourceConnections,
        "targetConnections": aepp_flows.getTargetConnections,
    }[collection]
    found = ids(read(n_results="inf", limit=8))
    assert len(found) > 20
    assert sorted(found) == sorted(ids(api.every(f"/{collection}")))


# The flow manager


def test_the_flow_manager_gathers_a_source_flow(aepp_flows: FlowService, api: FlowApi) -> None:
    """It names the flow, its spec, dataset, schema and mapping. The name of the target's spec it never
    finds: it asks for the spec of the source, and reads a list as if it were an object."""
    flow = flow_into_the_lake(api)
    manager = FlowManager(flow["id"])
    target = api.item(f"/targetConnections/{flow['targetConnectionIds'][0]}")
    dataset = target["params"]["dataSetId"]
    catalogue = api.get(f"/data/foundation/catalog/dataSets/{dataset}").body[dataset]
    assert (manager.name, manager.state, manager.etag) == (flow["name"], flow["state"], flow["etag"])
    assert manager.flowType == "source"
    assert manager.flowSpec["name"] == api.item(f"/flowSpecs/{flow['flowSpec']['id']}")["name"]
    assert manager.datasetId == dataset
    assert manager.flowTargetConnection["params"]["datasetName"] == catalogue["name"]
    assert manager.flowTargetConnection["data"]["schema"]["name"]
    assert manager.flowMapping["createdDateTS"] > 0
    assert ids(manager.getRuns(limit=5, n_results=5)) == ids(
        api.get("/runs", property=f"flowId=={flow['id']}", limit=5).body["items"]
    )
    source_spec = api.item(f"/connectionSpecs/{manager.flowSourceConnection['connectionSpec']['id']}")
    target_spec = api.item(f"/connectionSpecs/{target['connectionSpec']['id']}")
    assert manager.flowSourceConnection["connectionSpec"]["name"] is None
    assert (
        manager.flowTargetConnection["connectionSpec"]["name"] == source_spec["name"] != target_spec["name"]
    )


def flow_into_the_lake(api: FlowApi) -> dict[str, Any]:
    flow: dict[str, Any]
    for flow in api.every("/flows", property="inheritedAttributes.properties.isSourceFlow==true"):
        target = flow["inheritedAttributes"]["targetConnections"][0]["connectionSpec"]["id"]
        mapped = any(t["name"] == "Mapping" for t in flow["transformations"])
        if target == DATA_LAKE and mapped and flow["state"] == "enabled" and "lastRunDetails" in flow:
            return flow
    raise AssertionError("the seed has no mapped, enabled flow into the data lake")


# The landing zone and exports


def test_the_landing_zone_is_described(aepp_flows: FlowService, api: FlowApi) -> None:
    for kind in ("user_drop_zone", "dlz_destination"):
        container = api.get(LANDING_ZONE, type=kind).body
        secrets = api.get(f"{LANDING_ZONE}/credentials", type=kind).body
        assert aepp_flows.getLandingZoneContainer(kind) == container
        assert aepp_flows.getLandingZoneStorageName(kind) == container["containerName"]
        assert aepp_flows.getLandingZoneStorageTTL(kind) == 7
        assert aepp_flows.getLandingZoneNamespace(kind) == secrets["storageAccountName"]
        assert aepp_flows.getLandingZoneSASUri(kind).endswith(aepp_flows.getLandingZoneSASToken(kind))
        assert aepp_flows.getLandingZoneCredential(kind)["containerName"] == container["containerName"]


def test_the_landing_zone_is_explored_down_to_a_file(aepp_flows: FlowService) -> None:
    entries = aepp_flows.exploreLandingZone()
    folder = next(entry for entry in entries if entry["type"] == "folder")
    inside = aepp_flows.exploreLandingZone(objectType="folder", object=folder["path"])
    assert all(entry["path"].startswith(folder["path"].rstrip("/")) for entry in inside)
    file = next(entry for entry in [*inside, *entries] if entry["type"] == "file")
    content = aepp_flows.getLandingZoneContent(file=file["path"])
    assert content["schema"]["columns"]
    assert content["data"]


def test_aepp_forgets_the_path_of_a_file_and_is_told(aepp_flows: FlowService) -> None:
    """Its exploration sends `object` for a folder only; without one a file cannot be read (1337-400)."""
    answer = aepp_flows.exploreLandingZone(objectType="file", object="anything.csv", fileType="delimited")
    assert answer["status"] == 400
    assert "1337" in answer["type"]


def test_exportable_datasets_are_those_of_the_data_lake(aepp_flows: FlowService, api: FlowApi) -> None:
    """aepp asks the landing zone's target spec for them."""
    asked: dict[str, str] = {"outputType": "activationDatasets", "outputField": "datasets", "limit": "100"}
    right = api.get(f"/connectionSpecs/{EXPORT_SOURCE}/configs", **asked).body["items"]
    assert right
    assert ids(aepp_flows.getExportableDatasets(EXPORT_SOURCE)) == ids(right)
    assert ids(aepp_flows.getExportableDatasetsDLZ()) == ids(right)
    own = api.get(f"/connectionSpecs/{LANDING_ZONE_TARGET}/configs", **asked).body["items"]
    assert own == right
