from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft7Validator

from aep_flow_mcp.emulator.catalogue.known_ids import DLZ_DESTINATION, LANDING_ZONE
from aep_flow_mcp.emulator.seed import Seed
from emulator.seed.looking import by_id

NAMELESS = {
    "b7829c2f-2eb0-4f49-a6ee-55e33008b629",
    "998b8ae3-cec0-43b7-8abe-40b1eb4ee069",
    "d27d4907-7351-47dd-bbc2-05a04365703d",
    "2d46966e-4fcc-4015-9f9e-a67594e395a3",
    "bdb5b792-451b-42de-acf8-15f3195821de",
    "db4fe783-ef79-4a12-bda9-32b2b1bc3b2c",
}
"""Ids in printed flow specs that no page names."""
PUBLISHED = {
    "landing-zone": "26f526f2-58f4-4712-961d-e41bf1ccc0e8",
    "Streaming Connection": "bc7b00d6-623a-4dfc-9fdb-f1240aeadaeb",
    "google-big-query": "3c9b37f8-13a6-43d8-bad3-b863b941fedd",
    "datalake": "c604ff05-7f1a-43c0-8e18-33bf874cb11c",
    "activation-datalake": "23598e46-f560-407b-88d5-ea6207e49db0",
    "Data Landing Zone": "10440537-2a7b-4583-ac39-ed38d4b848e8",
    "CloudStorageToAEP": "9753525b-82c7-4dce-8a9b-5ccfce2b9876",
    "CRMToAEP": "14518937-270c-4525-bdec-c2ba7cce3860",
    "Steam data with transformation": "c1a19761-d2c7-4702-b9fa-fe91f0613e81",
    "Stream data with optional transformation": "d69717ba-71b4-4313-b654-49f9cf126d7a",
    "RestStorageToAEP": "6499120c-0b15-42dc-936e-847ea3c24d72",
    "GenericStreamingAEP": "e77fde5a-22a8-11ed-861d-0242ac120002",
    "google-cloud": "32e8f412-cdf7-464c-9885-78184cb113fd",
    "postgre-sql": "74a1c565-4e59-48d7-9d67-7c03b8a13137",
    "maria-db": "3000eb99-cd47-43f3-827c-43caf170f015",
    "dynamics-online": "38ad80fe-8b06-4938-94f4-d4ee80266b07",
    "service-now": "eb13cb25-47ab-407f-ba89-c0125281c563",
    "google-adwords": "d771e9c1-4f26-40dc-8617-ce58c4b53702",
    "SFTP": "36965a81-b1c6-401b-99f8-22508f1e6a26",
    "Adobe Campaign": "0b23e41a-cb4a-4321-a78f-3b654f5d7d97",
    "Oracle Responsys": "a5e28ddf-e265-426e-83a1-9d03a3a6822b",
    "Salesforce Marketing Cloud": "f599a5b3-60a7-4951-950a-cc4115c7ea27",
    "Oracle Eloqua": "c1e44b6b-e7c8-404b-9031-58f0ef760604",
}


def schemas(spec: dict[str, Any]) -> list[dict[str, Any]]:
    held = [auth["spec"] for auth in spec.get("authSpec", [])]
    parts = ("sourceSpec", "targetSpec", "scheduleSpec", "optionSpec", "runSpec")
    held += [spec[part]["spec"] for part in parts if part in spec]
    held += [encryption["spec"] for encryption in spec.get("encryptionSpecs", [])]
    steps = spec.get("transformationSpec") or spec.get("transformationSpecs") or []
    return held + [step["spec"] for step in steps]


def test_every_spec_has_an_id_and_a_name_of_its_own(seed: Seed) -> None:
    for specs, least in ((seed.connection_specs, 90), (seed.flow_specs, 25)):
        assert len(specs) >= least
        assert len({spec["id"] for spec in specs}) == len(specs)
        sides = {(spec["name"], bool(spec["attributes"].get("isDestination"))) for spec in specs}
        assert len(sides) == len(specs)
        assert {spec["version"] for spec in specs} == {"1.0"}


