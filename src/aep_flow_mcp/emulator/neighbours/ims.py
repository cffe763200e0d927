"""Adobe's identity service: OAuth server-to-server tokens."""

from __future__ import annotations

from urllib.parse import parse_qsl

from ..http.errors import ApiError
from ..http.messages import Answer, Call
from ..http.routing import Route
from ..state.backend import Backend


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
    value, life = backend.tokens.issue(backend.clock.now_ms(), signature=backend.mint.hex(43))
    return Answer(200, {"access_token": value, "token_type": "bearer", "expires_in": life})


def retired(_: Backend, __: Call) -> Answer:
    """The JWT exchange, which Adobe has switched off."""
    raise _refuse(400, "invalid_client", "this kind of credential was retired")


ROUTES = (
    Route("POST", "/ims/token/v3", token, access="open"),
    Route("POST", "/ims/exchange/jwt", retired, access="open"),
)
