"""`AEP_MCP_DISCOVERY=search`: few tools are listed; each other one is found and called, and asks as it always does."""

from __future__ import annotations

from typing import Any

import pytest
from mcp import Client
from mcp.client import ClientRequestContext
from mcp.shared.exceptions import MCPError
from mcp_types import ElicitRequestParams, ElicitResult, TextContent

from aep_flow_mcp.cli import emulator_settings
from aep_flow_mcp.emulator import Emulator
from aep_flow_mcp.emulator.asgi import EmulatorTransport
from aep_flow_mcp.server import build_server
from aep_flow_mcp.settings import Settings
from aep_flow_mcp.surface.snapshot import load_cards
from benchmarks.tokens import tokens
from tools.bed import Bed
from tools.conftest import ERAS

CARDS = load_cards()


@pytest.fixture
def settings() -> Settings:
    return emulator_settings(mcp_discovery="search")


def _state(emulator: Emulator, flow: dict[str, Any]) -> str:
    stored = emulator.store.get("dev", "flows", flow["id"])
    assert stored is not None
    return str(stored["state"])


async def test_few_tools_are_listed_and_cost_little(bed: Bed) -> None:
    listed = {tool.name: tool for tool in (await bed.client.list_tools()).tools}
    core = {card["name"] for card in CARDS if card["toolset"] == "core"}
    assert set(listed) == {*core, "find_tools", "call_tool"}
    cost = sum(
        tokens({"name": tool.name, "description": tool.description, "input": tool.input_schema})
        for tool in listed.values()
    )
    assert cost <= 3_000
    assert listed["find_tools"].annotations is not None
    assert listed["find_tools"].annotations.read_only_hint is True
    assert listed["call_tool"].annotations is not None
    assert listed["call_tool"].annotations.destructive_hint is True


async def test_every_tool_is_found_and_reached(bed: Bed) -> None:
    """A scripted assistant that knows a name only: it finds the schema, and its call arrives at that very tool."""
    before = len(bed.emulator.journal)
    for card in CARDS:
        found = (await bed.answer("find_tools", query=card["name"], limit=1))["tools"][0]
        assert found["name"] == card["name"]
        assert found["input_schema"] == card["input"]
        said = await bed.refusal("call_tool", name=card["name"], arguments={"no_such_argument": 1})
        assert said.startswith(f"{card['name']} does not take 'no_such_argument'.")
    assert len(bed.emulator.journal) == before


async def test_an_answer_is_that_of_the_tool_itself(bed: Bed) -> None:
    enveloped = await bed.call("call_tool", name="list_flows", arguments={"limit": 3, "name": None})
    itself = await bed.call("list_flows", limit=3)
    assert enveloped == itself


async def test_a_write_asks_and_only_the_second_call_sends(bed: Bed) -> None:
    flow = next(flow for flow in bed.stored("flows") if flow["state"] == "enabled")
    arguments = {"flow": flow["id"], "action": "disable"}
    preview = await bed.answer("call_tool", name="run_flow_action", arguments=arguments)
    assert preview["status"] == "needs_confirmation"
    assert _state(bed.emulator, flow) == "enabled"
    done = await bed.answer(
        "call_tool", name="confirm_change", arguments={"confirmation_id": preview["confirmation_id"]}
    )
    assert done["status"] == "done"
    assert _state(bed.emulator, flow) == "disabled"


@pytest.mark.parametrize("agreed", [True, False])
async def test_a_person_is_asked_through_the_client(emulator: Emulator, era: str, agreed: bool) -> None:
    asked: list[str] = []

    async def put(context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:
        asked.append(params.message)
        return ElicitResult(action="accept", content={"approve": agreed})

    server = build_server(
        emulator_settings(mcp_discovery="search"),
        transport=lambda: EmulatorTransport(emulator),
        emulated=True,
    )
    flow = next(flow for flow in emulator.store.all("dev", "flows") if flow["state"] == "enabled")
    call: dict[str, Any] = {"name": "run_flow_action", "arguments": {"flow": flow["id"], "action": "disable"}}
    async with Client(server, mode=ERAS[era], elicitation_callback=put) as client:
        await client.call_tool("call_tool", call)
    assert len(asked) == 1
    assert flow["name"] in asked[0]
    assert _state(emulator, flow) == ("disabled" if agreed else "enabled")


async def test_what_the_settings_refuse_is_neither_found_nor_called(emulator: Emulator) -> None:
    server = build_server(
        emulator_settings(mcp_discovery="search", mcp_read_only=True),
        transport=lambda: EmulatorTransport(emulator),
        emulated=True,
    )
    async with Client(server) as client:
        listed = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert listed["call_tool"].annotations is not None
        assert listed["call_tool"].annotations.read_only_hint is True
        found = (await client.call_tool("find_tools", {"query": "delete flow"})).structured_content
        assert found is not None
        assert not any(tool["writes"] for tool in found["tools"])
        flow = emulator.store.all("dev", "flows")[0]
        result = await client.call_tool(
            "call_tool", {"name": "delete_flow", "arguments": {"flow": flow["id"]}}
        )
    assert result.is_error
    assert isinstance(result.content[0], TextContent)
    assert "AEP_MCP_READ_ONLY" in result.content[0].text
    assert emulator.store.get("dev", "flows", flow["id"])


async def test_without_it_neither_is_there(emulator: Emulator) -> None:
    server = build_server(emulator_settings(), transport=lambda: EmulatorTransport(emulator), emulated=True)
    async with Client(server) as client:
        names = {tool.name for tool in (await client.list_tools()).tools}
        assert names == {card["name"] for card in CARDS}
        with pytest.raises(MCPError, match="call_tool"):
            await client.call_tool("call_tool", {"name": "list_flows"})


async def test_what_is_found_is_what_would_be_listed(emulator: Emulator) -> None:
    """Also with several sandboxes, where every tool takes one."""
    found, listed = {}, {}
    for discovery in ("search", "list"):
        server = build_server(
            emulator_settings(mcp_discovery=discovery, sandboxes=("dev", "stage")),
            transport=lambda: EmulatorTransport(emulator),
            emulated=True,
        )
        async with Client(server) as client:
            listed = {tool.name: tool.input_schema for tool in (await client.list_tools()).tools}
            if discovery == "search":
                answer = (await client.call_tool("find_tools", {"query": "list_flows"})).structured_content
                assert answer is not None
                found = answer["tools"][0]
    assert "sandbox" in found["input_schema"]["properties"]
    assert found["input_schema"] == listed["list_flows"]
