"""Bodies that Adobe's pages send, against the specs that they print: sent as documented, noted where nothing is
declared, and the same at every tool and path."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from aep_flow_mcp.cli import emulator_settings
from field_cases.conftest import Ask
from field_cases.declared import (
    ACCOUNT,
    DLZ_EXPORT,
    DLZ_TARGET,
    FILES,
    MAPPED,
    MAPPING_SET,
    SCHEDULED,
    SOURCE,
    TARGET,
    bodies,
    connector,
    flow,
    flow_spec,
    of_flows,
    patch,
)
from support.overlay import Overlay, Rule

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
