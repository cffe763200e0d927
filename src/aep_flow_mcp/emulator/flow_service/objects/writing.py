"""Writing an object of Flow Service: creating, patching, acting on and deleting it, and its ETag."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from ...http.errors import ApiError, bad_request, problem, provider, stale
from ...http.messages import Answer, Call
from ...json_types import JsonObject, spec_id
from ...state.backend import Backend
from ...state.mint import author
from ...state.store import SandboxStore
from .render import render

STEADY_STATES = frozenset({"enabled", "disabled", "initializing", "draft"})
_CHANGEABLE_STATES = ("enabled", "disabled", "initializing")
_FIXED = frozenset(
    [
        "id",
        "createdAt",
        "updatedAt",
        "createdBy",
        "updatedBy",
        "createdClient",
        "updatedClient",
        "sandboxId",
        "sandboxName",
        "imsOrgId",
        "version",
        "etag",
        "eTag",
        "inheritedAttributes",
        "lastOperation",
        "lastRunDetails",
        "runs",
        "providerRefId",
    ]
)
PATCHABLE: Mapping[str, frozenset[str]] = {
    "connections": frozenset({"name", "description", "auth", "encryptionSpecs", "connectionSpec", "state"}),
    "sourceConnections": frozenset(
        {"name", "description", "baseConnectionId", "data", "params", "connectionSpec", "state"}
    ),
    "targetConnections": frozenset(
        {"name", "description", "baseConnectionId", "data", "params", "connectionSpec", "state"}
    ),
    "flows": frozenset(
        [
            "name",
            "description",
            "flowSpec",
            "sourceConnectionIds",
            "targetConnectionIds",
            "scheduleParams",
            "transformations",
            "options",
            "policy",
            "state",
            "unifiedMetadata",
            "labels",
        ]
    ),
}


def created(
    backend: Backend, call: Call, kind: str, members: JsonObject, *, state: str | None = None
) -> JsonObject:
    """Store a new object with its audit fields, and give it back."""
    now = backend.clock.now_ms()
    about = backend.store.sandboxes[call.sandbox].about
    client = call.headers.get("x-api-key", "")
    etag = backend.mint.etag(now)
    row: JsonObject = {
        "id": backend.mint.uuid(),
        "createdAt": now,
        "updatedAt": now,
        "createdBy": author(client),
        "updatedBy": author(client),
        "createdClient": client,
        "updatedClient": client,
        "sandboxId": about.get("id", ""),
        "sandboxName": about["name"],
        "imsOrgId": call.headers.get("x-gw-ims-org-id", ""),
    }
    row |= copy.deepcopy(members)
    if state is not None:
        row |= {"state": state, "version": etag}
    row["etag"] = etag
    backend.store.collection(call.sandbox, kind).put(row["id"], row)
    return row


def written(backend: Backend, call: Call, kind: str, row: JsonObject, **members: Any) -> JsonObject:
    """Store a changed object with a new ETag and time, and give it back."""
    now = backend.clock.now_ms()
    client = call.headers.get("x-api-key", "")
    etag = backend.mint.etag(now)
    row = (
        row | members | {"updatedAt": now, "updatedBy": author(client), "updatedClient": client, "etag": etag}
    )
    if "version" in row:
        row["version"] = etag
    backend.store.collection(call.sandbox, kind).put(row["id"], row)
    return row


def reference(row: JsonObject) -> JsonObject:
    return {"id": row["id"], "etag": row["etag"]}


def is_draft(call: Call) -> bool:
    """`mode=draft`; another mode is 1368-400."""
    mode = call.first("mode")
    if mode is None:
        return False
    if mode.lower() != "draft":
        raise provider(1368, f"The mode '{mode}' is not allowed")
    return True


def created_answer(kind: str, row: JsonObject) -> Answer:
    location = f"/data/foundation/flowservice/{kind}/{row['id']}"
    return Answer(201, reference(row), {"Location": location})


def check_if_match(backend: Backend, call: Call, row: JsonObject, *, required: bool) -> None:
    """1403-400 when it is required and missing, 412 when it names another version."""
    sent = call.headers.get("if-match")
    if sent is None or not sent.strip():
        if required:
            raise problem(1403, "The If-Match header is missing")
        return
    current = row["etag"]
    same = sent == current
    if backend.variants.if_match == "lenient":
        same = same or sent.strip().strip('"') == current.strip('"')
    if not same:
        raise stale(sent, current)


def patch_operations(kind: str, body: Any) -> list[JsonObject]:
    """The operations of a patch document, checked, with `op` in lower case.

    One object is taken as a list of one. Raises 1434 for an operation other than add, replace and remove,
    1455 for a missing member or an unknown field, 1405 for no operation at all.
    """
    operations = [body] if isinstance(body, dict) else body
    if not isinstance(operations, list):
        raise bad_request("A patch document is a list of operations")
    if not operations:
        raise problem(1405, "The patch document has no operation")
    checked: list[JsonObject] = []
    for operation in operations:
        if not isinstance(operation, dict):
            raise problem(1455, "A patch operation has to be an object with op and path")
        op, path = operation.get("op"), operation.get("path")
        if not isinstance(op, str) or not isinstance(path, str) or not path.startswith("/"):
            raise problem(1455, "A patch operation needs op and a path that starts with '/'")
        if op.lower() not in {"add", "replace", "remove"}:
            raise problem(1434, f"The patch operation '{op}' is not supported")
        if op.lower() != "remove" and "value" not in operation:
            raise problem(1455, f"The patch operation '{op}' on {path} needs a value")
        _check_patch_path(kind, path, operation.get("value"))
        checked.append({"op": op.lower(), "path": path, "value": operation.get("value")})
    return checked


def _check_patch_path(kind: str, path: str, value: Any) -> None:
    root = path.split("/")[1]
    if root == "connectionSpec" and kind == "connections":
        raise problem(1414, "The connection spec of a connection cannot be changed")
    if root == "state" and value not in _CHANGEABLE_STATES:
        raise problem(1456, f"state may only become one of {', '.join(_CHANGEABLE_STATES)}")
    if root in _FIXED or root not in PATCHABLE[kind]:
        raise problem(1455, f"'{root}' is not a field of {kind} that can be changed")


def patched(row: JsonObject, operations: list[JsonObject]) -> JsonObject:
    """The object with the operations applied. Raises 1365-400 for a path that leads nowhere."""
    import jsonpatch
    import jsonpointer

    try:
        changed: JsonObject = jsonpatch.apply_patch(row, operations)
    except (jsonpatch.JsonPatchException, jsonpointer.JsonPointerException, TypeError, KeyError) as error:
        raise provider(1365, f"The patch cannot be applied: {error}") from error
    return changed


def patch_answer(backend: Backend, kind: str, row: JsonObject) -> Answer:
    listed = kind in {"sourceConnections", "targetConnections"} and backend.variants.patch_answer == "list"
    return Answer(200, {"items": [render(backend, kind, row)]} if listed else reference(row))


def deleted_answer(backend: Backend, *, of_destination: bool) -> Answer:
    """An empty answer; what belongs to a destination is only accepted (202)."""
    chosen = backend.variants.delete_status
    if chosen == "mixed":
        return Answer(202 if of_destination else 204)
    return Answer(int(chosen))


def is_destination(backend: Backend, row: JsonObject) -> bool:
    """Whether a connection, source or target connection is tied to a spec that only is a destination's."""
    spec = backend.specs("connectionSpecs").get(spec_id(row)) or {}
    attributes = spec.get("attributes") or {}
    return bool(attributes.get("isDestination")) and not attributes.get("isSource")


