"""The door of a server whose callers sign in: who comes without a good token hears why, and how to get one.

The SDK checks each token as well, behind this (`IssuedTokens` is its verifier). Here stand what a client is told (the
scopes in `WWW-Authenticate`, which of several things is wrong, an issuer that does not answer), and the refusal of a
call for want of a scope before any of it is carried out.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterable
from typing import Any

import anyio
import pydantic_core
from mcp.server.auth.handlers.metadata import ProtectedResourceMetadataHandler
from mcp.server.auth.routes import cors_middleware
from mcp.shared.auth import ProtectedResourceMetadata
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from aep_flow_mcp.callers import Ability, Person
from aep_flow_mcp.half_characters import without_halves
from aep_flow_mcp.serving.asgi import CALLER, Asgi, Message, Receive, after, stays_open
from aep_flow_mcp.serving.signing_in.documents import IssuerUnavailable
from aep_flow_mcp.serving.signing_in.parts import ENDPOINT, SignIn
from aep_flow_mcp.serving.signing_in.tokens import Refused
from aep_flow_mcp.surface.offer import Offer

logger = logging.getLogger(__name__)

_OPEN = "/.well-known/"
_METADATA = "/.well-known/oauth-protected-resource"
_RETRY_AFTER = "10"
_PERSON = "aep.person"


class Door:
    """Lets requests with a good token through to `app`, and says in the scope of the request whose they are."""

    def __init__(self, app: Asgi, sign_in: SignIn) -> None:
        self._app = app
        self._sign_in = sign_in
        self._published = _published(sign_in)

    async def __call__(self, scope: Any, receive: Receive, send: Any) -> None:
        if scope["type"] == "lifespan":
            return await self._app(scope, receive, send)
        if scope["type"] != "http":  # a WebSocket, which is refused by closing it
            await send({"type": "websocket.close", "code": 1008})
            return None
        if scope["path"].startswith(_OPEN):
            return await self._published(scope, receive, send)
        try:
            someone = await self._sign_in.tokens.admit(_bearer(Headers(scope=scope)))
        except _Nobody:
            return await self._challenge()(scope, receive, send)
        except Refused as refused:
            return await self._challenge("invalid_token", str(refused))(scope, receive, send)
        except IssuerUnavailable:
            return await _unavailable()(scope, receive, send)
        if Ability.READ not in someone.abilities:
            refusal = insufficient(self._sign_in, someone, frozenset({Ability.READ}))
            return await refusal(scope, receive, send)
        inner = {**scope, CALLER: someone.key, _PERSON: someone}
        if someone.until is not None and stays_open(scope["method"], Headers(scope=scope)):
            return await ended_at(someone.until - time.time(), self._app, inner, receive, send)
        await self._app(inner, receive, send)

    def _challenge(self, error: str | None = None, description: str = "") -> Response:
        """401. Without a token there is no error to name (RFC 6750, 3.1)."""
        said = (
            description or "Sign in: this server takes requests with an access token (Authorization: Bearer)."
        )
        return _refusal(
            401, error or "unauthorized", said, self._sign_in, self._sign_in.usable, named=error is not None
        )


async def ended_at(seconds: float, app: Asgi, scope: Any, receive: Receive, send: Any) -> None:
    """Run an application whose stream is over after so many seconds, as if the client had gone.

    A stream that waits for what happens would outlive the token that opened it. A call is not cut off: it began with
    a good token, and a write is finished.
    """
    begun = open_ended = False

    async def gone() -> Message:
        with anyio.CancelScope(deadline=end):
            return await receive()
        return {"type": "http.disconnect"}

    async def watched(message: Message) -> None:
        nonlocal begun, open_ended
        begun = True
        open_ended = message["type"] == "http.response.start" or bool(message.get("more_body"))
        await send(message)

    end = anyio.current_time() + seconds
    await app(scope, gone, watched)
    if begun and open_ended and anyio.current_time() >= end:
        await send({"type": "http.response.body", "body": b"", "more_body": False})


class ScopeGate:
    """Refuses a call of a tool, or a person's yes, whose caller lacks a scope, with 403 and the scope.

    It reads whole bodies only.
    """

    def __init__(self, app: Asgi, sign_in: SignIn, offer: Offer) -> None:
        self._app = app
        self._sign_in = sign_in
        self._offer = offer

    async def __call__(self, scope: Any, receive: Receive, send: Any) -> None:
        if scope["type"] != "http" or scope["method"] != "POST" or _PERSON not in scope:
            return await self._app(scope, receive, send)
        first: Message = await receive()
        someone: Person = scope[_PERSON]
        lacking = self._lacking(someone, first.get("body", b""))
        if lacking:
            return await insufficient(self._sign_in, someone, lacking)(scope, receive, send)
        await self._app(scope, after(first, receive), send)

    def _lacking(self, someone: Person, body: bytes) -> frozenset[Ability]:
        """What a call, or an answer, in a body needs and its caller may not do. The rest the server refuses itself."""
        message = _read(body)
        if not isinstance(message, dict):
            return frozenset()
        lacking = _answering(message.get("result")) - someone.abilities
        params = message.get("params")
        if not isinstance(params, dict) or message.get("method") != "tools/call":
            return lacking
        name, arguments = params.get("name"), params.get("arguments")
        if not isinstance(name, str):
            return lacking
        return lacking | self._offer.lacking(someone, name, arguments if isinstance(arguments, dict) else {})


def _read(body: bytes) -> Any:
    """A message, also one that only the SDK's parser can read; None where nobody can."""
    for parse, text in ((json.loads, body), (pydantic_core.from_json, without_halves(body))):
        try:
            return parse(text)
        except (ValueError, RecursionError):
            continue
    return None


