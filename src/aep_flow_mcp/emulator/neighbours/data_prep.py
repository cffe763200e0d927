"""Data Prep: mapping sets. A change makes a new version; flows name the version they use."""

from __future__ import annotations

from ..http.errors import bad_request, generic
from ..http.messages import Answer, Call
from ..http.routing import Route
from ..json_types import JsonObject
from ..state.backend import Backend
from ..state.mint import author

_BASE = "/data/foundation/conversion/mappingSets"


def listed(backend: Backend, call: Call) -> Answer:
    """`limit` and `start` are both required."""
    for name in ("limit", "start"):
        if call.first(name) is None:
            raise bad_request(f"The query parameter {name} is required")
    limit = call.integer("limit", default=10, minimum=1, maximum=100)
    start = call.integer("start", default=0, minimum=0, maximum=10_000_000)
    wanted, order = call.first("name"), call.first("orderBy") or ""
    found = [
        row for row in backend.sandbox(call)["mappingSets"] if wanted is None or row.get("name") == wanted
    ]
    if order.lstrip("-") == "lastUpdateDate":
        found.sort(key=lambda row: row.get("modifiedDate", 0), reverse=order.startswith("-"))
    shown = found[start : start + limit]
    body: JsonObject = {
        "data": shown,
        "_page": {"start": start, "limit": limit, "count": len(shown)},
        "_links": {},
    }
    if start + limit < len(found):
        body["_links"] = {"next": {"href": f"/mappingSets?limit={limit}&start={start + limit}"}}
    return Answer(200, body)


def one(backend: Backend, call: Call) -> Answer:
    row = _existing(backend, call)
    version = call.first("version")
    if version is None or version == str(row.get("version")):
        return Answer(200, row)
    earlier = backend.sandbox(call).earlier_mappings.get((row["id"], version))
    if earlier is None:
        raise generic(404, "NotFoundError", f"The mapping set {row['id']} has no version '{version}'")
    return Answer(200, earlier)


def _existing(backend: Backend, call: Call) -> JsonObject:
    row = backend.sandbox(call)["mappingSets"].get(call.args["id"])
    if row is None:
        raise generic(404, "NotFoundError", f"There is no mapping set with the id '{call.args['id']}'")
    return row


def create(backend: Backend, call: Call) -> Answer:
    body = call.json_object()
    _check(body)
    client, now = call.headers.get("x-api-key", ""), backend.clock.now_ms()
    row = _content(backend, body) | {
        "id": backend.mint.hex(32),
        "version": 0,
        "createdDate": now,
        "modifiedDate": now,
        "createdBy": author(client),
        "modifiedBy": author(client),
    }
    backend.sandbox(call)["mappingSets"].put(row["id"], row)
    return Answer(201, _reference(row))


def replace(backend: Backend, call: Call) -> Answer:
    """A new version; the one before can still be read."""
    row, body = _existing(backend, call), call.json_object()
    _check(body)
    sandbox = backend.sandbox(call)
    sandbox.earlier_mappings[row["id"], str(row["version"])] = row
    client = call.headers.get("x-api-key", "")
    fresh = row | _content(backend, body)
    fresh |= {
        "version": int(row["version"]) + 1,
        "modifiedDate": backend.clock.now_ms(),
        "modifiedBy": author(client),
    }
    sandbox["mappingSets"].put(row["id"], fresh)
    return Answer(200, _reference(fresh))


def _check(body: JsonObject) -> None:
    mappings = body.get("mappings")
    if not isinstance(mappings, list) or not all(isinstance(one, dict) for one in mappings):
        raise bad_request("mappings has to be a list of objects")
    # Those of audience exports name attributes of a receiver, which has no schema.
    if ("outputSchema" in body or not mappings) and not _schema_ref(body).get("id"):
        raise bad_request("outputSchema.schemaRef.id or xdmSchema is required")


def _schema_ref(body: JsonObject) -> JsonObject:
    """The schema that is filled, in the new form (`outputSchema`) or the old one (`xdmSchema`)."""
    if body.get("xdmSchema"):
        version = str(body.get("xdmVersion") or "1.0").split(".")[0]
        media = f"application/vnd.adobe.xed-full+json;version={version}"
        return {"id": body["xdmSchema"], "contentType": media}
    reference = (body.get("outputSchema") or {}).get("schemaRef")
    return reference if isinstance(reference, dict) else {}


def _content(backend: Backend, body: JsonObject) -> JsonObject:
    kept = {name: body[name] for name in ("name", "inputSchema", "xdmSchema", "xdmVersion") if body.get(name)}
    mappings = [_mapping(backend, one) for one in body["mappings"]]
    reference = _schema_ref(body)
    filled = {"outputSchema": {"schemaRef": reference}} if reference else {}
    return kept | filled | {"mappings": mappings, "status": "PUBLISHED"}


def _mapping(backend: Backend, one: JsonObject) -> JsonObject:
    """A mapping with both the old and the new names of its source and destination."""
    source = one.get("source", one.get("sourceAttribute"))
    destination = one.get("destination", one.get("destinationXdmPath"))
    if not source or not destination:
        raise bad_request("A mapping needs a source and a destination")
    return (
        {"sourceType": "ATTRIBUTE", "identity": False, "primaryIdentity": False, "version": 0}
        | one
        | {
            "id": backend.mint.hex(32),
            "source": source,
            "destination": destination,
            "sourceAttribute": source,
            "destinationXdmPath": destination,
        }
    )


def _reference(row: JsonObject) -> JsonObject:
    return {
        name: row[name]
        for name in ("id", "version", "createdDate", "modifiedDate", "createdBy", "modifiedBy")
    }


ROUTES = (
    Route("GET", _BASE, listed),
    Route("POST", _BASE, create),
    Route("GET", f"{_BASE}/{{id}}", one),
    Route("PUT", f"{_BASE}/{{id}}", replace),
)
