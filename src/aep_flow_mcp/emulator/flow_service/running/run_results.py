"""What a run looks like while it is scheduled, under way, and finished."""

from __future__ import annotations

import random

from ...json_types import JsonObject
from ...state.backend import Backend
from ...state.mint import author
from ...state.query import Filter, Query
from ...state.store import SandboxStore
from .run_metrics import (
    COPY_FAILED,
    EXPORT_FAILED,
    PROMOTION_FAILED,
    RECORD_COUNTS,
    Failure,
    activities,
    failed_metrics,
    good_metrics,
)

_USUAL_RECORDS = 1_200


def new_run(
    backend: Backend,
    sandbox: SandboxStore,
    flow: JsonObject,
    *,
    at_ms: int,
    client: str,
    params: JsonObject | None,
) -> JsonObject:
    """A run that was created and has not started."""
    run: JsonObject = {
        "id": backend.mint.uuid(),
        "createdAt": at_ms,
        "updatedAt": at_ms,
        "createdBy": author(client),
        "updatedBy": author(client),
        "createdClient": client,
        "updatedClient": client,
        "sandboxId": sandbox.about.get("id", ""),
        "sandboxName": sandbox.name,
        "imsOrgId": flow.get("imsOrgId", ""),
        "flowId": flow["id"],
        "flowSpec": flow["flowSpec"],
        "providerRefId": backend.mint.uuid(),
        "etag": backend.mint.etag(at_ms),
        "metrics": {"durationSummary": {}, "statusSummary": {"status": "scheduled"}},
        "activities": [],
    }
    if params is not None:
        run["params"] = params
    return run


def status_of(run: JsonObject) -> str:
    return str(run["metrics"]["statusSummary"]["status"])


def duration_ms(run: JsonObject) -> int:
    """From start to end: 40 to 240 seconds, the same for the same run."""
    return random.Random(run["id"]).randrange(40_000, 240_000)


def started(backend: Backend, run: JsonObject, *, at_ms: int) -> JsonObject:
    metrics = {"durationSummary": {"startedAtUTC": at_ms}, "statusSummary": {"status": "inProgress"}}
    return _stamped(backend, run, at_ms) | {"metrics": run["metrics"] | metrics}


def _stamped(backend: Backend, run: JsonObject, at_ms: int) -> JsonObject:
    return run | {"updatedAt": at_ms, "etag": backend.mint.etag(at_ms)}


def finished(backend: Backend, sandbox: SandboxStore, run: JsonObject, *, at_ms: int) -> JsonObject:
    """The run with its results. It fails when something it needs is gone or broken."""
    flow = sandbox["flows"].get(run["flowId"])
    begun = run["metrics"].get("durationSummary", {}).get("startedAtUTC", at_ms)
    is_export = _is_export(flow)
    failure = failure_of(backend, sandbox, flow)
    if failure is not None and is_export:
        failure = Failure(EXPORT_FAILED, failure.message)
    records = _usual_count(backend, sandbox, run)
    metrics = failed_metrics(failure, records) if failure else good_metrics(run["id"], records)
    sources = (flow or {}).get("sourceConnectionIds") or []
    steps = activities(metrics, begun, at_ms, failure=failure, sources=sources, is_export=is_export)
    if failure is None and flow is not None and not is_export:
        _load_batch(backend, sandbox, flow, metrics, steps, at_ms)
    metrics |= {"durationSummary": {"startedAtUTC": begun, "completedAtUTC": at_ms}, "latencySummary": {}}
    return _stamped(backend, run, at_ms) | {"metrics": metrics, "activities": steps}


def failure_of(backend: Backend, sandbox: SandboxStore, flow: JsonObject | None) -> Failure | None:
    """Why a run of this flow cannot succeed now, or None."""
    if flow is None:
        return Failure(COPY_FAILED, "The flow was deleted while the run was under way.")
    for kind, member in (
        ("sourceConnections", "sourceConnectionIds"),
        ("targetConnections", "targetConnectionIds"),
    ):
        for id in flow.get(member) or []:
            row = sandbox[kind].get(id)
            if row is None:
                return Failure(COPY_FAILED, f"The {member[:-1]} {id} no longer exists.")
            base = row.get("baseConnectionId")
            if base in backend.broken:
                return Failure(COPY_FAILED, backend.broken[base])
            if base is not None and sandbox["connections"].get(base) is None:
                return Failure(COPY_FAILED, f"The base connection {base} no longer exists.")
            data_set = (row.get("params") or {}).get("dataSetId")
            if data_set and sandbox["dataSets"].get(data_set) is None:
                return Failure(PROMOTION_FAILED, f"Dataset {data_set} was not found in Catalog.")
    return None


def _is_export(flow: JsonObject | None) -> bool:
    properties = ((flow or {}).get("inheritedAttributes") or {}).get("properties") or {}
    return properties.get("isDestinationFlow") is True


def _usual_count(backend: Backend, sandbox: SandboxStore, run: JsonObject) -> int:
    """About as many records as the flow's seeded runs read; about 1,200 for a flow that has none."""
    query = Query((Filter("flowId", "==", (run["flowId"],)),), (("createdAt", True),))
    base = sandbox["runs"].base
    usual = _USUAL_RECORDS
    for position in backend.selector(sandbox, "runs").seeded(query)[:5]:
        earlier = base.get(base.ids()[position]) or {}
        count = (earlier.get("metrics", {}).get("recordSummary") or {}).get("inputRecordCount", 0)
        if isinstance(count, int) and count > 0:
            usual = count
            break
    return max(1, int(usual * random.Random(f"records-{run['id']}").uniform(0.9, 1.1)))


def _load_batch(
    backend: Backend,
    sandbox: SandboxStore,
    flow: JsonObject,
    metrics: JsonObject,
    steps: list[JsonObject],
    at_ms: int,
) -> None:
    """The batch that the run brought into its dataset, known to Catalog and named by the last activity."""
    for id in flow.get("targetConnectionIds") or []:
        target = sandbox["targetConnections"].get(id) or {}
        data_set = (target.get("params") or {}).get("dataSetId")
        if not data_set:
            continue
        batch_id = f"01{backend.mint.hex(24).upper()}"
        batch = {
            "status": "success",
            "created": steps[0]["durationSummary"]["startedAtUTC"],
            "updated": at_ms,
            "imsOrg": flow.get("imsOrgId", ""),
            "metrics": {count: metrics["recordSummary"][count] for count in RECORD_COUNTS},
            "relatedObjects": [{"type": "dataSet", "id": data_set}],
            "errors": [],
        }
        sandbox["batches"].put(batch_id, batch)
        reference = {"type": "Batch", "ids": [batch_id]}
        steps[-1]["targetInfo"] = [{"id": id, "type": "TargetConnection", "reference": reference}]
