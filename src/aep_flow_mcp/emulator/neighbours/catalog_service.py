"""Catalog: datasets and batches. Every answer is keyed by id."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ..http.bodies import check_required
from ..http.errors import bad_request, generic
from ..http.messages import Answer, Call
from ..http.routing import Route
from ..json_types import JsonObject
from ..state.backend import Backend
from ..state.mint import author
from ..state.store import Collection

_BASE = "/data/foundation/catalog"
_MAXIMUM = 100


def data_sets(backend: Backend, call: Call) -> Answer:
    """A page by `start` and `limit`; `name` and `property=name~<regular expression>` choose."""
    limit = call.integer("limit", default=20, minimum=1, maximum=_MAXIMUM)
    start = call.integer("start", default=0, minimum=0, maximum=10_000_000)
    found = _ordered(
        call, [pair for pair in _pairs(backend.sandbox(call)["dataSets"]) if _chosen(call, pair[1])]
    )
    return Answer(200, {id: _shown(call, row) for id, row in found[start : start + limit]})


def _pairs(collection: Collection) -> Iterator[tuple[str, JsonObject]]:
    for id in collection.base.ids():
        row = None if id in collection.hidden else collection.base.get(id)
        if row is not None:
            yield id, row
    yield from collection.written.items()


def _chosen(call: Call, row: JsonObject) -> bool:
    name = call.first("name")
    if name is not None and row.get("name") != name:
        return False
    for expression in call.every("property"):
        path, operator, wanted = _expression(expression)
        held = _at(row, path)
        if operator == "~" and (held is None or not _searched(wanted, str(held))):
            return False
        if operator == "==" and str(held) != wanted:
            return False
    return True


def _expression(text: str) -> tuple[str, str, str]:
    match = re.fullmatch(r"([\w.]+)(~|==)(.+)", text)
    if match is None:
        raise bad_request(f"The property filter '{text}' is not understood")
    return match[1], match[2], match[3]


def _searched(pattern: str, text: str) -> bool:
    try:
        return re.search(pattern, text) is not None
    except re.error as error:
        raise bad_request(f"'{pattern}' is not a regular expression") from error


def _at(row: JsonObject, path: str) -> Any:
    value: Any = row
    for key in path.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _ordered(call: Call, found: list[tuple[str, JsonObject]]) -> list[tuple[str, JsonObject]]:
    """`orderBy=desc:created`; without it, as stored."""
    text = call.first("orderBy")
    if not text:
        return found
    direction, _, field = text.partition(":")
    if direction not in {"asc", "desc"} or not field:
        raise bad_request(f"orderBy has the form asc:field or desc:field, not '{text}'")
    return sorted(found, key=lambda pair: _orderable(_at(pair[1], field)), reverse=direction == "desc")


def _orderable(value: Any) -> tuple[int, Any]:
    if isinstance(value, (int, float)):
        return (0, value)
    return (1, str(value or ""))


def _shown(call: Call, row: JsonObject) -> JsonObject:
    names = [name for name in (call.first("properties") or "").split(",") if name]
    return {name: row[name] for name in names if name in row} if names else row


def data_set(backend: Backend, call: Call) -> Answer:
    id, row = _existing(backend, call, "dataSets")
    return Answer(200, {id: _shown(call, row)})


def _existing(backend: Backend, call: Call, kind: str) -> tuple[str, JsonObject]:
    id = call.args["id"]
    row = backend.sandbox(call)[kind].get(id)
    if row is None:
        raise generic(404, "NotFoundError", f"Catalog has no {kind[:-1]} with the id '{id}'")
    return id, row


def create_data_set(backend: Backend, call: Call) -> Answer:
    body = call.json_object()
    check_required(body, "name")
    schema = body.get("schemaRef")
    if schema is not None and not (isinstance(schema, dict) and schema.get("id")):
        raise bad_request("schemaRef has to be an object with id and contentType")
    sandbox = backend.sandbox(call)
    now, id = backend.clock.now_ms(), backend.mint.hex(24)
    client = call.headers.get("x-api-key", "")
    row: JsonObject = {
        "tags": {},
        "imsOrg": call.headers.get("x-gw-ims-org-id", ""),
        "sandboxId": sandbox.about.get("id", ""),
        "version": "1.0.0",
        "created": now,
        "updated": now,
        "createdClient": client,
        "createdUser": author(client),
        "updatedUser": author(client),
        "viewId": backend.mint.hex(24),
        "files": f"@/dataSetFiles?dataSetId={id}",
        "fileDescription": {"format": "parquet", "persisted": True},
        "state": "DRAFT",
    }
    sandbox["dataSets"].put(id, row | body)
    return Answer(201, [f"@/dataSets/{id}"])


def delete_data_set(backend: Backend, call: Call) -> Answer:
    id, _ = _existing(backend, call, "dataSets")
    backend.sandbox(call)["dataSets"].remove(id)
    return Answer(200, [])


def batches(backend: Backend, call: Call) -> Answer:
    """Batches of a dataset or by state and time, at most 100 on a page."""
    limit = call.integer("limit", default=20, minimum=1, maximum=_MAXIMUM)
    start = call.integer("start", default=0, minimum=0, maximum=10_000_000)
    after = call.integer("createdAfter", default=-1, minimum=-1, maximum=10**15)
    before = call.integer("createdBefore", default=10**15, minimum=0, maximum=10**15)
    data_set, status, batch = call.first("dataSet"), call.first("status"), call.first("batch")
    found = [
        (id, row)
        for id, row in _pairs(backend.sandbox(call)["batches"])
        if (data_set is None or _is_of(row, data_set))
        and (status is None or row.get("status") == status)
        and (batch is None or id == batch)
        and after < row.get("created", 0) < before
    ]
    return Answer(200, {id: _shown(call, row) for id, row in _ordered(call, found)[start : start + limit]})


def _is_of(row: JsonObject, data_set: str) -> bool:
    return any(
        one.get("id") == data_set and one.get("type") == "dataSet" for one in row.get("relatedObjects") or []
    )


def batch(backend: Backend, call: Call) -> Answer:
    id, row = _existing(backend, call, "batches")
    return Answer(200, {id: _shown(call, row)})


ROUTES = (
    Route("GET", f"{_BASE}/dataSets", data_sets),
    Route("POST", f"{_BASE}/dataSets", create_data_set),
    Route("GET", f"{_BASE}/dataSets/{{id}}", data_set),
    Route("DELETE", f"{_BASE}/dataSets/{{id}}", delete_data_set),
    Route("GET", f"{_BASE}/batches", batches),
    Route("GET", f"{_BASE}/batches/{{id}}", batch),
)
