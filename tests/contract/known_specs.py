"""The known errors of Adobe's Flow Service OpenAPI in connection specs and flow specs."""

from __future__ import annotations

from contract.known import (
    ANYTHING,
    BOOLEAN,
    JSON_SCHEMA,
    STRING,
    KnownError,
    array,
    either,
    fields,
    one_of,
    ref,
    thing,
)
from contract.shapes import Schema

CONNECTION_SPEC_READS = ("GET /connectionSpecs", "GET /connectionSpecs/{CONNECTION_SPEC_ID}")
CONNECTION_SPEC_WRITES = ("POST /connectionSpecs", "PUT /connectionSpecs/{CONNECTION_SPEC_ID}")
FLOW_SPEC_WRITES = ("POST /flowSpecs", "PUT /flowSpecs/{FLOW_SPEC_ID}")
FLOW_SPEC_READS = ("GET /flowSpecs", "GET /flowSpecs/{FLOW_SPEC_ID}", "POST /flowSpecs/search")

_A_SCHEMA = (
    "2.14: a JSON Schema stands here; the file describes it by one sample, partly as if it were a value"
)
_PERMISSION = {
    "type": "object",
    "properties": {"@type": STRING, "name": STRING, "permissions": array(one_of("read", "write"))},
}

_FILTER = thing(
    enabled=BOOLEAN,
    queryLanguage=STRING,
    logicalOperators=array(STRING),
    comparisonOperators=array(STRING),
    columnNameEscapeChar=STRING,
    valueEscapeChar=STRING,
)
_STEP: Schema = {"required": ["name", "spec"], **thing(name=STRING, spec=JSON_SCHEMA)}
_ENCRYPTION = thing(name=STRING, type=STRING, spec=JSON_SCHEMA)
_FLOW_SPEC: dict[str, Schema] = {
    "transformationSpec": array(_STEP),
    "transformationSpecDTOS": array(_STEP),
    "runSpec": thing(name=one_of("ProviderParams"), spec=JSON_SCHEMA),
}
_FEATURES = thing(deleteSupported=BOOLEAN, updateSupported=BOOLEAN, flowRunsSupported=BOOLEAN)
_FLOW_SPEC_ATTRIBUTES: dict[str, Schema] = {
    "uiAttributes": thing(apiFeatures=_FEATURES),
    "isDestinationFlow": BOOLEAN,
    "_workflow": array(STRING),
}


def _schema_at(operations: tuple[str, ...], part: str, pointer: str) -> KnownError:
    return KnownError(operations, part, f"{pointer}/**", "*", ANYTHING, _A_SCHEMA)


def _connection_spec(operations: tuple[str, ...], part: str, under: str) -> list[KnownError]:
    """What is wrong wherever a connection spec stands: in lists, answers to its provider, and what that one sends."""
    ui = f"{under}/sourceSpec|targetSpec/attributes/uiAttributes"
    return [
        _schema_at(operations, part, f"{under}/authSpec/*/spec"),
        _schema_at(operations, part, f"{under}/sourceSpec/spec"),
        _schema_at(operations, part, f"{under}/exploreSpec/requestSpec"),
        _schema_at(operations, part, f"{under}/exploreSpec/responseSpec"),
        KnownError(
            operations,
            part,
            f"{ui}/category|label|icon|description",
            "type",
            thing(key=STRING),
            "2.14: each text is a key for translation, `{key}`; the file declares plain text",
        ),
        *fields(
            operations,
            part,
            ui,
            {"frequency": thing(key=one_of("batch", "streaming"))},
            "2.14: how often a source or target runs, not in the file",
        ),
    ]


def _single_permission(operations: tuple[str, ...], under: str) -> KnownError:
    return KnownError(
        operations,
        "response",
        f"{under}/permissionsInfo/view|manage",
        "type",
        _PERMISSION,
        "2.14 and 13: some answers hold one permission where the file declares a list",
    )


def _sent_by_a_provider(operations: tuple[str, ...]) -> list[KnownError]:
    return [
        KnownError(
            operations,
            "request",
            "/attributes/*",
            "type",
            either(STRING, BOOLEAN),
            "2.14 and 2.15: attributes are text and switches as well, the file allows objects only",
        ),
        *fields(
            operations,
            "request",
            "/permissionsInfo/view|manage/*",
            {"@type": STRING, "name": STRING, "permissions": array(STRING)},
            "2.14: a list of permissions; the file nests the whole of it once more",
        ),
    ]


