"""Runs of batch sources: data is copied in, then promoted into the dataset.

The interesting errors are where the service puts them: rarely at the top.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ...json_types import JsonObject
from ..ids import digest, format_uuid
from ..organisation.plan import Outcome
from .run_parts import FlowAbout
from .run_parts import activity as make_activity
from .run_parts import metrics as make_metrics
from .timeline import RunFacts

COPY_ACTIVITY = "4f008a00-3a04-11eb-adc1-0242ac120002"
PROMOTION_ACTIVITY = "37b34f84-1ada-11eb-adc1-0242ac120002"

_BATCHES_URL = "https://platform.adobe.io/data/foundation/export/batches"
_INGESTING = frozenset({"files", "landing", "table", "stream"})
_LOADING = frozenset({Outcome.SUCCESS, Outcome.PARTIAL, Outcome.DATASET_GONE})

# What the copy activity says. The run itself only says that the copy activity failed.
_COPY_FAILURES: Mapping[Outcome, str] = {
    Outcome.TRANSIENT: "Reading '{place}' timed out after 3 attempts: the source did not answer within 120 seconds.",
    Outcome.CREDENTIALS: (
        "Access to '{place}' was denied: the access key of account '{account}' has expired or was revoked "
        "(ExpiredToken, status code 403)."
    ),
    Outcome.HOST: "Cannot connect to the host of account '{account}': connection refused (port 22).",
    Outcome.MISSING_FILE: "The path '{place}' does not exist (PathNotFound).",
}


def ingested(run: RunFacts) -> tuple[int, int]:
    """How many records an ingestion read and how many of them it refused."""
    if run.outcome is Outcome.SUCCESS:
        return run.records, 0
    if run.outcome is Outcome.PARTIAL:
        share = 0.008 + (digest("refused", run.id) % 1000) / 1000 * 0.03
        return run.records, min(run.records, max(2, int(run.records * share)))
    if run.outcome is Outcome.DATASET_GONE:
        return run.records, run.records
    return 0, 0


def loads_batch(about: FlowAbout, outcome: Outcome) -> bool:
    """Whether a run that ended so got as far as loading a batch."""
    return about.kind in _INGESTING and outcome in _LOADING


def refusals(run: RunFacts) -> list[JsonObject]:
    """Why records were refused, as the error lists of a run and of its batch give it."""
    read, refused = ingested(run)
    about: FlowAbout = run.plan.about
    if run.outcome is Outcome.DATASET_GONE:
        return [
            {
                "code": "CONNECTOR-2001-500",
                "message": f"Dataset {about.dataset_id} was not found in Catalog.",
                "recordCount": read,
            }
        ]
    if run.outcome is not Outcome.PARTIAL:
        return []
    mapped = refused * 2 // 3
    return [
        {
            "code": "MAPPER-3700-400",
            "message": "A mapping function failed: '31.02.' cannot be read as a date.",
            "recordCount": mapped,
        },
        {
            "code": "INGEST-1212-400",
            "message": f"{refused - mapped} rows were not valid and were left out; the others were ingested.",
            "recordCount": refused - mapped,
        },
    ]


@dataclass(frozen=True)
class IngestionRun:
    """A run of a batch source: copy the data in, then promote it into the dataset."""

    run: RunFacts
    about: FlowAbout
    batch: str

    def parts(self) -> tuple[JsonObject, list[JsonObject]]:
        outcome = self.run.outcome
        if outcome is Outcome.RUNNING:
            copy = self._copy(None, {"status": "inProgress", "extensions": {}})
            return make_metrics(self.run, {"status": "inProgress"}), [copy]
        if outcome in _COPY_FAILURES:
            return self._copy_failed()
        return self._promoted()

    def _copy_failed(self) -> tuple[JsonObject, list[JsonObject]]:
        reason = _COPY_FAILURES[self.run.outcome]
        code = "CONNECTOR-1001-500"
        detail = reason.format(place=self.about.place, account=self.about.account)
        copy = self._copy(
            self.run.completed,
            {
                "status": "failed",
                "errors": [{"code": code, "message": detail}],
                "extensions": {"type": "one-time", "errors": []},
            },
        )
        status = {
            "status": "failed",
            "errors": [{"code": code, "message": "The copy activity failed."}],
            "activityRefs": [COPY_ACTIVITY],
        }
        metrics = make_metrics(
            self.run,
            status,
            sizeSummary={"inputBytes": 0, "outputBytes": 0},
            recordSummary={"inputRecordCount": 0, "outputRecordCount": 0, "failedRecordCount": 0},
            fileSummary={"inputFileCount": 0, "outputFileCount": 0},
        )
        return metrics, [copy]

    def _promoted(self) -> tuple[JsonObject, list[JsonObject]]:
        run = self.run
        read, refused = ingested(run)
        written = read - refused
        record_bytes = run.plan.volume.record_bytes
        sizes = {"inputBytes": read * record_bytes, "outputBytes": int(written * record_bytes * 0.46)}
        records = {
            "inputRecordCount": read,
            "outputRecordCount": written,
            "createdRecordCount": written,
            "failedRecordCount": refused,
        }
        files = run.plan.volume.files if read else 0
        middle = run.started + int(((run.completed or run.started) - run.started) * 0.6)
        copy = self._copy(middle, {"status": "success", "extensions": {"type": "one-time"}})
        copy["sizeSummary"] = {"inputBytes": sizes["inputBytes"], "outputBytes": sizes["inputBytes"]}
        copy["fileSummary"] = {"inputFileCount": files, "outputFileCount": files}
        copy["recordSummary"] = {"inputRecordCount": read, "outputRecordCount": read} if read else {}
        activities = [copy]
        status: JsonObject = {"status": run.outcome.status}
        file_summary: JsonObject = {"inputFileCount": files, "outputFileCount": 1 if written else 0}
        if read:
            manifest = {"fileInfo": f"{_BATCHES_URL}/{self.batch}/meta?path=input_files"}
            file_summary["extensions"] = {"manifest": manifest}
            activities.append(self._promotion(middle, sizes, records))
        if refused:
            status["errors"] = [
                {"code": "CONNECTOR-2001-500", "message": "Some records failed in the promotion activity."}
            ]
            status["activityRefs"] = [PROMOTION_ACTIVITY]
        metrics = make_metrics(
            run, status, sizeSummary=sizes, recordSummary=records, fileSummary=file_summary
        )
        return metrics, activities

    def _copy(self, completed: int | None, status: JsonObject) -> JsonObject:
        name = f"{self.about.connector} Copy Activity"
        activity = make_activity(COPY_ACTIVITY, name, self.run.started, completed, status)
        window = {"windowStart": self.run.nominal - 3_600_000, "windowEnd": self.run.nominal}
        activity["durationSummary"]["extensions"] = window
        job = format_uuid(digest("adf", self.run.id, bits=122))
        activity["sourceInfo"] = [
            {
                "id": self.about.source_id,
                "type": "SourceConnection",
                "reference": {"type": "AdfRunId", "ids": [job]},
            }
        ]
        return activity

    def _promotion(self, started: int, sizes: JsonObject, records: JsonObject) -> JsonObject:
        run = self.run
        errors = refusals(run)
        status: JsonObject = {"status": run.outcome.status, "extensions": {"errors": errors}}
        record_summary = dict(records)
        if errors:
            status["errors"] = [
                {"code": "CONNECTOR-2001-500", "message": "Records were refused, see the errors below."}
            ]
            record_summary["failedInfo"] = [
                {"code": error["code"], "message": error["message"], "count": error["recordCount"]}
                for error in errors
            ]
            if self.about.diagnostics:
                status["extensions"]["manifest"] = {
                    "failedRecords": f"{_BATCHES_URL}/{self.batch}/meta?path=row_errors",
                    "sampleErrors": f"{_BATCHES_URL}/{self.batch}/meta?path=row_error_samples.json",
                }
        activity = make_activity(PROMOTION_ACTIVITY, "Promotion Activity", started, run.completed, status)
        activity["sizeSummary"] = {
            "inputBytes": sizes["inputBytes"],
            "outputBytes": sizes["outputBytes"],
        }
        activity["recordSummary"] = record_summary
        activity["fileSummary"] = {"inputFileCount": run.plan.volume.files, "outputFileCount": 1}
        activity["targetInfo"] = [
            {
                "id": self.about.target_id,
                "type": "TargetConnection",
                "reference": {"type": "Batch", "ids": [self.batch]},
            }
        ]
        return activity
