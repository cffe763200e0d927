"""The known errors of Adobe's Flow Service OpenAPI: paths, parameters, statuses and what is sent.

The shapes of what comes back are in `known_objects`. Reasons name sections of the facts about the API, each
of which names Adobe's page.
"""

from __future__ import annotations

from contract.known import (
    ANYTHING,
    BOOLEAN,
    INTEGER,
    NOTHING,
    NUMBER,
    STRING,
    KnownError,
    array,
    either,
    fields,
    one_of,
    ref,
    thing,
)
from contract.known_objects import (
    EXPORT_SCHEDULE,
    FILE_PROPERTIES,
    OBJECTS,
    S3_AUTH,
    SOURCE_PARAMS,
    TARGET_PARAMS,
)
from contract.shapes import Schema

LISTS = tuple(
    f"GET /{name}" for name in ("connections", "flows", "runs", "sourceConnections", "targetConnections")
)
CREATES = tuple(
    f"POST /{name}" for name in ("connections", "flows", "sourceConnections", "targetConnections")
)
PATCH_CONNECTION = "PATCH /connections/{BASE_CONNECTION_ID}/"
DELETE_CONNECTION = "DELETE /connections/{BASE_CONNECTION_ID}/"
PATCH_SOURCE = "PATCH /sourceConnections/{SOURCE_CONNECTION_ID}"
PATCH_TARGET = "PATCH /targetConnections/{TARGET_CONNECTION_ID}"
PATCHES = (PATCH_CONNECTION, "PATCH /flows/{FLOW_ID}", PATCH_SOURCE, PATCH_TARGET)
DELETES = (
    DELETE_CONNECTION,
    "DELETE /flows/{FLOW_ID}",
    "DELETE /sourceConnections/{SOURCE_CONNECTION_ID}",
    "DELETE /targetConnections/{TARGET_CONNECTION_ID}",
)
CONNECTION_ACTION = "POST /connections/{BASE_CONNECTION_ID}/action"
FLOW_ACTION = "POST /flows/{FLOW_ID}/action"
RUN_ACTION = "POST /runs/{RUN_ID}/action"
PUBLISH_ACTIONS = (
    CONNECTION_ACTION,
    "POST /sourceConnections/{SOURCE_CONNECTION_ID}/action",
    "POST /targetConnections/{TARGET_CONNECTION_ID}/action",
)
EXPLORE = "GET /connections/{BASE_CONNECTION_ID}/explore"
EXPLORE_SPEC = "GET /connectionSpecs/{CONNECTION_SPEC_ID}/explore"
SPEC_CONFIGS = "GET /connectionSpecs/{CONNECTION_SPEC_ID}/configs"

# The error bodies that the facts list in 5.1; the OpenAPI declares no error body at all.
GATEWAY_ERROR = {
    "required": ["error_code", "message"],
    **thing(error_code=either(STRING, INTEGER), message=STRING),
}
CLASSIC_ERROR = {"required": ["errorMessage"], **thing(errorMessage=STRING, errorDetails=STRING)}
MINIMAL_ERROR = {"required": ["message"], **thing(message=STRING)}
PROBLEM = {
    "required": ["type", "title", "status"],
    **thing(
        type=STRING,
        title=STRING,
        status=INTEGER,
        detail=STRING,
        report={
            "type": "object",
            "properties": {
                "registryRequestId": STRING,
                "timestamp": STRING,
                "detailed-message": STRING,
                "sub-errors": array(ANYTHING),
            },
        },
    ),
}
ERROR: Schema = either(GATEWAY_ERROR, CLASSIC_ERROR, MINIMAL_ERROR, PROBLEM)


def _query(operations: tuple[str, ...], name: str, schema: Schema, reason: str) -> KnownError:
    return KnownError(operations, "query", f"/{name}", "undeclared", schema, reason)


PATHS = [
    KnownError(
        (PATCH_CONNECTION, DELETE_CONNECTION),
        "path",
        "",
        "slash",
        STRING,
        "2.1: the file ends the path with a slash, every page calls it without",
    ),
]

HEADERS = [
    KnownError(
        ("GET /connections", "GET /targetConnections/{TARGET_CONNECTION_ID}"),
        "header",
        "/x-sandbox-name",
        "undeclared",
        STRING,
        "1.3 and 13: the file forgets the sandbox on these two; always send it",
    ),
]

