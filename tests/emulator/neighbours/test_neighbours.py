"""Catalog, Data Prep, Schema Registry, sandboxes, the landing zone, ad hoc activation."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from aep_flow_mcp.emulator import Variants
from emulator.kit import Api, make_api, pipeline

CATALOG = "/data/foundation/catalog"
MAPPINGS = "/data/foundation/conversion/mappingSets"
SCHEMAS = "/data/foundation/schemaregistry/tenant/schemas"
SANDBOXES = "/data/foundation/sandbox-management"
ZONE = "/data/foundation/connectors/landingzone"
AD_HOC = "/data/core/activation/disflowprovider/adhocrun"


def test_datasets_are_keyed_by_id_and_come_in_pages(api: Api) -> None:
    stored = api.emulator.store.sandboxes["dev"]["dataSets"]
    seen: list[str] = []
    for start in range(0, 1000, 6):
        page = api.get(
            f"{CATALOG}/dataSets", ("limit", "6"), ("start", str(start)), ("properties", "name")
        ).body
        seen += page
        assert all(set(row) == {"name"} for row in page.values())
        if len(page) < 6:
            break
    assert sorted(seen) == sorted(stored.base.ids())
    id = seen[0]
    row = api.get(f"{CATALOG}/dataSets/{id}", ("properties", "name,schemaRef")).body[id]
    assert set(row) == {"name", "schemaRef"}


def test_datasets_are_found_by_name(api: Api) -> None:
    id, row = next(iter(api.get(f"{CATALOG}/dataSets").body.items()))
    prefix = row["name"][:4]
    by_name = api.get(f"{CATALOG}/dataSets", ("name", row["name"])).body
    by_pattern = api.get(f"{CATALOG}/dataSets", ("property", f"name~^{prefix}"), ("limit", "100")).body
    assert id in by_name
    assert {one["name"] for one in by_name.values()} == {row["name"]}
    assert id in by_pattern
    assert all(one["name"].startswith(prefix) for one in by_pattern.values())
    assert api.get(f"{CATALOG}/dataSets", ("property", "name~(")).status == 400
    assert api.get(f"{CATALOG}/dataSets", ("property", "name")).status == 400


def test_a_dataset_is_created_and_deleted(api: Api) -> None:
    reply = api.call("POST", f"{CATALOG}/dataSets", {"name": "New", "schemaRef": {"id": "https://s"}})
    assert reply.status == 201
    (link,) = reply.body
    id = link.removeprefix("@/dataSets/")
    assert api.get(f"{CATALOG}/dataSets/{id}").body[id]["schemaRef"] == {"id": "https://s"}
    assert api.call("POST", f"{CATALOG}/dataSets", {}).status == 422
    assert api.call("POST", f"{CATALOG}/dataSets", {"name": "x", "schemaRef": "y"}).status == 400
    assert api.call("DELETE", f"{CATALOG}/dataSets/{id}").status == 200
    assert api.get(f"{CATALOG}/dataSets/{id}").status == 404
    assert api.call("DELETE", f"{CATALOG}/dataSets/{id}").status == 404


def test_the_batches_of_a_dataset_newest_first(api: Api) -> None:
    run = api.items("/runs", ("property", "metrics.statusSummary.status==success"), ("limit", "100"))
    batch = next(
        info["reference"]["ids"][0]
        for row in run
        for step in row["activities"]
        for info in step.get("targetInfo", [])
        if info["reference"]["type"] == "Batch"
    )
    about = api.get(f"{CATALOG}/batches/{batch}").body[batch]
    data_set = next(one["id"] for one in about["relatedObjects"] if one["type"] == "dataSet")
    found = api.get(
        f"{CATALOG}/batches", ("dataSet", data_set), ("orderBy", "desc:created"), ("limit", "50")
    ).body
    times = [row["created"] for row in found.values()]
    assert len(times) > 1
    assert times == sorted(times, reverse=True)
    assert all({"type": "dataSet", "id": data_set} in row["relatedObjects"] for row in found.values())
    later = api.get(f"{CATALOG}/batches", ("dataSet", data_set), ("createdAfter", str(times[1]))).body
    assert all(row["created"] > times[1] for row in later.values())
    assert list(api.get(f"{CATALOG}/batches", ("batch", batch)).body) == [batch]
    assert api.get(f"{CATALOG}/batches", ("status", "nothing")).body == {}
    assert api.get(f"{CATALOG}/batches", ("orderBy", "created")).status == 400
    assert api.get(f"{CATALOG}/batches/unknown").status == 404


def test_mapping_sets_are_listed_with_both_parameters(api: Api) -> None:
    assert api.get(MAPPINGS).status == 400
    assert api.get(MAPPINGS, ("limit", "5")).status == 400
    stored = api.emulator.store.all("dev", "mappingSets")
    seen: list[str] = []
    for start in range(0, 1000, 10):
        body = api.get(MAPPINGS, ("limit", "10"), ("start", str(start))).body
        seen += [row["id"] for row in body["data"]]
        if "next" not in body["_links"]:
            break
    assert sorted(seen) == sorted(row["id"] for row in stored)
    ordered = api.get(MAPPINGS, ("limit", "100"), ("start", "0"), ("orderBy", "-lastUpdateDate")).body["data"]
    times = [row["modifiedDate"] for row in ordered]
    assert times == sorted(times, reverse=True)


@pytest.mark.parametrize(
    "body",
    [
        {
            "outputSchema": {"schemaRef": {"id": "https://s"}},
            "mappings": [{"source": "a", "destination": "b"}],
        },
        {
            "version": 0,
            "xdmSchema": "https://s",
            "xdmVersion": "1.0",
            "id": None,
            "mappings": [{"sourceAttribute": "a", "destinationXdmPath": "b", "identity": False}],
        },
    ],
)
def test_a_mapping_set_is_created_in_its_two_forms(api: Api, body: Any) -> None:
    made = api.create(MAPPINGS, body)
    assert made["version"] == 0
    row = api.get(f"{MAPPINGS}/{made['id']}").body
    assert row["outputSchema"]["schemaRef"]["id"] == "https://s"
    (mapping,) = row["mappings"]
    assert mapping["source"] == mapping["sourceAttribute"] == "a"
    assert mapping["destination"] == mapping["destinationXdmPath"] == "b"


def test_versions_of_a_mapping_set(api: Api) -> None:
    body = {"xdmSchema": "https://s", "mappings": [{"source": "a", "destination": "b"}]}
    id = api.create(MAPPINGS, body)["id"]
    assert api.call("PUT", f"{MAPPINGS}/{id}", body | {"mappings": []}).body["version"] == 1
    assert api.get(f"{MAPPINGS}/{id}").body["mappings"] == []
    assert len(api.get(f"{MAPPINGS}/{id}", ("version", "0")).body["mappings"]) == 1
    assert api.get(f"{MAPPINGS}/{id}", ("version", "7")).status == 404
    assert api.get(f"{MAPPINGS}/unknown").status == 404
    bad: list[Any] = [{"mappings": []}, {"xdmSchema": "s"}, {"xdmSchema": "s", "mappings": [{"source": "a"}]}]
    for wrong in bad:
        assert api.call("POST", MAPPINGS, wrong).status == 400


def test_schemas_are_listed_in_the_order_of_their_titles(api: Api) -> None:
    accept = {"accept": "application/vnd.adobe.xed-id+json"}
    seen: list[str] = []
    path: str | None = f"{SCHEMAS}?limit=4&orderby=title"
    while path:
        body = api.get(path, headers=accept).body
        seen += [row["title"] for row in body["results"]]
        assert all(set(row) == {"title", "$id", "meta:altId", "version"} for row in body["results"])
        following = body["_links"]["next"]
        path = following["href"] if following else None
    assert seen == sorted(row["title"] for row in api.emulator.store.all("dev", "schemas"))


def test_a_schema_is_looked_up_by_either_id(api: Api) -> None:
    stored = api.emulator.store.all("dev", "schemas")[0]
    accept = {"accept": "application/vnd.adobe.xed+json; version=1"}
    for id in (stored["$id"], stored["meta:altId"]):
        assert api.get(f"{SCHEMAS}/{quote(id, safe='')}", headers=accept).body["title"] == stored["title"]
    path = f"{SCHEMAS}/{quote(stored['$id'], safe='')}"
    for headers, code in (
        ({}, "XDM-1006-400"),
        ({"accept": "application/json"}, "XDM-1007-400"),
        ({"accept": "application/vnd.adobe.xed+json"}, "XDM-1007-400"),
    ):
        assert api.get(path, headers=headers).code == code
    assert api.get(f"{SCHEMAS}/unknown", headers=accept).code == "XDM-1012-404"


def test_sandboxes_and_their_types(api: Api) -> None:
    without = {"x-sandbox-name": None}
    listed = api.get(f"{SANDBOXES}/", headers=without).body["sandboxes"]
    types = {one["name"]: one["type"] for one in listed}
    assert types["prod"] == "production"
    assert types["dev"] == "development"
    assert [one["name"] for one in listed if one["isDefault"]] == ["prod"]
    assert api.get(f"{SANDBOXES}/sandboxes/dev").body == next(one for one in listed if one["name"] == "dev")
    assert api.get(f"{SANDBOXES}/sandboxes/nowhere").status == 404
    page = api.get(f"{SANDBOXES}/sandboxes?limit=1").body
    rest = api.get(page["_links"]["next"]["href"]).body
    assert page["sandboxes"] + rest["sandboxes"] == listed[:2]


def test_the_landing_zone_on_azure(api: Api) -> None:
    kind = ("type", "user_drop_zone")
    assert api.get(ZONE, kind).body == {"containerName": "dlz-user-container", "containerTTL": "7"}
    first = api.get(f"{ZONE}/credentials", kind).body
    assert set(first) == {"containerName", "SASToken", "storageAccountName", "SASUri", "expiryDate"}
    assert first["SASUri"].endswith(f"/dlz-user-container?{first['SASToken']}")
    assert api.get(f"{ZONE}/credentials", kind).body == first
    fresh = api.call("POST", f"{ZONE}/credentials?type=user_drop_zone&action=refresh").body
    assert fresh["SASToken"] != first["SASToken"]
    assert api.get(f"{ZONE}/credentials", kind).body == fresh
    other = api.get(f"{ZONE}/credentials", ("type", "dlz_destination")).body
    assert other["containerName"] != first["containerName"]


def test_the_landing_zone_on_aws() -> None:
    api = make_api(variants=Variants(dlz_provider="aws"))
    kind = ("type", "dlz_destination")
    place = api.get(ZONE, kind).body
    assert place["dlzProvider"] == "Amazon S3"
    assert set(place["dlzPath"]) == {"bucketName", "dlzFolder"}
    assert place["dataTTL"] == {"timeUnit": "days", "timeQuantity": 7}
    held = api.get(f"{ZONE}/credentials", kind).body
    assert set(held["credentials"]) == {"awsAccessKeyId", "awsSecretAccessKey", "awsSessionToken"}
    assert held["dlzPath"] == place["dlzPath"]
    assert held["expiryTime"] > api.clock.now.timestamp()
    path = f"{ZONE}/credentials?type=dlz_destination&action=refresh"
    assert api.call("POST", path).code == "CONNECTOR-1703-400"


def test_the_landing_zone_refuses(api: Api) -> None:
    assert api.get(ZONE).code == "CONNECTOR-1710-400"
    assert api.get(f"{ZONE}/credentials", ("type", "shed")).code == "CONNECTOR-1710-400"
    assert (
        api.call("POST", f"{ZONE}/credentials?type=user_drop_zone&action=burn").code == "CONNECTOR-1705-400"
    )


def test_encryption_keys(api: Api) -> None:
    path = "/data/foundation/connectors/encryption/keys"
    made = api.call("POST", path, {"encryptionAlgorithm": "PGP", "params": {"passPhrase": "p"}}).body
    assert set(made) == {"publicKey", "publicKeyId", "expiryTime"}
    assert api.call("POST", path, {"encryptionAlgorithm": "ROT13"}).code == "CONNECTOR-1204-400"
    assert api.call("POST", path, {"encryptionAlgorithm": "PGP"}).code == "CONNECTOR-1205-400"


V2 = {"accept": "application/vnd.adobe.adhoc.activation+json; version=2"}
DATA_SETS = {"accept": "application/vnd.adobe.adhoc.dataset.activation+json; version=1"}


def audience_flow(api: Api) -> tuple[str, list[str]]:
    for flow in api.items("/flows", ("property", "state==enabled"), ("limit", "100")):
        for step in flow["transformations"]:
            selectors = step["params"].get("segmentSelectors", {}).get("selectors", [])
            if selectors:
                return flow["id"], [one["value"]["id"] for one in selectors]
    raise AssertionError("the seed has no audience export")


def test_audiences_are_activated_now(api: Api) -> None:
    flow, audiences = audience_flow(api)
    body = {"activationInfo": {flow: audiences[:1]}}
    (order,) = api.call("POST", AD_HOC, body, headers=V2).body["order"]
    run = order["statusURL"].rsplit("/", 1)[-1]
    assert order["segment"] == audiences[0]
    assert api.one(f"/runs/{run}")["flowId"] == flow
    refused: list[dict[str, list[str]]] = [
        {},
        {flow: ["unknown"]},
        {"unknown": audiences},
        {flow: audiences[:1] * 81},
    ]
    for wrong in refused:
        reply = api.call("POST", AD_HOC, {"activationInfo": wrong}, headers=V2)
        assert (reply.status, set(reply.body)) == (400, {"message"})
    assert api.call("POST", AD_HOC, body).status == 400
    assert api.call("POST", AD_HOC, body | {"exportIds": ["x"]}).status == 200


def test_datasets_are_exported_now(api: Api) -> None:
    exports = ("property", "inheritedAttributes.properties.isDestinationFlow==true")
    flow, source = next(
        (flow, source)
        for flow in api.items("/flows", exports, ("property", "state==enabled"), ("limit", "100"))
        for source in [api.one(f"/sourceConnections/{flow['sourceConnectionIds'][0]}")]
        if "datasets" in source.get("params", {})
    )
    data_set = source["params"]["datasets"][0]["dataSetId"]
    info = {"destinations": [{"flowId": flow["id"], "datasets": [{"id": data_set}]}]}
    reply = api.call("POST", AD_HOC, {"activationInfo": info}, headers=DATA_SETS)
    run = reply.body["destinations"][0]["datasets"][0]["statusURL"].rsplit("/", 1)[-1]
    assert api.one(f"/runs/{run}")["flowId"] == flow["id"]
    other = {"destinations": [{"flowId": flow["id"], "datasets": [{"id": "x"}]}]}
    assert api.call("POST", AD_HOC, {"activationInfo": other}, headers=DATA_SETS).status == 400


def test_neighbours_are_apart_by_sandbox(api: Api) -> None:
    parts = pipeline(api)
    api.sandbox = "prod"
    assert api.get(f"{CATALOG}/dataSets/{parts.data_set}").status == 404
    assert api.get(f"{MAPPINGS}/{parts.mapping}").status == 404
