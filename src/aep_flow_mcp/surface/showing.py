"""Whether the connection of this request shows apps: then an answer carries what a view needs besides."""

from __future__ import annotations

from contextvars import ContextVar, Token
from typing import Any

from mcp.server.apps import client_supports_apps
from mcp.server.context import ServerRequestContext

_shows: ContextVar[bool] = ContextVar("shows_apps", default=False)


def shows_apps() -> bool:
    """Whether the client of this request declared MCP Apps."""
    return _shows.get()


def entered(ctx: ServerRequestContext[Any, Any]) -> Token[bool]:
    """From here on the request is one of this client; `left` ends it."""
    return _shows.set(client_supports_apps(ctx))


def left(token: Token[bool]) -> None:
    """The request is over."""
    _shows.reset(token)
