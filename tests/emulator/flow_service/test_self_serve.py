"""What self-serve sources, encrypted files, filtered rows and access labels have of their own."""

from __future__ import annotations

from typing import Any

import pytest

from aep_flow_mcp.emulator.catalogue.known_ids import DATA_LAKE
from emulator.kit import Api, make_api, pipeline, reference, table_pipeline

WEBHOOK, WEBHOOK_FLOW = "6ff5654f-19d5-427d-bd3e-c0ebc802389a", "e77fde5a-22a8-11ed-861d-0242ac120002"
KEYS = "/data/foundation/connectors/encryption/keys"
CUSTOMER_KEYS = "/data/foundation/connectors/encryption/customer-keys"
PROVIDER = "521eee4d-8cbe-4906-bb48-fb6bd4450033"


def webhook_flow(api: Api, **more: Any) -> dict[str, Any]:
    parts = pipeline(api)
    body = {
        "name": "events",
        "providerId": PROVIDER,
        "connectionSpec": reference(WEBHOOK),
        "data": {"format": "json"},
    }
    source = api.create("/sourceConnections", body)["id"]
    flow = {"name": "events", "flowSpec": reference(WEBHOOK_FLOW), "sourceConnectionIds": [source]}
    kept = {name: parts.flow[name] for name in ("targetConnectionIds", "transformations")}
    row: dict[str, Any] = api.one(f"/flows/{api.create('/flows', {**flow, **kept, **more})['id']}")
    return row


def test_a_webhook_needs_no_account_and_gets_an_inlet(api: Api) -> None:
    row = webhook_flow(api, options={"errorDiagnosticsEnabled": True})
    assert row["options"]["errorDiagnosticsEnabled"] is True
    assert row["options"]["inletUrl"].startswith("https://dcs.adobedc.net/collection/")
    assert row["inheritedAttributes"]["properties"] == {"isSourceFlow": True}
    assert "baseConnection" not in row["inheritedAttributes"]["sourceConnections"][0]
    assert webhook_flow(api)["options"]["inletUrl"] != row["options"]["inletUrl"]


def test_a_webhook_has_no_schedule_and_no_drafts(api: Api) -> None:
    row = webhook_flow(api)
    body = {name: row[name] for name in ("flowSpec", "sourceConnectionIds", "targetConnectionIds")}
    assert api.call("POST", "/flows?mode=draft", body | {"name": "draft"}).code == "CONNECTOR-1368-400"


def encrypted(api: Api, **params: Any) -> dict[str, Any]:
    flow: dict[str, Any] = pipeline(api).flow
    return flow | {"transformations": [*flow["transformations"], {"name": "Encryption", "params": params}]}


@pytest.mark.parametrize("algorithm", ["PGP", "GPG"])
def test_encrypted_files_need_a_key_that_is_there(api: Api, algorithm: str) -> None:
    body = {"name": "acme", "encryptionAlgorithm": algorithm, "params": {"passPhrase": "p"}}
    made = api.call("POST", KEYS, body).body
    assert int(made["expiryTime"]) - api.clock.now.timestamp() == 180 * 86_400
    assert api.call("POST", "/flows", encrypted(api)).code == "CONNECTOR-1202-400"
    assert api.call("POST", "/flows", encrypted(api, publicKeyId="none")).code == "CONNECTOR-1203-400"
    api.create("/flows", encrypted(api, publicKeyId=made["publicKeyId"]))
    listed = api.get(KEYS).body
    assert [(key["publicKeyId"], key["name"]) for key in listed] == [(made["publicKeyId"], "acme")]
    assert "passPhrase" not in str(listed)
    state = f"{KEYS}/validate/{made['publicKeyId']}"
    assert api.get(state).body == {"publicKeyId": made["publicKeyId"], "status": "Active"}
    assert api.call("DELETE", f"{KEYS}/{made['publicKeyId']}").status == 204
    assert api.get(f"{KEYS}/{made['publicKeyId']}").status == 404


def test_a_key_is_good_for_half_a_year(api: Api) -> None:
    key = api.call("POST", KEYS, {"encryptionAlgorithm": "PGP", "params": {"passPhrase": "p"}}).body
    api.clock.forward(days=181)
    assert api.get(f"{KEYS}/validate/{key['publicKeyId']}").body["status"] == "Expired"


