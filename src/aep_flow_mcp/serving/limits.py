"""How much callers over HTTP may ask for at once: each of them, so that nobody is kept out by another, and all.

Sessions that nobody uses are no reason to refuse one: the one of the same caller that was not used for longest ends.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS
from starlette.datastructures import Headers
from starlette.responses import JSONResponse, Response

from aep_flow_mcp.serving.asgi import CALLER, SESSION, VERSION, Asgi, Message, Receive, stays_open
from aep_flow_mcp.settings import Settings

IDLE = 1_800.0
"""Seconds without a request after which a session (of 2025-11-25 and before) is over."""


class Limits:
    """Counts the calls, streams and sessions of each caller, and refuses what is too much.

    Where callers do not sign in they are one and the same, and only what holds for all counts.
    """

    def __init__(self, app: Asgi, settings: Settings, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._app = app
        self._calls = _AtOnce(settings.mcp_max_calls, settings.mcp_max_calls_per_caller)
        self._streams = _AtOnce(settings.mcp_max_sessions, settings.mcp_max_sessions_per_caller)
        self._sessions = _Sessions(settings.mcp_max_sessions, settings.mcp_max_sessions_per_caller, clock)

    async def __call__(self, scope: Any, receive: Receive, send: Any) -> None:
        if scope["type"] != "http" or scope["method"] not in ("GET", "POST", "DELETE"):
            return await self._app(scope, receive, send)
        headers, caller = Headers(scope=scope), scope.get(CALLER)
        opens = scope["method"] == "POST" and _opens(headers)
        if opens and not await self._has_room(caller, scope):
            refused = _refused(429 if caller else 503, "sessions are in use")
            return await refused(scope, receive, send)
        counted = self._streams if stays_open(scope["method"], headers) else self._calls
        # A client that ends its session makes room.
        refusal = counted.refusal(caller) if scope["method"] != "DELETE" else None
        if refusal is not None:
            return await refusal(scope, receive, send)
        opening = self._sessions.opening(caller) if opens else nullcontext()
        with counted.one(caller), opening, self._sessions.using(headers.get(SESSION)):
            await self._app(
                scope, receive, self._watched(send, scope["method"], headers.get(SESSION), caller)
            )

    async def _has_room(self, caller: str | None, scope: Any) -> bool:
        """Whether a session can begin, after one of the same caller that nobody uses has made room."""
        while self._sessions.full(caller):
            unused = self._sessions.longest_unused(caller)
            if unused is None:
                return False
            self._sessions.ended(unused, caller)
            await self._end(unused, scope)
        return True

    async def _end(self, session: str, scope: Any) -> None:
        """End a session as its client would, who is the one that asks for another."""
        own = [(name, value) for name, value in scope["headers"] if name in (b"host", b"authorization")]
        named = [(SESSION.encode(), session.encode()), (VERSION.encode(), b"2025-11-25")]

        async def nothing() -> Message:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def unheard(_: Message) -> None:
            """Nobody waits for the answer."""

        await self._app({**scope, "method": "DELETE", "headers": [*own, *named]}, nothing, unheard)

    def _watched(self, send: Any, method: str, session: str | None, caller: str | None) -> Any:
        async def watch(message: Message) -> None:
            if message["type"] == "http.response.start":
                status = message["status"]
                opened = Headers(raw=message["headers"]).get(SESSION)
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
    caller: str | None
    used_at: float
    requests: int = 0


class _Sessions:
    """Whose the open sessions are. The SDK ends those that were not used for `IDLE` seconds; so does this list."""

    def __init__(self, total: int, per_caller: int, clock: Callable[[], float]) -> None:
        self._total = total
        self._per_caller = per_caller
        self._clock = clock
        self._open: dict[str, _Session] = {}
        self._begun: Counter[str | None] = Counter()
        """Requests under way that may open one: a session is known only by its answer."""

    def full(self, caller: str | None) -> bool:
        """Whether a caller has as many as one may have. What all may have is for the SDK to refuse."""
        now = self._clock()
        over = [name for name, one in self._open.items() if not one.requests and now - one.used_at >= IDLE]
        for name in over:
            del self._open[name]
        most = self._total if caller is None else self._per_caller
        return sum(one.caller == caller for one in self._open.values()) + self._begun[caller] >= most

    def longest_unused(self, caller: str | None) -> str | None:
        """A session of a caller in which nothing is under way; None where there is none."""
        own = [
            (one.used_at, name)
            for name, one in self._open.items()
            if one.caller == caller and not one.requests
        ]
        return min(own)[1] if own else None

    @contextmanager
    def opening(self, caller: str | None) -> Iterator[None]:
        self._begun[caller] += 1
        try:
            yield
        finally:
            self._begun[caller] -= 1
            if not self._begun[caller]:
                del self._begun[caller]

    def opened(self, session: str, caller: str | None) -> None:
        self._open[session] = _Session(caller, self._clock())

    def ended(self, session: str, caller: str | None) -> None:
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
    version = headers.get(VERSION)
    return SESSION not in headers and (version is None or version in HANDSHAKE_PROTOCOL_VERSIONS)


def _refused(status: int, what: str) -> Response:
    said = f"Too many {what}: wait for one to end."
    return JSONResponse(
        {"error": "too_many_requests", "error_description": said}, status, {"Retry-After": "1"}
    )
