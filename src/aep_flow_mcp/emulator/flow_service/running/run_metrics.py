"""The figures and activities of a finished run."""

from __future__ import annotations

import random
from dataclasses import dataclass

from ...json_types import JsonObject

COPY_FAILED = "CONNECTOR-1001-500"
PROMOTION_FAILED = "CONNECTOR-2001-500"
EXPORT_FAILED = "ACTIVATION_BATCH-0000-FAILED"
_SUMMARIES = {
    COPY_FAILED: "The copy from the source failed.",
    PROMOTION_FAILED: "Some records failed in the promotion activity.",
    EXPORT_FAILED: "The export was aborted.",
}
_COPY = ("4f008a00-3a04-11eb-adc1-0242ac120002", "Copy Activity")
_PROMOTION = ("37b34f84-1ada-11eb-adc1-0242ac120002", "Promotion Activity")
_EXPORT = ("c4f238e3-7334-4933-8b56-64d7ea43ea54", "Activation Batch XdmProcessor Activity")
_PUBLISH = ("51d82b36-6b8f-11eb-9439-0242ac130002", "Activation Batch Publisher Activity")
RECORD_COUNTS = ("inputRecordCount", "outputRecordCount", "failedRecordCount")
_FILE_COUNTS = ("inputFileCount", "outputFileCount")


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a run failed: the code that the run and its activity show, and the text beneath it."""

    code: str
    message: str


def failed_metrics(failure: Failure, records: int) -> JsonObject:
    """`records` were read before the failure; none was written."""
    failed_at = {COPY_FAILED: _COPY, PROMOTION_FAILED: _PROMOTION, EXPORT_FAILED: _EXPORT}[failure.code]
    read = records if failure.code == PROMOTION_FAILED else 0
    return {
        "sizeSummary": {"inputBytes": read * 200, "outputBytes": 0},
        "recordSummary": {"inputRecordCount": read, "outputRecordCount": 0, "failedRecordCount": read},
        "fileSummary": {"inputFileCount": 1 if read else 0, "outputFileCount": 0},
        "statusSummary": {
            "status": "failed",
            "errors": [{"code": failure.code, "message": _SUMMARIES[failure.code]}],
            "activityRefs": [failed_at[0]],
        },
    }


def good_metrics(run_id: str, records: int) -> JsonObject:
    """A clean run over that many records."""
    width = random.Random(f"width-{run_id}").randrange(120, 420)
    return {
        "sizeSummary": {"inputBytes": records * width, "outputBytes": records * width // 3},
        "recordSummary": {
            "inputRecordCount": records,
            "outputRecordCount": records,
            "createdRecordCount": records,
            "failedRecordCount": 0,
        },
        "fileSummary": {"inputFileCount": 1, "outputFileCount": 1},
        "statusSummary": {"status": "success"},
    }


def activities(
    metrics: JsonObject,
    begun: int,
    ended: int,
    *,
    failure: Failure | None,
    sources: list[str],
    is_export: bool,
) -> list[JsonObject]:
    """The two steps of a run; a failure ends with the step it happened in. Times are epoch milliseconds."""
    first, second = (_EXPORT, _PUBLISH) if is_export else (_COPY, _PROMOTION)
    ends_early = failure is not None and failure.code != PROMOTION_FAILED
    middle = ended if ends_early else begun + (ended - begun) * 2 // 3
    steps = [_activity(*first, begun, middle, metrics)]
    steps[0]["sourceInfo"] = [{"id": id, "type": "SourceConnection"} for id in sources]
    if not ends_early:
        steps.append(_activity(*second, middle, ended, metrics))
    if failure is not None:
        error = {"code": failure.code, "message": failure.message}
        steps[-1]["statusSummary"] = {
            "status": "failed",
            "errors": [error],
            "extensions": {"errors": [error]},
        }
    return steps


def _activity(id: str, name: str, begun: int, ended: int, metrics: JsonObject) -> JsonObject:
    records, files = metrics["recordSummary"], metrics["fileSummary"]
    return {
        "id": id,
        "name": name,
        "updatedAtUTC": ended,
        "durationSummary": {"startedAtUTC": begun, "completedAtUTC": ended},
        "latencySummary": {},
        "sizeSummary": metrics["sizeSummary"],
        "recordSummary": {count: records[count] for count in RECORD_COUNTS},
        "fileSummary": {count: files[count] for count in _FILE_COUNTS},
        "statusSummary": {"status": "success"},
    }
