"""The known errors of Adobe's Flow Service OpenAPI in connections, their ends, and flows that come back."""

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
from contract.known_runs import RUN_ERRORS
from contract.known_specs import SPECS
from contract.shapes import Schema

CONNECTIONS = ("GET /connections", "GET /connections/{BASE_CONNECTION_ID}", "POST /connections/search")
CONNECTION_LISTS = ("GET /connections", "POST /connections/search")
CONNECTION_CONFIGS = "GET /connections/{BASE_CONNECTION_ID}/configs"
PATCH_SOURCE = "PATCH /sourceConnections/{SOURCE_CONNECTION_ID}"
PATCH_TARGET = "PATCH /targetConnections/{TARGET_CONNECTION_ID}"
SOURCES = ("GET /sourceConnections", "GET /sourceConnections/{SOURCE_CONNECTION_ID}", PATCH_SOURCE)
TARGETS = ("GET /targetConnections", "GET /targetConnections/{TARGET_CONNECTION_ID}", PATCH_TARGET)
FLOWS = ("GET /flows", "GET /flows/{FLOW_ID}", "POST /flows/search")
EXPLORE = "GET /connections/{BASE_CONNECTION_ID}/explore"
EXPLORE_SPEC = "GET /connectionSpecs/{CONNECTION_SPEC_ID}/explore"
SPEC_CONFIGS = "GET /connectionSpecs/{CONNECTION_SPEC_ID}/configs"

FILE_PROPERTIES = thing(columnDelimiter=STRING, compressionType=STRING, encoding=STRING)
_COLUMN: Schema = {
    "required": ["name", "type"],
    "type": "object",
    "properties": {
        "name": STRING,
        "type": STRING,
        "meta:xdmType": STRING,
        "xdm": thing(type=STRING, format=STRING),
    },
}
DELTA_COLUMN = thing(name=STRING, dateFormat=STRING, timezone=STRING)
EXPORTED_DATASETS = array({"required": ["dataSetId"], **thing(dataSetId=STRING, name=STRING)})

