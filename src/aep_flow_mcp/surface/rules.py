"""What the protocol asks of every server and the SDK leaves to this one: cursors, and which changes are told of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.shared.exceptions import MCPError
from mcp_types import INVALID_PARAMS

_LISTS = ("tools/list", "prompts/list", "resources/list", "resources/templates/list")
_NEVER_CHANGE = ("tools", "prompts")
"""Lists that follow from the settings: nobody is told of a change, since there is none."""


async def by_the_rules(ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
    """Refuse a cursor that was never given out, and declare `listChanged` only where it is sent."""
    if ctx.method in _LISTS and (ctx.params or {}).get("cursor") is not None:
        raise MCPError(INVALID_PARAMS, f"There is no such cursor: {ctx.method} answers on one page.")
    result = await call_next(ctx)
    if ctx.method != "server/discover" or not isinstance(result, Mapping):
        return result
    declared = dict(result.get("capabilities") or {})
    for name in _NEVER_CHANGE:
        if isinstance(declared.get(name), Mapping):
            declared[name] = {**declared[name], "listChanged": False}
    return {**result, "capabilities": declared}