def action_op(call: Call) -> str:
    """The action that is asked for, in capitals. `subOp` is optional and checked when present."""
    op = (call.first("op") or "").strip()
    if not op:
        raise problem(1451, "The query parameter op is required")
    sub_op = call.first("subOp")
    if sub_op and sub_op.upper() not in {"APPLY", "ROLLBACK", "PROGRESS"}:
        raise problem(1435, f"The sub action '{sub_op}' is not supported")
    return op.upper().replace("-", "_")


def optional_body(call: Call) -> Any:
    """The JSON body of an action, which may be absent."""
    return call.json() if call.raw.strip() else None


def publish(backend: Backend, call: Call, kind: str, row: JsonObject) -> JsonObject:
    if row.get("state") != "draft":
        raise problem(1422, f"PUBLISH does not apply to the state '{row.get('state')}'")
    return written(backend, call, kind, row, state="enabled")


def refuse_finalize(backend: Backend, op: str) -> None:
    if op in {"FINALIZE", "FINALIZE_UPDATE"} and not backend.options.provider_access:
        raise problem(1402, f"{op} is only for the provider of a connector")


def users_of(sandbox: SandboxStore, kind: str, id: str) -> list[str]:
    """Ids of the flows that name this source or target connection."""
    member = "sourceConnectionIds" if kind == "sourceConnections" else "targetConnectionIds"
    return [flow["id"] for flow in sandbox["flows"] if id in (flow.get(member) or [])]


def unknown_action(op: str) -> ApiError:
    return problem(1422, f"The action '{op}' does not apply here")