def _answering(result: Any) -> frozenset[Ability]:
    """What the answer to a pushed question takes (before 2026-07-28 it comes as a message of its own).

    Questions are put while a tool writes. Which one is answered is not known here; only an approval has `approve`.
    """
    if not isinstance(result, dict) or result.get("action") != "accept":
        return frozenset()
    content = result.get("content")
    approves = isinstance(content, dict) and content.get("approve", False) is not False
    return frozenset({Ability.WRITE, Ability.APPROVE} if approves else {Ability.WRITE})


def insufficient(sign_in: SignIn, someone: Person, lacking: frozenset[Ability]) -> Response:
    """403 with the scopes that are missing; where a role is missing, more scopes would not help, and none is named."""
    forbidden = sorted(lacking - someone.roles_allow) if someone.roles_allow is not None else []
    if forbidden:
        said = f"None of the roles of whoever signed in allows to {' and '.join(forbidden)}."
        return _refusal(403, "access_denied", said, sign_in, ())
    scopes = [sign_in.scopes[ability] for ability in sorted(lacking)]
    said = f"This takes the scope {' and '.join(scopes)}, which the token does not have."
    return _refusal(403, "insufficient_scope", said, sign_in, scopes)


class _Nobody(Exception):
    """No token came."""


def _bearer(headers: Headers) -> str:
    """The one token of a request, in its header: in the address it would be logged everywhere."""
    given = headers.getlist("authorization")
    if not given:
        raise _Nobody
    scheme, _, token = given[0].partition(" ")
    if len(given) > 1 or scheme.lower() != "bearer" or not token:
        raise Refused("The Authorization header is not one Bearer token.")
    return token


def _refusal(
    status: int, error: str, said: str, sign_in: SignIn, scopes: Iterable[str], *, named: bool = True
) -> Response:
    parts = [f'error="{error}"', f'error_description="{said}"'] if named else []
    # Who is turned away is for whoever looks for it: anybody can make lines of it.
    logger.info("%s: %s", status, said)
    wanted = " ".join(scopes)
    parts += [f'scope="{wanted}"'] if wanted else []
    parts.append(f'resource_metadata="{sign_in.metadata}"')
    return JSONResponse(
        {"error": error, "error_description": said},
        status,
        {"WWW-Authenticate": f"Bearer {', '.join(parts)}", "Cache-Control": "no-store"},
    )


def _unavailable() -> Response:
    said = "Whether the token is good cannot be checked now: its issuer does not answer. Try again later."
    return JSONResponse(
        {"error": "temporarily_unavailable", "error_description": said}, 503, {"Retry-After": _RETRY_AFTER}
    )


def _published(sign_in: SignIn) -> Starlette:
    """What the server says of itself, at the address that the challenge names and where clients look without it."""
    metadata = ProtectedResourceMetadata.model_validate(
        {
            "resource": sign_in.resource,
            "authorization_servers": [str(sign_in.auth.issuer_url)],
            "scopes_supported": list(sign_in.usable),
            "resource_name": "Adobe Experience Platform Flow Service",
        }
    )
    handler = cors_middleware(ProtectedResourceMetadataHandler(metadata).handle, ["GET", "OPTIONS"])
    named = _METADATA + sign_in.metadata.partition(_METADATA)[2]
    paths = dict.fromkeys((named, f"{_METADATA}{ENDPOINT}", _METADATA))
    return Starlette(routes=[Route(path, handler, methods=["GET", "OPTIONS"]) for path in paths])
