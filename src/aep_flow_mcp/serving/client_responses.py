"""Responses of clients that are no responses: made errors, so that whoever waits for them is not left waiting.

The SDK drops a message that does not fit the protocol, and the question that it was to answer stays open.
"""

from __future__ import annotations

import json
from typing import Any

from aep_flow_mcp.half_characters import without_halves
from aep_flow_mcp.serving.asgi import Asgi, Receive, after

_UNREADABLE = {"code": -32600, "message": "The response is not one of JSON-RPC 2.0: its result is no object."}
_LIMIT = 65_536
"""Bytes of a body that is looked at; an answer to a question is short."""


def mended(message: bytes) -> bytes:
    """A message as it came, or, for a response that the SDK would drop, an error response to the same request."""
    if b'"method"' in message or not (b'"result"' in message or b'"error"' in message):
        return message
    try:
        response = json.loads(message)
    except (ValueError, RecursionError):
        return message
    if not isinstance(response, dict) or "method" in response or _fits(response):
        return message
    number = response.get("id")
    if isinstance(number, bool) or not isinstance(number, int | str):
        return message
    error = {"jsonrpc": "2.0", "id": number, "error": _UNREADABLE}
    return json.dumps(error).encode() + (b"\n" if message.endswith(b"\n") else b"")


def _fits(response: dict[str, Any]) -> bool:
    if response.get("jsonrpc") != "2.0":
        return False
    if "result" in response:
        return isinstance(response["result"], dict)
    error = response.get("error")
    return (
        isinstance(error, dict)
        and isinstance(error.get("code"), int)
        and isinstance(error.get("message"), str)
    )


def readable_responses(app: Asgi) -> Asgi:
    """An ASGI application whose clients' responses are `mended`, and whose short messages hold whole characters."""

    async def wrapped(scope: Any, receive: Receive, send: Any) -> None:
        if scope["type"] != "http" or scope["method"] != "POST":
            return await app(scope, receive, send)
        first = await receive()
        body = first.get("body", b"")
        if first["type"] != "http.request" or first.get("more_body") or len(body) > _LIMIT:
            return await app(scope, after(first, receive), send)
        fixed = mended(without_halves(body))
        if fixed != body:
            headers = [(name, value) for name, value in scope["headers"] if name != b"content-length"]
            scope = {**scope, "headers": [*headers, (b"content-length", str(len(fixed)).encode())]}
        return await app(scope, after({**first, "body": fixed}, receive), send)

    return wrapped
