"""Runs that send audiences or datasets somewhere, and runs that move a dataset on inside the platform."""

from __future__ import annotations

from ...json_types import JsonObject
from ..organisation.plan import Outcome
from .run_parts import FlowAbout, activity, metrics
from .timeline import RunFacts

XDM_PROCESSOR_ACTIVITY = "c4f238e3-7334-4933-8b56-64d7ea43ea54"
PUBLISHER_ACTIVITY = "51d82b36-6b8f-11eb-9439-0242ac130002"

_PROCESSOR = "Activation Batch XdmProcessor Activity"
_PUBLISHER = "Activation Batch Publisher Activity"

Parts = tuple[JsonObject, list[JsonObject]]
"""The metrics and the activities of a run."""


def audience_run(run: RunFacts, about: FlowAbout) -> Parts:
    """An audience export: profiles are collected, then published, counted for each audience."""
    if run.outcome is Outcome.RUNNING:
        status = {"status": "inProgress", "extensions": {}}
        running = activity(XDM_PROCESSOR_ACTIVITY, _PROCESSOR, run.started, None, status)
        return metrics(run, {"status": "inProgress"}), [running]
    if run.outcome.status == "failed":
        return _aborted(run, about)
    records = _audience_records(run, about)
    read, written = records["inputRecordCount"], records["outputRecordCount"]
    summaries: JsonObject = {
        "sizeSummary": {"inputBytes": read * 210, "outputBytes": written * 96},
        "recordSummary": records,
        "fileSummary": {"inputFileCount": len(about.audiences), "outputFileCount": len(about.audiences)},
    }
    middle = run.started + ((run.completed or run.started) - run.started) * 2 // 3
    snapshot = {"snapshot.batchId": run.id.replace("-", "")[:26].upper()}
    activities = [
        activity(
            XDM_PROCESSOR_ACTIVITY,
            _PROCESSOR,
            run.started,
            middle,
            {"status": "success", "extensions": snapshot},
        ),
        activity(
            PUBLISHER_ACTIVITY, _PUBLISHER, middle, run.completed, {"status": "success", "extensions": {}}
        ),
    ]
    totals = {key: value for key, value in records.items() if not key.endswith("Summaries")}
    for step in activities:
        step |= {**summaries, "recordSummary": totals}
    status = {"status": "success", "activityRefs": [XDM_PROCESSOR_ACTIVITY]}
    return metrics(run, status, **summaries), activities


def _audience_records(run: RunFacts, about: FlowAbout) -> JsonObject:
    sources, targets, total, left_out = [], [], 0, 0
    for id, audience in about.audiences:
        count = int(audience.size * (0.97 + 0.06 * run.random.random()))
        skipped = int(count * audience.skipped_share)
        sent = {"createdRecordCount": count - skipped, "outputRecordCount": count - skipped}
        sources.append({"id": f"segment:{id}", "inputRecordCount": count, "skippedRecordCount": skipped})
        targets.append({"id": f"segment:{id}", **sent})
        total, left_out = total + count, left_out + skipped
    read = {"inputRecordCount": total, "skippedRecordCount": left_out}
    written = {"createdRecordCount": total - left_out, "outputRecordCount": total - left_out}
    records: JsonObject = {
        **read,
        **written,
        "sourceSummaries": [{"id": about.source_id, **read, "entitySummaries": sources}],
        "targetSummaries": [{"id": about.target_id, **written, "entitySummaries": targets}],
    }
    if left_out:
        records["skippedInfo"] = [
            {
                "code": "ACTIVATION_BATCH-0000-SKIP",
                "message": "Records without a value for a mandatory attribute were left out.",
                "count": left_out,
            }
        ]
    return records


def export_run(run: RunFacts, about: FlowAbout) -> Parts:
    """A run that sends a dataset to a destination."""
    if run.outcome is Outcome.RUNNING:
        return metrics(run, {"status": "inProgress"}), []
    if run.outcome.status == "failed":
        return _aborted(run, about)
    size = run.records * run.plan.volume.record_bytes
    files = run.plan.volume.files
    summaries: JsonObject = {
        "sizeSummary": {"inputBytes": size, "outputBytes": int(size * 0.31)},
        "recordSummary": _moved(run) | {"createdRecordCount": run.records},
        "fileSummary": {"inputFileCount": files, "outputFileCount": files},
    }
    status = {"status": "success", "extensions": {}}
    publisher = activity(PUBLISHER_ACTIVITY, _PUBLISHER, run.started, run.completed, status) | summaries
    run_status = {"status": "success", "activityRefs": [PUBLISHER_ACTIVITY]}
    return metrics(run, run_status, **summaries), [publisher]


def internal_run(run: RunFacts) -> Parts:
    """A run that moves a dataset on to profile or identity. The size of what is written is not known (-1)."""
    if run.outcome is Outcome.RUNNING:
        return metrics(run, {"status": "inProgress"}), []
    if run.outcome.status == "failed":
        error = {"code": "CONNECTOR-2001-500", "message": "The store was busy; the batch was not taken."}
        return metrics(run, {"status": "failed", "errors": [error]}), []
    created = run.records // 5
    changed = {"createdRecordCount": created, "updatedRecordCount": run.records - created}
    sizes = {"inputBytes": run.records * run.plan.volume.record_bytes, "outputBytes": -1}
    return metrics(run, {"status": "success"}, sizeSummary=sizes, recordSummary=_moved(run) | changed), []


def _moved(run: RunFacts) -> JsonObject:
    return {
        "inputRecordCount": run.records,
        "outputRecordCount": run.records,
        "failedRecordCount": 0,
    }


def _aborted(run: RunFacts, about: FlowAbout) -> Parts:
    """A failed export: the run says that it was aborted, its activity says why."""
    cause = "the receiver did not answer within 120 seconds."
    if run.outcome is Outcome.EXPORT_ABORTED:
        cause = "the disk quota of the receiver is used up."
    code = "ACTIVATION_BATCH-0000-FAILED"
    error = {"code": code, "message": "The export job was aborted."}
    reason = {"code": code, "message": f"Writing to '{about.place}' failed: {cause}"}
    publisher = activity(
        PUBLISHER_ACTIVITY,
        _PUBLISHER,
        run.started,
        run.completed,
        {"status": "failed", "errors": [reason], "extensions": {}},
    )
    publisher["recordSummary"] = {"failedInfo": [reason]}
    nothing = {"inputRecordCount": 0, "skippedRecordCount": 0}
    entities = [{"id": f"segment:{id}", **nothing} for id, _ in about.audiences]
    records: JsonObject = {"failedInfo": [error]}
    if entities:
        records["sourceSummaries"] = [{"id": about.source_id, **nothing, "entitySummaries": entities}]
    status = {"status": "failed", "errors": [error], "activityRefs": [PUBLISHER_ACTIVITY]}
    return metrics(run, status, recordSummary=records), [publisher]
