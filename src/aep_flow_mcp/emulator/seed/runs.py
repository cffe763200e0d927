"""One run in API shape. The interesting errors are where the service puts them: rarely at the top."""

from __future__ import annotations

from dataclasses import dataclass

from ..rows import JsonObject
from .history import RunFacts
from .ids import IndexedUlids, digest, etag, format_uuid
from .model import ORG_ID
from .plan import Audience, Kind, Outcome

COPY_ACTIVITY = "4f008a00-3a04-11eb-adc1-0242ac120002"
PROMOTION_ACTIVITY = "37b34f84-1ada-11eb-adc1-0242ac120002"
XDM_PROCESSOR_ACTIVITY = "c4f238e3-7334-4933-8b56-64d7ea43ea54"
PUBLISHER_ACTIVITY = "51d82b36-6b8f-11eb-9439-0242ac130002"

_BATCHES_URL = "https://platform.adobe.io/data/foundation/export/batches"
_SERVICE = "acp_foundation_connectors"

_INGESTING = frozenset({"files", "landing", "table", "stream"})
_LOADING = frozenset({Outcome.SUCCESS, Outcome.PARTIAL, Outcome.DATASET_GONE})

# What the run says, and what its activity says.
_COPY_FAILURES: dict[Outcome, tuple[str, str]] = {
    Outcome.TRANSIENT: (
        "The copy activity failed.",
        "Reading '{place}' timed out after 3 attempts: the source did not answer within 120 seconds.",
    ),
    Outcome.CREDENTIALS: (
        "The copy activity failed.",
        "Access to '{place}' was denied: the access key of account '{account}' has expired or was revoked "
        "(ExpiredToken, status code 403).",
    ),
    Outcome.HOST: (
        "The copy activity failed.",
        "Cannot connect to the host of account '{account}': connection refused (port 22).",
    ),
    Outcome.MISSING_FILE: (
        "The copy activity failed.",
        "The path '{place}' does not exist (PathNotFound).",
    ),
}


@dataclass(frozen=True, slots=True)
class FlowAbout:
    """What a run repeats from its flow."""

    kind: Kind
    flow_spec_id: str
    source_id: str
    target_id: str
    connector: str
    """The label of the connector at the external side."""
    account: str
    place: str
    dataset_id: str = ""
    audiences: tuple[tuple[str, Audience], ...] = ()
    diagnostics: bool = False


@dataclass(frozen=True)
class RunRenderer:
    """Makes API objects of the runs of one sandbox."""

    seed: int
    sandbox_id: str
    sandbox_name: str
    batches: IndexedUlids

    def __call__(self, run: RunFacts) -> JsonObject:
        about: FlowAbout = run.plan.about
        match about.kind:
            case "audience":
                metrics, activities = _audience_run(run, about)
            case "export" | "internal":
                metrics, activities = _export_run(run, about)
            case _:
                metrics, activities = _Ingestion(run, about, self.batch_id(run)).parts()
        salt = digest(self.seed, "run-etag", run.id)
        return {
            "id": run.id,
            "createdAt": run.created,
            "updatedAt": run.updated,
            "createdBy": f"{_SERVICE}@AdobeID",
            "updatedBy": f"{_SERVICE}@AdobeID",
            "createdClient": _SERVICE,
            "updatedClient": _SERVICE,
            "sandboxId": self.sandbox_id,
            "sandboxName": self.sandbox_name,
            "imsOrgId": ORG_ID,
            "flowId": run.plan.flow_id,
            "flowSpec": {"id": about.flow_spec_id, "version": "1.0"},
            "providerRefId": f"M-{run.plan.flow_id}-incremental-{run.number}:{run.id}",
            "etag": etag(run.updated, salt),
            "metrics": metrics,
            "activities": activities,
        }

    def batch_id(self, run: RunFacts) -> str:
        """The Catalog batch that the run loads; it carries the run's row, see `Batches`."""
        return self.batches.of(run.index, run.started)


def ingested(run: RunFacts) -> tuple[int, int]:
    """How many records an ingestion read and how many of them it refused."""
    if run.outcome is Outcome.SUCCESS:
        return run.records, 0
    if run.outcome is Outcome.PARTIAL:
        share = 0.008 + (digest("refused", run.id) % 1000) / 1000 * 0.03
        return run.records, max(2, int(run.records * share))
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


