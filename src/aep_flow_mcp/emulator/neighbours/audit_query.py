"""Audit Query: the events of the last ninety days, filtered, in pages, and as an export to download."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import parse_qsl, quote, urlencode

from ..http.errors import bad_request
from ..http.messages import Answer, Call
from ..http.routing import Route
from ..json_types import JsonObject
from ..state.backend import Backend
from .audit_events import seeded
from .kept import check_kept

_BASE = "/data/foundation/audit"
_PROPERTIES = {
    "type": "type",
    "timestamp": "timestamp",
    "status": "status",
    "action": "action",
    "user": "userEmail",
    "assetType": "assetType",
    "assetId": "assetId",
    "assetName": "assetName",
    "requestId": "requestId",
}
_FILTER = re.compile(r"(?P<name>\w+)(?P<op>==|!=|<=|>=|<|>)(?P<value>.*)", re.DOTALL)
_DAYS_MS = 90 * 86_400_000
_MOST = 1_000
"""Only so many of the last events are shown, whatever is filtered."""

Test = Callable[[JsonObject], bool]


def events(backend: Backend, call: Call) -> Answer:
    """A page by `start` and `limit`; `property` filters, all must hold; `orderBy`; `queryId` asks the same again."""
    asked = _asked(call)
    limit = call.integer("limit", default=50, minimum=1, maximum=1_000)
    start = call.integer("start", default=0, minimum=0, maximum=10_000_000)
    found = _found(backend, call, asked)
    shown = found[start : start + limit]
    whole = urlencode([*asked, ("totalElements", len(found))])
    query = base64.urlsafe_b64encode(whole.encode()).decode().rstrip("=")
    place = f"https://platform.adobe.io{_BASE}/events"
    # Adobe's examples show the filters of the link encoded twice.
    own = "".join(f"&{name}={quote(quote(value, safe=''), safe='')}" for name, value in asked)
    links: JsonObject = {
        "self": {"href": f"{place}?limit={limit}&start={start}{own}"},
        "page": {"href": f"{place}?queryId={query}&limit={limit}{{&start}}", "templated": True},
    }
    if start + limit < len(found):
        links["next"] = {"href": f"{place}?queryId={query}&start={start + limit}&limit={limit}"}
    page = {
        "size": len(shown),
        "totalElements": len(found),
        "totalPages": -(-len(found) // limit),
        "number": start // limit + 1,
    }
    return Answer(200, {"_embedded": {"events": shown}, "_links": links, "page": page, "queryId": query})


def export(backend: Backend, call: Call) -> Answer:
    """Where the events can be downloaded as CSV; 204 when there are none."""
    if not _found(backend, call, _asked(call)):
        return Answer(204)
    return Answer(307, None, {"Location": f"https://exports.blob.example/{backend.mint.uuid()}.csv"})


def _asked(call: Call) -> list[tuple[str, str]]:
    """The filters and the order of a call, or of the query that it names."""
    pairs, earlier = list(call.query), call.first("queryId")
    if earlier is not None:
        try:
            raw = base64.urlsafe_b64decode(earlier + "=" * (-len(earlier) % 4)).decode()
        except ValueError as error:
            raise bad_request(f"The queryId '{earlier}' is not known") from error
        pairs = parse_qsl(raw, keep_blank_values=True)
        if "totalElements" not in dict(pairs):
            raise bad_request(f"The queryId '{earlier}' is not known")
    return [(name, value) for name, value in pairs if name in ("property", "orderBy")]


def _found(backend: Backend, call: Call, asked: list[tuple[str, str]]) -> list[JsonObject]:
    check_kept(backend, "the audit log")
    sandbox = backend.sandbox(call)
    since = backend.clock.now_ms() - _DAYS_MS
    tests = [_test(value) for name, value in asked if name == "property"]
    oldest = datetime.fromtimestamp(since / 1000, UTC)
    # The later of two in the same millisecond comes first, as everywhere.
    known = [*reversed(sandbox.noted), *seeded(backend, sandbox, since_ms=since)]
    found = [one for one in known if _time(one) >= oldest and all(test(one) for test in tests)]
    found.sort(key=_time, reverse=True)
    found = found[:_MOST]
    order = next((value for name, value in asked if name == "orderBy"), "-timestamp")
    for part in reversed([part.strip() for part in order.split(",") if part.strip()]):
        name = _PROPERTIES.get(part.lstrip("+-"))
        if name is None:
            raise bad_request(f"Events cannot be ordered by '{part}'")
        found.sort(key=lambda one: str(one.get(name, "")), reverse=part.startswith("-"))
    return found


def _time(event: JsonObject) -> datetime:
    return datetime.fromisoformat(event["timestamp"])


def _test(text: str) -> Test:
    match = _FILTER.fullmatch(text)
    if match is None or match["name"] not in _PROPERTIES:
        raise bad_request(f"The property filter '{text}' is not understood")
    name, op, value = match["name"], match["op"], match["value"]
    if name == "timestamp":
        return _timed(op, value)
    if op not in ("==", "!="):
        raise bad_request(f"'{op}' does not apply to {name}")
    wanted = {one.strip().casefold() for one in value.split(",")}
    if name == "type":
        # What is listed are core events; those that say how each ended stand inside them.
        return lambda _: ("core" in wanted) is (op == "==")
    held = _PROPERTIES[name]
    return lambda event: (str(event.get(held, "")).casefold() in wanted) is (op == "==")


def _timed(op: str, value: str) -> Test:
    try:
        limit = datetime.fromisoformat(value)
    except ValueError as error:
        raise bad_request(f"'{value}' is not a time") from error
    compared: dict[str, Test] = {
        "==": lambda event: _time(event) == limit,
        "!=": lambda event: _time(event) != limit,
        "<": lambda event: _time(event) < limit,
        "<=": lambda event: _time(event) <= limit,
        ">": lambda event: _time(event) > limit,
        ">=": lambda event: _time(event) >= limit,
    }
    if limit.tzinfo is None:
        raise bad_request(f"'{value}' names no time zone")
    return compared[op]


ROUTES = (
    Route("GET", f"{_BASE}/events", events),
    Route("GET", f"{_BASE}/export", export),
)
