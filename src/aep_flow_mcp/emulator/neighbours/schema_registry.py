"""Schema Registry: the organisation's own schemas. What is returned depends on the Accept header."""

from __future__ import annotations

import re
from urllib.parse import quote

from ..http.errors import schema_registry
from ..http.messages import Answer, Call
from ..http.routing import Route
from ..json_types import JsonObject
from ..state.backend import Backend

_BASE = "/data/foundation/schemaregistry/tenant/schemas"
_MEDIA = re.compile(r"application/vnd\.adobe\.(?:xed|xdm)(-full|-id)?(-notext|-desc|-deprecated)*\+json")
_SHORT = ("title", "$id", "meta:altId", "version")


def _accepted(call: Call) -> str:
    """The flavour that Accept asks for: '' (a schema), '-full' or '-id' (a short entry)."""
    accept = call.headers.get("accept", "")
    if not accept or accept == "*/*":
        raise schema_registry(1006, 400, "The Accept header is missing")
    match = _MEDIA.search(accept)
    if match is None:
        raise schema_registry(1007, 400, f"The Accept header '{accept}' is not supported")
    return match[1] or ""


def listed(backend: Backend, call: Call) -> Answer:
    """A page in the order of one property; the next one starts behind the last value."""
    flavour = _accepted(call)
    limit = call.integer("limit", default=100, minimum=1, maximum=500)
    order = call.first("orderby") or "title"
    name, descending = order.lstrip("-"), order.startswith("-")
    found = sorted(
        backend.sandbox(call)["schemas"], key=lambda row: str(row.get(name, "")), reverse=descending
    )
    start = call.first("start")
    if start is not None:
        found = [
            row
            for row in found
            if (str(row.get(name, "")) < start if descending else str(row.get(name, "")) > start)
        ]
    shown = found[:limit]
    following = str(shown[-1].get(name, "")) if len(found) > limit else None
    page: JsonObject = {"orderby": order, "next": following, "count": len(shown)}
    links: JsonObject = {"next": None, "global_schemas": {"href": "/global/schemas"}}
    if following is not None:
        query = f"orderby={quote(order)}&start={quote(following)}&limit={limit}"
        links["next"] = {"href": f"/data/foundation/schemaregistry/tenant/schemas?{query}"}
    results = [_flavoured(row, flavour) for row in shown]
    return Answer(200, {"results": results, "_page": page, "_links": links})


def one(backend: Backend, call: Call) -> Answer:
    flavour = _accepted(call)
    if "version=" not in call.headers["accept"] and flavour != "-id":
        raise schema_registry(1007, 400, "The Accept header needs a version for a single schema")
    id = call.args["id"]
    for row in backend.sandbox(call)["schemas"]:
        if id in (row.get("$id"), row.get("meta:altId")):
            return Answer(200, _flavoured(row, flavour))
    raise schema_registry(1012, 404, f"There is no schema '{id}'")


def _flavoured(row: JsonObject, flavour: str) -> JsonObject:
    if flavour == "-id":
        return {name: row[name] for name in _SHORT if name in row}
    return row


ROUTES = (
    Route("GET", _BASE, listed),
    Route("GET", f"{_BASE}/{{id}}", one),
)
