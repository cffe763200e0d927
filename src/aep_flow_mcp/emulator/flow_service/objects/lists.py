"""Lists, searches and single objects: the same for every collection of Flow Service."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, TypeVar
from urllib.parse import unquote

from ...http.errors import bad_request, forbidden, not_found, problem, unseen
from ...http.messages import Answer, Call
from ...json_types import JsonObject
from ...state.backend import Backend, Handler
from ...state.query import Query
from ...state.store import SandboxStore
from .paging import Page, Walk, next_href, page, read_token
from .render import project, render, render_all

T = TypeVar("T")

DEFAULT_LIMIT = 20
SEARCH_MAXIMUM = 1000
_LIST_PARAMS = frozenset({"property", "limit", "orderby", "continuationToken", "count"})


def list_of(kind: str) -> Handler:
    """GET of a collection: filters, order, count, pages."""

    def handle(backend: Backend, call: Call) -> Answer:
        for name, _ in call.query:
            if name not in _LIST_PARAMS:
                raise problem(1451, f"'{name}' is not a known query parameter")
        counting = _boolean(call.first("count"))
        if counting and call.first("limit") is not None:
            raise problem(1401, "limit and count cannot be used in one request")
        maximum = backend.variants.limit_maximum
        limit = call.integer("limit", default=DEFAULT_LIMIT, minimum=1, maximum=maximum)
        asked = Walk(kind, call.sandbox, tuple(call.every("property")), call.first("orderby") or "", limit)
        return _list(backend, call, _continued(call, asked), counting=counting, path=f"/{kind}")

    return handle


def specs_of(kind: str) -> Handler:
    """GET of a spec collection: filters only, everything on one page."""

    def handle(backend: Backend, call: Call) -> Answer:
        for name, _ in call.query:
            if name not in _LIST_PARAMS:
                raise problem(1451, f"'{name}' is not a known query parameter")
        walk = Walk(kind, "", tuple(call.every("property")), "", SEARCH_MAXIMUM)
        query = walk.query()
        found = page(backend.selector(backend.sandbox(call), kind), walk, query)
        return Answer(200, {"items": _items(backend, kind, found.rows, query)})

    return handle


def search_of(kind: str) -> Handler:
    """POST search. `queryString` holds the expressions of `property`, joined by `&`."""

    def handle(backend: Backend, call: Call) -> Answer:
        body = call.json_object()
        text = _member(body, "queryString", str, "")
        expressions = [unquote(part) for part in text.split("&") if part.strip()]
        expressions = [part.removeprefix("property=") for part in expressions]
        if projection := _member(body, "projectionFields", str, ""):
            expressions.append(projection)
        counting = _member(body, "count", bool, False)
        if counting and "limit" in body:
            raise problem(1401, "limit and count cannot be used in one request")
        limit = _member(body, "limit", int, DEFAULT_LIMIT)
        if not 1 <= limit <= SEARCH_MAXIMUM:
            raise problem(1452, f"limit must be from 1 to {SEARCH_MAXIMUM}, not {limit}")
        asked = Walk(kind, call.sandbox, tuple(expressions), _member(body, "orderby", str, ""), limit)
        return _list(backend, call, _continued(call, asked), counting=counting, path=f"/{kind}/search")

    return handle


def one_of(kind: str, argument: str = "id") -> Handler:
    """GET of one object: the list wrapper with one item."""

    def handle(backend: Backend, call: Call) -> Answer:
        row = existing(backend, call, kind, call.args[argument])
        return Answer(200, {"items": [render(backend, kind, row)]})

    return handle


def existing(backend: Backend, call: Call, kind: str, id: str) -> JsonObject:
    """The stored object. Raises the classic 404."""
    sandbox = backend.sandbox(call)
    row = backend.store.collection(sandbox.name, kind).get(id)
    if row is None:
        raise not_found(kind, id)
    if not visible(backend, sandbox, kind, row):
        raise unseen(kind, id) if call.method == "GET" else forbidden()
    return row


def visible(backend: Backend, sandbox: SandboxStore, kind: str, row: JsonObject) -> bool:
    """Whether the caller's roles have every access label of a flow, or of the flow of a run."""
    held = backend.options.access_labels
    if held is None or kind not in {"flows", "runs"}:
        return True
    flow = row if kind == "flows" else sandbox["flows"].get(row["flowId"]) or {}
    return held.issuperset(flow.get("labels") or ())


def _continued(call: Call, asked: Walk) -> Walk:
    """Where the walk stands. A token belongs to its query: another one is refused (1452)."""
    token = call.first("continuationToken")
    if not token:
        return asked
    walk = read_token(token)
    same_place = walk.kind == asked.kind and walk.scope == asked.scope
    same_query = asked.properties in ((), walk.properties) and asked.orderby in ("", walk.orderby)
    if not same_place or not same_query:
        raise problem(1452, "The continuationToken belongs to another query")
    limited = call.first("limit") is not None
    return replace(walk, limit=asked.limit) if limited else walk


def _list(backend: Backend, call: Call, walk: Walk, *, counting: bool, path: str) -> Answer:
    query = walk.query()
    selector = backend.selector(backend.sandbox(call), walk.kind)
    if counting and backend.variants.count_answer == "only":
        return Answer(200, {"count": page(selector, walk, query).total})
    found = page(selector, walk, query)
    sandbox = backend.sandbox(call)
    seen = [row for row in found.rows if visible(backend, sandbox, walk.kind, row)]
    body: JsonObject = {"items": _items(backend, walk.kind, seen, query)}
    body |= _links(backend, found, path)
    if counting:
        body["count"] = found.total
    return Answer(200, body)


def _items(backend: Backend, kind: str, rows: list[JsonObject], query: Query) -> list[JsonObject]:
    return [project(row, query.projection) for row in render_all(backend, kind, rows)]


def _links(backend: Backend, found: Page, path: str) -> JsonObject:
    if found.following is not None:
        with_params = backend.variants.next_href == "with_params"
        return {"_links": {"next": {"href": next_href(path, found.following, with_params=with_params)}}}
    last = backend.variants.last_page
    if last == "missing":
        return {}
    return {"_links": {"next": None} if last == "null" else {}}


def _boolean(text: str | None) -> bool:
    """A boolean parameter; Python's spelling is taken too."""
    if text is None or text.lower() in {"false", ""}:
        return False
    if text.lower() != "true":
        raise problem(1452, f"count must be true or false, not '{text}'")
    return True


def _member(body: JsonObject, name: str, type_: type[T], default: T) -> T:
    value: Any = body.get(name)
    if value is None:
        return default
    if not isinstance(value, type_) or (type_ is int and isinstance(value, bool)):
        raise bad_request(f"{name} must be of the type {type_.__name__}")
    return value
