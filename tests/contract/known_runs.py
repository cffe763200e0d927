"""The known errors of Adobe's Flow Service OpenAPI in runs that come back."""

from __future__ import annotations

from contract.known import INTEGER, STRING, KnownError, array, fields, ref, thing
from contract.shapes import Schema

RUNS = ("GET /runs", "GET /runs/{RUN_ID}")

_ERRORS = array({"required": ["code", "message"], **thing(code=STRING, message=STRING, recordCount=INTEGER)})
_COUNTS: dict[str, Schema] = {
    f"{kind}RecordCount": INTEGER
    for kind in ("input", "output", "created", "updated", "skipped", "failed", "deleted", "warning")
}
_INFO = array(thing(code=STRING, message=STRING, count=INTEGER, type=STRING))
_ENTITIES = array(thing(id=STRING, **_COUNTS))
_SUMMARIES = array(thing(id=STRING, entitySummaries=_ENTITIES, **_COUNTS))
_RECORDS: dict[str, Schema] = {
    "updatedRecordCount|skippedRecordCount|deletedRecordCount|warningRecordCount": INTEGER,
    "failedInfo": _INFO,
    "skippedInfo": _INFO,
    "sourceSummaries": _SUMMARIES,
    "targetSummaries": _SUMMARIES,
}
_MANIFEST = thing(manifest=thing(fileInfo=STRING, pathPrefix=STRING))
_FILES: dict[str, Schema] = {
    "extensions": _MANIFEST,
}
_STATUS: dict[str, Schema] = {
    "errors": _ERRORS,
    "activityRefs": array(STRING),
    "extensions": {"type": "object"},
}
_TIMES: dict[str, Schema] = {"startedAtUTC": INTEGER, "completedAtUTC": INTEGER, "stoppedAtUTC": INTEGER}
_REFERENCE = thing(type=STRING, ids=array(STRING))
_ENDS = array(thing(id=STRING, type=STRING, reference=_REFERENCE))
_ACTIVITY_RECORDS = thing(**_COUNTS, failedInfo=_INFO, skippedInfo=_INFO, extensions={"type": "object"})
_ACTIVITY: Schema = {
    "required": ["id", "statusSummary"],
    **thing(
        id=STRING,
        name=STRING,
        updatedAtUTC=INTEGER,
        durationSummary=thing(
            startedAtUTC=INTEGER, completedAtUTC=INTEGER, stoppedAtUTC=INTEGER, extensions={"type": "object"}
        ),
        latencySummary={"type": "object"},
        sizeSummary=ref("SizeSummaryDTO"),
        recordSummary=_ACTIVITY_RECORDS,
        fileSummary=thing(
            inputFileCount=INTEGER, outputFileCount=INTEGER, extensions=_MANIFEST, activityRefs=array(STRING)
        ),
        statusSummary=thing(status=STRING, errors=_ERRORS, extensions={"type": "object"}),
        sourceInfo=_ENDS,
        targetInfo=_ENDS,
    ),
}
_RUN: dict[str, Schema] = {
    "etag": STRING,
    "params": ref("RunSpecDTO"),
    "activities": array(_ACTIVITY),
    "metrics/durationSummary/stoppedAtUTC": INTEGER,
}

# The file misspells `activities` and declares the members of an activity there; these are missing.
_MISSPELT: dict[str, Schema] = {
    "durationSummary/extensions": {"type": "object"},
    "fileSummary/outputFileCount": INTEGER,
    "statusSummary/errors": _ERRORS,
    "sourceInfo": _ENDS,
    "targetInfo": _ENDS,
}

_EMPTY: dict[str, Schema] = {
    "recordSummary": _ACTIVITY_RECORDS,
    "statusSummary/extensions": {"type": "object"},
}

RUN_ERRORS: list[KnownError] = [
    *fields(RUNS, "response", "/items/*", _RUN, "2.13 and 13: documented, not in the file or misspelt there"),
    *fields(
        RUNS, "response", "/items/*/metrics/recordSummary", _RECORDS, "2.13: documented, not in the file"
    ),
    *fields(RUNS, "response", "/items/*/metrics/fileSummary", _FILES, "2.13: documented, not in the file"),
    *[
        KnownError(
            RUNS,
            "response",
            f"/items/*/activites/*/{pointer}",
            "unshaped",
            shape,
            "2.13: left empty in the file",
        )
        for pointer, shape in _EMPTY.items()
    ],
    *fields(RUNS, "response", "/items/*/activites/*", _MISSPELT, "2.13: documented, not in the file"),
    *fields(RUNS, "response", "/items/*/metrics/statusSummary", _STATUS, "2.13: documented, not in the file"),
]
