"""What is counted, as Prometheus reads it. Labels are names of this product, routes, and kinds: never of whom or what.

The page is served on a port of its own, which nobody publishes by publishing the server: who may read it is decided by
who reaches the port.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
)
from prometheus_client.exposition import choose_encoder
from starlette.applications import Starlette
from starlette.requests import Request as Asked
from starlette.responses import Response
from starlette.routing import Route

from aep_flow_mcp import __version__
from aep_flow_mcp.observing import UNFINISHED, Call, Request, Write
from aep_flow_mcp.observing.routes import route
from aep_flow_mcp.store.kept import StoreDown

if TYPE_CHECKING:
    from aep_flow_mcp.app import App

_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_DECIDED = {"done": "approved", "failed": "approved", "unknown": "approved", "partly": "approved"}
"""How writes end that somebody said yes to, or was not asked about; here the yes counts."""
_UNDECIDED = frozenset({UNFINISHED, "unchanged"})
_NO_ANSWER = "none"


class Metrics:
    """The observer that counts. Each has a registry of its own, so that several servers in a process do not mix."""

    def __init__(self) -> None:
        self.registry = own = CollectorRegistry()
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=own)
        info = Gauge("aep_mcp_info", "The version of this server; always 1.", ["version"], registry=own)
        info.labels(__version__).set(1)
        self._calls = Counter(
            "aep_mcp_calls", "Calls of tools, by how they ended.", ["tool", "result"], registry=own
        )
        self._errors = Counter(
            "aep_mcp_errors", "Calls of tools that ended in an error, by its kind.", ["kind"], registry=own
        )
        self._call_seconds = Histogram(
            "aep_mcp_call_seconds",
            "Seconds from a call to its answer, people's time to think included.",
            ["tool"],
            buckets=_SECONDS,
            registry=own,
        )
        self._calls_now = Gauge("aep_mcp_calls_in_flight", "Calls of tools under way.", registry=own)
        self._requests = Counter(
            "aep_mcp_upstream_requests",
            "Requests to Adobe, tries counted singly; status none is no answer.",
            ["method", "route", "status"],
            registry=own,
        )
        self._request_seconds = Histogram(
            "aep_mcp_upstream_seconds",
            "Seconds from the turn of a request to the last byte of its answer.",
            ["method", "route"],
            buckets=_SECONDS,
            registry=own,
        )
        self._retries = Counter(
            "aep_mcp_upstream_retries",
            "Requests that were sent once more.",
            ["method", "route"],
            registry=own,
        )
        self._limited = Counter(
            "aep_mcp_upstream_rate_limited", "Answers 429 from Adobe.", ["route"], registry=own
        )
        self._requests_now = Gauge("aep_mcp_upstream_in_flight", "Requests to Adobe under way.", registry=own)
        self._writes = Counter(
            "aep_mcp_writes",
            "Approved changes, by the tool that planned them and how they ended.",
            ["kind", "result"],
            registry=own,
        )
        self._writes_now = Gauge("aep_mcp_writes_in_flight", "Approved changes under way.", registry=own)
        self._decisions = Counter(
            "aep_mcp_confirmations",
            "Questions about changes, and what became of them.",
            ["result"],
            registry=own,
        )
        self._waiting = Gauge(
            "aep_mcp_pending_approvals",
            "Previewed changes that wait for their confirmation, of all replicas; NaN while the store is down.",
            registry=own,
        )
        self._apps: tuple[App, ...] = ()

    def of(self, app: App) -> None:
        """Whose waiting changes are counted."""
        self._apps = tuple(app.all)

    async def _count_waiting(self) -> None:
        try:
            self._waiting.set(sum([await each.waiting() for each in self._apps]))
        except StoreDown:
            self._waiting.set(math.nan)

    @property
    def page(self) -> Starlette:
        """`/metrics`, and nothing else."""

        async def printed(asked: Asked) -> Response:
            await self._count_waiting()
            encode, kind = choose_encoder(asked.headers.get("accept", ""))
            return Response(encode(self.registry), headers={"Content-Type": kind})

        return Starlette(routes=[Route("/metrics", printed)])

    @contextmanager
    def call(self, call: Call) -> Iterator[None]:
        """Count a call."""
        began = time.monotonic()
        with self._calls_now.track_inprogress():
            try:
                yield
            finally:
                self._call_seconds.labels(call.tool).observe(time.monotonic() - began)
                self._calls.labels(call.tool, call.result).inc()
                if call.error is not None:
                    self._errors.labels(call.error).inc()
                elif call.writes and call.result not in _UNDECIDED:
                    self._decisions.labels(_DECIDED.get(call.result, call.result)).inc()

    @contextmanager
    def request(self, request: Request) -> Iterator[None]:
        """Count a try of a request."""
        began = time.monotonic()
        method, named = request.method, route(request.path)
        if request.again:
            self._retries.labels(method, named).inc()
        with self._requests_now.track_inprogress():
            try:
                yield
            finally:
                status = _NO_ANSWER if request.status is None else str(request.status)
                self._request_seconds.labels(method, named).observe(time.monotonic() - began)
                self._requests.labels(method, named, status).inc()
                if request.status == 429:
                    self._limited.labels(named).inc()

    @contextmanager
    def write(self, write: Write) -> Iterator[None]:
        """Count a write."""
        with self._writes_now.track_inprogress():
            try:
                yield
            finally:
                self._writes.labels(write.kind, write.result).inc()