EXPORT_SCHEDULE: dict[str, Schema] = {
    "timeUnit": one_of("hour", "day"),
    "endTime": either(INTEGER, STRING),
    "exportMode": one_of("FIRST_FULL_THEN_INCREMENTAL", "DAILY_FULL_EXPORT"),
    "folderNameTemplate": STRING,
}
S3_AUTH: dict[str, Schema] = {"s3AccessKey": STRING, "s3SecretKey": STRING}
SOURCE_PARAMS: dict[str, Schema] = {
    "type": one_of("file", "folder"),
    "recursive": BOOLEAN,
    "tableName": STRING,
    "columns": array(_COLUMN),
    "datasets": EXPORTED_DATASETS,
    "dataSetId": STRING,
    "dataType": one_of("raw", "xdm"),
    "reset": one_of("latest", "earliest"),
    "eventHubName|consumerGroup|timestampColumn": STRING,
}
TARGET_PARAMS: dict[str, Schema] = {
    "mode": one_of("Server-to-server", "S3"),
    "path": STRING,
    "bucketName": STRING,
    "compression": one_of("NONE", "GZIP"),
    "datasetFileType": one_of("JSON", "PARQUET"),
    "fileType": one_of("CSV", "JSON", "PARQUET"),
    "csvOptions": thing(delimiter=STRING, quote=STRING, escape=STRING, nullValue=STRING, emptyValue=STRING),
    "remotePath|domain": STRING,
    "format": one_of("CSV"),
}
MAPPING = thing(mappingId=STRING, mappingVersion=either(INTEGER, STRING))
_SCHEDULE_OF_AUDIENCE = thing(
    frequency=STRING,
    triggerType=one_of("SCHEDULED", "AFTER_SEGMENT_EVAL"),
    startDate=STRING,
    endDate=STRING,
    startTime=STRING,
)
_AUDIENCE = thing(
    id=STRING,
    name=STRING,
    description=STRING,
    filenameTemplate=STRING,
    exportMode=one_of("DAILY_FULL_EXPORT", "FIRST_FULL_THEN_INCREMENTAL"),
    schedule=_SCHEDULE_OF_AUDIENCE,
    createTime=STRING,
    updateTime=STRING,
    systemSegmentId=STRING,
    namespace=STRING,
)
_ATTRIBUTE_MAPPING = thing(
    sourceType=STRING,
    source=STRING,
    destination=STRING,
    sourceAttribute=STRING,
    destinationXdmPath=STRING,
    identity=BOOLEAN,
    primaryIdentity=BOOLEAN,
    functionVersion=INTEGER,
)
_ATTRIBUTE = thing(path=STRING, operator=one_of("EXISTS"), mapping=_ATTRIBUTE_MAPPING)
AUDIENCE_PARAMS: dict[str, Schema] = {
    "segmentSelectors": thing(selectors=array(thing(type=one_of("PLATFORM_SEGMENT"), value=_AUDIENCE))),
    "profileSelectors": thing(selectors=array(thing(type=one_of("JSON_PATH"), value=_ATTRIBUTE))),
    "profileMapping": MAPPING,
    "mandatoryFields": array(STRING),
    "primaryFields": array(
        thing(fieldType=one_of("IDENTITY", "ATTRIBUTE"), identityNamespace=STRING, attributePath=STRING)
    ),
}
_STATUS = thing(value=STRING, properties={"nullable": True, "type": "object"}, errors=array(ANYTHING))
FLOW_FIELDS: dict[str, Schema] = {
    "options": ref("OptionSpecDTO"),
    "policy": ref("PolicyItemDTO"),
    "inheritedAttributes/properties": thing(isSourceFlow=BOOLEAN, isDestinationFlow=BOOLEAN),
    "inheritedAttributes/sourceConnections/*/typeInfo": ref("ConnectionTypeInfoDTO"),
    "inheritedAttributes/targetConnections/*/baseConnection": ref("ConnectionMetaInfoDTO"),
    "lastOperation/percentCompleted": NUMBER,
    "lastOperation/status": _STATUS,
    "lastOperation/ops": array({"required": ["op", "path"], **thing(op=STRING, path=STRING, value=ANYTHING)}),
}
_PREVIEW: Schema = {
    "required": ["format", "schema"],
    "type": "object",
    "properties": {
        "format": one_of("flat"),
        "schema": thing(columns=array(_COLUMN)),
        "data": array({"type": "object"}),
        "properties": thing(fileType=STRING, compressionType=STRING, columnDelimiter=STRING),
    },
}
_RESOURCE: Schema = {
    "required": ["format", "schema"],
    **thing(format=one_of("hierarchical"), schema={"type": "object"}, data=array({"type": "object"})),
}
_ENTRIES = {"required": ["items"], **thing(items=ref("ExploreConnectionResponse"))}
_COLUMNS: Schema = {
    "required": ["items"],
    **thing(items=array(thing(columnName=STRING, columnType=STRING))),
}
_DATASETS: Schema = {
    "required": ["items"],
    **thing(
        items=array({"required": ["id"], **thing(id=STRING), "additionalProperties": True}),
        pageInfo=thing(start=INTEGER, end=INTEGER, total=INTEGER, hasNext=BOOLEAN),
    ),
}

RUN_MEMBERS = (
    "createdAt",
    "updatedAt",
    "createdBy",
    "updatedBy",
    "createdClient",
    "updatedClient",
    "sandboxId",
    "sandboxName",
    "imsOrgId",
    "flowId",
    "flowSpec",
    "providerRefId",
    "metrics",
)
LISTS = tuple(
    f"GET /{name}" for name in ("connections", "flows", "runs", "sourceConnections", "targetConnections")
)

ANSWERS = [
    KnownError(
        LISTS,
        "response",
        "/_links/next",
        "type",
        NOTHING,
        "3: how the last page says so differs; null is one way",
    ),
    KnownError(
        (EXPLORE, EXPLORE_SPEC),
        "response",
        "",
        "type",
        either(_PREVIEW, _RESOURCE, _ENTRIES),
        "2.9: a file or a table answers its columns and rows, some roots a wrapped list; the file knows bare lists",
    ),
    KnownError((CONNECTION_CONFIGS,), "response", "", "type", _COLUMNS, "2.9: as in the file's own example"),
    KnownError(
        (SPEC_CONFIGS,), "response", "", "type", _DATASETS, "2.10: datasets and where the page stands"
    ),
    *fields(
        (PATCH_SOURCE, PATCH_TARGET),
        "response",
        "",
        {"id": STRING, "etag": STRING},
        "2.1 and 13: pages show id and etag, the file a list of the whole object",
    ),
    *fields(
        ("POST /runs",),
        "response",
        "",
        {"items": array(ref("CreateFlowRunResponse"))},
        "2.13 and 13: the newest page wraps id and etag in a list",
    ),
    *fields(
        ("POST /runs",),
        "response",
        "",
        {name: ref(f"FlowRunItemDTO/properties/{name}") for name in RUN_MEMBERS}
        | {"activities": array(ANYTHING), "params": ref("RunSpecDTO")},
        "2.13 and 13: an older page shows the whole run",
    ),
    *fields(
        ("POST /runs/{RUN_ID}/action",),
        "response",
        "",
        {"etag": STRING, "activities": array(ANYTHING)},
        "2.13: id and etag of the new run, or all of it; the file misspells etag and activities",
    ),
]

