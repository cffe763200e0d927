"""Sandbox Management: which sandboxes there are, and of which type."""

from __future__ import annotations

from ..http.errors import generic
from ..http.messages import Answer, Call
from ..http.routing import Route
from ..json_types import JsonObject
from ..state.backend import Backend

_BASE = "/data/foundation/sandbox-management"


def listed(backend: Backend, call: Call) -> Answer:
    """A page of sandboxes, by `offset` and `limit`."""
    limit = call.integer("limit", default=50, minimum=1, maximum=100)
    offset = call.integer("offset", default=0, minimum=0, maximum=1_000_000)
    every: list[JsonObject] = [one.about for one in backend.store.sandboxes.values()]
    shown = every[offset : offset + limit]
    page = {"limit": limit, "count": len(shown), "offset": offset}
    links: JsonObject = {
        "page": {"href": f"{call.path}?limit={{limit}}&offset={{offset}}", "templated": True}
    }
    if offset + limit < len(every):
        links["next"] = {"href": f"{call.path}?limit={limit}&offset={offset + limit}"}
    return Answer(200, {"sandboxes": shown, "_page": page, "_links": links})


def one(backend: Backend, call: Call) -> Answer:
    found = backend.store.sandboxes.get(call.args["name"])
    if found is None:
        raise generic(404, "NotFoundError", f"There is no sandbox with the name '{call.args['name']}'")
    return Answer(200, found.about)


ROUTES = (
    Route("GET", _BASE, listed, access="org"),
    Route("GET", f"{_BASE}/sandboxes", listed, access="org"),
    Route("GET", f"{_BASE}/sandboxes/{{name}}", one, access="org"),
)
