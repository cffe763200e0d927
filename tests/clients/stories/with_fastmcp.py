"""The story through the client of fastmcp."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastmcp import Client
from fastmcp.client.transports import StdioTransport
from story import Call, List, Said, command, tell


@asynccontextmanager
async def connected() -> AsyncIterator[tuple[List, Call]]:
    program, arguments = command()
    async with Client(StdioTransport(program, arguments, keep_alive=False)) as client:

        async def names() -> list[str]:
            return [tool.name for tool in await client.list_tools()]

        async def call(tool: str, given: dict[str, Any]) -> Said:
            result = await client.call_tool(tool, given, raise_on_error=False)
            text = "\n".join(part.text for part in result.content)
            return Said(text, result.structured_content, result.is_error)

        yield names, call


tell(connected)
