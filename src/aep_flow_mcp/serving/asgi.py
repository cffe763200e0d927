"""What the layers in front of the SDK's application share."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from mcp_types.version import MODERN_PROTOCOL_VERSIONS
from starlette.datastructures import Headers

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Asgi = Callable[[Any, Receive, Any], Awaitable[None]]

SESSION, VERSION = "mcp-session-id", "mcp-protocol-version"
CALLER = "aep.caller"
"""Where the scope of a request says who signed in; missing where nobody does, and all callers are one and the same."""


def stays_open(method: str, headers: Headers) -> bool:
    """Whether the answer is a stream that waits for what happens. The SDK holds the header against the body."""
    if method == "GET":
        return True
    # In a session, and before 2026-07-28, the header means nothing: the body may hold any call.
    modern = SESSION not in headers and headers.get(VERSION) in MODERN_PROTOCOL_VERSIONS
    return modern and headers.get("mcp-method") == "subscriptions/listen"


def after(first: Message, receive: Receive) -> Receive:
    """`first`, and then what else comes."""
    waiting = [first]

    async def again() -> Message:
        return waiting.pop() if waiting else await receive()

    return again
