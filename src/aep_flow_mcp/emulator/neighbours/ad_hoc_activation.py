"""Ad hoc activation: run the export of some audiences or datasets now."""

from __future__ import annotations

from typing import Any

from ..http.errors import minimal
from ..http.messages import Answer, Call
from ..http.routing import Route
from ..json_types import JsonObject
from ..state.backend import Backend
from ..state.store import SandboxStore

MAXIMUM_AUDIENCES = 80
_PLATFORM = "https://platform.adobe.io"


def run(backend: Backend, call: Call) -> Answer:
    """Audiences or datasets, by the Accept header. Each gets a run that can be watched."""
    info = call.json_object().get("activationInfo")
    if not isinstance(info, dict) or not info:
        raise minimal("activationInfo is missing")
    sandbox = backend.sandbox(call)
    if "adhoc.dataset.activation" in call.headers.get("accept", ""):
        return Answer(200, {"destinations": _data_sets(backend, call, sandbox, info.get("destinations"))})
    if "version=2" not in call.headers.get("accept", "") and not call.json_object().get("exportIds"):
        raise minimal("exportIds is missing")
    return Answer(200, {"order": _audiences(backend, call, sandbox, info)})


def _audiences(backend: Backend, call: Call, sandbox: SandboxStore, info: JsonObject) -> list[JsonObject]:
    if sum(len(ids) for ids in info.values() if isinstance(ids, list)) > MAXIMUM_AUDIENCES:
        raise minimal(f"At most {MAXIMUM_AUDIENCES} segments can be activated in one job")
    orders: list[JsonObject] = []
    for flow_id, audiences in info.items():
        flow = _flow(sandbox, flow_id)
        known = set(_audience_ids(flow))
        if not isinstance(audiences, list) or not set(audiences) <= known:
            raise minimal("Some segments are not part of this dataflow or are out of their schedule range")
        started = _start(backend, call, sandbox, flow)
        orders += [
            {"segment": audience, "order": started["id"], "statusURL": _watch(started)}
            for audience in audiences
        ]
    return orders


def _data_sets(backend: Backend, call: Call, sandbox: SandboxStore, destinations: Any) -> list[JsonObject]:
    if not isinstance(destinations, list) or not destinations:
        raise minimal("destinations is missing")
    answers: list[JsonObject] = []
    for destination in destinations:
        flow = _flow(sandbox, destination.get("flowId"))
        exported = _exported(sandbox, flow)
        wanted = [one.get("id") for one in destination.get("datasets") or []]
        if not wanted or not set(wanted) <= exported:
            raise minimal("Some datasets are not part of this dataflow")
        watched = [{"id": id, "statusURL": _watch(_start(backend, call, sandbox, flow))} for id in wanted]
        answers.append({"datasets": watched})
    return answers


def _flow(sandbox: SandboxStore, id: Any) -> JsonObject:
    flow = sandbox["flows"].get(str(id))
    if flow is None:
        raise minimal(f"There is no dataflow '{id}'")
    if flow.get("state") != "enabled":
        raise minimal(f"The dataflow '{id}' is not enabled")
    return flow


def _audience_ids(flow: JsonObject) -> list[str]:
    return [
        selector["value"]["id"]
        for transformation in flow.get("transformations") or []
        for selector in ((transformation.get("params") or {}).get("segmentSelectors") or {}).get("selectors")
        or []
    ]


def _exported(sandbox: SandboxStore, flow: JsonObject) -> set[str]:
    found: set[str] = set()
    for id in flow.get("sourceConnectionIds") or []:
        params = (sandbox["sourceConnections"].get(id) or {}).get("params") or {}
        found |= {one["dataSetId"] for one in params.get("datasets") or []}
    return found


def _start(backend: Backend, call: Call, sandbox: SandboxStore, flow: JsonObject) -> JsonObject:
    client = call.headers.get("x-api-key", "")
    return backend.lifecycle(sandbox).begin_run(flow, at_ms=backend.clock.now_ms(), client=client)


def _watch(started: JsonObject) -> str:
    return f"{_PLATFORM}/data/foundation/flowservice/runs/{started['id']}"


ROUTES = (Route("POST", "/data/core/activation/disflowprovider/adhocrun", run),)
