"""Source and target connections: what a flow reads and where it writes."""

from __future__ import annotations

from typing import Any

from ..catalogue.known_ids import DATA_LAKE, EXPORT_LAKE, LANDING_ZONE
from ..http.bodies import check_required, check_texts
from ..http.errors import bad_request, problem, provider
from ..http.json_schema import check_schema
from ..http.messages import Answer, Call
from ..http.routing import Route
from ..json_types import JsonObject, spec_id
from ..state.backend import Backend, Handler
from ..state.store import SandboxStore
from .objects import writing
from .objects.lists import existing, list_of, one_of

_FORMATS = frozenset(
    {"delimited", "csv", "json", "parquet", "tabular", "avro", "parquet_xdm", "hierarchical"}
)
_MEMBERS = ("name", "description", "baseConnectionId", "data", "params", "connectionSpec")


def _create(kind: str) -> Handler:
    def handle(backend: Backend, call: Call) -> Answer:
        body = call.json_object()
        required = ("connectionSpec", "name") if kind == "sourceConnections" else ("connectionSpec",)
        check_required(body, *required)
        if "state" in body:
            raise problem(1410, "state cannot be given when an object is created")
        draft = writing.is_draft(call)
        sandbox = backend.sandbox(call)
        members = {name: body[name] for name in _MEMBERS if body.get(name) is not None}
        check(backend, sandbox, kind, members, complete=not draft)
        members |= inherited(sandbox, members)
        members["providerRefId"] = backend.mint.uuid()
        row = writing.created(backend, call, kind, members, state="draft" if draft else "enabled")
        return writing.created_answer(kind, row)

    return handle


def check(backend: Backend, sandbox: SandboxStore, kind: str, row: JsonObject, *, complete: bool) -> None:
    """A source or target connection against its spec. `complete` is False for a draft."""
    check_texts(row, "name", "description", "baseConnectionId")
    for name in ("data", "params"):
        if row.get(name) is not None and not isinstance(row[name], dict):
            raise bad_request(f"{name} has to be an object")
    spec = backend.connection_spec(spec_id(row))
    part = spec.get("sourceSpec" if kind == "sourceConnections" else "targetSpec")
    if part is None:
        side = "source" if kind == "sourceConnections" else "target"
        raise provider(1312, f"'{spec['name']}' cannot be used as a {side}")
    _check_base(sandbox, spec, row.get("baseConnectionId"), kind=kind)
    if not complete:
        return
    _check_format(row)
    params = row.get("params") or {}
    if kind == "sourceConnections":
        check_schema(part.get("spec"), _source_params(params), where="params")
        if spec["id"] == EXPORT_LAKE:
            _check_exported(sandbox, params)
    elif spec["id"] == DATA_LAKE:
        _check_lake(sandbox, row)
    else:
        check_schema(part.get("spec"), params, where="params")


def _source_params(params: JsonObject) -> JsonObject:
    """An old client names a table in `path`; the schemas know `tableName`."""
    if "tableName" not in params and "path" in params:
        return {"tableName": params["path"]} | params
    return params


def _check_base(sandbox: SandboxStore, spec: JsonObject, base_id: str | None, *, kind: str) -> None:
    """A connection that logs in has an account. Webhooks, the landing zone and Platform's own places need none."""
    needs_account = bool(spec.get("authSpec")) or (
        kind == "targetConnections" and bool((spec.get("attributes") or {}).get("isDestination"))
    )
    if base_id is None:
        if needs_account:
            raise provider(1359, "baseConnectionId is missing")
        return
    if spec["id"] == LANDING_ZONE:
        raise provider(1332, f"'{spec['name']}' does not take a baseConnectionId")
    base = sandbox["connections"].get(base_id)
    if base is None:
        raise problem(1439, f"There is no connection with the id '{base_id}'")
    if spec_id(base) != spec["id"]:
        raise provider(1312, "The base connection belongs to another connection spec")


def _check_format(row: JsonObject) -> None:
    data: JsonObject = row.get("data") or {}
    format_ = data.get("format")
    if format_ is not None and str(format_).lower() not in _FORMATS:
        raise provider(1327, f"The format '{format_}' is not supported")
    properties = data.get("properties")
    delimiter = data.get("columnDelimiter")
    if isinstance(properties, dict):
        delimiter = properties.get("columnDelimiter", delimiter)
    if isinstance(delimiter, str) and len(delimiter) > 1:
        raise provider(1331, "columnDelimiter is longer than one character")