def test_signed_files_have_a_key_of_the_customer(api: Api) -> None:
    key = api.call("POST", KEYS, {"encryptionAlgorithm": "PGP", "params": {"passPhrase": "p"}}).body
    body = {"name": "signer", "encryptionAlgorithm": "PGP", "publicKey": "bWFkZSBlbHNld2hlcmU="}
    assert api.call("POST", CUSTOMER_KEYS, {"encryptionAlgorithm": "PGP"}).code == "CONNECTOR-1309-400"
    signer = api.call("POST", CUSTOMER_KEYS, body).body
    assert set(signer) == {"publicKeyId"}
    assert [one["publicKeyId"] for one in api.get(CUSTOMER_KEYS).body] == [signer["publicKeyId"]]
    assert [one["publicKeyId"] for one in api.get(KEYS).body] == [key["publicKeyId"]]
    both = {"publicKeyId": key["publicKeyId"], "signVerificationKeyId": signer["publicKeyId"]}
    api.create("/flows", encrypted(api, **both))


def test_encryption_is_for_files_only(api: Api) -> None:
    flow = table_pipeline(api).flow
    step = {"name": "Encryption", "params": {"publicKeyId": "x"}}
    refused = api.call("POST", "/flows", flow | {"transformations": [*flow["transformations"], step]})
    assert refused.code == "CONNECTOR-1392-400"


def test_xdm_files_need_no_mapping(api: Api) -> None:
    parts = pipeline(api)
    row = api.one(f"/sourceConnections/{parts.source}")
    body = {
        "name": "xdm",
        "baseConnectionId": row["baseConnectionId"],
        "connectionSpec": {"id": row["connectionSpec"]["id"], "version": 1},
        "data": {"format": "parquet_xdm"},
        "params": {"path": "partners/samples", "recursive": "true"},
    }
    source = api.create("/sourceConnections", body)["id"]
    api.create("/flows", parts.flow | {"sourceConnectionIds": [source], "transformations": []})
    without = parts.flow | {"transformations": []}
    assert api.call("POST", "/flows", without).code == "CONNECTOR-1370-400"


LABEL = [{"op": "add", "path": "/labels", "value": ["core/C12"]}]


def test_a_flow_with_a_label_that_the_role_lacks_is_not_there() -> None:
    api = make_api(access_labels=frozenset({"core/C1"}))
    parts = pipeline(api)
    made = api.create("/flows", parts.flow)
    other = api.create("/flows", parts.flow | {"name": "in the open"})
    api.clock.forward(hours=3)
    path = f"/flows/{made['id']}"
    runs = api.items("/runs", ("property", f"flowId=={made['id']}"))
    assert runs
    etag = api.one(path)["etag"]
    assert api.call("PATCH", path, LABEL, headers={"if-match": etag}).status == 200
    seen = api.get(path)
    assert (seen.status, seen.code) == (404, "FLOW-1439-404")
    assert seen.body["report"]["type"] == "flows"
    refused = api.call("DELETE", path)
    assert (refused.status, refused.code) == (403, "FLOW-2120-403")
    assert api.call("PATCH", path, LABEL, headers={"if-match": etag}).code == "FLOW-2120-403"
    assert api.get(f"/runs/{runs[0]['id']}").status == 404
    assert api.items("/runs", ("property", f"flowId=={made['id']}")) == []
    assert other["id"] in {row["id"] for row in api.items("/flows", ("limit", "100"))}
    assert made["id"] not in {row["id"] for row in api.items("/flows", ("limit", "100"))}


def test_a_role_with_every_label_sees_everything(api: Api) -> None:
    made = api.create("/flows", pipeline(api).flow)
    path = f"/flows/{made['id']}"
    assert api.call("PATCH", path, LABEL, headers={"if-match": api.one(path)["etag"]}).status == 200
    assert api.one(path)["labels"] == ["core/C12"]


