"""The three landing-zone secrets are masked; with AEP_MCP_REVEAL_SECRETS they are shown after approval only."""

from __future__ import annotations

from typing import Any

import pytest
from mcp import Client
from mcp.client import ClientRequestContext
from mcp_types import ElicitRequestParams, ElicitResult, TextContent

from aep_flow_mcp.cli import emulator_settings
from aep_flow_mcp.emulator import Emulator, EmulatorOptions
from aep_flow_mcp.emulator.asgi import EmulatorTransport
from aep_flow_mcp.server import build_server
from tools.bed import Bed
from tools.conftest import ERAS, NOW

SECRETS = {
    "get_landing_zone_credential": ("SASToken", "SASUri"),
    "get_landing_zone_sas_uri": ("SASUri",),
    "get_landing_zone_sas_token": ("SASToken",),
}


@pytest.mark.parametrize("tool", SECRETS)
async def test_masked_by_default(bed: Bed, tool: str) -> None:
    answer, text = await bed.call(tool)
    assert all(answer["item"][name] == "***" for name in SECRETS[tool])
    assert "sig=" not in text + str(answer)
    assert "AEP_MCP_REVEAL_SECRETS" in text


@pytest.mark.parametrize("yes", [True, False])
@pytest.mark.parametrize("tool", SECRETS)
async def test_in_clear_after_approval(era: str, tool: str, yes: bool) -> None:
    emulator = Emulator(EmulatorOptions(clock=lambda: NOW))
    questions: list[str] = []

    async def person(context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:
        del context
        questions.append(params.message)
        return ElicitResult(action="accept" if yes else "decline", content={"approve": True} if yes else None)

    settings = emulator_settings(mcp_reveal_secrets=True)
    server = build_server(settings, transport=lambda: EmulatorTransport(emulator), emulated=True)
    async with Client(server, mode=ERAS[era], elicitation_callback=person) as client:
        result = await client.call_tool(tool, {})
    said = "\n".join(part.text for part in result.content if isinstance(part, TextContent))
    content: dict[str, Any] = result.structured_content or {}
    assert len(questions) == 1
    assert "sig=" not in questions[0]
    assert emulator.journal.writes() == []
    if yes:
        assert content["status"] == "done"
        assert "sig=" in said
        shown = {name for name in ("SASUri", "SASToken") if name in content["data"]}
        assert shown == set(SECRETS[tool]), "only what was asked for"
    else:
        assert content["status"] == "declined"
        assert "sig=" not in said + str(content)


@pytest.mark.parametrize("tool", SECRETS)
async def test_still_masked_where_writes_are_off(tool: str) -> None:
    emulator = Emulator(EmulatorOptions(clock=lambda: NOW))
    settings = emulator_settings(mcp_read_only=True)
    server = build_server(settings, transport=lambda: EmulatorTransport(emulator), emulated=True)
    async with Client(server) as client:
        result = await client.call_tool(tool, {})
        assert not result.is_error
        assert "sig=" not in str(result)
