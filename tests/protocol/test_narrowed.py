"""A connection over HTTP narrows with its own headers what it sees and may call, and never widens it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest
from mcp import Client, MCPError
from mcp.client.streamable_http import streamable_http_client
from mcp_types import CallToolResult, TextContent

from aep_flow_mcp.surface.snapshot import load_cards
from support.processes import http_server_process

pytestmark = pytest.mark.subprocess
CARDS = {card["name"]: card for card in load_cards()}
ERAS = {"2026-07-28": "auto", "2025-11-25": "legacy"}


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    settings = {"AEP_MCP_EXCLUDE_TOOLS": "delete_flow", "AEP_MCP_TOOLSETS": "core,flows,runs"}
    with http_server_process("--emulator", cwd=tmp_path_factory.mktemp("http"), **settings) as url:
        yield url


@asynccontextmanager
async def connected(address: str, mode: str, **headers: str) -> AsyncIterator[Client]:
    async with (
        httpx2.AsyncClient(headers=headers, timeout=60) as http,
        Client(streamable_http_client(address, http_client=http), mode=mode) as client,
    ):
        yield client


async def names(client: Client) -> set[str]:
    return {tool.name for tool in (await client.list_tools()).tools}


def text(result: CallToolResult) -> str:
    assert isinstance(result.content[0], TextContent)
    return result.content[0].text


@pytest.mark.parametrize("mode", ERAS.values(), ids=list(ERAS))
async def test_headers_narrow_and_never_widen(address: str, mode: str) -> None:
    async with connected(address, mode) as client:
        everything = await names(client)
    assert {CARDS[name]["toolset"] for name in everything} == {"core", "flows", "runs"}

    async with connected(address, mode, **{"X-AEP-MCP-Read-Only": "true"}) as client:
        assert await names(client) == {name for name in everything if not CARDS[name]["writes"]}
        refused = await client.call_tool("update_flow", {"flow": "x", "operations": []})
        assert refused.is_error
        assert "X-AEP-MCP-Read-Only" in text(refused)
        confirmed = await client.call_tool("confirm_change", {"confirmation_id": "x"})
        assert "X-AEP-MCP-Read-Only" in text(confirmed)

    async with connected(address, mode, **{"X-AEP-MCP-Toolsets": "core, connections"}) as client:
        seen = await names(client)
        assert seen == {name for name in everything if CARDS[name]["toolset"] == "core"} - {"confirm_change"}
        refused = await client.call_tool("list_flows", {})
        assert "X-AEP-MCP-Toolsets does not name flows" in text(refused)
        kept_out = await client.call_tool("list_connections", {})
        assert "AEP_MCP_TOOLSETS" in text(kept_out)

    async with connected(
        address, mode, **{"X-AEP-MCP-Toolsets": "all", "X-AEP-MCP-Read-Only": "false"}
    ) as client:
        assert await names(client) == everything
        refused = await client.call_tool("delete_flow", {"flow": "x"})
        assert "AEP_MCP_EXCLUDE_TOOLS" in text(refused)


async def test_connections_do_not_narrow_each_other(address: str) -> None:
    async with (
        connected(address, "auto") as wide,
        connected(address, "auto", **{"X-AEP-MCP-Read-Only": "1"}) as narrow,
    ):
        for _ in range(3):
            assert "update_flow" in await names(wide)
            assert "update_flow" not in await names(narrow)


async def test_a_toolset_that_does_not_exist_is_said(address: str) -> None:
    with pytest.raises((MCPError, httpx2.HTTPError, ExceptionGroup)) as refused:
        async with connected(address, "legacy", **{"X-AEP-MCP-Toolsets": "flwos"}):
            pass
    assert "flows" in _messages(refused.value)


def _messages(error: BaseException) -> str:
    inner: Any = getattr(error, "exceptions", ())
    return " ".join([str(error), *map(_messages, inner)])
