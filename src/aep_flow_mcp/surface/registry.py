"""Tools as values: `@read_tool` and `@write_tool` turn a typed function into a `ToolDef`.

A `ToolDef` says what the tool is called, which toolset lists it, what it promises (the four hints), and can
build the SDK's `Tool`. Importing a tool module registers nothing: `surface.py` collects the definitions,
and the server decides which of them it lists.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from aep_flow_mcp.surface.schema import tidy

if TYPE_CHECKING:
    from mcp.server.mcpserver.tools import Tool
    from mcp_types import ToolAnnotations


class Toolset(StrEnum):
    """The names that `AEP_MCP_TOOLSETS` takes."""

    CORE = "core"
    CONNECTIONS = "connections"
    SPECS = "specs"
    FLOWS = "flows"
    RUNS = "runs"
    PROFILE = "profile"
    LANDING_ZONE = "landing_zone"
    EXPORTS = "exports"
    PIPELINES = "pipelines"
    CODE = "code"
    RAW = "raw"
    ADMIN = "admin"


@dataclass(frozen=True)
class ToolDef:
    """One tool. `fn` reads and answers (a read tool), or plans and returns a `Change` (a write tool)."""

    fn: Callable[..., Any]
    toolset: Toolset
    writes: bool
    destructive: bool
    idempotent: bool
    reveal: Callable[..., Any] | None = None
    """For a tool that masks secrets: plans the reading in clear, for servers that may reveal them."""

    @property
    def name(self) -> str:
        return self.fn.__name__

    @property
    def module(self) -> str:
        return self.fn.__module__

    @property
    def title(self) -> str:
        return self.name.replace("_", " ").capitalize()

    @property
    def description(self) -> str:
        """The docstring on one line; every write tool ends with the sentence that it asks first."""
        text = " ".join((self.fn.__doc__ or "").split())
        return f"{text} Asks first." if self.writes else text

    def hints(self) -> ToolAnnotations:
        """The four hints; the world of every tool is open, since others work in the same sandbox."""
        from mcp_types import ToolAnnotations

        return ToolAnnotations(
            read_only_hint=not self.writes,
            destructive_hint=self.destructive,
            idempotent_hint=self.idempotent,
            open_world_hint=True,
        )

    def build(self, *, reveals: bool = False, output_schema: bool = True) -> Tool:
        """The SDK's tool, with a tidied input schema (no titles, no null arms).

        output_schema: without it a tool is ready in half the time; a server lists the schema of the snapshot.
        reveals: secrets are shown after approval (AEP_MCP_REVEAL_SECRETS) instead of masked.
        """
        shows = reveals and self.reveal is not None
        tool = self._sdk_tool(asks=self.writes or shows).from_function(
            self._registered(reveals=reveals),
            name=self.name,
            title=self.title,
            description=self.description,
            annotations=self.hints(),
            structured_output=None if output_schema else False,
        )
        # What a tool does not declare it refuses (surface/listed.py), so its schema says so.
        tool.parameters = {**tidy(tool.parameters), "additionalProperties": False}
        return tool

    def _sdk_tool(self, *, asks: bool) -> type[Tool]:
        """A tool that asks a person binds each answer to its question."""
        if asks:
            from aep_flow_mcp.guard.tool import GuardedTool

            return GuardedTool
        from mcp.server.mcpserver.tools import Tool

        return Tool

    def _registered(self, *, reveals: bool) -> Callable[..., Any]:
        from aep_flow_mcp.guard.tool import guarded

        if self.writes:
            return guarded(self.fn)
        if reveals and self.reveal is not None:
            return guarded(self.reveal, reveals=True)
        return self.fn


def read_tool(toolset: str) -> Callable[[Callable[..., Any]], ToolDef]:
    """A tool that only reads. Its docstring is what the model reads; its annotations are the schema."""

    def define(fn: Callable[..., Any]) -> ToolDef:
        return ToolDef(fn, Toolset(toolset), writes=False, destructive=False, idempotent=True)

    return define


def reveal_tool(toolset: str, *, plan: Callable[..., Any]) -> Callable[[Callable[..., Any]], ToolDef]:
    """A tool that shows secrets masked, or, where the server may, in clear after approval of `plan`'s Change."""

    def define(fn: Callable[..., Any]) -> ToolDef:
        return ToolDef(fn, Toolset(toolset), writes=False, destructive=False, idempotent=True, reveal=plan)

    return define


def write_tool(
    toolset: str, *, destructive: bool = False, idempotent: bool = False
) -> Callable[[Callable[..., Any]], ToolDef]:
    """A tool that plans a `Change`. The guard previews it, asks, and only then sends it.

    destructive: it removes, replaces or stops something that is there; a new object replaces nothing.
    idempotent: the same call twice leaves the same state as once.
    """

    def define(fn: Callable[..., Any]) -> ToolDef:
        return ToolDef(fn, Toolset(toolset), writes=True, destructive=destructive, idempotent=idempotent)

    return define
