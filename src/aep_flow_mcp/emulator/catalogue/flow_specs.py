"""The flow specs: which connectors may be joined, and the JSON Schemas of schedule, options and steps."""

from __future__ import annotations

from typing import Literal

from ..json_types import JsonObject
from .connection_specs import (
    BATCH_PROVIDER,
    DESTINATION_PROVIDER,
    DRAFT,
    STREAM_PROVIDER,
    parameters,
    permissions,
)
from .connectors_files import HTTP_API, SNOWFLAKE_STREAMING, file_connectors, stream_connectors
from .connectors_tables import table_connectors
from .destinations import (
    AIRSHIP,
    FILE_DESTINATIONS,
    LEGACY_AUDIENCE_FLOW,
    STREAMING_AUDIENCE_FLOW,
    FileDestination,
)
from .internal import DATA_LAKE, EXPORT_LAKE, IDENTITY_SERVICE, PROFILE_STORE

CLOUD_STORAGE = "9753525b-82c7-4dce-8a9b-5ccfce2b9876"
TABLES = "14518937-270c-4525-bdec-c2ba7cce3860"
STREAM_MAPPED = "c1a19761-d2c7-4702-b9fa-fe91f0613e81"
STREAM_XDM = "d8a6f005-7eaf-4153-983e-e8574508b877"
STREAM_OPTIONAL = "d69717ba-71b4-4313-b654-49f9cf126d7a"
DATASET_TO_PROFILE = "f0d3a3c6-7f6e-4b0a-9f0e-58a2b6d1c7e4"
"""Ours: the id of this internal flow spec is not published."""
DATASET_TO_IDENTITY = "0b7e5f9d-2c1a-4e83-a6d4-93c5f8e2b710"
"""Ours: the id of this internal flow spec is not published."""

UNPUBLISHED_TABLE_SPECS = (
    "2acf109f-9b66-4d5e-bc18-ebb2adcff8d5",
    "2fa8af9c-2d1a-43ea-a253-f00a00c74412",
)
UNPUBLISHED_FILE_SPECS = (
    "b7829c2f-2eb0-4f49-a6ee-55e33008b629",
    "998b8ae3-cec0-43b7-8abe-40b1eb4ee069",
)
"""Members of the lists of allowed sources whose connectors no page names; no spec object exists for them."""

_EPOCH = {"type": "integer", "description": "epoch time in seconds", "minimum": 0}

_PERIODIC: JsonObject = {
    "$schema": DRAFT,
    "type": "object",
    "properties": {
        "startTime": _EPOCH,
        "frequency": {"type": "string", "enum": ["once", "minute", "hour", "day", "week"]},
        "interval": {"type": "integer"},
        "backfill": {"type": "boolean", "default": True},
    },
    "required": ["startTime", "frequency"],
    "if": {"properties": {"frequency": {"const": "once"}}},
    "then": {"allOf": [{"not": {"required": ["interval"]}}, {"not": {"required": ["backfill"]}}]},
    "else": {
        "required": ["interval"],
        "if": {"properties": {"frequency": {"const": "minute"}}},
        "then": {"properties": {"interval": {"minimum": 15}}},
        "else": {"properties": {"interval": {"minimum": 1}}},
    },
}


def _combination(unit: str, intervals: list[int], mode: str) -> JsonObject:
    return {
        "properties": {
            "timeUnit": {"const": unit},
            "interval": {"enum": intervals},
            "exportMode": {"const": mode},
        }
    }


_EXPORT_SCHEDULE: JsonObject = {
    "$schema": DRAFT,
    "type": "object",
    "properties": {
        "interval": {"type": "integer", "enum": [0, 1, 3, 6, 9, 12]},
        "timeUnit": {"type": "string", "enum": ["hour", "day"]},
        "startTime": _EPOCH,
        "endTime": _EPOCH,
        "exportMode": {"type": "string", "enum": ["DAILY_FULL_EXPORT", "FIRST_FULL_THEN_INCREMENTAL"]},
        "folderNameTemplate": {"type": "string", "minLength": 1},
    },
    "required": ["interval", "timeUnit", "startTime"],
    "oneOf": [
        _combination("hour", [3, 6, 9, 12], "FIRST_FULL_THEN_INCREMENTAL"),
        _combination("day", [1], "FIRST_FULL_THEN_INCREMENTAL"),
        _combination("day", [0], "DAILY_FULL_EXPORT"),
    ],
}

