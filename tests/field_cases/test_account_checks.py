"""Accounts and connections as Adobe's pages send them, against the specs that they print."""

from __future__ import annotations

from typing import Any

import pytest

from field_cases.conftest import Ask, Told
from field_cases.declared import (
    ACCOUNT,
    DLZ_EXPORT,
    DLZ_TARGET,
    OWN,
    PROFILES,
    S3_TARGET,
    TEXT,
    bodies,
    connector,
    flow_spec,
    of_connectors,
    shape,
    stored,
)
from support.overlay import Overlay

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
