"""The story through langchain-mcp-adapters: in one session, and, as it does by itself, a new server for each call."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from langchain_core.tools import ToolException
from langchain_mcp_adapters.client import MultiServerMCPClient
from langchain_mcp_adapters.tools import load_mcp_tools
from story import Call, Said, command, met


def caller(tools: dict[str, Any]) -> Call:
    async def call(tool: str, given: dict[str, Any]) -> Said:
        try:
            message = await tools[tool].ainvoke({"type": "tool_call", "id": "1", "name": tool, "args": given})
        except ToolException as error:
            return Said(str(error), None, True)
        parts = message.content if isinstance(message.content, list) else [message.content]
        text = "\n".join(part if isinstance(part, str) else part.get("text", "") for part in parts)
        structure = (
            (message.artifact or {}).get("structured_content") if isinstance(message.artifact, dict) else None
        )
        return Said(text, structure, message.status == "error")

    return call


async def whole() -> dict[str, Any]:
    program, arguments = command()
    client = MultiServerMCPClient({"aep": {"transport": "stdio", "command": program, "args": arguments}})

    async def names(tools: dict[str, Any]) -> list[str]:
        return list(tools)

    async with client.session("aep") as session:
        kept = {tool.name: tool for tool in await load_mcp_tools(session)}
        in_one = await met(lambda: names(kept), caller(kept))
    each = {tool.name: tool for tool in await client.get_tools()}
    return {**in_one, "a_server_for_each_call": await met(lambda: names(each), caller(each))}


print(json.dumps(asyncio.run(whole())))