def _check_lake(sandbox: SandboxStore, row: JsonObject) -> None:
    """The data lake takes a dataset that exists, and the schema of that dataset."""
    data_set = (row.get("params") or {}).get("dataSetId")
    if not isinstance(data_set, str) or not data_set:
        raise provider(1325, "params.dataSetId is missing")
    found = existing_data_set(sandbox, data_set)
    asked = ((row.get("data") or {}).get("schema") or {}).get("id")
    held = (found.get("schemaRef") or {}).get("id")
    if asked is not None and held is not None and asked != held:
        raise problem(1425, "data.schema is not the schema of the dataset")


def existing_data_set(sandbox: SandboxStore, id: str) -> JsonObject:
    """The dataset; 2200-500 when Catalog does not know it."""
    found = sandbox["dataSets"].get(id)
    if found is None:
        raise problem(2200, f"Catalog does not know the dataset '{id}'")
    return found


def _check_exported(sandbox: SandboxStore, params: JsonObject) -> None:
    for one in params["datasets"]:
        existing_data_set(sandbox, one["dataSetId"])


def inherited(sandbox: SandboxStore, row: JsonObject) -> JsonObject:
    """What an item repeats from its base connection."""
    base = sandbox["connections"].get(row.get("baseConnectionId") or "")
    if base is None:
        return {}
    about = {"id": base["id"], "connectionSpec": base["connectionSpec"]}
    return {"inheritedAttributes": {"baseConnection": about}}


def _patch(kind: str) -> Handler:
    def handle(backend: Backend, call: Call) -> Answer:
        row = existing(backend, call, kind, call.args["id"])
        sandbox = backend.sandbox(call)
        operations = writing.patch_operations(kind, call.json())
        writing.check_if_match(backend, call, row, required=True)
        if row.get("state") not in writing.STEADY_STATES:
            raise problem(1457, f"An object in the state '{row.get('state')}' cannot be updated")
        _check_immutable(row, operations)
        changed = writing.patched(row, operations)
        check_required(changed, "connectionSpec")
        check(backend, sandbox, kind, changed, complete=row.get("state") != "draft")
        changed |= inherited(sandbox, changed)
        row = writing.written(backend, call, kind, changed)
        return writing.patch_answer(backend, kind, row)

    return handle


def _check_immutable(row: JsonObject, operations: list[JsonObject]) -> None:
    """The datasets of an export cannot be changed: a new source connection is needed."""
    if spec_id(row) == EXPORT_LAKE:
        for operation in operations:
            if operation["path"].startswith("/params/datasets") or operation["path"] == "/params":
                raise provider(1365, "The datasets of an export cannot be changed")


def _delete(kind: str) -> Handler:
    def handle(backend: Backend, call: Call) -> Answer:
        row = existing(backend, call, kind, call.args["id"])
        sandbox = backend.sandbox(call)
        writing.check_if_match(backend, call, row, required=False)
        if row.get("state") not in writing.STEADY_STATES:
            raise problem(1458, f"An object in the state '{row.get('state')}' cannot be deleted")
        users = writing.users_of(sandbox, kind, row["id"])
        if users:
            raise problem(1447, f"Active flows still contain {row['id']}: {', '.join(users[:5])}")
        sandbox[kind].remove(row["id"])
        return writing.deleted_answer(backend, of_destination=writing.is_destination(backend, row))

    return handle


def _act(kind: str) -> Handler:
    def handle(backend: Backend, call: Call) -> Answer:
        row = existing(backend, call, kind, call.args["id"])
        op = writing.action_op(call)
        writing.check_if_match(backend, call, row, required=False)
        if op != "PUBLISH":
            raise writing.unknown_action(op)
        check(backend, backend.sandbox(call), kind, row, complete=True)
        return Answer(200, writing.reference(writing.publish(backend, call, kind, row)))

    return handle


def about(row: JsonObject) -> dict[str, Any]:
    """How a flow repeats one of its source or target connections."""
    repeated: dict[str, Any] = {"id": row["id"], "connectionSpec": row["connectionSpec"]}
    base = (row.get("inheritedAttributes") or {}).get("baseConnection")
    if base is not None:
        repeated["baseConnection"] = base
    if "typeInfo" in row:
        repeated["typeInfo"] = row["typeInfo"]
    return repeated


def _routes(kind: str) -> tuple[Route[Backend], ...]:
    every = f"/data/foundation/flowservice/{kind}"
    one = every + "/{id}"
    return (
        Route("GET", every, list_of(kind)),
        Route("POST", every, _create(kind)),
        Route("GET", one, one_of(kind)),
        Route("PATCH", one, _patch(kind)),
        Route("DELETE", one, _delete(kind)),
        Route("POST", f"{one}/action", _act(kind)),
    )


ROUTES = (*_routes("sourceConnections"), *_routes("targetConnections"))
