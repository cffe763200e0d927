"""The flow specs: which connectors may be joined, and the JSON Schemas of schedule, options and steps."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ..json_types import JsonObject
from .connection_specs import permissions
from .entries import Connector
from .known_ids import BATCH_PROVIDER, DESTINATION_PROVIDER, STREAM_PROVIDER
from .parameters import DRAFT, parameters

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
        "properties": {
            "deltaColumn": parameters({"name": "string", "dateFormat": "string?", "timezone": "string?"})
        },
    },
}
_ENCRYPTION: JsonObject = {"name": "Encryption", "spec": parameters({"publicKeyId": "string"})}

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
    spec = parameters(dict.fromkeys(("startTime", "windowStartTime", "windowEndTime"), "integer"))
    if delta_column:
        spec["properties"]["deltaColumn"] = {"type": "object"}
    return {"name": "ProviderParams", "spec": spec}


_SCHEDULED: JsonObject = {
    "scheduleSpec": {"name": "PeriodicSchedule", "type": "Periodic", "spec": _PERIODIC},
    "optionSpec": _OPTIONS,
}
_EXPORTED: JsonObject = {
    "scheduleSpec": {"name": "ExportSchedule", "type": "Periodic", "spec": _EXPORT_SCHEDULE}
}

Kind = Literal["source", "destination", "internal"]


@dataclass(frozen=True)
class _Shape:
    """What flow specs of the same use have in common."""

    kind: Kind
    transformations: tuple[JsonObject, ...]
    parts: Callable[[], JsonObject] = dict


_SHAPES: Mapping[str, _Shape] = {
    "files": _Shape(
        "source",
        (_COPY, _MAPPING, _ENCRYPTION),
        lambda: {**_SCHEDULED, "runSpec": _run_spec(delta_column=False)},
    ),
    "tables": _Shape(
        "source", (_COPY, _MAPPING), lambda: {**_SCHEDULED, "runSpec": _run_spec(delta_column=True)}
    ),
    "stream": _Shape("source", (_MAPPING,)),
    "stream_xdm": _Shape("source", ()),
    "dataset_export": _Shape("destination", (), lambda: _EXPORTED),
    "audience_export": _Shape("destination", (_GENERAL,)),
    "internal": _Shape("internal", ()),
}


def flow_spec(row: Mapping[str, Any], connectors: Iterable[Connector]) -> JsonObject:
    """The whole spec object, as `GET /flowSpecs/{id}` returns it, of a row of `flow_specs.json`.

    The connectors that name it may be its sources or, if they are destinations, its targets; `sources` and
    `targets` of the row are allowed in addition. Raises KeyError for a shape that is not known.
    """
    shape = _SHAPES[row["shape"]]
    using = [one for one in connectors if row["id"] in one.flow_specs]
    return {
        "id": row["id"],
        "name": row["name"],
        "providerId": _provider(shape.kind, row["frequency"]),
        "version": "1.0",
        "sourceConnectionSpecIds": _allowed(using, "source", row.get("sources", ())),
        "targetConnectionSpecIds": _allowed(using, "destination", row.get("targets", ())),
        "transformationSpec": list(shape.transformations),
        "attributes": _attributes(shape.kind, row["frequency"]),
        "permissionsInfo": permissions(_permission(shape.kind, row["frequency"])),
        **shape.parts(),
    }


def _allowed(using: Iterable[Connector], role: str, further: Iterable[str]) -> list[str]:
    return list(dict.fromkeys([*(one.id for one in using if one.role == role), *further]))


def _provider(kind: Kind, frequency: str) -> str:
    if kind == "destination":
        return DESTINATION_PROVIDER
    return STREAM_PROVIDER if frequency == "streaming" else BATCH_PROVIDER


def _permission(kind: Kind, frequency: str) -> str:
    if kind == "destination":
        return "Destinations"
    return "StreamingSource" if frequency == "streaming" else "EnterpriseSource"


def _attributes(kind: Kind, frequency: str) -> JsonObject:
    runs = frequency != "streaming"
    attributes: JsonObject = {"frequency": frequency}
    if kind == "source":
        attributes |= {"isSourceFlow": True, "flacValidationSupported": True}
    if kind == "destination":
        attributes |= {"isDestinationFlow": True}
    category = "destinations" if kind == "destination" else "sources"
    return attributes | {
        "notification": {"category": category, "flowRun": {"enabled": runs}},
        "uiAttributes": {"apiFeatures": {"updateSupported": True, "flowRunsSupported": runs}},
    }
