"""What a connection sees and may call: by settings, by its caller's abilities, by its headers, and by the search."""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import replace
from functools import lru_cache
from typing import Any

from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.mcpserver.tools import Tool
from mcp.shared.exceptions import MCPError
from mcp_types import INVALID_PARAMS, INVALID_REQUEST, CallToolResult

from aep_flow_mcp.callers import Ability, Person, person
from aep_flow_mcp.settings import AuthMode, Discovery, Settings, SettingsError
from aep_flow_mcp.surface.listed import in_dialect
from aep_flow_mcp.surface.registry import Toolset
from aep_flow_mcp.surface.selection import CONFIRM_TOOL, Narrowing, narrowed, narrowing, needed
from aep_flow_mcp.surface.showing import entered, left
from aep_flow_mcp.surface.snapshot import Card

_narrowing: ContextVar[Narrowing] = ContextVar("narrowing", default=Narrowing())  # noqa: B039  (frozen)


class Offer:
    """One server's tools, as each of its connections may use them."""

    def __init__(
        self,
        cards: list[Card],
        settings: Settings,
        *,
        refused: Mapping[str, str],
        schemas: Mapping[str, dict[str, Any]],
    ) -> None:
        """refused: tool name -> why this server refuses it, whoever calls (`selection.refusals`). schemas: tool name ->
        its input schema as this server lists it.
        """
        self._cards = {card["name"]: card for card in cards}
        self.refused = refused
        self._schemas = schemas
        self._settings = settings
        self._narrowed = lru_cache(maxsize=64)(lambda by: narrowed(cards, self.refused, by, settings))
        self._searched = settings.mcp_discovery is Discovery.SEARCH

    @property
    def writes(self) -> bool:
        """Whether anything that this server lets through writes."""
        return any(card["writes"] and card["name"] not in self.refused for card in self._cards.values())

    @property
    def envelopes(self) -> list[Tool]:
        """`find_tools` and `call_tool`, where tools are found by words."""
        if not self._searched:
            return []
        from aep_flow_mcp.surface.discovery import call_tool, find_tool

        made = [find_tool(), call_tool(reads=not self.writes)]
        dialect = self._settings.mcp_schemas
        return [tool.model_copy(update={"parameters": in_dialect(tool.parameters, dialect)}) for tool in made]

    @property
    def instructions(self) -> str:
        """What a model is told about finding tools; nothing where all are listed."""
        if not self._searched:
            return ""
        from aep_flow_mcp.surface.discovery import INSTRUCTIONS

        return INSTRUCTIONS

    def writing(self, name: str) -> bool:
        """Whether a tool of this name writes."""
        card = self._cards.get(name)
        return card is not None and bool(card["writes"])

    def lists(self, name: str) -> bool:
        """Whether the connection of this request sees the tool in its list."""
        card = self._cards.get(name)
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
                    {**card, "input": self._schemas[tool]}
                    for tool, card in self._cards.items()
                    if tool not in refused
                ]
                return discovery.find(arguments, there)
            if name == discovery.CALL:
                name, arguments = discovery.opened(arguments, self._cards)
        if name in refused:
            raise ToolError(refused[name])
        return name, arguments

    def lacking(self, someone: Person, name: str, arguments: Mapping[str, Any]) -> frozenset[Ability]:
        """What a person would have to be able to do besides, to make a call; of `call_tool`, the call in it."""
        if self._searched:
            from aep_flow_mcp.surface.discovery import CALL, named

            name = (named(arguments) if name == CALL else None) or name
        card = self._cards.get(name)
        if card is None or name in self.refused:  # it is refused, whoever calls
            return frozenset({Ability.READ}) - someone.abilities
        return needed(card, page=self._settings.has_page) - someone.abilities

    async def for_connection(self, ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
        """Serve each request with what its caller may do and its own headers narrow.

        Headers prove nothing, so they cannot widen.
        """
        try:
            by = narrowing(getattr(ctx.request, "headers", None))
        except SettingsError as error:
            raise MCPError(INVALID_PARAMS, str(error)) from None
        may = self._may(over_http=ctx.request is not None)
        if may is not None and Ability.READ not in may:  # the door in front has said so before
            scope = self._settings.mcp_auth_scopes[Ability.READ]
            raise MCPError(
                INVALID_REQUEST, f"This takes the scope {scope}, which this sign-in does not have."
            )
        token, shown = _narrowing.set(replace(by, may=may)), entered(ctx)
        try:
            return await call_next(ctx)
        finally:
            left(shown)
            _narrowing.reset(token)

    def _may(self, *, over_http: bool) -> frozenset[Ability] | None:
        if not over_http or self._settings.mcp_auth is not AuthMode.OIDC:
            return None
        someone = person()
        return someone.abilities if someone is not None else frozenset()

    def _refused_here(self) -> Mapping[str, str]:
        by = _narrowing.get()
        return self.refused if by == Narrowing() else self._narrowed(by)
