"""Adobe's identity service: OAuth server-to-server tokens."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from .errors import ApiError
from .wire import Answer, Call, Route

if TYPE_CHECKING:
    from .backend import Backend
    from .options import EmulatorOptions


class Tokens:
    """The access tokens that were issued, with when each expires (epoch milliseconds)."""

    def __init__(self, options: EmulatorOptions) -> None:
        self._options = options
        self._expiry: dict[str, int] = {}
        self._static = set(options.static_tokens)
        self.issued = 0

    def issue(self, backend: Backend) -> tuple[str, int]:
        """A new token and its life in seconds."""
        now = backend.clock.now_ms()
        self._expiry = {token: expiry for token, expiry in self._expiry.items() if expiry > now}
        life = self._options.token_ttl
        self.issued += 1
        claims = {"type": "access_token", "n": self.issued, "created_at": now, "expires_in": life * 1000}
        token = ".".join(
            [_encoded({"alg": "none", "kid": "emulator"}), _encoded(claims), backend.mint.hex(43)]
        )
        self._expiry[token] = now + life * 1000
        return token, life

    def accepts(self, token: str, now_ms: int) -> bool:
        return token in self._static or self._expiry.get(token, 0) > now_ms

    def expire(self) -> None:
        """Every token issued so far stops being valid."""
        self._expiry.clear()


def _encoded(part: dict[str, object]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")


def _refuse(status: int, error: str, description: str) -> ApiError:
    return ApiError(status, {"error": error, "error_description": description})


def token(backend: Backend, call: Call) -> Answer:
    """POST /ims/token/v3 with the fields in a form or in the query. Errors are flat OAuth objects."""
    fields = dict(call.query)
    if call.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        fields |= dict(parse_qsl(call.raw.decode("utf-8", "replace")))
    if "grant_type" not in fields or "client_id" not in fields:
        raise _refuse(400, "invalid_request", "grant_type and client_id are required")
    if fields["grant_type"] != "client_credentials":
        raise _refuse(400, "unsupported_grant_type", "only client_credentials is supported")
    options = backend.options
    known = options.client_id in (None, fields["client_id"])
    if not known or options.client_secret not in (None, fields.get("client_secret")):
        raise _refuse(401, "invalid_client", "the client id or the client secret is not valid")
    if not fields.get("scope", "").strip(", "):
        raise _refuse(400, "invalid_scope", "a comma separated list of scopes is required")
    value, life = backend.tokens.issue(backend)
    return Answer(200, {"access_token": value, "token_type": "bearer", "expires_in": life})


def retired(_: Backend, __: Call) -> Answer:
    """The JWT exchange, which Adobe has switched off."""
    raise _refuse(400, "invalid_client", "this kind of credential was retired")


ROUTES = (
    Route("POST", "/ims/token/v3", token, access="open"),
    Route("POST", "/ims/exchange/jwt", retired, access="open"),
)
