"""How much callers over HTTP may ask for at once: each of them, so that nobody is kept out by another, and all."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS
from starlette.datastructures import Headers
from starlette.responses import JSONResponse, Response

from aep_flow_mcp.serving.asgi import CALLER, Asgi, Message, Receive, stays_open
from aep_flow_mcp.settings import Settings

IDLE = 900.0
"""Seconds without a request after which a session (of 2025-11-25 and before) is over."""
_SESSION, _VERSION = "mcp-session-id", "mcp-protocol-version"


class Limits:
    """Counts the calls, streams and sessions of each caller, and refuses what is too much.

    Where callers do not sign in they are one and the same, and only what holds for all counts.
    """

    def __init__(self, app: Asgi, settings: Settings, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._app = app
        self._calls = _AtOnce(settings.mcp_max_calls, settings.mcp_max_calls_per_caller)
        self._streams = _AtOnce(settings.mcp_max_sessions, settings.mcp_max_sessions_per_caller)
        self._sessions = _Sessions(settings.mcp_max_sessions_per_caller, clock)

    async def __call__(self, scope: Any, receive: Receive, send: Any) -> None:
        if scope["type"] != "http" or scope["method"] not in ("GET", "POST", "DELETE"):
            return await self._app(scope, receive, send)
        headers, caller = Headers(scope=scope), scope.get(CALLER)
        opens = scope["method"] == "POST" and _opens(headers)
        if opens and caller is not None and self._sessions.full(caller):
            return await _refused(429, "sessions of one caller are open")(scope, receive, send)
        counted = self._streams if stays_open(scope["method"], headers) else self._calls
        # A client that ends its session makes room.
        refusal = counted.refusal(caller) if scope["method"] != "DELETE" else None
        if refusal is not None:
            return await refusal(scope, receive, send)
        with counted.one(caller), self._sessions.using(headers.get(_SESSION)):
            await self._app(
                scope, receive, self._watched(send, scope["method"], headers.get(_SESSION), caller)
            )

    def _watched(self, send: Any, method: str, session: str | None, caller: str | None) -> Any:
        async def watch(message: Message) -> None:
            if message["type"] == "http.response.start" and caller is not None:
                status = message["status"]
                opened = Headers(raw=message["headers"]).get(_SESSION)
                if session is None and opened is not None and status < 400:
                    self._sessions.opened(opened, caller)
                elif session is not None and (status == 404 or (method == "DELETE" and status < 300)):
                    self._sessions.ended(session, caller)
            await send(message)

        return watch


class _AtOnce:
    """How many of a kind are going on."""

    def __init__(self, total: int, per_caller: int) -> None:
        self._total = total
        self._per_caller = per_caller
        self._running: Counter[str | None] = Counter()

    def refusal(self, caller: str | None) -> Response | None:
        if caller is not None and self._running[caller] >= self._per_caller:
            return _refused(429, "calls of one caller are under way")
        if self._running.total() >= self._total:
            return _refused(503, "calls are under way")
        return None

    @contextmanager
    def one(self, caller: str | None) -> Iterator[None]:
        self._running[caller] += 1
        try:
            yield
        finally:
            self._running[caller] -= 1
            if not self._running[caller]:
                del self._running[caller]


@dataclass(slots=True)
class _Session:
    caller: str
    used_at: float
    requests: int = 0


class _Sessions:
    """Whose the open sessions are. The SDK ends those that were not used for `IDLE` seconds; so does this list."""

    def __init__(self, per_caller: int, clock: Callable[[], float]) -> None:
        self._per_caller = per_caller
        self._clock = clock
        self._open: dict[str, _Session] = {}

    def full(self, caller: str) -> bool:
        now = self._clock()
        over = [name for name, one in self._open.items() if not one.requests and now - one.used_at >= IDLE]
        for name in over:
            del self._open[name]
        return sum(one.caller == caller for one in self._open.values()) >= self._per_caller

    def opened(self, session: str, caller: str) -> None:
        self._open[session] = _Session(caller, self._clock())

    def ended(self, session: str, caller: str) -> None:
        found = self._open.get(session)
        if found is not None and found.caller == caller:
            del self._open[session]

    @contextmanager
    def using(self, session: str | None) -> Iterator[None]:
        found = self._open.get(session) if session is not None else None
        if found is None:
            yield
            return
        found.requests += 1
        try:
            yield
        finally:
            found.requests -= 1
            found.used_at = self._clock()


def _opens(headers: Headers) -> bool:
    """Whether a POST begins a session."""
    version = headers.get(_VERSION)
    return _SESSION not in headers and (version is None or version in HANDSHAKE_PROTOCOL_VERSIONS)


def _refused(status: int, what: str) -> Response:
    said = f"Too many {what}: wait for one to end."
    return JSONResponse(
        {"error": "too_many_requests", "error_description": said}, status, {"Retry-After": "1"}
    )
