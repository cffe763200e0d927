"""The known errors of Adobe's files of the neighbour services, by service. Reasons as in `known_errors`."""

from __future__ import annotations

from contract.known import BOOLEAN, INTEGER, NUMBER, STRING, KnownError, array, fields, thing
from contract.shapes import Schema

_NOT_FOUND: Schema = {
    "required": ["type", "status", "title"],
    **thing(type=STRING, status=INTEGER, title=STRING, detail=STRING),
}

CATALOG = [
    *fields(
        ("GET /batches", "GET /batches/{BATCH_ID}"),
        "response",
        "/*",
        {"id": STRING, "sandboxId": STRING},
        "8.1: Adobe's page on failed batches shows both, the file neither",
    ),
    KnownError(
        ("GET /batches", "GET /batches/{BATCH_ID}"),
        "response",
        "/*/metrics",
        "unshaped",
        {"type": "object", "additionalProperties": INTEGER},
        "8.1: counts by name; the file leaves the object empty",
    ),
    KnownError(
        ("GET /dataSets/{DATASET_ID}",),
        "status",
        "/404",
        "no-schema",
        _NOT_FOUND,
        "5.1: no file shapes an error",
    ),
]

_MAPPING_SET: dict[str, Schema] = {"status": STRING, "xdmSchema": STRING, "xdmVersion": STRING}
_MAPPING: dict[str, Schema] = {
    "sourceAttribute": STRING,
    "destinationXdmPath": STRING,
    "identity": BOOLEAN,
    "primaryIdentity": BOOLEAN,
}


def _mapping_sets(operation: str, under: str) -> list[KnownError]:
    """A mapping set is wrong in the same way alone and in a list."""
    return [
        *fields((operation,), "response", under, _MAPPING_SET, "8.2: shown by every page, not in the file"),
        *fields(
            (operation,),
            "response",
            f"{under}/mappings/*",
            _MAPPING,
            "8.2: the older names of source and target",
        ),
        KnownError(
            (operation,),
            "response",
            f"{under}/createdDate|modifiedDate",
            "type",
            INTEGER,
            "8.2: milliseconds in every example, text in the schema",
        ),
    ]


DATA_PREP = [
    *_mapping_sets("GET /mappingSets", "/data/*"),
    *_mapping_sets("GET /mappingSets/{MAPPING_SET_ID}", ""),
    *fields(("GET /mappingSets",), "response", "/_page", {"start": INTEGER}, "8.2: pages by start and limit"),
]

_SANDBOXES = "GET /sandbox-management/"
_SANDBOX = "GET /sandbox-management/sandboxes/{sandboxName}"
_GUIDE = "8.4: Adobe's guide to the Sandbox API shows it, the file does not"
_DATE: Schema = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$"}

SANDBOX = [
    KnownError(
        (_SANDBOXES,), "header", "/x-sandbox-name", "undeclared", STRING, "1.3: sent with every request"
    ),
    KnownError((_SANDBOXES,), "query", "/limit", "undeclared", STRING, _GUIDE),
    *fields((_SANDBOXES,), "response", "/_page", {"offset": INTEGER}, _GUIDE),
    *fields((_SANDBOXES,), "response", "/sandboxes/*", {"eTag": INTEGER}, _GUIDE),
    *fields(
        (_SANDBOXES,),
        "response",
        "/sandboxes/*",
        {"id": STRING},
        "8.4: as in the answer for one sandbox, which has it",
    ),
    KnownError(
        (_SANDBOXES,),
        "response",
        "/sandboxes/*/createdDate|lastModifiedDate",
        "format",
        _DATE,
        "8.4: Adobe's guide shows dates with a blank, not the date-time of the file",
    ),
    *fields((_SANDBOX,), "response", "", {"eTag": INTEGER}, _GUIDE),
    KnownError(
        (_SANDBOX,),
        "response",
        "/createdDate|lastModifiedDate",
        "format",
        _DATE,
        "8.4: Adobe's guide shows dates with a blank, not the date-time of the file",
    ),
]

_SCHEMA = "GET /{CONTAINER_ID}/schemas/{SCHEMA_ID}"

SCHEMA_REGISTRY = [
    *fields(
        (_SCHEMA,),
        "response",
        "",
        {"meta:immutableTags": array(STRING), "properties": {"type": "object"}, "required": array(STRING)},
        "8.3: a schema is a JSON Schema; the file names some of its members",
    ),
    *fields(
        (_SCHEMA,),
        "response",
        "/meta:registryMetadata",
        {"eTag": STRING},
        "8.3: in the file's own examples, not in its schema",
    ),
    KnownError(
        ("GET /{CONTAINER_ID}/schemas",),
        "response",
        "/_links/next",
        "type",
        thing(href=STRING),
        "8.3: a link is an object with an href",
    ),
]

_EVENTS = ("GET /audit/events",)
_PAGE: Schema = thing(size=INTEGER, totalElements=INTEGER, totalPages=INTEGER, number=INTEGER)
_EXAMPLE = "the file's own example and Adobe's page on audit events show it, its schema does not"

AUDIT_QUERY = [
    *fields(
        _EVENTS,
        "response",
        "/_embedded/events/*",
        {"sandboxId": STRING, "userEmail": STRING, "userIpAddresses": array(STRING)},
        _EXAMPLE,
    ),
    *fields(_EVENTS, "response", "", {"page": _PAGE, "queryId": STRING}, _EXAMPLE),
]

_METRICS = ("POST /metrics",)

OBSERVABILITY = [
    *fields(
        _METRICS,
        "response",
        "/metricResponses/*",
        {"metric": STRING},
        "`metric` in every example, `name` in the schema; the emulator gives either",
    ),
    *fields(
        _METRICS,
        "response",
        "/metricResponses/*/datapoints/*/groupBy",
        {"dataSetId": STRING},
        "`dataSetId` in every example, `datasetID` in the schema; the emulator gives either",
    ),
    KnownError(
        _METRICS,
        "response",
        "/metricResponses/*/datapoints/*/dps",
        "unshaped",
        {"type": "object", "additionalProperties": NUMBER},
        "values by time; the file leaves the object empty",
    ),
]

_FILE: Schema = thing(name=STRING, length=STRING, _links=thing(self=thing(href=STRING)))

DATA_ACCESS = [
    *fields(
        ("GET /batches/{batchId}/meta",),
        "response",
        "",
        {"data": array(_FILE), "_page": thing(limit=INTEGER, count=INTEGER)},
        "the file shapes the content of one file; Adobe's page on error diagnostics shows the list of them too",
    ),
]

KNOWN_NEIGHBOUR_ERRORS: dict[str, list[KnownError]] = {
    "audit-query": AUDIT_QUERY,
    "catalog": CATALOG,
    "data-access": DATA_ACCESS,
    "data-prep": DATA_PREP,
    "observability-insights": OBSERVABILITY,
    "sandbox": SANDBOX,
    "schema-registry": SCHEMA_REGISTRY,
}
