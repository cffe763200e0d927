"""The known errors of Adobe's Flow Service OpenAPI in connection specs and flow specs."""

from __future__ import annotations

from contract.known import (
    ANYTHING,
    BOOLEAN,
    JSON_SCHEMA,
    STRING,
    KnownError,
    array,
    fields,
    one_of,
    ref,
    thing,
)
from contract.shapes import Schema

CONNECTION_SPEC_READS = ("GET /connectionSpecs", "GET /connectionSpecs/{CONNECTION_SPEC_ID}")
CONNECTION_SPEC_WRITES = ("POST /connectionSpecs", "PUT /connectionSpecs/{CONNECTION_SPEC_ID}")
FLOW_SPEC_READS = ("GET /flowSpecs", "GET /flowSpecs/{FLOW_SPEC_ID}", "POST /flowSpecs/search")

_A_SCHEMA = (
    "2.14: a JSON Schema stands here; the file describes it by one sample, partly as if it were a value"
)
_PERMISSION = {
    "type": "object",
    "properties": {"@type": STRING, "name": STRING, "permissions": array(one_of("read", "write"))},
}

_CONNECTION_SPEC: dict[str, Schema] = {"type": STRING, "targetSpec": ref("TargetSpecDTO")}
_FILTER = thing(
    enabled=BOOLEAN,
    queryLanguage=STRING,
    logicalOperators=array(STRING),
    comparisonOperators=array(STRING),
    columnNameEscapeChar=STRING,
    valueEscapeChar=STRING,
)
_CONNECTION_SPEC_ATTRIBUTES: dict[str, Schema] = {
    "frequency": one_of("batch", "streaming"),
    "isDestination": BOOLEAN,
    "filterAtSource": _FILTER,
}
_STEP: Schema = {"required": ["name", "spec"], **thing(name=STRING, spec=JSON_SCHEMA)}
_FLOW_SPEC: dict[str, Schema] = {
    "transformationSpec": array(_STEP),
    "transformationSpecDTOS": array(_STEP),
    "runSpec": thing(name=one_of("ProviderParams"), spec=JSON_SCHEMA),
}
_FLOW_SPEC_ATTRIBUTES: dict[str, Schema] = {
    "isDestinationFlow": BOOLEAN,
    "uiAttributes": thing(apiFeatures=thing(updateSupported=BOOLEAN, flowRunsSupported=BOOLEAN)),
}


def _schema_at(operations: tuple[str, ...], pointer: str) -> KnownError:
    return KnownError(operations, "response", f"{pointer}/**", "*", ANYTHING, _A_SCHEMA)


_UI = "2.14: each text is a key for translation, `{key}`; the file declares plain text"

SPECS: list[KnownError] = [
    *fields(
        CONNECTION_SPEC_READS, "response", "/items/*", _CONNECTION_SPEC, "2.14: documented, not in the file"
    ),
    *fields(CONNECTION_SPEC_WRITES, "response", "", {"type": STRING}, "2.14: documented, not in the file"),
    *fields(
        CONNECTION_SPEC_READS,
        "response",
        "/items/*/attributes",
        _CONNECTION_SPEC_ATTRIBUTES,
        "2.14: documented, not in the file",
    ),
    _schema_at(CONNECTION_SPEC_READS, "/items/*/authSpec/*/spec"),
    _schema_at(CONNECTION_SPEC_READS, "/items/*/sourceSpec/spec"),
    _schema_at(CONNECTION_SPEC_READS, "/items/*/targetSpec/spec"),
    _schema_at(CONNECTION_SPEC_READS, "/items/*/exploreSpec/requestSpec"),
    _schema_at(CONNECTION_SPEC_READS, "/items/*/exploreSpec/responseSpec"),
    KnownError(
        CONNECTION_SPEC_READS,
        "response",
        "/items/*/sourceSpec|targetSpec/attributes/uiAttributes/category|label|icon|description",
        "type",
        thing(key=STRING),
        _UI,
    ),
    KnownError(
        CONNECTION_SPEC_READS,
        "response",
        "/items/*/sourceSpec|targetSpec/attributes/uiAttributes/frequency",
        "undeclared",
        thing(key=one_of("batch", "streaming")),
        "2.14: how often a source or target runs, not in the file",
    ),
    KnownError(
        CONNECTION_SPEC_READS,
        "response",
        "/items/*/permissionsInfo/view|manage",
        "type",
        _PERMISSION,
        "2.14 and 13: some answers hold one permission where the file declares a list",
    ),
    *fields(FLOW_SPEC_READS, "response", "/items/*", _FLOW_SPEC, "2.15 and 13: documented, not in the file"),
    KnownError(
        FLOW_SPEC_READS,
        "response",
        "/items/*/transformationSpecs",
        "type",
        array(_STEP),
        "2.15 and 13: a list of steps; the file declares one step",
    ),
    *fields(
        FLOW_SPEC_READS,
        "response",
        "/items/*/attributes",
        _FLOW_SPEC_ATTRIBUTES,
        "2.15: documented, not in the file",
    ),
    KnownError(
        FLOW_SPEC_READS,
        "response",
        "/items/*/optionSpec/name",
        "undeclared",
        one_of("OptionSpec"),
        "2.15: documented, not in the file",
    ),
    _schema_at(FLOW_SPEC_READS, "/items/*/optionSpec/spec"),
    _schema_at(FLOW_SPEC_READS, "/items/*/scheduleSpec/spec"),
    KnownError(
        FLOW_SPEC_READS,
        "response",
        "/items/*/permissionsInfo/view|manage/*/@type",
        "undeclared",
        one_of("lowLevel"),
        "2.14: the member is `@type`; the file writes `type` for flow specs",
    ),
    KnownError(
        FLOW_SPEC_READS,
        "response",
        "/items/*/permissionsInfo/view|manage",
        "type",
        _PERMISSION,
        "2.14 and 13: some answers hold one permission where the file declares a list",
    ),
]
