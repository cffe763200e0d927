"""Base connections: the credentials for one external system."""

from __future__ import annotations

from ..catalogue.known_ids import HTTP_API
from ..http.bodies import check_required, check_texts
from ..http.errors import generic, problem, provider
from ..http.json_schema import check_schema
from ..http.messages import Answer, Call
from ..http.routing import Route
from ..json_types import JsonObject, spec_id
from ..state.backend import Backend
from .objects import writing
from .objects.lists import existing, list_of, one_of, search_of

KIND = "connections"
_MEMBERS = ("name", "description", "auth", "encryptionSpecs", "connectionSpec")


def create(backend: Backend, call: Call) -> Answer:
    body = call.json_object()
    check_required(body, "connectionSpec", "name")
    check_texts(body, "name", "description")
    if "state" in body:
        raise problem(1410, "state cannot be given when an object is created")
    draft = writing.is_draft(call)
    spec = backend.connection_spec(spec_id(body))
    backend.sandbox(call)
    members = {name: body[name] for name in _MEMBERS if body.get(name) is not None}
    if not draft:
        check_auth(spec, members.get("auth"))
        check_encryption(spec, members.get("encryptionSpecs"))
    if spec["id"] == HTTP_API:
        members["auth"] = _with_inlet(backend, members)
    row = writing.created(backend, call, KIND, members, state="draft" if draft else "enabled")
    return writing.created_answer(KIND, row)


def check_auth(spec: JsonObject, auth: object) -> None:
    """The auth of a connection against its spec: 1304, 1415, and per param 1304 or 1312.

    A spec without `authSpec` is one whose ways to log in are not published: anything is taken.
    """
    if "authSpec" not in spec:
        return
    offered = {one["name"]: one for one in spec.get("authSpec") or []}
    if not offered:
        if auth:
            raise provider(1301, f"'{spec['name']}' does not take any authentication")
        return
    if not isinstance(auth, dict) or not auth.get("specName"):
        raise provider(1304, f"auth.specName is mandatory for '{spec['name']}'")
    chosen = offered.get(auth["specName"])
    if chosen is None:
        raise problem(1415, f"'{auth['specName']}' is not one of {', '.join(sorted(offered))}")
    params = auth.get("params")
    if not isinstance(params, dict):
        raise provider(1304, "auth.params is mandatory")
    check_schema(chosen.get("spec"), params, where="auth.params")


def check_encryption(spec: JsonObject, chosen: object) -> None:
    """How a destination encrypts its files; `specName` differs from page to page, so only params are checked."""
    offered = spec.get("encryptionSpecs")
    if offered and isinstance(chosen, dict):
        check_schema(offered[0].get("spec"), chosen.get("params") or {}, where="encryptionSpecs.params")


def _with_inlet(backend: Backend, members: JsonObject) -> JsonObject:
    """What the service adds to a streaming connection: its inlet."""
    auth = members.get("auth") or {}
    inlet = backend.mint.hex(64)
    name = members["name"]
    given = auth.get("params") or {}
    params = {"sourceId": name, "name": name, "authenticationRequired": False, "dataType": "xdm"} | given
    params |= {"inletUrl": f"https://dcs.adobedc.net/collection/{inlet}", "inletId": inlet}
    return {"specName": "Streaming Connection"} | auth | {"params": params}


def patch(backend: Backend, call: Call) -> Answer:
    row = existing(backend, call, KIND, call.args["id"])
    operations = writing.patch_operations(KIND, call.json())
    writing.check_if_match(backend, call, row, required=True)
    _check_state(row)
    changed = writing.patched(row, operations)
    spec = backend.connection_spec(spec_id(row))
    if changed.get("auth") != row.get("auth"):
        if row.get("state") != "draft":
            check_auth(spec, changed.get("auth"))
        # New credentials are what repairs a broken connection; what an answer shows in their place is none.
        if not _has_mask(changed.get("auth")):
            backend.broken.pop(row["id"], None)
    row = writing.written(backend, call, KIND, changed)
    return writing.patch_answer(backend, KIND, row)


def _has_mask(auth: JsonObject | None) -> bool:
    """Whether a credential is nothing but asterisks."""
    params = (auth or {}).get("params") or {}
    return any(isinstance(value, str) and value and not value.strip("*") for value in params.values())


def _check_state(row: JsonObject) -> None:
    if row.get("state") not in writing.STEADY_STATES:
        raise problem(1416, f"A connection in the state '{row.get('state')}' cannot be changed or deleted")
    if row.get("state") == "initializing":
        raise problem(1417, "A connection that is initializing cannot be changed with a user token")


def delete(backend: Backend, call: Call) -> Answer:
    row = existing(backend, call, KIND, call.args["id"])
    sandbox = backend.sandbox(call)
    writing.check_if_match(backend, call, row, required=False)
    _check_state(row)
    for kind in ("sourceConnections", "targetConnections"):
        if any(one.get("baseConnectionId") == row["id"] for one in sandbox[kind]):
            raise problem(1418, f"The base connection {row['id']} is still in use")
    sandbox[KIND].remove(row["id"])
    return writing.deleted_answer(backend, of_destination=writing.is_destination(backend, row))


def act(backend: Backend, call: Call) -> Answer:
    row = existing(backend, call, KIND, call.args["id"])
    op = writing.action_op(call)
    writing.optional_body(call)
    writing.check_if_match(backend, call, row, required=False)
    writing.refuse_finalize(backend, op)
    if op == "PUBLISH":
        check_auth(backend.connection_spec(spec_id(row)), row.get("auth"))
        row = writing.publish(backend, call, KIND, row)
    elif op in {"FINALIZE", "FINALIZE_UPDATE"}:
        row = writing.written(backend, call, KIND, row, state="enabled")
    else:
        raise writing.unknown_action(op)
    return Answer(200, writing.reference(row))


def test(backend: Backend, call: Call) -> Answer:
    row = existing(backend, call, KIND, call.args["id"])
    check_reachable(backend, row)
    return Answer(200, {"result": True})


def check_reachable(backend: Backend, row: JsonObject) -> None:
    """1308-400, the copy engine's message, for a connection that is broken."""
    check_behind(backend)
    message = backend.broken.get(row["id"])
    if message is not None:
        raise provider(1308, message)


def check_behind(backend: Backend) -> None:
    """A snapshot has nothing behind its accounts: neither reachable nor broken."""
    if backend.unreachable is not None:
        raise generic(403, "NothingToReach", f"This is a {backend.unreachable}")


_ONE = "/data/foundation/flowservice/connections/{id}"
_ALL = "/data/foundation/flowservice/connections"

ROUTES = (
    Route("GET", _ALL, list_of(KIND)),
    Route("POST", _ALL, create),
    Route("POST", f"{_ALL}/search", search_of(KIND)),
    Route("GET", _ONE, one_of(KIND)),
    Route("PATCH", _ONE, patch),
    Route("DELETE", _ONE, delete),
    Route("POST", f"{_ONE}/action", act),
    Route("GET", f"{_ONE}/test", test),
)
