"""Whether a server lives and whether it can serve, for what starts, watches and balances servers.

`/healthz`: the process answers. `/readyz`: it is not about to stop, and there are credentials for which IMS gives a
token; whether what replicas share is reachable is told beside that, since reading goes on without it. Both are open to
everybody who reaches the port, and say nothing but which of these holds. A probe costs Adobe nothing: while there is a
token none is asked for, and without one IMS is asked at most once in `AGAIN` seconds, however often a probe comes.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import anyio
from starlette.responses import JSONResponse, Response

from aep_flow_mcp.serving.asgi import Asgi, Receive

if TYPE_CHECKING:
    from aep_flow_mcp.app import App

LIVES, READY = "/healthz", "/readyz"
AGAIN = 30.0
"""Seconds for which it is remembered that no token was to be had."""
_PATIENCE = 5.0
"""Seconds that a probe waits."""
Check = Callable[[], Awaitable[bool]]
"""Whether something that the server needs is there; an exception says no."""


class Health:
    """Answers the probes, and leaves every other request to `app`."""

    def __init__(self, app: Asgi, ready: Readiness) -> None:
        self._app = app
        self._ready = ready

    async def __call__(self, scope: Any, receive: Receive, send: Any) -> None:
        if scope["type"] != "http" or scope["path"] not in (LIVES, READY):
            return await self._app(scope, receive, send)
        await (await self._answer(scope["method"], scope["path"]))(scope, receive, send)

    async def _answer(self, method: str, path: str) -> Response:
        headers = {"Cache-Control": "no-store"}
        if method not in ("GET", "HEAD"):
            return Response(status_code=405, headers={**headers, "Allow": "GET, HEAD"})
        if path == LIVES:
            return JSONResponse({"status": "alive"}, headers=headers)
        found = await self._ready.checks()
        ready = all(good for name, good in found.items() if name not in self._ready.beside)
        said = {name: "ok" if good else "no" for name, good in found.items()}
        answer = {"status": "ready" if ready else "not ready", "checks": said}
        return JSONResponse(answer, 200 if ready else 503, headers)


class Readiness:
    """What has to hold for a server to serve.

    Args:
        app: of the server; with several profiles it serves as long as one of them has a token.
        beside: further checks by name, such as `store`; each is asked with every probe and has to be cheap. They are
            told, and decide nothing: without them the server still reads.
        clock: seconds that only go forward.
    """

    def __init__(
        self,
        app: App,
        beside: Mapping[str, Check] | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._app = app
        self.beside = dict(beside or {})
        self._clock = clock
        self._refused_at: float | None = None
        self._asking = anyio.Lock()

    async def checks(self) -> dict[str, bool]:
        """Each thing by name, and whether it holds."""
        if self._app.stopping:
            return {"running": False}
        found = {"running": True, "token": await _holds(self._has_token)}
        for name, check in self.beside.items():
            found[name] = await _holds(check)
        return found

    async def _has_token(self) -> bool:
        """Whether a request would have a token; the one who finds none asks for it, and the others wait."""
        if self._signed_in():
            return True
        async with self._asking:
            now = self._clock()
            if self._signed_in():
                return True
            if self._refused_at is not None and now - self._refused_at < AGAIN:
                return False
            # Set first: a probe that gives up while it waits has asked all the same.
            self._refused_at = now
            for each in self._app.all:
                if await _holds(partial(_signs_in, each)):
                    self._refused_at = None
                    return True
            return False

    def _signed_in(self) -> bool:
        return any(each.client.signed_in for each in self._app.all)


async def _signs_in(app: App) -> bool:
    await app.client.sign_in()
    return True


async def _holds(check: Check) -> bool:
    try:
        with anyio.fail_after(_PATIENCE):
            return await check()
    except Exception:  # noqa: BLE001  (whatever it is, what is needed is not there; why, the first call says)
        return False
