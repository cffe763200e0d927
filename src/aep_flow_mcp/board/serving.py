"""The board over HTTP, on the loopback interface, for whoever opened the address that was printed: nobody else."""

from __future__ import annotations

import hmac
import json
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from aep_flow_mcp.apps.pages import PAGES, page_text
from aep_flow_mcp.board.asking import Asking, OnlyReadsError, asking
from aep_flow_mcp.guard.approval import peers

if TYPE_CHECKING:
    from aep_flow_mcp.server import FlowServer

ADDRESS = "127.0.0.1"
_BODY_LIMIT = 65_536
_HEADERS = {
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
_ALONE = {"X-Frame-Options": "DENY", "Content-Security-Policy": "frame-ancestors 'none'"}
# An app runs as in any host: in a frame that shares nothing with the page around it.
_FRAMED = {"Content-Security-Policy": "frame-ancestors 'self'; sandbox allow-scripts allow-downloads"}


class Board:
    """What the page may see: the host page, the apps, and the answers of tools that read."""

    def __init__(self, port: int, views: list[dict[str, Any]]) -> None:
        self.host = f"{ADDRESS}:{port}"
        self.views = views
        self.asking: Asking | None = None
        self._ticket: str | None = secrets.token_urlsafe(32)
        # Browsers keep cookies by host, not by port: of two boards at once each needs its own name.
        self._cookie_name = f"board-{port}"
        self._cookie = secrets.token_urlsafe(32)

    @property
    def address(self) -> str:
        """Where the page is opened, once."""
        return f"http://{self.host}/open/{self._ticket}"

    async def enter(self, request: Request) -> Response:
        """Let in whoever comes first with the address; from then on a cookie is the proof."""
        ticket = self._ticket
        if ticket is None or not _same(request.path_params["ticket"], ticket):
            return _refused("This address has been used, or is not for you. Start the command again.")
        self._ticket = None
        answer = RedirectResponse("/", 303, _HEADERS)
        answer.set_cookie(self._cookie_name, self._cookie, path="/", httponly=True, samesite="strict")
        return answer

    async def page(self, request: Request) -> Response:
        del request
        return HTMLResponse(page_text("host"), headers={**_HEADERS, **_ALONE})

    async def app(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name not in {page.name for page in PAGES}:
            return _refused("There is no such view.")
        return HTMLResponse(page_text(name), headers={**_HEADERS, **_FRAMED})

    async def listed(self, request: Request) -> Response:
        del request
        return JSONResponse(self.views, headers=_HEADERS)

    async def call(self, request: Request) -> Response:
        try:
            asked = json.loads(await _body(request))
            name, given = str(asked["name"]), dict(asked["arguments"])
        except (ValueError, KeyError, TypeError):
            return PlainTextResponse("This is no call.", 400, _HEADERS)
        if self.asking is None:
            return PlainTextResponse("The board is ending.", 503, _HEADERS)
        try:
            return JSONResponse(await self.asking.call(name, given), headers=_HEADERS)
        except OnlyReadsError as error:
            return _refused(str(error))

    def guarded(self, answer: Callable[[Request], Awaitable[Response]], *, first: bool = False) -> Any:
        """The same for the one person: from this machine and user, by the right host, from the page itself."""

        async def checked(request: Request) -> Response:
            ours, theirs = request.scope.get("server"), request.scope.get("client")
            if ours and theirs and not peers.is_own((ours[0], ours[1]), (theirs[0], theirs[1])):
                return _refused("This page belongs to another user of this machine.")
            # The right host, against names that lead here from elsewhere.
            if request.headers.getlist("host") != [self.host]:
                return _refused("This address is not for you.")
            if request.method == "POST" and not self._from_the_page(request):
                return _refused("This did not come from the board.")
            if first:
                return await answer(request)
            own = _same(request.cookies.get(self._cookie_name, ""), self._cookie)
            if not own or request.headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
                return _refused("Open the address that the command printed.")
            return await answer(request)

        return checked

    def _from_the_page(self, request: Request) -> bool:
        kind = request.headers.get("content-type", "").partition(";")[0]
        return request.headers.get("origin") == f"http://{self.host}" and kind == "application/json"


def board_app(board: Board, server: FlowServer) -> Starlette:
    """The board as an ASGI application."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        del app
        async with asking(server) as client:
            board.asking = client
            try:
                yield
            finally:
                board.asking = None

    return Starlette(
        routes=[
            Route("/open/{ticket}", board.guarded(board.enter, first=True)),
            Route("/", board.guarded(board.page)),
            Route("/views", board.guarded(board.listed)),
            Route("/call", board.guarded(board.call), methods=["POST"]),
            Route("/{name}.html", board.guarded(board.app)),
        ],
        lifespan=lifespan,
    )


async def _body(request: Request) -> bytes:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _BODY_LIMIT:
            raise ValueError("too long")
    return body


def _refused(sentence: str) -> Response:
    return PlainTextResponse(sentence, 403, _HEADERS)


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode())
