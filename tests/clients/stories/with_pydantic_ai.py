"""The story through the toolset of pydantic-ai."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastmcp.client.transports import StdioTransport
from pydantic_ai.exceptions import ModelRetry
from pydantic_ai.mcp import MCPToolset
from story import Call, List, Said, command, tell


@asynccontextmanager
async def connected() -> AsyncIterator[tuple[List, Call]]:
    program, arguments = command()
    async with MCPToolset(StdioTransport(program, arguments, keep_alive=False)) as toolset:

        async def names() -> list[str]:
            return [tool.name for tool in await toolset.list_tools()]

        async def call(tool: str, given: dict[str, Any]) -> Said:
            try:
                answer = await toolset.direct_call_tool(tool, given)
            except ModelRetry as error:
                return Said(str(error), None, True)
            return Said(answer if isinstance(answer, str) else json.dumps(answer), answer)

        yield names, call


tell(connected)
