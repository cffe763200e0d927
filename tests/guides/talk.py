"""A conversation with the server on the emulator, written down as it happens."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from unittest import mock

from mcp import Client
from mcp.client import ClientRequestContext
from mcp_types import ElicitRequestParams, ElicitResult, TextContent

from aep_flow_mcp.cli import emulator_settings
from aep_flow_mcp.emulator import Emulator, EmulatorOptions
from aep_flow_mcp.emulator.asgi import EmulatorTransport
from aep_flow_mcp.server import build_server
from support.organisation import emulator_on_shared_seed
from tools.bed import NOW

LINE = 400
"""Longer lines are cut in a guide, and only there."""


class Talk:
    """What a person says, what the assistant calls, and what comes back, as Markdown in `lines`."""

    def __init__(self, client: Client, emulator: Emulator) -> None:
        self.client = client
        self.emulator = emulator
        self.lines: list[str] = []

    def person(self, words: str) -> None:
        """The person says something."""
        self.lines += [f"**Person:** {words}", ""]

    async def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """The assistant calls a tool; gives the structured answer. The person approves what is asked."""
        self.lines += [f"**Assistant** calls `{tool}`", ""]
        self._block("json", json.dumps(arguments, ensure_ascii=False, indent=2))
        result = await self.client.call_tool(tool, arguments)
        text = "\n".join(part.text for part in result.content if isinstance(part, TextContent))
        if result.is_error:
            raise AssertionError(f"{tool} refused: {text}")
        self._block("text", text)
        return result.structured_content or {}

    def later(self, seconds: float, words: str) -> None:
        """Time passes in the emulator."""
        self.emulator.backend.clock.advance(seconds)
        self.lines += [f"*{words}*", ""]

    async def asked(self, context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:
        """The person is asked to approve, and does."""
        del context
        self.lines += ["The person is asked:", ""]
        self._block("text", params.message)
        self.lines += ["**Person** approves.", ""]
        return ElicitResult(action="accept", content={"approve": True})

    def _block(self, language: str, text: str) -> None:
        cut = [line if len(line) <= LINE else f"{line[:LINE]}…" for line in text.splitlines()]
        self.lines += [f"```{language}", *cut, "```", ""]


@asynccontextmanager
async def talking() -> AsyncIterator[Talk]:
    """A conversation on a fresh emulator, whose clock and the server's stand at the same time."""
    emulator = emulator_on_shared_seed(EmulatorOptions(clock=lambda: NOW))
    server = build_server(emulator_settings(), transport=lambda: EmulatorTransport(emulator), emulated=True)
    holder: list[Talk] = []

    async def person(context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:
        return await holder[0].asked(context, params)

    def now() -> float:
        return emulator.backend.clock.now().timestamp()

    with mock.patch("aep_flow_mcp.planning.objects.now", side_effect=now):
        async with Client(server, elicitation_callback=person) as client:
            holder.append(Talk(client, emulator))
            yield holder[0]
