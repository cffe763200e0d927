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

_OPTION_KINDS: JsonObject = {
    "errorDiagnosticsEnabled": {"type": "boolean", "default": False},
    "partialIngestionPercent": {"type": "number", "exclusiveMinimum": 0},
}


def _options(**further: JsonObject) -> JsonObject:
    schema = {"$schema": DRAFT, "type": "object", "properties": _OPTION_KINDS | further}
    return {"name": "OptionSpec", "spec": schema}


def _mapping(*, version: bool = True, required: bool = False) -> JsonObject:
    """The spec of a mapping step. Adobe prints the version as text, and sends a number."""
    properties: JsonObject = {"mappingId": {"type": "string"}}
    if version:
        properties["mappingVersion"] = {"type": "string"}
    schema: JsonObject = {"$schema": DRAFT, "type": "object", "properties": properties}
    return {"name": "Mapping", "spec": schema | ({"required": ["mappingId"]} if required else {})}


_COPY: JsonObject = {
    "name": "Copy",
    "spec": {
        "$schema": DRAFT,
        "type": "object",
        "properties": {
            "deltaColumn": {
                "type": "object",
                "properties": {name: {"type": "string"} for name in ("name", "dateFormat", "timezone")},
                "required": ["name"],
            }
        },
        "required": ["deltaColumn"],
    },
}

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
            "profileMapping": {"type": "object"},
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


_SCHEDULE: JsonObject = {"name": "PeriodicSchedule", "type": "Periodic", "spec": _PERIODIC}
_EXPORTED: JsonObject = {
    "scheduleSpec": {"name": "ExportSchedule", "type": "Periodic", "spec": _EXPORT_SCHEDULE}
}

Kind = Literal["source", "destination", "internal"]
_SOURCE_FLOW: JsonObject = {"isSourceFlow": True, "flacValidationSupported": True}
_NOTIFIED: JsonObject = {"notification": {"category": "sources", "flowRun": {"enabled": True}}}


def _features(**features: bool) -> JsonObject:
    return {"uiAttributes": {"apiFeatures": features}}


def _exporting(workflow: str, *, runs: bool = True) -> JsonObject:
    """`_workflow` is what the `conditional` of a target's params looks at. Its values but DATASETS are ours."""
    return {
        "isDestinationFlow": True,
        "_workflow": [workflow],
        "notification": {"category": "destinations", "flowRun": {"enabled": runs}},
        **_features(updateSupported=True, flowRunsSupported=runs),
    }


@dataclass(frozen=True)
class _Shape:
    """What flow specs of the same use have in common."""

    kind: Kind
    transformations: tuple[JsonObject, ...]
    attributes: JsonObject
    parts: Callable[[], JsonObject] = dict


def _scheduled(run_spec: JsonObject | None = None) -> JsonObject:
    parts = {"scheduleSpec": _SCHEDULE, "optionSpec": _options()}
    return parts | ({"runSpec": run_spec} if run_spec else {})


_SHAPES: Mapping[str, _Shape] = {
    "files": _Shape(
        "source",
        (_mapping(),),
        _SOURCE_FLOW | _NOTIFIED,
        lambda: _scheduled(_run_spec(delta_column=False)),
    ),
    "tables": _Shape(
        "source",
        (_COPY, _mapping()),
        _SOURCE_FLOW | _NOTIFIED,
        lambda: _scheduled(_run_spec(delta_column=True)),
    ),
    "rest": _Shape("source", (_mapping(),), _NOTIFIED, _scheduled),
    "marketo": _Shape(
        "source",
        (_mapping(),),
        _SOURCE_FLOW | _NOTIFIED,
        lambda: {"optionSpec": _options(isSampleDataflow={"type": "boolean"})},
    ),
    "stream_mapped": _Shape(
        "source",
        (_mapping(version=False, required=True),),
        _features(deleteSupported=False, updateSupported=False, flowRunsSupported=False),
    ),
    "stream_optional": _Shape("source", (_mapping(version=False),), _features(flowRunsSupported=False)),
    "stream_xdm": _Shape("source", (), _features(flowRunsSupported=False)),
    "webhook": _Shape(
        "source",
        (_mapping(),),
        _SOURCE_FLOW | _features(updateSupported=True, flowRunsSupported=True),
        lambda: {"optionSpec": _options(inletUrl={"type": "string"})},
    ),
    "dataset_export": _Shape("destination", (), _exporting("DATASETS"), lambda: _EXPORTED),
    "audience_export": _Shape("destination", (_GENERAL,), _exporting("SEGMENTS")),
    "audience_stream": _Shape("destination", (_GENERAL,), _exporting("SEGMENTS", runs=False)),
    "internal": _Shape("internal", (), _NOTIFIED),
}
# What the printed specs say about their pace: those of the HTTP API and of self-serve files say nothing.
_WITHOUT_FREQUENCY = frozenset({"rest", "stream_mapped", "stream_optional", "stream_xdm"})


def flow_spec(row: Mapping[str, Any], connectors: Iterable[Connector]) -> JsonObject:
    """The whole spec object, as `GET /flowSpecs/{id}` returns it, of a row of `flow_specs.json`.

    The connectors that name it may be its sources or, if it is one of a destination, its targets; `sources` and
    `targets` of the row are allowed in addition. Raises KeyError for a shape that is not known.
    """
    shape = _SHAPES[row["shape"]]
    using = [one for one in connectors if row["id"] in one.flow_specs]
    outside = [one.id for one in using if shape.kind == "destination" or one.is_source]
    sources, targets = row.get("sources", ()), row.get("targets", ())
    if shape.kind == "destination":
        targets = [*outside, *targets]
    else:
        sources = [*outside, *sources]
    paced = {} if row["shape"] in _WITHOUT_FREQUENCY else {"frequency": row["frequency"]}
    return {
        "id": row["id"],
        "name": row["name"],
        "providerId": _provider(shape.kind, row["frequency"]),
        "version": "1.0",
        "sourceConnectionSpecIds": list(dict.fromkeys(sources)),
        "targetConnectionSpecIds": list(dict.fromkeys(targets)),
        row.get("transformations", "transformationSpec"): list(shape.transformations),
        "attributes": paced | shape.attributes,
        "permissionsInfo": permissions(_permission(shape.kind, row["frequency"])),
        **shape.parts(),
    }


def _provider(kind: Kind, frequency: str) -> str:
    if kind == "destination":
        return DESTINATION_PROVIDER
    return STREAM_PROVIDER if frequency == "streaming" else BATCH_PROVIDER


def _permission(kind: Kind, frequency: str) -> str:
    if kind == "destination":
        return "Destinations"
    return "StreamingSource" if frequency == "streaming" else "EnterpriseSource"
