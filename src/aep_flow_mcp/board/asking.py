"""A client of this server's own, inside the process, which shows apps and may only call what reads."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aep_flow_mcp.surface.snapshot import load_cards

if TYPE_CHECKING:
    from mcp.client import Client

    from aep_flow_mcp.server import FlowServer

NO_TOOL = "The board only reads: it does not call {name}."


class OnlyReadsError(Exception):
    """Something was to be called that writes, or that is not there."""


@dataclass(frozen=True)
class Asking:
    """Calls tools that read."""

    client: Client
    reading: frozenset[str]

    async def call(self, name: str, given: dict[str, Any]) -> dict[str, Any]:
        """The answer as it goes to an app.

        Raises:
            OnlyReadsError: the tool is none that reads.
        """
        if name not in self.reading:
            raise OnlyReadsError(NO_TOOL.format(name=name))
        result = await self.client.call_tool(name, given)
        return result.model_dump(mode="json", by_alias=True, exclude_none=True)


@asynccontextmanager
async def asking(server: FlowServer) -> AsyncIterator[Asking]:
    """A client of the server that shows apps."""
    from mcp.client import Client, advertise
    from mcp.server.apps import APP_MIME_TYPE, EXTENSION_ID

    reading = frozenset(card["name"] for card in load_cards() if not card["writes"])
    apps = advertise(EXTENSION_ID, {"mimeTypes": [APP_MIME_TYPE]})
    async with Client(server, extensions=[apps]) as client:
        yield Asking(client, reading)