PARAMETERS = [
    KnownError(
        LISTS,
        "query",
        "/property",
        "repeated",
        array(STRING),
        "4: a repeated `property` is AND, the comma inside one is OR; the file allows one parameter only",
    ),
    _query(CREATES, "mode", one_of("draft"), "9.8 and 2.1: drafts are made with mode=draft"),
    KnownError(
        PUBLISH_ACTIONS,
        "query",
        "/op",
        "enum",
        one_of("publish"),
        "2.11 and 13: Adobe's pages write ops in lower case",
    ),
    KnownError(
        (FLOW_ACTION,),
        "query",
        "/op",
        "enum",
        one_of("enable", "disable", "publish"),
        "2.11 and 13: Adobe's pages write ops in lower case",
    ),
    KnownError(
        (RUN_ACTION,),
        "query",
        "/op",
        "enum",
        one_of("re-trigger"),
        "2.13: the page writes re-trigger, the file RE_TRIGGER",
    ),
    KnownError(
        (CONNECTION_ACTION, FLOW_ACTION),
        "query",
        "/subOp",
        "required",
        None,
        "2.11 and 13: no page sends subOp; it is for providers",
    ),
    KnownError(
        (EXPLORE,),
        "query",
        "/objectType",
        "enum",
        one_of("root", "folder", "file", "table", "rest"),
        "2.9: lower case on every page",
    ),
    _query(
        (EXPLORE_SPEC,),
        "objectType",
        one_of("root", "folder", "file", "table", "rest"),
        "2.9: the file declares no parameter of the exploration of a spec",
    ),
    _query(
        (EXPLORE_SPEC,), "object", STRING, "2.9: the file declares no parameter of the exploration of a spec"
    ),
    _query(
        (EXPLORE, EXPLORE_SPEC),
        "fileType",
        one_of("delimited", "json", "parquet"),
        "2.9: the pages write fileType, the file FileType",
    ),
    _query((EXPLORE, EXPLORE_SPEC), "preview", one_of("true", "false"), "2.9: documented, not in the file"),
    _query(
        (EXPLORE, EXPLORE_SPEC), "determineProperties", one_of("true"), "2.9: documented, not in the file"
    ),
    _query((EXPLORE, EXPLORE_SPEC), "columnDelimiter", STRING, "2.9: documented, not in the file"),
    _query(
        (EXPLORE, EXPLORE_SPEC),
        "compressionType",
        one_of("bzip2", "gzip", "deflate", "zipDeflate", "tarGzip", "tar"),
        "2.9: the pages write compressionType, the file CompressionType",
    ),
    _query((EXPLORE, EXPLORE_SPEC), "encoding", STRING, "2.9: documented, not in the file"),
    _query((EXPLORE, EXPLORE_SPEC), "filters", STRING, "2.9: base64 of the filter, not in the file"),
    _query((EXPLORE, EXPLORE_SPEC), "sourceParams", STRING, "2.9: base64 of parameters, not in the file"),
    _query((SPEC_CONFIGS,), "outputType|outputField", STRING, "2.10: required by the page, not in the file"),
    _query((SPEC_CONFIGS,), "start|limit", {"pattern": "^[0-9]+$"}, "2.10: documented, not in the file"),
    _query((SPEC_CONFIGS,), "properties", STRING, "2.10: documented, not in the file"),
]

