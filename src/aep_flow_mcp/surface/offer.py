"""What a connection sees and may call: the settings, what its headers narrow, and the tools that are found by words."""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any

from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.mcpserver.tools import Tool
from mcp.shared.exceptions import MCPError
from mcp_types import INVALID_PARAMS, CallToolResult

from aep_flow_mcp.settings import Discovery, Settings, SettingsError
from aep_flow_mcp.surface.registry import Toolset
from aep_flow_mcp.surface.selection import CONFIRM_TOOL, Narrowing, narrowed, narrowing, refusals
from aep_flow_mcp.surface.snapshot import Card

_narrowing: ContextVar[Narrowing] = ContextVar("narrowing", default=Narrowing())  # noqa: B039  (frozen)


class Offer:
    """One server's tools, as each of its connections may use them."""

    def __init__(self, cards: list[Card], settings: Settings) -> None:
        """Raises SettingsError for a toolset or tool that does not exist."""
        self._cards = cards
        self._refused = refusals(cards, settings)
        self._dialect = settings.mcp_schemas
        self.schemas: Mapping[str, dict[str, Any]] = {}
        """Tool name -> its input schema as this server lists it."""
        self._searched = settings.mcp_discovery is Discovery.SEARCH

    @property
    def refused(self) -> Mapping[str, str]:
        """Tool name -> why this server refuses it, whoever calls."""
        return self._refused

    @property
    def envelopes(self) -> list[Tool]:
        """`find_tools` and `call_tool`, where tools are found by words."""
        if not self._searched:
            return []
        from aep_flow_mcp.surface.discovery import call_tool, find_tool

        writes = any(card["writes"] and card["name"] not in self._refused for card in self._cards)
        made = [find_tool(), call_tool(reads=not writes)]
        return [tool.model_copy(update={"parameters": self._in_dialect(tool.parameters)}) for tool in made]

    @property
    def instructions(self) -> str:
        """What a model is told about finding tools; nothing where all are listed."""
        if not self._searched:
            return ""
        from aep_flow_mcp.surface.discovery import INSTRUCTIONS

        return INSTRUCTIONS

    def lists(self, name: str) -> bool:
        """Whether the connection of this request sees the tool in its list."""
        card = next((card for card in self._cards if card["name"] == name), None)
        if card is None:  # an envelope
            return True
        if name in self._refused_here():
            return False
        return not self._searched or card["toolset"] == Toolset.CORE or name == CONFIRM_TOOL

    def meant(self, name: str, arguments: dict[str, Any]) -> tuple[str, dict[str, Any]] | CallToolResult:
        """The tool that a call is about and its arguments, or the answer where it asks which tools there are.

        Raises:
            ToolError: this connection may not call it, or nothing of the name is there.
        """
        refused = self._refused_here()
        if self._searched:
            from aep_flow_mcp.surface import discovery

            if name == discovery.FIND:
                there = [
                    {**card, "input": self.schemas.get(card["name"], card["input"])}
                    for card in self._cards
                    if card["name"] not in refused
                ]
                return discovery.find(arguments, there)
            if name == discovery.CALL:
                name, arguments = discovery.opened(arguments, [card["name"] for card in self._cards])
        if name in refused:
            raise ToolError(refused[name])
        return name, arguments

    def _in_dialect(self, schema: dict[str, Any]) -> dict[str, Any]:
        from aep_flow_mcp.surface.dialects import spoken

        return spoken(schema, self._dialect)

    def _refused_here(self) -> Mapping[str, str]:
        by = _narrowing.get()
        return self._refused if by == Narrowing() else narrowed(self._cards, self._refused, by)


async def narrowing_middleware(ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
    """Each request is served with what its own headers narrow; headers prove nothing, so they cannot widen."""
    try:
        by = narrowing(getattr(ctx.request, "headers", None))
    except SettingsError as error:
        raise MCPError(INVALID_PARAMS, str(error)) from None
    token = _narrowing.set(by)
    try:
        return await call_next(ctx)
    finally:
        _narrowing.reset(token)
