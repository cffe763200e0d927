"""The emulator: every route put together, decided without I/O, and served as an ASGI application."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from . import control, flow_service, neighbours
from .backend import Backend
from .errors import ApiError
from .faults import FaultPlan, FaultRule
from .gateway import check
from .ims import ROUTES as IMS_ROUTES
from .journal import Journal
from .options import EmulatorOptions
from .store import Store
from .wire import Answer, Call, Delivery, Ending, Router

if TYPE_CHECKING:
    from .seed import Seed

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

CONTROL_PREFIX = "/_emulator"
_PIECES = 4


class ConnectionDropped(ConnectionError):
    """The emulator cut the connection on purpose (a fault). Whoever called the app has no answer."""


class Emulator:
    """One emulated organisation with its services.

    Cheap to make: the organisation is generated on first need. `app` is the ASGI application; `handle`
    is the same without any I/O.
    """

    def __init__(self, options: EmulatorOptions | None = None, *, seed_data: Seed | None = None) -> None:
        self.options = options or EmulatorOptions()
        self.backend = Backend(self.options, seed_data)
        self.journal = Journal(self.options.journal_limit)
        self.faults = FaultPlan(self.options.seed)
        self._router = Router((*IMS_ROUTES, *flow_service.ROUTES, *neighbours.ROUTES))
        self._control = Router(control.routes(self))

    @property
    def store(self) -> Store:
        return self.backend.store

    @property
    def broken_connections(self) -> dict[str, str]:
        """Base connection id -> the message with which its test, its exploration and its runs fail."""
        return self.backend.broken

    def reset(self) -> None:
        """Back to the state of the start: objects, tokens, clock, journal and faults."""
        self.backend.reset()
        self.backend.tokens.expire()
        self.journal.clear()
        self.faults.clear()

    def handle(
        self, method: str, raw_path: str, raw_query: str, headers: Mapping[str, str], body: bytes
    ) -> Delivery:
        """Act on one request and say what is to be sent when.

        Header names must be in lower case; the path and the query are percent-encoded as sent.
        """
        call = Call.parse(method, raw_path, raw_query, headers, body)
        if call.path.startswith(CONTROL_PREFIX):
            return _deliver(self._answer(self._control, call), call)
        acting = self.faults.due(call.method, call.path)
        latency = self.options.latency + sum(rule.seconds or 0.1 for rule in acting if rule.kind == "latency")
        rule = next((rule for rule in acting if rule.kind != "latency"), None)
        if rule is not None and rule.kind in {"status", "drop", "timeout"}:
            return self._without_acting(call, rule, latency)
        if rule is not None and rule.kind == "expire_token":
            self.backend.tokens.expire()
        answer = self._answer(self._router, call)
        if rule is not None and rule.kind == "null_item":
            answer = replace(answer, body=_with_null(answer.body))
        self.journal.record(call, answer.status, answer.body, self.backend.clock.now())
        return _spoiled(_deliver(answer, call, before=latency, request_id=self.backend.mint.hex(32)), rule)

    def _without_acting(self, call: Call, rule: FaultRule, latency: float) -> Delivery:
        now = self.backend.clock.now()
        if rule.kind == "status":
            answer = _fault_answer(rule)
            self.journal.record(call, answer.status, answer.body, now)
            return _deliver(answer, call, before=latency)
        self.journal.record(call, 0, None, now)
        if rule.kind == "drop":
            return Delivery(0, {}, (), latency, ending=Ending.DROPPED)
        return Delivery(0, {}, (), rule.seconds, ending=Ending.SILENT)

    def _answer(self, router: Router, call: Call) -> Answer:
        try:
            route, args = router.find(call)
            call = replace(check(self.backend, call, route.access), args=args)
            return route.handler(self.backend, call)
        except ApiError as error:
            return Answer(error.status, self._stamped(error.body), error.headers)

    def _stamped(self, body: dict[str, Any]) -> dict[str, Any]:
        """Problem JSON names its request and its time."""
        if "report" not in body:
            return body
        stamp = {
            "registryRequestId": self.backend.mint.uuid(),
            "timestamp": self.backend.clock.now().strftime("%m-%d-%Y %H:%M:%S"),
        }
        return body | {"report": stamp | body["report"]}

    async def app(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        """The ASGI application, for a server or for `httpx.ASGITransport`."""
        if scope["type"] == "lifespan":
            await _live(receive, send)
            return
        if scope["type"] != "http":
            raise RuntimeError(f"the emulator speaks http, not {scope['type']}")
        body = await _read(receive)
        raw_path = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1").split("?")[0]
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]
        }
        query = scope["query_string"].decode("latin-1")
        await _send(self.handle(scope["method"], raw_path, query, headers, body), receive, send)


def _fault_answer(rule: FaultRule) -> Answer:
    headers = {} if rule.retry_after is None else {"retry-after": str(rule.retry_after)}
    body = rule.body
    if body is None and rule.status == 429:
        body = {"error_code": "429050", "message": "Too many requests"}
    elif body is None:
        body = {"message": "The service is not available at the moment"}
    return Answer(rule.status, body, headers)


def _with_null(body: Any) -> Any:
    """The body with a null in the middle of its list."""
    if isinstance(body, list):
        return [*body[: len(body) // 2], None, *body[len(body) // 2 :]]
    if isinstance(body, dict):
        for name in ("items", "sandboxes", "data", "results"):
            if isinstance(body.get(name), list):
                return body | {name: _with_null(body[name])}
    return body


def _deliver(answer: Answer, call: Call, *, before: float = 0.0, request_id: str = "") -> Delivery:
    headers = dict(answer.headers)
    if request_id:
        headers["x-request-id"] = call.headers.get("x-request-id", request_id)
    if answer.body is None:
        # A 204 has no body by definition, and so no length.
        length = {} if answer.status == 204 else {"content-length": "0"}
        return Delivery(answer.status, headers | length, (), before)
    text = answer.body if isinstance(answer.body, str) else json.dumps(answer.body)
    payload = text.encode()
    kind = "text/html" if isinstance(answer.body, str) else "application/json"
    headers = {"content-type": kind} | headers | {"content-length": str(len(payload))}
    return Delivery(answer.status, headers, (payload,), before)


def _spoiled(delivery: Delivery, rule: FaultRule | None) -> Delivery:
    """The delivery as a fault leaves it."""
    if rule is None:
        return delivery
    payload = b"".join(delivery.chunks)
    if rule.kind == "lost_answer":
        return replace(delivery, ending=Ending.DROPPED)
    if rule.kind == "truncated" and payload:
        return replace(delivery, chunks=(payload[: len(payload) // 2],), ending=Ending.TRUNCATED)
    if rule.kind == "not_json":
        page = b"<html><body>The upstream service answered unexpectedly.</body></html>"
        headers = dict(delivery.headers) | {"content-type": "text/html", "content-length": str(len(page))}
        return replace(delivery, headers=headers, chunks=(page,))
    if rule.kind == "slow_body" and payload:
        size = -(-len(payload) // _PIECES)
        pieces = tuple(payload[at : at + size] for at in range(0, len(payload), size))
        return replace(delivery, chunks=pieces, between=0.5 if rule.seconds is None else rule.seconds)
    return delivery


async def _live(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


async def _read(receive: Receive) -> bytes:
    parts: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return b"".join(parts)
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


async def _send(delivery: Delivery, receive: Receive, send: Send) -> None:
    import anyio

    if delivery.ending is Ending.SILENT:
        with anyio.move_on_after(delivery.before):
            await _gone(receive)
        await _cut(receive, send)
        return
    if delivery.before:
        await anyio.sleep(delivery.before)
    if delivery.ending is Ending.DROPPED:
        await _cut(receive, send)
        return
    headers = [(name.encode(), value.encode()) for name, value in delivery.headers.items()]
    await send({"type": "http.response.start", "status": delivery.status, "headers": headers})
    for chunk in delivery.chunks:
        if delivery.between:
            await anyio.sleep(delivery.between)
        await send({"type": "http.response.body", "body": chunk, "more_body": True})
    if delivery.ending is Ending.TRUNCATED:
        await _cut(receive, send)
        return
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        continue


async def _cut(receive: Receive, send: Send) -> None:
    """Close the client's connection without another byte.

    ASGI has no word for that. Under uvicorn `send` is a method of the object that holds the socket, so
    the socket is closed there; elsewhere the caller gets the exception.
    """
    transport = getattr(getattr(send, "__self__", None), "transport", None)
    if transport is None:
        raise ConnectionDropped("the emulator cut the connection")
    transport.abort()
    await _gone(receive)
