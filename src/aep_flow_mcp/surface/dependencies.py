"""What tools are given by annotation, invisible to the model."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Annotated, Any

from mcp.server.mcpserver import Context, Resolve

from aep_flow_mcp.answers.rows import RowsShown
from aep_flow_mcp.app import App
from aep_flow_mcp.platform.reader import FlowReader

# The sandbox that this call named. A context variable, because one tool call is one task and the resolvers
# below are called by the SDK, which passes them the tool's own arguments only.
_sandbox: ContextVar[str | None] = ContextVar("sandbox", default=None)


@contextmanager
def in_sandbox(name: str | None) -> Iterator[None]:
    """Run a tool call against one of the configured sandboxes; None is the first of them."""
    token = _sandbox.set(name)
    try:
        yield
    finally:
        _sandbox.reset(token)


def current_app(ctx: Context[App, Any]) -> App:
    """What the server shares, from its lifespan."""
    return ctx.request_context.lifespan_context


def current_reader(ctx: Context[App, Any]) -> FlowReader:
    """A reader of the sandbox that this call is about."""
    return current_app(ctx).reader(_sandbox.get())


def rows_shown(ctx: Context[App, Any]) -> RowsShown:
    """How rows of data are shown."""
    return current_app(ctx).settings.mcp_preview_rows


AppState = Annotated[App, Resolve(current_app)]
Reader = Annotated[FlowReader, Resolve(current_reader)]
Rows = Annotated[RowsShown, Resolve(rows_shown)]
