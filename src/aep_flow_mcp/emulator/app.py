"""The emulator: every route put together, and each answer decided without I/O."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

from .flow_service import routes as flow_service
from .flow_service.running.lifecycle import Lifecycle
from .http.asgi_app import AsgiApp
from .http.errors import ApiError
from .http.messages import Answer, Call, Delivery, Ending
from .http.routing import Router
from .neighbours import audit_events
from .neighbours import routes as neighbours
from .neighbours.gateway import check
from .state.backend import Backend
from .state.content import Seed
from .state.options import EmulatorOptions
from .state.store import Store
from .steering import control
from .steering.effects import answer_of, spoiled, with_null
from .steering.faults import FaultPlan, FaultRule
from .steering.journal import Journal

CONTROL_PREFIX = "/_emulator"


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
        self._router = Router((*neighbours.ROUTES, *flow_service.ROUTES))
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
            answer = replace(answer, body=with_null(answer.body))
        return spoiled(self._recorded(answer, call, latency), rule)

    def _without_acting(self, call: Call, rule: FaultRule, latency: float) -> Delivery:
        if rule.kind == "status":
            return self._recorded(answer_of(rule), call, latency)
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
            about = audit_events.written_to(self.backend, call)
            answer = route.handler(self.backend, call)
            audit_events.note(self.backend, call, about, answer)
            return answer
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


def _deliver(answer: Answer, call: Call, *, before: float = 0.0, request_id: str = "") -> Delivery:
    headers = dict(answer.headers)
    if request_id:
        headers["x-request-id"] = call.headers.get("x-request-id", request_id)
    if answer.body is None:
        # A 204 has no body by definition, and so no length.
        length = {} if answer.status == 204 else {"content-length": "0"}
        return Delivery(answer.status, length | headers, (), before)
    text = answer.body if isinstance(answer.body, str) else json.dumps(answer.body)
    payload = text.encode()
    kind = "text/html" if isinstance(answer.body, str) else "application/json"
    headers = {"content-type": kind} | headers | {"content-length": str(len(payload))}
    return Delivery(answer.status, headers, (payload,), before)