CONNECTION_ERRORS = [
    *fields(
        CONNECTION_LISTS,
        "response",
        "",
        {"_links": ref("PageLinksResponse")},
        "3: connections are paged as everything else; the file forgets it",
    ),
    *fields(
        ("GET /connections",),
        "response",
        "",
        {"count": INTEGER},
        "3: connections are counted as everything else",
    ),
    *fields(
        CONNECTIONS,
        "response",
        "/items/*/auth/params",
        {"*": either(STRING, INTEGER, BOOLEAN)},
        "2.4 and 7: credentials are as the connection spec says (another test sees to that); the file declares two",
    ),
]

END_ERRORS = [
    *fields(
        SOURCES,
        "response",
        "/items/*/data",
        {"properties": FILE_PROPERTIES},
        "2.5: documented, not in the file",
    ),
    *fields(
        SOURCES,
        "response",
        "/items/*/params",
        SOURCE_PARAMS,
        "2.5: parameters are as the source spec says; the file declares `path` only",
    ),
    *fields(
        TARGETS,
        "response",
        "/items/*/params",
        TARGET_PARAMS,
        "2.6 and 7.4: parameters are as the target spec says; the file declares `dataSetId` only",
    ),
    *fields(
        SOURCES,
        "response",
        "/items/*",
        {"typeInfo": ref("ConnectionTypeInfoDTO")},
        "2.5: the profile store as a source says so in typeInfo",
    ),
    *fields(
        TARGETS, "response", "/items/*", {"baseConnectionId": STRING}, "2.6: destinations name their account"
    ),
]

FLOW_ERRORS = [
    *fields(FLOWS, "response", "/items/*", FLOW_FIELDS, "2.7: documented, not in the file"),
    *fields(
        FLOWS, "response", "/items/*/scheduleParams", EXPORT_SCHEDULE, "2.12: the schedule of dataset exports"
    ),
    *fields(
        FLOWS,
        "response",
        "/items/*/transformations/*/params",
        AUDIENCE_PARAMS | {"deltaColumn": DELTA_COLUMN},
        "2.7: the file declares the parameters of Mapping for every transformation",
    ),
    KnownError(
        FLOWS,
        "response",
        "/items/*/scheduleParams/interval",
        "type",
        INTEGER,
        "2.12 and 13: an integer by the flow spec's own schema, text in the file",
    ),
    KnownError(
        FLOWS,
        "response",
        "/items/*/scheduleParams/startTime|backfill",
        "type",
        STRING,
        "2.7 and 13: some answers hold all members of a schedule as text",
    ),
    KnownError(
        FLOWS,
        "response",
        "/items/*/transformations/*/params/mappingVersion",
        "type",
        INTEGER,
        "2.7 and 13: an integer on every page that sends it, text in the file",
    ),
    KnownError(
        FLOWS,
        "response",
        "/items/*/flowSpec",
        "unshaped",
        ref("SpecInfoDTO"),
        "2.7: id and version on every page; the file leaves the object empty",
    ),
    KnownError(
        FLOWS,
        "response",
        "/items/*/flowSpec",
        "type",
        STRING,
        "2.7 and 13: the file's own example shows a bare id where its schema and every page have an object",
    ),
]

OBJECTS: list[KnownError] = [
    *ANSWERS,
    *CONNECTION_ERRORS,
    *END_ERRORS,
    *FLOW_ERRORS,
    *RUN_ERRORS,
    *SPECS,
]