_OPTIONS: JsonObject = {
    "name": "OptionSpec",
    "spec": {
        "$schema": DRAFT,
        "type": "object",
        "properties": {
            "errorDiagnosticsEnabled": {"type": "boolean", "default": False},
            "partialIngestionPercent": {"type": "number", "exclusiveMinimum": 0},
        },
    },
}

_MAPPING: JsonObject = {
    "name": "Mapping",
    "spec": {
        "$schema": DRAFT,
        "type": "object",
        "properties": {
            "mappingId": {"type": "string", "minLength": 1},
            "mappingVersion": {"anyOf": [{"type": "integer"}, {"type": "string"}]},
        },
        "required": ["mappingId"],
    },
}
_COPY: JsonObject = {
    "name": "Copy",
    "spec": {
        "$schema": DRAFT,
        "type": "object",
        "properties": {"deltaColumn": parameters("name [dateFormat] [timezone]")},
    },
}
_ENCRYPTION: JsonObject = {"name": "Encryption", "spec": parameters("publicKeyId")}

_SELECTORS: JsonObject = {
    "type": "object",
    "properties": {
        "selectors": {"type": "array", "items": {"type": "object", "required": ["type", "value"]}}
    },
    "required": ["selectors"],
}
_GENERAL: JsonObject = {
    "name": "GeneralTransform",
    "spec": {
        "$schema": DRAFT,
        "type": "object",
        "properties": {
            "segmentSelectors": _SELECTORS,
            "profileSelectors": _SELECTORS,
            "profileMapping": {"type": "object", "required": ["mappingId"]},
            "mandatoryFields": {"type": "array", "items": {"type": "string"}},
            "primaryFields": {"type": "array", "items": {"type": "object", "required": ["fieldType"]}},
        },
    },
}


def _run_spec(*, delta_column: bool) -> JsonObject:
    words = "startTime:integer windowStartTime:integer windowEndTime:integer"
    spec = parameters(words)
    if delta_column:
        spec["properties"]["deltaColumn"] = {"type": "object"}
    return {"name": "ProviderParams", "spec": spec}


def _spec(
    name: str,
    id: str,
    *,
    kind: Literal["source", "destination", "internal"],
    sources: list[str],
    targets: list[str],
    transformations: list[JsonObject],
    frequency: Literal["batch", "streaming"] = "batch",
    parts: JsonObject | None = None,
) -> JsonObject:
    streaming = frequency == "streaming"
    provider = STREAM_PROVIDER if streaming else BATCH_PROVIDER
    permission = "StreamingSource" if streaming else "EnterpriseSource"
    attributes: JsonObject = {"frequency": frequency}
    if kind == "source":
        attributes |= {"isSourceFlow": True, "flacValidationSupported": True}
    if kind == "destination":
        provider, permission = DESTINATION_PROVIDER, "Destinations"
        attributes |= {"isDestinationFlow": True}
    attributes |= {
        "notification": {
            "category": "destinations" if kind == "destination" else "sources",
            "flowRun": {"enabled": not streaming},
        },
        "uiAttributes": {"apiFeatures": {"updateSupported": True, "flowRunsSupported": not streaming}},
    }
    return {
        "id": id,
        "name": name,
        "providerId": provider,
        "version": "1.0",
        "sourceConnectionSpecIds": sources,
        "targetConnectionSpecIds": targets,
        "transformationSpec": transformations,
        "attributes": attributes,
        "permissionsInfo": permissions(permission),
        **(parts or {}),
    }


