"""A client that talks to a server on an emulator, with the words that tests use."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from mcp import Client
from mcp_types import TextContent

from aep_flow_mcp.emulator import Emulator, Exchange
from aep_flow_mcp.emulator.seed.scenarios import SCENARIOS
from aep_flow_mcp.emulator.state.store import Store

SANDBOX = "dev"
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
"""The time at which the clocks of these emulators stand still."""


@dataclass(frozen=True, eq=False, repr=False)
class Bed:
    """A client and the emulator that its server talks to."""

    client: Client
    emulator: Emulator

    @property
    def store(self) -> Store:
        return self.emulator.store

    def stored(self, kind: str, sandbox: str = SANDBOX) -> list[dict[str, Any]]:
        """What the emulator holds of a kind (connections, flows, ...), as the API stores it.

        Thousands of runs take half a second: see `runs_of`, and the fixture `all_runs`.
        """
        return self.store.all(sandbox, kind)

    def runs_of(self, story: str) -> list[dict[str, Any]]:
        """The runs of one flow (its id, or its name in SCENARIOS); no other run is made."""
        runs = self.store.collection(SANDBOX, "runs").where("flowId", SCENARIOS.get(story, story))
        return [deepcopy(run) for run in runs]

    def sent(self, ending: str = "") -> list[Exchange]:
        """The requests that the server made so far to paths with this ending."""
        return [one for one in self.emulator.journal if one.path.endswith(ending)]

    async def call(self, tool: str, /, **arguments: Any) -> tuple[dict[str, Any], str]:
        """structured content and text of a call that must succeed."""
        result = await self.client.call_tool(tool, arguments)
        text = "\n".join(part.text for part in result.content if isinstance(part, TextContent))
        assert not result.is_error, text
        assert isinstance(result.structured_content, dict)
        return result.structured_content, text

    async def answer(self, tool: str, /, **arguments: Any) -> dict[str, Any]:
        return (await self.call(tool, **arguments))[0]

    async def text(self, tool: str, /, **arguments: Any) -> str:
        return (await self.call(tool, **arguments))[1]

    async def refusal(self, tool: str, /, **arguments: Any) -> str:
        """The sentence of a call that must fail."""
        result = await self.client.call_tool(tool, arguments)
        text = "\n".join(part.text for part in result.content if isinstance(part, TextContent))
        assert result.is_error, f"{tool} should have refused, but said: {text}"
        return text

    async def pages(self, tool: str, /, **arguments: Any) -> list[list[dict[str, Any]]]:
        """The items of every page; fails when a cursor comes back a second time."""
        pages: list[list[dict[str, Any]]] = []
        cursors: list[str] = []
        while True:
            more = {"cursor": cursors[-1]} if cursors else {}
            answer = await self.answer(tool, **arguments, **more)
            pages.append(answer["items"])
            cursor = answer.get("next_cursor")
            if cursor is None:
                return pages
            assert cursor not in cursors, "the same cursor twice"
            cursors.append(cursor)


@asynccontextmanager
async def in_its_own_task(client: Client) -> AsyncIterator[Client]:
    """An open client, for fixtures: they may end in another task than they began in, which its scopes forbid."""
    ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    done = asyncio.Event()

    async def hold() -> None:
        async with client:
            ready.set_result(None)
            await done.wait()

    holder = asyncio.create_task(hold())
    await asyncio.wait({holder, ready}, return_when=asyncio.FIRST_COMPLETED)
    if holder.done():
        await holder
    try:
        yield client
    finally:
        done.set()
        await holder