BODIES = [
    KnownError(
        (PATCH_CONNECTION,),
        "request",
        "",
        "type",
        array(ref("PatchInstruction")),
        "2.8 and 13: the file declares one instruction, every page sends an array",
    ),
    KnownError(
        PATCHES,
        "request",
        "/*/op",
        "enum",
        one_of("add", "replace", "remove"),
        "2.8 and 13: lower case on every page",
    ),
    KnownError(
        PATCHES,
        "request",
        "/*/value",
        "type",
        either(STRING, NUMBER, BOOLEAN, array(ANYTHING)),
        "2.8: a value is whatever stands at the path, the file allows objects only",
    ),
    KnownError(
        PATCHES,
        "request",
        "/*/value/*",
        "undeclared",
        ANYTHING,
        "2.8: an object as a value is whatever stands at the path, the file declares a description only",
    ),
    *fields(
        ("POST /connections",),
        "request",
        "/auth/params",
        S3_AUTH,
        "2.4: credentials are as the connection spec says; the file declares one connector's two",
    ),
    KnownError(
        ("POST /sourceConnections",),
        "request",
        "",
        "required",
        {"required": ["name", "connectionSpec"]},
        "2.5: the streaming pages and data exports send no data, the file requires it",
    ),
    KnownError(
        ("POST /sourceConnections",),
        "request",
        "/data/properties",
        "undeclared",
        FILE_PROPERTIES,
        "2.5: file properties, not in the file",
    ),
    *fields(
        ("POST /sourceConnections",),
        "request",
        "/params",
        {name: SOURCE_PARAMS[name] for name in ("type", "recursive", "datasets")},
        "2.5: parameters are as the source spec says; the file declares `path` only",
    ),
    KnownError(
        ("POST /targetConnections",),
        "request",
        "",
        "required",
        {"required": ["connectionSpec"]},
        "2.6: destinations have no data, the file requires it",
    ),
    KnownError(
        ("POST /targetConnections",),
        "request",
        "/baseConnectionId",
        "undeclared",
        STRING,
        "2.6: destinations name their account, not in the file",
    ),
    *fields(
        ("POST /targetConnections",),
        "request",
        "/params",
        {name: TARGET_PARAMS[name] for name in ("mode", "path", "compression", "datasetFileType")},
        "2.6 and 7.4: parameters are as the target spec says; the file declares `dataSetId` only",
    ),
    KnownError(
        ("POST /flows",),
        "request",
        "/options",
        "undeclared",
        ref("OptionSpecDTO"),
        "2.7: documented, not in the file",
    ),
    KnownError(
        ("POST /flows",),
        "request",
        "/scheduleParams/interval",
        "type",
        INTEGER,
        "2.12 and 13: an integer by the flow spec's own schema, text in the file",
    ),
    *fields(
        ("POST /flows",),
        "request",
        "/scheduleParams",
        EXPORT_SCHEDULE,
        "2.12: the schedule of dataset exports",
    ),
    KnownError(
        ("POST /flows",),
        "request",
        "/transformations/*/params/mappingVersion",
        "type",
        INTEGER,
        "2.7 and 13: an integer on every page that sends it, text in the file",
    ),
]


def _status(
    status: int, operations: tuple[str, ...], schema: Schema, reason: str, kind: str = "undeclared"
) -> KnownError:
    return KnownError(operations, "status", f"/{status}", kind, schema, reason)


STATUSES = [
    _status(200, DELETES, NOTHING, "2.1: an empty 200 is to be taken as well"),
    _status(202, DELETES, NOTHING, "2.1 and 13: destinations answer 202 to a delete, the file only 204"),
    _status(
        200,
        (PATCH_CONNECTION,),
        ref("CreateConnectionResponse"),
        "2.1: id and etag as for every other PATCH; the file declares no shape",
        "no-schema",
    ),
    _status(
        400, ("*",), ERROR, "5.1 and 5.3: the numeric codes come with 400, the file declares it on a few only"
    ),
    _status(400, ("*",), ERROR, "5.1: the file gives no shape of an error", "no-schema"),
    _status(401, ("*",), GATEWAY_ERROR, "5.2: an invalid token, declared on half of the operations"),
    _status(401, ("*",), GATEWAY_ERROR, "5.1: the file gives no shape of an error", "no-schema"),
    _status(403, ("*",), GATEWAY_ERROR, "5.2: a missing permission, declared on half of the operations"),
    _status(403, ("*",), GATEWAY_ERROR, "5.1: the file gives no shape of an error", "no-schema"),
    _status(404, ("*",), either(CLASSIC_ERROR, PROBLEM), "5.2: never declared; an unknown object or sandbox"),
    _status(
        412,
        (*PATCHES, "PUT /runs/{RUN_ID}", FLOW_ACTION),
        CLASSIC_ERROR,
        "2.2: never declared; a stale If-Match",
    ),
    _status(422, CREATES, CLASSIC_ERROR, "5.2 and 5.5: never declared; a required member is missing"),
    _status(429, ("*",), GATEWAY_ERROR, "5.2: never declared; too many requests"),
    _status(500, ("*",), ERROR, "5.1: declared on half of the operations"),
    _status(500, ("*",), ERROR, "5.1: the file gives no shape of an error", "no-schema"),
    _status(503, ("*",), ERROR, "5.1: declared on half of the operations"),
    _status(503, ("*",), ERROR, "5.1: the file gives no shape of an error", "no-schema"),
]

KNOWN_ERRORS = [*PATHS, *HEADERS, *PARAMETERS, *BODIES, *STATUSES, *OBJECTS]
