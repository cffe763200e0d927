"""Runs: one execution of a flow each. They appear by schedule, on demand, or as a retry."""

from __future__ import annotations

from typing import Any

from ..catalogue.known_ids import BATCH_PROVIDER, DATA_LAKE
from ..http.bodies import check_required
from ..http.errors import problem, provider
from ..http.json_schema import first_error
from ..http.messages import Answer, Call
from ..http.routing import Route
from ..json_types import JsonObject, spec_id
from ..state.backend import Backend
from .flow_validation import delta_column
from .objects import writing
from .objects.lists import existing, list_of, one_of
from .objects.render import render
from .running import run_results

KIND = "runs"
_TIMES = ("startTime", "windowStartTime", "windowEndTime")
_UPDATABLE = frozenset(
    [
        "flowId",
        "flowSpec",
        "providerRefId",
        "parentFlowRunId",
        "childFlowRunIds",
        "params",
        "predecessors",
        "metrics",
        "activities",
        "recordTypes",
    ]
)


def create(backend: Backend, call: Call) -> Answer:
    """Run a flow of the frequency `once` now or at `params.startTime` (epoch seconds)."""
    body = call.json_object()
    check_required(body, "flowId")
    sandbox = backend.sandbox(call)
    flow = sandbox["flows"].get(str(body["flowId"]))
    if flow is None:
        raise problem(1430, f"There is no flow with the id '{body['flowId']}'")
    if flow.get("state") != "enabled":
        raise problem(1422, f"A flow in the state '{flow.get('state')}' cannot be run")
    spec = _batch_source(backend, flow)
    if (flow.get("scheduleParams") or {}).get("frequency") != "once":
        raise provider(1386, "A run can be created only for a flow with the frequency once")
    params = _run_params(spec, body.get("params"))
    flow = _with_delta_column(backend, call, spec, flow, params)
    run = backend.lifecycle(sandbox).begin_run(
        flow,
        at_ms=backend.clock.now_ms(),
        starts_ms=params["startTime"] * 1000,
        client=call.headers.get("x-api-key", ""),
        params=params,
    )
    return Answer(
        201, _created_body(backend, run), {"Location": f"/data/foundation/flowservice/runs/{run['id']}"}
    )


def _created_body(backend: Backend, run: JsonObject) -> JsonObject:
    shape = backend.variants.run_create
    if shape == "run":
        return render(backend, KIND, run)
    reference = writing.reference(run)
    return {"items": [reference]} if shape == "items" else reference


def _batch_source(backend: Backend, flow: JsonObject) -> JsonObject:
    """The flow's spec, which has to be one of a batch source (1385)."""
    spec = backend.flow_spec(spec_id(flow, "flowSpec"))
    if spec.get("providerId") != BATCH_PROVIDER or DATA_LAKE not in spec["targetConnectionSpecIds"]:
        raise provider(1385, "Runs can be created only for batch sources")
    return spec


def _run_params(spec: JsonObject, params: Any) -> JsonObject:
    if not isinstance(params, dict):
        raise provider(1384, "params with startTime, windowStartTime and windowEndTime is missing")
    plain = {
        name: int(value) if name in _TIMES and isinstance(value, str) and value.isdecimal() else value
        for name, value in params.items()
    }
    error = first_error((spec.get("runSpec") or {}).get("spec"), plain)
    if error is not None or not all(isinstance(plain.get(name), int) for name in _TIMES):
        raise provider(1384, "params needs startTime, windowStartTime and windowEndTime in epoch seconds")
    if plain["windowEndTime"] < plain["windowStartTime"]:
        raise provider(1381, "windowEndTime is before windowStartTime")
    return plain


def _with_delta_column(
    backend: Backend, call: Call, spec: JsonObject, flow: JsonObject, params: JsonObject
) -> JsonObject:
    """The first run of a table flow names the delta column; the flow keeps it in its Copy transformation."""
    given, held = params.get("deltaColumn"), delta_column(flow)
    if "deltaColumn" not in ((spec.get("runSpec") or {}).get("spec") or {}).get("properties", {}):
        return flow
    if held is None and given is None:
        raise provider(1383, "The first run of a flow from a table needs a deltaColumn")
    if held is not None:
        if given is not None and given.get("name") != held.get("name"):
            raise provider(1382, "The deltaColumn differs from the one of the first run")
        return flow
    copy_step = {"name": "Copy", "params": {"deltaColumn": given}}
    steps = [copy_step, *(flow.get("transformations") or [])]
    return writing.written(backend, call, "flows", flow, transformations=steps)


def act(backend: Backend, call: Call) -> Answer:
    """RE_TRIGGER: a new run over the window of one that failed or brought nothing."""
    run = existing(backend, call, KIND, call.args["id"])
    sandbox = backend.sandbox(call)
    op = writing.action_op(call)
    writing.check_if_match(backend, call, run, required=False)
    if op not in {"RE_TRIGGER", "RETRIGGER"}:
        raise provider(1333, f"The run action '{op}' is not supported")
    flow = sandbox["flows"].get(run["flowId"])
    if flow is None:
        raise problem(1430, f"There is no flow with the id '{run['flowId']}'")
    _batch_source(backend, flow)
    if flow.get("state") != "enabled":
        raise provider(1388, f"The flow is '{flow.get('state')}'; it has to be enabled")
    if not _may_be_retried(run):
        raise provider(1387, "Only a run that failed, or one that ingested nothing, can be run again")
    fresh = backend.lifecycle(sandbox).begin_run(
        flow,
        at_ms=backend.clock.now_ms(),
        client=call.headers.get("x-api-key", ""),
        params=run.get("params"),
    )
    if backend.variants.retrigger_answer == "run":
        return Answer(200, render(backend, KIND, fresh))
    return Answer(200, writing.reference(fresh))


def _may_be_retried(run: JsonObject) -> bool:
    status = run_results.status_of(run)
    records = run["metrics"].get("recordSummary") or {}
    return status == "failed" or (status == "success" and not records.get("outputRecordCount"))


def update(backend: Backend, call: Call) -> Answer:
    """PUT of a run, which is for the providers of connectors (1427)."""
    body = call.json_object()
    if not backend.options.provider_access:
        raise problem(1427, "A user token may not create or update flow runs")
    run = existing(backend, call, KIND, call.args["id"])
    writing.check_if_match(backend, call, run, required=True)
    changes = {name: value for name, value in body.items() if name in _UPDATABLE}
    writing.written(backend, call, KIND, run, **changes)
    return Answer(200, {"id": run["id"]})


_ONE = "/data/foundation/flowservice/runs/{id}"
_ALL = "/data/foundation/flowservice/runs"

ROUTES = (
    Route("GET", _ALL, list_of(KIND)),
    Route("POST", _ALL, create),
    Route("GET", _ONE, one_of(KIND)),
    Route("PUT", _ONE, update),
    Route("POST", f"{_ONE}/action", act),
)