def test_the_workflow_of_an_export_decides_about_its_file_type(api: Api) -> None:
    """`conditional` in the printed spec: datasetFileType goes with datasets, fileType with audiences."""
    spec = "4fce964d-3f37-408f-9778-e597338a21ee"
    params = {"s3AccessKey": "AKIAEXAMPLE234567QWE", "s3SecretKey": "a" * 40}
    auth = {"specName": "Access Key", "params": params}
    account = {"name": "out", "connectionSpec": reference(spec), "auth": auth}
    base = api.create("/connections", account)["id"]
    body = {"name": "out", "baseConnectionId": base, "connectionSpec": reference(spec)}
    place = {"mode": "Server-to-server", "bucketName": "acme-out", "path": "a/b", "compression": "GZIP"}
    target = api.create("/targetConnections", body | {"params": place | {"fileType": "CSV"}})["id"]
    dataset = next(iter(api.emulator.store.sandboxes["dev"]["dataSets"].base.ids()))
    lake = {
        "name": "lake",
        "connectionSpec": reference("23598e46-f560-407b-88d5-ea6207e49db0"),
        "params": {"datasets": [{"dataSetId": dataset}]},
    }
    flow = {
        "name": "out",
        "flowSpec": reference("269ba276-16fc-47db-92b0-c1049a3c131f"),
        "sourceConnectionIds": [api.create("/sourceConnections", lake)["id"]],
        "targetConnectionIds": [target],
        "scheduleParams": {
            "interval": "3",
            "timeUnit": "hour",
            "exportMode": "FIRST_FULL_THEN_INCREMENTAL",
            "startTime": int(api.clock.now.timestamp()) + 60,
        },
    }
    refused = api.call("POST", "/flows", flow)
    assert (refused.code, "datasetFileType" in str(refused.body)) == ("CONNECTOR-1304-400", True)
    fitting = api.create("/targetConnections", body | {"params": place | {"datasetFileType": "JSON"}})["id"]
    made = api.create("/flows", flow | {"targetConnectionIds": [fitting]})
    assert api.one(f"/flows/{made['id']}")["scheduleParams"]["interval"] == 3


def test_numbers_and_truth_values_may_be_text(api: Api) -> None:
    params = {"host": "h", "port": "22", "userName": "u", "password": "p", "maxConcurrentConnections": "5"}
    auth = {"specName": "Basic Authentication for sftp", "params": params}
    body = {"name": "s", "connectionSpec": reference("b7bf2577-4520-42c9-bae9-cad01560f7bc"), "auth": auth}
    api.create("/connections", body)
    wrong = body | {"auth": auth | {"params": params | {"port": "twenty-two"}}}
    assert api.call("POST", "/connections", wrong).code == "CONNECTOR-1312-400"


def test_how_a_destination_encrypts_is_checked_where_its_spec_says_it(api: Api) -> None:
    params = {"domain": "h", "username": "u", "sshKey": "k"}
    body = {
        "name": "s",
        "connectionSpec": reference("36965a81-b1c6-401b-99f8-22508f1e6a26"),
        "auth": {"specName": "SFTP with SSH Key", "params": params},
    }
    chosen = {"specName": "Encryption spec", "params": {"encryptionAlgo": "PGPGPG", "publicKey": "a2V5"}}
    made = api.create("/connections", body | {"encryptionSpecs": chosen})
    assert api.one(f"/connections/{made['id']}")["encryptionSpecs"] == chosen
    inside = body["auth"] | {"params": params | {"encryptionSpecs": chosen["params"]}}
    api.create("/connections", body | {"auth": inside})
    short = {"specName": "Encryption spec", "params": {"encryptionAlgo": "PGPGPG"}}
    assert api.call("POST", "/connections", body | {"encryptionSpecs": short}).code == "CONNECTOR-1304-400"


def test_a_connector_without_published_ways_to_log_in_takes_any(api: Api) -> None:
    auth = {"specName": "Client", "params": {"munchkinId": "m", "clientId": "c", "clientSecret": "s"}}
    body = {"name": "m", "connectionSpec": reference("2d31dfd1-df1a-456b-948f-226e040ba102")}
    api.create("/connections", body | {"auth": auth})
    api.create("/connections", body)


def test_the_lake_may_have_a_base_connection(api: Api) -> None:
    base = api.create("/connections", {"name": "lake", "connectionSpec": reference(DATA_LAKE)})["id"]
    target = api.one(f"/targetConnections/{pipeline(api).flow['targetConnectionIds'][0]}")
    body = {name: target[name] for name in ("data", "params", "connectionSpec")}
    api.create("/targetConnections", body | {"name": "lake", "baseConnectionId": base})
