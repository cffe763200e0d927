"""Flows: one source connection, one target connection, what happens between them, and when."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..catalogue.known_ids import DATA_LAKE, STREAM_PROVIDER, WEBHOOK
from ..http.bodies import check_required, check_texts
from ..http.errors import bad_request, problem, provider
from ..http.messages import Answer, Call
from ..http.routing import Route
from ..json_types import JsonObject, spec_id
from ..state.backend import Backend
from ..state.store import SandboxStore
from .flow_validation import check_flow
from .objects import writing
from .objects.lists import existing, list_of, one_of, search_of
from .running import lifecycle
from .sources_and_targets import about

KIND = "flows"
_MEMBERS = (
    "name",
    "description",
    "flowSpec",
    "sourceConnectionIds",
    "targetConnectionIds",
    "transformations",
    "scheduleParams",
    "options",
    "policy",
    "unifiedMetadata",
    "labels",
)


def create(backend: Backend, call: Call) -> Answer:
    body = call.json_object()
    check_required(body, "flowSpec", "name")
    check_texts(body, "name", "description")
    if "state" in body:
        raise problem(1410, "state cannot be given when a flow is created")
    draft = writing.is_draft(call)
    spec = backend.flow_spec(spec_id(body, "flowSpec"))
    if draft and spec.get("providerId") == STREAM_PROVIDER:
        raise provider(1368, "mode is not allowed for this kind of flow")
    sandbox = backend.sandbox(call)
    members: JsonObject = {name: body[name] for name in _MEMBERS if body.get(name) is not None}
    members = {"sourceConnectionIds": [], "targetConnectionIds": [], "transformations": []} | members
    members = check_flow(backend, sandbox, members, complete=not draft)
    members["inheritedAttributes"] = inherited(sandbox, spec, members)
    members["lastOperation"] = _operation(backend, "create", [])
    if spec["id"] == WEBHOOK:
        members["options"] = (members.get("options") or {}) | {"inletUrl": _inlet(backend)}
    row = writing.created(backend, call, KIND, members, state="draft" if draft else "enabled")
    row = row | {"runs": f"/runs?property=flowId=={row['id']}"}
    sandbox[KIND].put(row["id"], row)
    if not draft:
        row = backend.lifecycle(sandbox).entered(row, "enabled", between="initializing")
    return writing.created_answer(KIND, row)


def inherited(sandbox: SandboxStore, spec: JsonObject, flow: JsonObject) -> JsonObject:
    """What a flow repeats from its spec and its connections."""
    attributes = spec.get("attributes") or {}
    properties = {
        name: True for name in ("isSourceFlow", "isDestinationFlow") if attributes.get(name) is True
    }
    # The printed specs of streaming and self-serve sources do not say it; their flows do.
    if DATA_LAKE in (spec.get("targetConnectionSpecIds") or []):
        properties["isSourceFlow"] = True
    return {
        "properties": properties,
        "sourceConnections": list(_about(sandbox, "sourceConnections", flow["sourceConnectionIds"])),
        "targetConnections": list(_about(sandbox, "targetConnections", flow["targetConnectionIds"])),
    }


def _about(sandbox: SandboxStore, kind: str, ids: Iterable[str]) -> Iterable[JsonObject]:
    for id in ids:
        row = sandbox[kind].get(id)
        if row is not None:
            yield about(row)


def _inlet(backend: Backend) -> str:
    """Where a webhook is to send its events; the service makes it with the flow."""
    return f"https://dcs.adobedc.net/collection/{backend.mint.hex(64)}"


def _operation(backend: Backend, kind: str, ops: list[JsonObject]) -> JsonObject:
    now = backend.clock.now_ms()
    return {
        "started": now,
        "updated": now,
        "percentCompleted": 100.0,
        "status": {"value": "completed", "properties": {}, "errors": []},
        "ops": ops,
        "operation": kind,
    }


def patch(backend: Backend, call: Call) -> Answer:
    row = existing(backend, call, KIND, call.args["id"])
    sandbox = backend.sandbox(call)
    operations = writing.patch_operations(KIND, call.json())
    _check_policy(operations)
    writing.check_if_match(backend, call, row, required=True)
    if row.get("state") not in writing.STEADY_STATES:
        raise problem(1457, f"A flow in the state '{row.get('state')}' cannot be updated")
    changed = writing.patched(row, operations)
    check_required(changed, "flowSpec", "name")
    draft = row.get("state") == "draft"
    changed = check_flow(backend, sandbox, changed, complete=not draft, before=row)
    spec = backend.flow_spec(spec_id(changed, "flowSpec"))
    changed["inheritedAttributes"] = inherited(sandbox, spec, changed)
    changed["lastOperation"] = _operation(backend, "update", operations)
    row = writing.written(backend, call, KIND, changed)
    if not draft:
        row = backend.lifecycle(sandbox).entered(row, row["state"], between="updating")
    return writing.patch_answer(backend, KIND, row)


def _check_policy(operations: list[JsonObject]) -> None:
    for operation in operations:
        root, value = operation["path"].split("/")[1], operation.get("value")
        if root == "policy" and isinstance(value, dict) and value.get("fields") == []:
            raise problem(1431, "fields in policy is empty")


def delete(backend: Backend, call: Call) -> Answer:
    row = existing(backend, call, KIND, call.args["id"])
    sandbox = backend.sandbox(call)
    writing.check_if_match(backend, call, row, required=False)
    if row.get("state") not in writing.STEADY_STATES:
        raise problem(1458, f"A flow in the state '{row.get('state')}' cannot be deleted")
    sandbox[KIND].remove(row["id"])
    properties = (row.get("inheritedAttributes") or {}).get("properties") or {}
    return writing.deleted_answer(backend, of_destination=properties.get("isDestinationFlow") is True)


def act(backend: Backend, call: Call) -> Answer:
    """ENABLE, DISABLE and PUBLISH; FINALIZE is for providers."""
    row = existing(backend, call, KIND, call.args["id"])
    sandbox = backend.sandbox(call)
    op = writing.action_op(call)
    _check_action_body(writing.optional_body(call))
    writing.check_if_match(backend, call, row, required=False)
    writing.refuse_finalize(backend, op)
    change = lifecycle.TRANSITIONS.get(op)
    if change is None:
        raise writing.unknown_action(op)
    state = row.get("state")
    if state not in writing.STEADY_STATES:
        raise problem(1421, f"A flow in the state '{state}' cannot change its state")
    if state not in change.allowed_from:
        raise problem(1422, f"{op} does not apply to a flow in the state '{state}'")
    if op == "PUBLISH":
        row = check_flow(backend, sandbox, row, complete=True)
    row = writing.written(backend, call, KIND, row, state=change.leads_to)
    row = backend.lifecycle(sandbox).entered(row, change.leads_to, between=change.between)
    return Answer(200, writing.reference(row))


def _check_action_body(body: Any) -> None:
    """The body of an action is for providers; what is wrong in it is still refused."""
    if body is None:
        return
    if not isinstance(body, dict):
        raise bad_request("The body of an action has to be a JSON object")
    value = (body.get("status") or {}).get("value")
    if value in {"COMPLETED", "FAILED"} and body.get("percentCompleted", 100) != 100:
        raise problem(1408, f"percentCompleted must be 100 for the status {value}")


_ONE = "/data/foundation/flowservice/flows/{id}"
_ALL = "/data/foundation/flowservice/flows"

ROUTES = (
    Route("GET", _ALL, list_of(KIND)),
    Route("POST", _ALL, create),
    Route("POST", f"{_ALL}/search", search_of(KIND)),
    Route("GET", _ONE, one_of(KIND)),
    Route("PATCH", _ONE, patch),
    Route("DELETE", _ONE, delete),
    Route("POST", f"{_ONE}/action", act),
)
