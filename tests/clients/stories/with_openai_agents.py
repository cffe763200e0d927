"""The story through the tools that openai-agents makes of a server, with schemas made strict as far as it can."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from agents.mcp import MCPServerStdio, MCPUtil
from agents.tool_context import ToolContext
from story import Call, List, Said, command, tell


@asynccontextmanager
async def connected() -> AsyncIterator[tuple[List, Call]]:
    program, arguments = command()
    async with MCPServerStdio(
        {"command": program, "args": arguments}, client_session_timeout_seconds=60
    ) as server:
        made = {
            tool.name: MCPUtil.to_function_tool(tool, server, convert_schemas_to_strict=True)
            for tool in await server.list_tools()
        }

        async def names() -> list[str]:
            return list(made)

        async def call(tool: str, given: dict[str, Any]) -> Said:
            text = json.dumps(given)
            context = ToolContext(context=None, tool_name=tool, tool_call_id="1", tool_arguments=text)
            answer = await made[tool].on_invoke_tool(context, text)
            direct = await server.call_tool(tool, given) if tool in ("list_flows", "get_flow") else None
            return Said(
                answer if isinstance(answer, str) else json.dumps(answer, default=str),
                direct.structured_content if direct else None,
                bool(direct and direct.is_error),
            )

        yield names, call


tell(connected)
