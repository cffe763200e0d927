"""Specs as Adobe prints them, for the tests of what is held against them."""

from __future__ import annotations

from typing import Any

from field_cases.conftest import Told
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


def patch(path: str, value: Any, op: str = "replace") -> dict[str, Any]:
    return {"flow_id": ACCOUNT, "operations": [{"op": op, "path": path, "value": value}]}
