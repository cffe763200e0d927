"""Bodies that Adobe's pages send, against the specs that they print: sent as documented, noted where nothing is
declared, and the same at every tool and path."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from aep_flow_mcp.cli import emulator_settings
from field_cases.conftest import Ask, Told
from support.overlay import Overlay, Rule

FILES, TABLES = "9753525b-82c7-4dce-8a9b-5ccfce2b9876", "14518937-270c-4525-bdec-c2ba7cce3860"
DLZ_TARGET, DLZ_EXPORT = "10440537-2a7b-4583-ac39-ed38d4b848e8", "cd2fc47e-e838-4f38-a581-8fff2f99b63a"
S3_TARGET, PROFILES = "4fce964d-3f37-408f-9778-e597338a21ee", "8a9c3494-9708-43d7-ae3f-cda01e5030e1"
BLOB, LAKE = "4c10e202-c428-4796-9208-5f1f5732b1cf", "c604ff05-7f1a-43c0-8e18-33bf874cb11c"
OWN = "aaaaaaaa-0000-4000-8000-000000000001"
SOURCE, TARGET = "125bd34c-8225-4004-ae1b-491fdffb84de", "4bace11a-4cc0-4d1b-b2df-d6e34f451fd1"
MAPPING_SET = "80a6a2877619af4b5a430743ed6c0ab9"
ACCOUNT = "b0000000-0000-4000-8000-000000000001"
DAILY = {"start_time": "2030-01-01T00:00Z", "frequency": "day", "interval": 1}


def shape(required: tuple[str, ...] = (), **properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(required)}


TEXT, INTEGER = {"type": "string"}, {"type": "integer"}
PERIODIC = shape(
    ("startTime", "frequency"),
    startTime=INTEGER,
    frequency=TEXT,
    interval=INTEGER,
    backfill={"type": "boolean"},
)


def flow_spec(spec_id: str = FILES, **more: Any) -> dict[str, Any]:
    """A flow spec as pages print it: a Mapping whose version is text, and nothing else."""
    mapping = {"name": "Mapping", "spec": shape(mappingId=TEXT, mappingVersion=TEXT)}
    return {
        "id": spec_id,
        "name": "printed",
        "version": "1.0",
        "sourceConnectionSpecIds": [BLOB],
        "targetConnectionSpecIds": [LAKE],
        "transformationSpecs": [mapping],
        "attributes": {"isSourceFlow": True},
        **more,
    }


SCHEDULED = flow_spec(scheduleSpec={"name": "PeriodicSchedule", "spec": PERIODIC})


def connector(spec_id: str = OWN, **more: Any) -> dict[str, Any]:
    return {"id": spec_id, "name": "acme", "version": "1.0", "providerId": "p", "attributes": {}, **more}


def stored(spec_id: str, kind: str = "connections", **more: Any) -> Rule:
    """An object of this connector that stands under `ACCOUNT`."""
    item = {"id": ACCOUNT, "name": "p", "state": "enabled", "etag": '"e"', "version": '"e"', **more}
    item |= {"connectionSpec": {"id": spec_id, "version": "1.0"}}
    return Rule(rf"/flowservice/{kind}/{ACCOUNT}", json={"items": [item]})


def of_flows(*specs: dict[str, Any], rules: tuple[Rule, ...] = ()) -> Overlay:
    return Overlay(rules, flow_specs={spec["id"]: spec for spec in specs})


def of_connectors(*specs: dict[str, Any], rules: tuple[Rule, ...] = ()) -> Overlay:
    return Overlay(rules, specs={spec["id"]: spec for spec in specs})


def bodies(told: Told) -> str:
    """The preview, of something that may be sent."""
    assert not told.is_error, told.text
    assert "Executing" not in told.text
    return told.text


def flow(**more: Any) -> dict[str, Any]:
    return {
        "name": "a",
        "flow_spec_id": FILES,
        "source_connection_id": SOURCE,
        "target_connection_id": TARGET,
        "schedule": DAILY,
        **more,
    }


MAPPED = {"name": "Mapping", "params": {"mappingId": MAPPING_SET, "mappingVersion": 0}}
PIPELINE = {
    "name": "a",
    "connector": "azure-blob",
    "account": "ac0b2da3-8a1a-493a-897d-a5b84e8f6372",
    "path": "/pos/receipts/",
    "format": "delimited",
    "datasets": ["66558d362a3467b323a148d2"],
    "mapping_set": MAPPING_SET,
    "every": "1 day",
    "start_time": "2030-01-01T00:00Z",
}


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("create_flow", flow(transformations=[MAPPED])),
        ("plan_pipeline", PIPELINE),
        ("create_pipeline", PIPELINE),
        (
            "create_flow_landing_zone_to_data_lake",
            {
                "name": "a",
                "source_connection_id": SOURCE,
                "target_connection_id": TARGET,
                "start_time": "2030-01-01T00:00Z",
                "mapping_id": MAPPING_SET,
            },
        ),
    ],
)
@pytest.mark.parametrize(
    ("declared", "sent"), [("string", r'"mappingVersion":"\d"'), ("integer", r'"mappingVersion":\d')]
)
async def test_a_mapping_version_is_sent_in_the_declared_type(
    ask: Ask, tool: str, arguments: dict[str, Any], declared: str, sent: str
) -> None:
    spec = json.loads(json.dumps(SCHEDULED))
    spec["transformationSpecs"][0]["spec"]["properties"]["mappingVersion"] = {"type": declared}
    text = bodies(await ask(tool, arguments, of_flows(spec)))
    assert re.search(sent, text.replace(" ", ""))


@pytest.mark.parametrize("named", ["transformationSpec", "transformationSpecs", "transformationSpecDTOS"])
async def test_an_encryption_beside_the_mapping_is_sent_and_noted(ask: Ask, named: str) -> None:
    spec = {**SCHEDULED, named: SCHEDULED["transformationSpecs"]}
    steps = [MAPPED, {"name": "Encryption", "params": {"publicKeyId": "k1"}}]
    text = bodies(await ask("create_flow", flow(transformations=steps), of_flows(spec)))
    assert '"publicKeyId":"k1"' in text.replace(" ", "")
    assert "Encryption is sent as it is" in text


SIX_HOURLY = {"start_time": "2030-01-01T00:00Z", "frequency": "hour", "interval": 6}


async def test_a_flow_spec_that_says_nothing_of_a_schedule_takes_one(ask: Ask) -> None:
    text = bodies(await ask("create_flow", flow(schedule=SIX_HOURLY), of_flows(flow_spec())))
    assert "printed declares no schedule: scheduleParams is sent as it is" in text
    assert '"interval":6' in text.replace(" ", "")
    told = await ask("plan_pipeline", {**PIPELINE, "every": "6 hours"}, of_flows(flow_spec()))
    assert told.structured["ready"]
    assert '"interval":6' in told.text.replace(" ", "")
    assert "as it arrives" not in told.text


def has_flow(**more: Any) -> Rule:
    item = {
        "id": ACCOUNT,
        "name": "p",
        "state": "enabled",
        "etag": '"e"',
        "flowSpec": {"id": FILES, "version": "1.0"},
        "scheduleParams": {"startTime": "1600000000", "frequency": "hour", "interval": "6"},
        "transformations": [MAPPED],
        **more,
    }
    return Rule(rf"/flowservice/flows/{ACCOUNT}", json={"items": [item]})


def patch(path: str, value: Any, op: str = "replace") -> dict[str, Any]:
    return {"flow_id": ACCOUNT, "operations": [{"op": op, "path": path, "value": value}]}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("/scheduleParams", {"startTime": "1600000000", "frequency": "hour", "interval": 3}),
        ("/scheduleParams/interval", 3),
        ("/options", {"partialIngestionPercent": 5}),
        ("/transformations", [MAPPED, {"name": "Encryption", "params": {"publicKeyId": "k"}}]),
        ("/transformations/-", {"name": "Encryption", "params": {"publicKeyId": "k"}}),
    ],
)
async def test_silence_forbids_no_change_at_any_path(ask: Ask, path: str, value: Any) -> None:
    op = "add" if path.endswith(("-", "options")) else "replace"
    text = bodies(
        await ask("update_flow", patch(path, value, op), of_flows(flow_spec(), rules=(has_flow(),)))
    )
    assert "sent as it is" in text


@pytest.mark.parametrize(
    ("path", "value", "wrong"),
    [
        (
            "/scheduleParams",
            {"startTime": "1600000000", "frequency": 7, "interval": "x"},
            "scheduleParams.interval",
        ),
        ("/scheduleParams/interval", "often", "scheduleParams.interval"),
        ("/scheduleParams/startTime", None, "scheduleParams.startTime"),
        (
            "/transformations",
            [{"name": "Mapping", "params": {"mappingId": {}}}],
            "transformations[0].params.mappingId",
        ),
        (
            "/transformations/0",
            {"name": "Mapping", "params": {"mappingId": []}},
            "transformations[0].params.mappingId",
        ),
        ("/transformations/0/params/mappingId", {"a": 1}, "transformations[0].params.mappingId"),
    ],
)
async def test_what_is_declared_is_held_at_every_path(ask: Ask, path: str, value: Any, wrong: str) -> None:
    told = await ask("update_flow", patch(path, value), of_flows(SCHEDULED, rules=(has_flow(),)))
    assert told.is_error
    assert f"{wrong}: " in told.text


async def test_a_required_field_cannot_be_removed(ask: Ask) -> None:
    told = await ask(
        "update_flow",
        {"flow_id": ACCOUNT, "operations": [{"op": "remove", "path": "/scheduleParams/frequency"}]},
        of_flows(SCHEDULED, rules=(has_flow(),)),
    )
    assert "scheduleParams.frequency: is required" in told.text


@pytest.mark.parametrize(
    ("path", "value", "sent"),
    [
        ("/scheduleParams/interval", "3", 'interval: "6" -> 3'),
        (
            "/scheduleParams",
            {"startTime": "1600000000", "frequency": "hour", "interval": "3"},
            'interval: "6" -> 3',
        ),
        ("/transformations/0/params/mappingVersion", 2, 'mappingVersion: 0 -> "2"'),
    ],
)
async def test_a_change_is_sent_in_the_declared_types(ask: Ask, path: str, value: Any, sent: str) -> None:
    text = bodies(await ask("update_flow", patch(path, value), of_flows(SCHEDULED, rules=(has_flow(),))))
    assert sent in text


async def test_what_was_wrong_before_is_not_held_against_another_change(ask: Ask) -> None:
    odd = has_flow(scheduleParams={"startTime": "1600000000", "frequency": {"odd": 1}, "interval": "6"})
    overlay = of_flows(SCHEDULED, rules=(odd,))
    bodies(await ask("update_flow", patch("/scheduleParams/interval", 3), overlay))


@pytest.mark.parametrize("ref", [FILES, None, {"id": None}, [], "no-such-spec"])
async def test_a_flow_spec_that_is_odd_or_gone_stops_no_change(ask: Ask, ref: Any) -> None:
    overlay = of_flows(SCHEDULED, rules=(has_flow(flowSpec=ref),))
    text = bodies(await ask("update_flow", patch("/scheduleParams/interval", 3), overlay))
    assert ref == FILES or "could not be read" in text


WORKFLOW = {"field": "flowSpec.attributes._workflow", "operator": "CONTAINS", "value": "DATASETS"}
CONDITIONAL = shape(
    ("path", "datasetFileType", "compression", "fileType"),
    path=TEXT,
    datasetFileType={**TEXT, "enum": ["JSON", "PARQUET"], "conditional": WORKFLOW},
    compression={**TEXT, "enum": ["NONE", "GZIP"]},
    fileType={**TEXT, "enum": ["CSV", "JSON"], "conditional": {**WORKFLOW, "operator": "NOT_CONTAINS"}},
)
ZONE = connector(
    DLZ_TARGET,
    name="Data Landing Zone",
    authSpec=[],
    attributes={"isDestination": True},
    targetSpec={"spec": CONDITIONAL},
)


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        (
            "create_target_connection",
            {
                "connection_spec_id": DLZ_TARGET,
                "params": {"path": "x", "datasetFileType": "JSON", "compression": "GZIP"},
            },
        ),
        (
            "create_target_connection",
            {
                "connection_spec_id": DLZ_TARGET,
                "params": {"path": "x", "fileType": "CSV", "compression": "GZIP"},
            },
        ),
        ("create_target_connection_dataset_to_landing_zone", {"base_connection_id": ACCOUNT, "path": "x"}),
        (
            "export_dataset_to_landing_zone",
            {"dataset_ids": ["66558d362a3467b323a148d2"], "path": "x", "start_time": "2030-01-01"},
        ),
        (
            "plan_pipeline",
            {
                "direction": "export",
                "connector": DLZ_TARGET,
                "datasets": ["66558d362a3467b323a148d2"],
                "path": "x",
                "every": "once",
                "start_time": "2030-01-01",
            },
        ),
    ],
)
async def test_a_field_for_another_workflow_is_not_demanded(
    ask: Ask, tool: str, arguments: dict[str, Any]
) -> None:
    told = await ask(tool, {"name": "a", **arguments}, of_connectors(ZONE, rules=(stored(DLZ_TARGET),)))
    assert "is required" not in bodies(told)
    assert told.structured.get("missing", []) == []


async def test_a_field_for_the_known_workflow_is_asked_for(ask: Ask) -> None:
    audiences = flow_spec(
        DLZ_EXPORT,
        sourceConnectionSpecIds=["23598e46-f560-407b-88d5-ea6207e49db0"],
        targetConnectionSpecIds=[DLZ_TARGET],
        attributes={"_workflow": ["AUDIENCES"]},
    )
    overlay = Overlay(specs={DLZ_TARGET: ZONE}, flow_specs={DLZ_EXPORT: audiences})
    arguments = {"name": "a", "direction": "export", "connector": DLZ_TARGET, "path": "x"}
    told = await ask("plan_pipeline", {**arguments, "datasets": ["66558d362a3467b323a148d2"]}, overlay)
    assert "params.fileType" in [item["field"] for item in told.structured["missing"]]


def way(schema: dict[str, Any], **more: Any) -> dict[str, Any]:
    return connector(authSpec=[{"name": "Key", "spec": schema}], **more)


async def created(ask: Ask, spec: dict[str, Any], params: dict[str, Any], **more: Any) -> Told:
    arguments = {"name": "a", "connection_spec_id": spec["id"], "auth_params": params, **more}
    return await ask("create_connection", arguments, of_connectors(spec))


async def test_encryption_of_a_connection_goes_with_its_credentials(ask: Ask) -> None:
    encryption = {"name": "File PGP/GPG Encryption", "spec": shape(("publicKey",), publicKey=TEXT)}
    spec = way({**shape(host=TEXT), "additionalProperties": False}, encryptionSpecs=[encryption])
    text = bodies(await created(ask, spec, {"host": "h", "encryptionSpecs": {"publicKey": "LS0t"}}))
    assert "encryptionSpecs" in text
    plain = way({**shape(host=TEXT), "additionalProperties": False})
    assert (await created(ask, plain, {"host": "h", "encryptionSpecs": {}})).is_error


@pytest.mark.parametrize("params", [{"token": "t"}, {"token": "t", "host": "https://a.example"}])
async def test_a_name_that_is_required_but_not_described_may_be_given_or_not(
    ask: Ask, params: dict[str, Any]
) -> None:
    spec = way(shape(("host", "token"), token=TEXT))
    bodies(await created(ask, spec, params))
    told = await ask(
        "update_connection",
        {
            "connection_id": ACCOUNT,
            "operations": [{"op": "replace", "path": "/auth/params", "value": params}],
        },
        of_connectors(spec, rules=(stored(OWN, auth={"specName": "Key", "params": {}}),)),
    )
    bodies(told)


async def test_a_base_connection_to_the_profile_store_is_sent(ask: Ask) -> None:
    arguments = {"name": "a", "connection_spec_id": PROFILES, "base_connection_id": ACCOUNT}
    text = bodies(await ask("create_source_connection", arguments, Overlay((stored(PROFILES),))))
    assert ACCOUNT in text


async def test_an_account_of_another_connector_is_sent_and_told(ask: Ask) -> None:
    arguments = {"name": "a", "connection_spec_id": OWN, "base_connection_id": ACCOUNT}
    overlay = of_connectors(connector(sourceSpec={"spec": shape()}), rules=(stored(S3_TARGET),))
    for tool in ("create_source_connection", "create_target_connection"):
        text = bodies(await ask(tool, arguments, overlay))
        assert f"is one of the connection spec {S3_TARGET}, not of acme" in text


PATTERNED = connector(
    S3_TARGET,
    authSpec=[
        {
            "name": "Access Key",
            "spec": shape(
                ("s3AccessKey", "s3SecretKey"),
                s3AccessKey={**TEXT, "pattern": "^[A-Z2-7]{20}$"},
                s3SecretKey={**TEXT, "minLength": 40, "format": "password"},
            ),
        }
    ],
    attributes={"isDestination": True},
)


async def test_a_reference_to_a_secret_is_not_held_against_a_pattern(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AEP_SECRET_A", "A" * 20)
    monkeypatch.setenv("AEP_SECRET_B", "b" * 40)
    keys = {"access_key": "${AEP_SECRET_A}", "secret_key": "${AEP_SECRET_B}"}
    text = bodies(await ask("create_base_connection_s3", {"name": "a", **keys}, of_connectors(PATTERNED)))
    assert "auth.params.s3AccessKey could not be checked in full" in text
    told = await ask(
        "update_connection",
        {
            "connection_id": ACCOUNT,
            "operations": [{"op": "replace", "path": "/auth/params/s3AccessKey", "value": "${AEP_SECRET_A}"}],
        },
        of_connectors(PATTERNED, rules=(stored(S3_TARGET, auth={"specName": "Access Key", "params": {}}),)),
    )
    bodies(told)


async def test_a_literal_key_is_held_against_its_pattern_at_every_path(ask: Ask) -> None:
    overlay = of_connectors(
        PATTERNED, rules=(stored(S3_TARGET, auth={"specName": "Access Key", "params": {}}),)
    )
    for path, value in (("/auth/params/s3AccessKey", "short"), ("/auth/params", {"s3AccessKey": "short"})):
        operations = [{"op": "add", "path": path, "value": value}]
        told = await ask("update_connection", {"connection_id": ACCOUNT, "operations": operations}, overlay)
        assert "auth.params.s3AccessKey: must look like" in told.text
        assert "short" not in told.text


@pytest.mark.parametrize(
    "broken",
    [
        {"$ref": "#/definitions/none"},
        {"$ref": "http://127.0.0.1:9/x.json"},
        {"type": "text"},
        {"pattern": "("},
        {"pattern": "\\p{L}"},
        ["x"],
        None,
    ],
)
async def test_a_part_of_a_spec_that_cannot_be_read_stops_nothing_and_is_said(ask: Ask, broken: Any) -> None:
    text = bodies(await created(ask, way(shape(("host",), host=broken)), {"host": "h"}))
    assert "auth.params.host could not be checked in full" in text


@pytest.mark.parametrize("schema", [None, [], "text", {}])
async def test_a_schema_that_cannot_be_read_is_no_schema_without_fields(ask: Ask, schema: Any) -> None:
    spec = connector(
        authSpec=[{"name": "Key", "spec": schema}], sourceSpec={"spec": schema}, targetSpec={"spec": schema}
    )
    text = bodies(await created(ask, spec, {"host": "h"}))
    assert "auth.params is sent as it is" in text
    for tool in ("create_source_connection", "create_target_connection"):
        arguments = {"name": "a", "connection_spec_id": OWN, "params": {"path": "/x"}}
        text = bodies(await ask(tool, arguments, of_connectors(spec)))
        assert "params are sent as they are: acme declares none" in text


@pytest.mark.parametrize("part", ["sourceSpec", "targetSpec"])
async def test_params_are_held_and_fitted_at_every_path(ask: Ask, part: str) -> None:
    kind, tool, key = (
        ("sourceConnections", "update_source_connection", "source_connection_id")
        if part == "sourceSpec"
        else ("targetConnections", "update_target_connection", "target_connection_id")
    )
    declared: dict[str, Any] = {part: {"spec": shape(("path",), path=TEXT, recursive={"type": "boolean"})}}
    spec = connector(**declared)
    overlay = of_connectors(spec, rules=(stored(OWN, kind, params={"path": "/x"}),))

    async def change(path: str, value: Any) -> Told:
        return await ask(
            tool, {key: ACCOUNT, "operations": [{"op": "add", "path": path, "value": value}]}, overlay
        )

    assert "params.recursive: must be a boolean" in (await change("/params/recursive", "maybe")).text
    assert "params.path: is required" in (await change("/params", {"recursive": True})).text
    assert "true" in bodies(await change("/params/recursive", "true"))
    assert '"true"' not in bodies(await change("/params/recursive", "true"))
    assert "params.extra" in bodies(await change("/params/extra", 1))


async def test_an_export_to_a_silent_destination_keeps_what_was_asked(ask: Ask) -> None:
    silent = connector(DLZ_TARGET, name="Data Landing Zone", attributes={"isDestination": True})
    quiet = flow_spec(
        DLZ_EXPORT,
        sourceConnectionSpecIds=["23598e46-f560-407b-88d5-ea6207e49db0"],
        targetConnectionSpecIds=[DLZ_TARGET],
        attributes={},
    )
    arguments = {
        "name": "a",
        "direction": "export",
        "connector": DLZ_TARGET,
        "datasets": ["66558d362a3467b323a148d2"],
        "path": "out/x",
        "format": "parquet",
        "params": {"compression": "NONE"},
        "every": "6 hours",
        "start_time": "2030-01-01",
    }
    told = await ask(
        "plan_pipeline", arguments, Overlay(specs={DLZ_TARGET: silent}, flow_specs={DLZ_EXPORT: quiet})
    )
    assert told.structured["ready"], told.text
    text = told.structured["preview"].replace(" ", "")
    for sent in ('"path":"out/x"', '"datasetFileType":"PARQUET"', '"compression":"NONE"', '"interval":6'):
        assert sent in text
    assert "as it arrives" not in told.text


async def test_a_flow_spec_of_unknown_frequency_is_not_called_a_stream(ask: Ask) -> None:
    arguments = {name: value for name, value in PIPELINE.items() if name not in ("every", "start_time")}
    told = await ask("plan_pipeline", arguments, of_flows(flow_spec()))
    assert told.structured["ready"]
    assert "as it arrives" not in told.text
    assert "its flow spec declares none" in told.text


async def test_encryption_labels_filters_and_drafts_can_be_asked_for(ask: Ask) -> None:
    arguments = {
        **PIPELINE,
        "transformations": [
            {"name": "Encryption", "params": {"publicKeyId": "k1", "signVerificationKeyId": "s1"}}
        ],
        "labels": ["core/C12"],
        "params": {"filters": {"type": "PQL", "format": "pql/json", "value": {"nodeType": "literal"}}},
        "every": "once",
        "state": "draft",
    }
    text = bodies(await ask("plan_pipeline", arguments)).replace(" ", "")
    for sent in (
        '"publicKeyId":"k1"',
        '"signVerificationKeyId":"s1"',
        '"core/C12"',
        '"pql/json"',
        "mode=draft",
    ):
        assert sent in text


async def test_labels_of_a_flow_can_be_asked_for(ask: Ask) -> None:
    text = bodies(await ask("create_flow", flow(labels=["core/C12"]), settings=emulator_settings()))
    assert '"labels":["core/C12"]' in text.replace(" ", "")


async def test_a_null_that_the_service_printed_is_held_against_no_change(ask: Ask) -> None:
    """A flow that ran once has `"interval": null`: that is no interval, not one of a wrong type."""
    once = {"startTime": 1600000000, "frequency": "once", "interval": None, "endTime": None}
    overlay = of_flows(SCHEDULED, rules=(has_flow(scheduleParams=once),))
    assert "week" in bodies(await ask("update_flow", patch("/scheduleParams/frequency", "week"), overlay))
