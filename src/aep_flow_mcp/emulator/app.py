"""The emulator: every route put together, and each answer decided without I/O."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

from . import control, flow_service, neighbours
from .backend import Backend
from .content import Seed
from .errors import ApiError
from .faults import FaultPlan, FaultRule
from .gateway import check
from .ims import ROUTES as IMS_ROUTES
from .journal import Journal
from .lifecycle import Lifecycle
from .options import EmulatorOptions
from .routing import Router
from .serving import AsgiApp
from .store import Store
from .wire import Answer, Call, Delivery, Ending

CONTROL_PREFIX = "/_emulator"
_PIECES = 4


class Emulator:
    """One emulated organisation with its services.

    Cheap to make: the organisation is generated on first need. `app` is the ASGI application; `handle`
    is the same without any I/O.
    """

    def __init__(self, options: EmulatorOptions | None = None, *, seed_data: Seed | None = None) -> None:
        self.options = options or EmulatorOptions()
        self.backend = Backend(
            self.options, load=partial(_organisation, self.options, seed_data), live=Lifecycle
        )
        self.journal = Journal(self.options.journal_limit)
        self.faults = FaultPlan(self.options.seed)
        self.app = AsgiApp(self.handle)
        self._router = Router((*IMS_ROUTES, *flow_service.ROUTES, *neighbours.ROUTES))
        self._control = Router(control.routes(self.faults, self.journal, self.reset))

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
        return _spoiled(self._recorded(answer, call, latency), rule)

    def _without_acting(self, call: Call, rule: FaultRule, latency: float) -> Delivery:
        if rule.kind == "status":
            return self._recorded(_fault_answer(rule), call, latency)
        self.journal.record(call, 0, b"", self.backend.clock.now())
        if rule.kind == "drop":
            return Delivery(0, {}, (), latency, ending=Ending.DROPPED)
        return Delivery(0, {}, (), rule.seconds, ending=Ending.SILENT)

    def _recorded(self, answer: Answer, call: Call, latency: float) -> Delivery:
        """The delivery of an answer, which is noted in the journal as it would go out without a fault."""
        delivery = _deliver(answer, call, before=latency, request_id=self.backend.mint.hex(32))
        self.journal.record(call, delivery.status, b"".join(delivery.chunks), self.backend.clock.now())
        return delivery

    def _answer(self, router: Router[Backend], call: Call) -> Answer:
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


def _organisation(options: EmulatorOptions, given: Seed | None, now: datetime) -> Seed:
    """The organisation that was given, or the one of the seed, whose code is loaded only when it is needed."""
    if given is not None:
        return given
    from .seed import build_seed

    return build_seed(seed=options.seed, now=now, scale=options.scale)


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