def _activity(id: str, name: str, started: int, completed: int | None, status: JsonObject) -> JsonObject:
    duration = {"startedAtUTC": started}
    if completed is not None:
        duration["completedAtUTC"] = completed
    return {
        "id": id,
        "name": name,
        "updatedAtUTC": completed or started,
        "durationSummary": duration,
        "latencySummary": {},
        "sizeSummary": {},
        "recordSummary": {},
        "fileSummary": {},
        "statusSummary": status,
    }


def _metrics(run: RunFacts, status: JsonObject, **summaries: JsonObject) -> JsonObject:
    duration = {"startedAtUTC": run.started}
    if run.completed is not None:
        duration["completedAtUTC"] = run.completed
    return {"durationSummary": duration, **summaries, "statusSummary": status}


@dataclass(frozen=True)
class _Ingestion:
    """A run of a batch source: copy the data in, then promote it into the dataset."""

    run: RunFacts
    about: FlowAbout
    batch: str

    def parts(self) -> tuple[JsonObject, list[JsonObject]]:
        outcome = self.run.outcome
        if outcome is Outcome.RUNNING:
            copy = self._copy(None, {"status": "inProgress", "extensions": {}})
            return _metrics(self.run, {"status": "inProgress"}), [copy]
        if outcome in _COPY_FAILURES:
            return self._copy_failed()
        return self._promoted()

    def _copy_failed(self) -> tuple[JsonObject, list[JsonObject]]:
        summary, reason = _COPY_FAILURES[self.run.outcome]
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
            "errors": [{"code": code, "message": summary}],
            "activityRefs": [COPY_ACTIVITY],
        }
        metrics = _metrics(
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
        metrics = _metrics(run, status, sizeSummary=sizes, recordSummary=records, fileSummary=file_summary)
        return metrics, activities

    def _copy(self, completed: int | None, status: JsonObject) -> JsonObject:
        name = f"{self.about.connector} Copy Activity"
        activity = _activity(COPY_ACTIVITY, name, self.run.started, completed, status)
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
        activity = _activity(PROMOTION_ACTIVITY, "Promotion Activity", started, run.completed, status)
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


def _audience_run(run: RunFacts, about: FlowAbout) -> tuple[JsonObject, list[JsonObject]]:
    if run.outcome is Outcome.RUNNING:
        running = _activity(
            XDM_PROCESSOR_ACTIVITY,
            "Activation Batch XdmProcessor Activity",
            run.started,
            None,
            {"status": "inProgress", "extensions": {}},
        )
        return _metrics(run, {"status": "inProgress"}), [running]
    if run.outcome.status == "failed":
        return _aborted(run, about)
    sources, targets, skipped_total, total = [], [], 0, 0
    for id, audience in about.audiences:
        count = int(audience.size * (0.97 + 0.06 * run.random.random()))
        skipped = int(count * audience.skipped_share)
        skipped_total, total = skipped_total + skipped, total + count
        sources.append({"id": f"segment:{id}", "inputRecordCount": count, "skippedRecordCount": skipped})
        targets.append(
            {
                "id": f"segment:{id}",
                "createdRecordCount": count - skipped,
                "outputRecordCount": count - skipped,
            }
        )
    records = _audience_records(about, sources, targets, total, skipped_total)
    sizes = {"inputBytes": total * 210, "outputBytes": (total - skipped_total) * 96}
    files = {"inputFileCount": len(sources), "outputFileCount": len(targets)}
    status = {"status": "success", "activityRefs": [XDM_PROCESSOR_ACTIVITY]}
    middle = run.started + ((run.completed or run.started) - run.started) * 2 // 3
    snapshot = {"snapshot.batchId": run.id.replace("-", "")[:26].upper()}
    processor = _activity(
        XDM_PROCESSOR_ACTIVITY,
        "Activation Batch XdmProcessor Activity",
        run.started,
        middle,
        {"status": "success", "extensions": snapshot},
    )
    publisher = _activity(
        PUBLISHER_ACTIVITY,
        "Activation Batch Publisher Activity",
        middle,
        run.completed,
        {"status": "success", "extensions": {}},
    )
    for activity in (processor, publisher):
        activity["sizeSummary"] = dict(sizes)
        activity["fileSummary"] = dict(files)
        activity["recordSummary"] = {
            key: value for key, value in records.items() if not key.endswith("Summaries")
        }
    metrics = _metrics(run, status, sizeSummary=sizes, recordSummary=records, fileSummary=files)
    return metrics, [processor, publisher]


def _audience_records(
    about: FlowAbout, sources: list[JsonObject], targets: list[JsonObject], total: int, skipped: int
) -> JsonObject:
    delivered = total - skipped
    records: JsonObject = {
        "inputRecordCount": total,
        "createdRecordCount": delivered,
        "outputRecordCount": delivered,
        "skippedRecordCount": skipped,
        "sourceSummaries": [
            {
                "id": about.source_id,
                "inputRecordCount": total,
                "skippedRecordCount": skipped,
                "entitySummaries": sources,
            }
        ],
        "targetSummaries": [
            {
                "id": about.target_id,
                "createdRecordCount": delivered,
                "outputRecordCount": delivered,
                "entitySummaries": targets,
            }
        ],
    }
    if skipped:
        records["skippedInfo"] = [
            {
                "code": "ACTIVATION_BATCH-0000-SKIP",
                "message": "Records without a value for a mandatory attribute were left out.",
                "count": skipped,
            }
        ]
    return records


def _aborted(run: RunFacts, about: FlowAbout) -> tuple[JsonObject, list[JsonObject]]:
    cause = "the receiver did not answer within 120 seconds."
    if run.outcome is Outcome.EXPORT_ABORTED:
        cause = "the disk quota of the receiver is used up."
    error = {"code": "ACTIVATION_BATCH-0000-FAILED", "message": "The export job was aborted."}
    reason = {
        "code": "ACTIVATION_BATCH-0000-FAILED",
        "message": f"Writing to '{about.place}' failed: {cause}",
    }
    status = {"status": "failed", "errors": [error], "activityRefs": [PUBLISHER_ACTIVITY]}
    publisher = _activity(
        PUBLISHER_ACTIVITY,
        "Activation Batch Publisher Activity",
        run.started,
        run.completed,
        {"status": "failed", "errors": [reason], "extensions": {}},
    )
    publisher["recordSummary"] = {"failedInfo": [reason]}
    records = {
        "sourceSummaries": [
            {
                "id": about.source_id,
                "inputRecordCount": 0,
                "skippedRecordCount": 0,
                "entitySummaries": [
                    {"id": f"segment:{id}", "inputRecordCount": 0, "skippedRecordCount": 0}
                    for id, _ in about.audiences
                ],
            }
        ],
        "failedInfo": [error],
    }
    return _metrics(run, status, recordSummary=records), [publisher]


def _export_run(run: RunFacts, about: FlowAbout) -> tuple[JsonObject, list[JsonObject]]:
    """A run that moves a dataset: to a destination, or on to profile or identity."""
    if run.outcome is Outcome.RUNNING:
        return _metrics(run, {"status": "inProgress"}), []
    if run.outcome.status == "failed" and about.kind == "internal":
        error = {
            "code": "CONNECTOR-2001-500",
            "message": "The profile store was busy; the batch was not taken.",
        }
        return _metrics(run, {"status": "failed", "errors": [error]}), []
    if run.outcome.status == "failed":
        return _aborted(run, about)
    size = run.records * run.plan.volume.record_bytes
    records: JsonObject = {
        "inputRecordCount": run.records,
        "outputRecordCount": run.records,
        "failedRecordCount": 0,
    }
    if about.kind == "internal":
        created = run.records // 5
        records |= {"createdRecordCount": created, "updatedRecordCount": run.records - created}
        summaries = {"sizeSummary": {"inputBytes": size, "outputBytes": -1}, "recordSummary": records}
        return _metrics(run, {"status": "success"}, **summaries), []
    records["createdRecordCount"] = run.records
    sizes = {"inputBytes": size, "outputBytes": int(size * 0.31)}
    files = {"inputFileCount": run.plan.volume.files, "outputFileCount": run.plan.volume.files}
    publisher = _activity(
        PUBLISHER_ACTIVITY,
        "Activation Batch Publisher Activity",
        run.started,
        run.completed,
        {"status": "success", "extensions": {}},
    )
    publisher |= {"sizeSummary": dict(sizes), "recordSummary": dict(records), "fileSummary": dict(files)}
    status = {"status": "success", "activityRefs": [PUBLISHER_ACTIVITY]}
    metrics = _metrics(run, status, sizeSummary=sizes, recordSummary=records, fileSummary=files)
    return metrics, [publisher]