def _source_specs() -> list[JsonObject]:
    lake = [DATA_LAKE]
    schedule = {"name": "PeriodicSchedule", "type": "Periodic", "spec": _PERIODIC}
    files = [c.id for c in file_connectors()]
    tables = [c.id for c in table_connectors()]
    pulled = [c.id for c in stream_connectors() if c.id not in {HTTP_API, SNOWFLAKE_STREAMING}]
    batch = {"scheduleSpec": schedule, "optionSpec": _OPTIONS}
    return [
        _spec(
            "CloudStorageToAEP",
            CLOUD_STORAGE,
            kind="source",
            sources=[*files, *UNPUBLISHED_FILE_SPECS],
            targets=lake,
            transformations=[_COPY, _MAPPING, _ENCRYPTION],
            parts={**batch, "runSpec": _run_spec(delta_column=False)},
        ),
        _spec(
            "CRMToAEP",
            TABLES,
            kind="source",
            sources=[*tables, *UNPUBLISHED_TABLE_SPECS],
            targets=lake,
            transformations=[_COPY, _MAPPING],
            parts={**batch, "runSpec": _run_spec(delta_column=True)},
        ),
        # The first name is spelled as Adobe publishes it.
        _stream("Steam data with transformation", STREAM_MAPPED, [HTTP_API, SNOWFLAKE_STREAMING], [_MAPPING]),
        _stream("Stream data without transformation", STREAM_XDM, [HTTP_API], []),
        _stream("Stream data with optional transformation", STREAM_OPTIONAL, pulled, [_MAPPING]),
    ]


def _stream(name: str, id: str, sources: list[str], transformations: list[JsonObject]) -> JsonObject:
    return _spec(
        name,
        id,
        kind="source",
        sources=sources,
        targets=[DATA_LAKE],
        transformations=transformations,
        frequency="streaming",
    )


def _dataset_export(place: FileDestination, id: str) -> JsonObject:
    return _spec(
        f"Dataset export to {place.label}",
        id,
        kind="destination",
        sources=[EXPORT_LAKE],
        targets=[place.id],
        transformations=[],
        parts={
            "scheduleSpec": {"name": "ExportSchedule", "type": "Periodic", "spec": _EXPORT_SCHEDULE},
        },
    )


def _audience_export(name: str, id: str, targets: list[str]) -> JsonObject:
    return _spec(
        name,
        id,
        kind="destination",
        sources=[PROFILE_STORE],
        targets=targets,
        transformations=[_GENERAL],
        frequency="streaming" if id == STREAMING_AUDIENCE_FLOW else "batch",
    )


def _destination_specs() -> list[JsonObject]:
    exports = [
        _dataset_export(place, place.dataset_flow) for place in FILE_DESTINATIONS if place.dataset_flow
    ]
    audiences = [
        _audience_export(f"Audience export to {place.label}", place.audience_flow, [place.id])
        for place in FILE_DESTINATIONS
        if place.audience_flow != LEGACY_AUDIENCE_FLOW
    ]
    legacy = [place.id for place in FILE_DESTINATIONS if place.audience_flow == LEGACY_AUDIENCE_FLOW]
    return [
        *exports,
        *audiences,
        _audience_export("Batch audience export", LEGACY_AUDIENCE_FLOW, legacy),
        _audience_export("Streaming audience export", STREAMING_AUDIENCE_FLOW, [AIRSHIP]),
    ]


def _internal_specs() -> list[JsonObject]:
    return [
        _spec(name, id, kind="internal", sources=[DATA_LAKE], targets=[target], transformations=[])
        for name, id, target in (
            ("dataset_to_ups", DATASET_TO_PROFILE, PROFILE_STORE),
            ("dataset_to_uis", DATASET_TO_IDENTITY, IDENTITY_SERVICE),
        )
    ]


def build_flow_specs() -> list[JsonObject]:
    """Every flow spec, as `GET /flowSpecs` lists them."""
    return [*_source_specs(), *_destination_specs(), *_internal_specs()]