def test_published_names_have_published_ids(seed: Seed) -> None:
    held = {spec["name"]: spec["id"] for spec in (*seed.connection_specs, *seed.flow_specs)}
    assert {name: held[name] for name in PUBLISHED} == PUBLISHED


def test_every_schema_in_a_spec_is_a_json_schema(seed: Seed) -> None:
    checked = 0
    for spec in (*seed.connection_specs, *seed.flow_specs):
        for schema in schemas(spec):
            Draft7Validator.check_schema(schema)
            checked += 1
    assert checked > 150


def test_each_connector_has_a_secret_or_is_known_to_need_none(
    seed: Seed,
) -> None:
    without = {
        spec["name"]
        for spec in seed.connection_specs
        if not any(
            prop.get("format") == "password"
            for auth in spec.get("authSpec", ())
            for prop in auth["spec"]["properties"].values()
        )
    }
    no_auth = {spec["id"] for spec in seed.connection_specs if not spec.get("authSpec")}
    assert {LANDING_ZONE, DLZ_DESTINATION} <= no_auth
    webhooks = {"pendo", "shopify-streaming", "chatlio", "customer-io", "lava"}
    not_published = {"marketo", "marketo-activities"}
    assert without == webhooks | not_published | {
        "landing-zone",
        "Data Landing Zone",
        "hdfs",
        "generic-odata",
        "Streaming Connection",
        "datalake",
        "activation-datalake",
        "profile-store",
        "identity-service",
    }


def test_flow_specs_name_connection_specs_that_exist(seed: Seed) -> None:
    known = set(by_id(seed.connection_specs)) | NAMELESS
    for spec in seed.flow_specs:
        assert spec["sourceConnectionSpecIds"]
        assert spec["targetConnectionSpecIds"]
        assert {*spec["sourceConnectionSpecIds"], *spec["targetConnectionSpecIds"]} <= known


def test_a_source_spec_can_be_a_source_and_a_target_spec_a_target(seed: Seed) -> None:
    specs = by_id(seed.connection_specs)
    for flow_spec in seed.flow_specs:
        for id in flow_spec["sourceConnectionSpecIds"]:
            assert id not in specs or "sourceSpec" in specs[id], specs[id]["name"]
        for id in flow_spec["targetConnectionSpecIds"]:
            assert id not in specs or "targetSpec" in specs[id], specs[id]["name"]


@pytest.mark.parametrize(
    ("schedule", "right"),
    [
        ({"startTime": 1, "frequency": "minute", "interval": 15}, True),
        ({"startTime": 1, "frequency": "minute", "interval": 14}, False),
        ({"startTime": 1, "frequency": "day", "interval": 1, "backfill": True}, True),
        ({"startTime": 1, "frequency": "day"}, False),
        ({"startTime": 1, "frequency": "once"}, True),
        ({"startTime": 1, "frequency": "once", "interval": 1}, False),
        ({"frequency": "once"}, False),
    ],
)
def test_the_schedule_of_a_source(seed: Seed, schedule: dict[str, Any], right: bool) -> None:
    spec = next(spec for spec in seed.flow_specs if spec["name"] == "CloudStorageToAEP")
    assert Draft7Validator(spec["scheduleSpec"]["spec"]).is_valid(schedule) is right


@pytest.mark.parametrize(
    ("interval", "unit", "mode", "right"),
    [
        (3, "hour", "FIRST_FULL_THEN_INCREMENTAL", True),
        (1, "day", "FIRST_FULL_THEN_INCREMENTAL", True),
        (0, "day", "DAILY_FULL_EXPORT", True),
        (1, "hour", "FIRST_FULL_THEN_INCREMENTAL", False),
        (1, "day", "DAILY_FULL_EXPORT", False),
        (24, "hour", "FIRST_FULL_THEN_INCREMENTAL", False),
    ],
)
def test_the_schedule_of_a_dataset_export(
    seed: Seed, interval: int, unit: str, mode: str, right: bool
) -> None:
    spec = by_id(seed.flow_specs)["cd2fc47e-e838-4f38-a581-8fff2f99b63a"]
    schedule = {"interval": interval, "timeUnit": unit, "exportMode": mode, "startTime": 1}
    assert Draft7Validator(spec["scheduleSpec"]["spec"]).is_valid(schedule) is right