def _flow_spec(operations: tuple[str, ...], under: str) -> list[KnownError]:
    return [
        *fields(operations, "response", under, _FLOW_SPEC, "2.15 and 13: documented, not in the file"),
        KnownError(
            operations,
            "response",
            f"{under}/transformationSpecs",
            "type",
            array(_STEP),
            "2.15 and 13: a list of steps; the file declares one step",
        ),
        *fields(
            operations,
            "response",
            f"{under}/optionSpec",
            {"name": one_of("OptionSpec")},
            "2.15: documented, not in the file",
        ),
        _schema_at(operations, "response", f"{under}/optionSpec/spec"),
        _schema_at(operations, "response", f"{under}/scheduleSpec/spec"),
        *fields(
            operations,
            "response",
            f"{under}/permissionsInfo/view|manage/*",
            {"@type": one_of("lowLevel")},
            "2.14: the member is `@type`; the file writes `type` for flow specs",
        ),
        _single_permission(operations, under),
    ]


_PARTS = "2.15: name, type and JSON Schema of one part of a flow; the file describes the values instead"

CONNECTION_SPECS = [
    *_connection_spec(CONNECTION_SPEC_READS, "response", "/items/*"),
    *_connection_spec(CONNECTION_SPEC_WRITES, "response", ""),
    *_connection_spec(CONNECTION_SPEC_WRITES, "request", ""),
    *_sent_by_a_provider(CONNECTION_SPEC_WRITES),
    _single_permission(CONNECTION_SPEC_READS, "/items/*"),
    _single_permission(CONNECTION_SPEC_WRITES, ""),
    _schema_at(CONNECTION_SPEC_READS, "response", "/items/*/targetSpec/spec"),
    *fields(
        CONNECTION_SPEC_READS,
        "response",
        "/items/*",
        {"type": STRING, "targetSpec": ref("TargetSpecDTO")},
        "2.14: documented, not in the file",
    ),
    *fields(CONNECTION_SPEC_WRITES, "response", "", {"type": STRING}, "2.14: documented, not in the file"),
    *fields(
        CONNECTION_SPEC_READS,
        "response",
        "/items/*/attributes",
        {"frequency": one_of("batch", "streaming"), "isDestination": BOOLEAN, "filterAtSource": _FILTER},
        "2.14: documented, not in the file",
    ),
    *fields(
        CONNECTION_SPEC_READS,
        "response",
        "/items/*",
        {"encryptionSpecs": array(_ENCRYPTION)},
        "destinations/api/activate-segments-file-based-destinations: printed, not in the file",
    ),
    *fields(
        CONNECTION_SPEC_WRITES,
        "response",
        "/attributes",
        {"frequency": one_of("batch", "streaming")},
        "2.14: documented, not in the file",
    ),
]

FLOW_SPECS = [
    *_flow_spec(FLOW_SPEC_READS, "/items/*"),
    *fields(
        FLOW_SPEC_READS,
        "response",
        "/items/*/attributes",
        _FLOW_SPEC_ATTRIBUTES,
        "2.15 and destinations/api/activate-segments-file-based-destinations: documented, not in the file",
    ),
    *_flow_spec(FLOW_SPEC_WRITES, ""),
    *_sent_by_a_provider(FLOW_SPEC_WRITES),
    *fields(
        FLOW_SPEC_WRITES,
        "request",
        "/optionSpec|scheduleSpec|runSpec",
        {"name": STRING, "spec": JSON_SCHEMA},
        _PARTS,
    ),
    *fields(FLOW_SPEC_WRITES, "request", "/scheduleSpec", {"type": STRING}, _PARTS),
    *fields(
        FLOW_SPEC_WRITES,
        "request",
        "/transformationSpecDTOS/*",
        {"name": STRING, "spec": JSON_SCHEMA},
        _PARTS,
    ),
]

SPECS: list[KnownError] = [*CONNECTION_SPECS, *FLOW_SPECS]
