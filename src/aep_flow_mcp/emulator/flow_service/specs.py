"""Connection specs and flow specs: reading them, and writing them as a provider."""

from __future__ import annotations

import copy
from typing import Any

from ..http.bodies import check_required
from ..http.errors import bad_request, problem
from ..http.messages import Answer, Call
from ..http.routing import Route
from ..json_types import JsonObject
from ..state.backend import Backend, Handler
from .objects.lists import one_of, search_of, specs_of
from .objects.render import render


def _write(kind: str, *, status: int) -> Handler:
    """POST (201) or PUT (200) of a spec. A user token may do neither (1426)."""

    def handle(backend: Backend, call: Call) -> Answer:
        body = call.json_object()
        if not backend.options.provider_access:
            raise problem(1426, "A user token may not write specifications")
        check_required(body, "name", "providerId")
        id = call.args.get("id")
        if id is not None:
            backend.spec(kind, id)
        row = _stored(backend, kind, body, id or backend.mint.uuid())
        return Answer(status, render(backend, kind, row))

    return handle


def _stored(backend: Backend, kind: str, body: JsonObject, id: str) -> JsonObject:
    row: JsonObject = {"id": id, "version": "1.0"} | copy.deepcopy(body)
    row["id"] = id
    # A spec is created with one spelling of this member and read back with another.
    if "transformationSpecDTOS" in row:
        row["transformationSpec"] = row.pop("transformationSpecDTOS")
    for name in ("sourceConnectionSpecIds", "targetConnectionSpecIds"):
        if kind == "flowSpecs" and not isinstance(row.setdefault(name, []), list):
            raise bad_request(f"{name} has to be a list")
    backend.specs(kind).put(id, row)
    return row


def _search(backend: Backend, call: Call) -> Answer:
    """`groupByProperty` gives one item per value of a property, with the specs that have it."""
    answer = search_of("flowSpecs")(backend, call)
    path = call.json_object().get("groupByProperty")
    if not isinstance(answer.body, dict) or "items" not in answer.body:
        return answer
    if path is None:
        # The OpenAPI declares no links here: what is past the limit is not offered.
        return Answer(200, {name: value for name, value in answer.body.items() if name != "_links"})
    if not isinstance(path, str):
        raise bad_request("groupByProperty has to be text")
    groups: dict[str, list[Any]] = {}
    for item in answer.body["items"]:
        groups.setdefault(str(item.get(path)), []).append(item)
    return Answer(200, {"items": [{path: value, "items": items} for value, items in groups.items()]})


def _routes(kind: str) -> tuple[Route[Backend], ...]:
    every = f"/data/foundation/flowservice/{kind}"
    one = every + "/{id}"
    return (
        Route("GET", every, specs_of(kind)),
        Route("POST", every, _write(kind, status=201)),
        Route("GET", one, one_of(kind)),
        Route("PUT", one, _write(kind, status=200)),
    )


ROUTES = (
    *_routes("connectionSpecs"),
    *_routes("flowSpecs"),
    Route("POST", "/data/foundation/flowservice/flowSpecs/search", _search),
)
