"""get_server_info says how the server is set up, and never a secret; it answers whatever is missing."""

from __future__ import annotations

from typing import Any

import pytest
from mcp import Client
from mcp_types import TextContent

from aep_flow_mcp.cli import emulator_settings
from aep_flow_mcp.emulator import Emulator, EmulatorOptions, FaultRule
from aep_flow_mcp.emulator.asgi import EmulatorTransport
from aep_flow_mcp.server import build_server
from aep_flow_mcp.settings import ApprovalMode, Settings
from tools.bed import Bed
from tools.conftest import NOW


async def info(settings: Settings, emulator: Emulator | None = None) -> tuple[dict[str, Any], str]:
    at = emulator or Emulator(EmulatorOptions(clock=lambda: NOW))
    server = build_server(settings, transport=lambda: EmulatorTransport(at))
    async with Client(server) as client:
        result = await client.call_tool("get_server_info", {})
    text = "\n".join(part.text for part in result.content if isinstance(part, TextContent))
    assert not result.is_error, text
    return result.structured_content or {}, text


async def test_on_the_emulator(bed: Bed) -> None:
    answer, text = await bed.call("get_server_info")
    assert answer["sandbox"] == "dev"
    assert answer["read_only"] is False
    assert answer["approval"] == "ask"
    assert "emulator" in answer["mode"]
    assert "emulator-secret" not in text
    assert "Bearer" not in text


async def test_says_what_was_set() -> None:
    settings = emulator_settings(
        mcp_read_only=True, mcp_approval=ApprovalMode.HUMAN, sandbox="stage", sandboxes=("stage", "prod")
    )
    answer, _ = await info(settings)
    assert answer["read_only"] is True
    assert answer["approval"] == "human"
    assert {item["name"]: item["type"] for item in answer["sandboxes"]} == {
        "stage": "development",
        "prod": "production",
    }


@pytest.mark.parametrize(
    "missing", [{"client_id": None, "client_secret": None, "org_id": None}, {"client_secret": None}]
)
async def test_without_credentials(missing: dict[str, None]) -> None:
    settings = emulator_settings().model_copy(update=missing)
    _, text = await info(settings)
    assert "AEP_CLIENT_SECRET" in text


async def test_with_wrong_credentials() -> None:
    from pydantic import SecretStr

    settings = emulator_settings().model_copy(update={"client_secret": SecretStr("wrong-secret-value")})
    _, text = await info(settings)
    assert "invalid_client" in text
    assert "wrong-secret-value" not in text


async def test_without_credentials_nothing_is_sent_and_the_rest_is_told() -> None:
    emulator = Emulator(EmulatorOptions(clock=lambda: NOW))
    settings = emulator_settings(mcp_toolsets=("core", "flows"), mcp_exclude_tools=("get_flow",)).model_copy(
        update={"client_id": None, "client_secret": None, "org_id": None}
    )
    answer, _ = await info(settings, emulator)
    assert answer["authentication"].startswith("missing")
    assert "not tried" in answer["connection"]
    assert answer["sandboxes"] == [{"name": "dev"}]
    assert (answer["toolsets"], answer["excluded_tools"]) == (["core", "flows"], ["get_flow"])
    assert list(emulator.journal) == []


async def test_a_supplied_token_is_named_and_not_shown() -> None:
    from pydantic import SecretStr

    token = "eyJ-a-token-from-elsewhere"
    emulator = Emulator(EmulatorOptions(clock=lambda: NOW, static_tokens=frozenset({token})))
    settings = emulator_settings().model_copy(update={"access_token": SecretStr(token)})
    answer, text = await info(settings, emulator)
    assert answer["connection"] == "ok"
    assert "AEP_ACCESS_TOKEN" in answer["authentication"]
    assert token not in text + str(answer)


async def test_a_sandbox_that_is_not_there() -> None:
    answer, _ = await info(emulator_settings(sandbox="nowhere"))
    assert "nowhere" in answer["connection"]
    assert "prod" in answer["connection"]
    assert answer["sandboxes"] == [{"name": "nowhere"}]


async def test_a_silent_adobe_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aep_flow_mcp.tools.general.server_info.PATIENCE", 0.2)
    emulator = Emulator(EmulatorOptions(clock=lambda: NOW))
    emulator.faults.add(FaultRule("sandbox-management", "latency", seconds=60))
    answer, _ = await info(emulator_settings(), emulator)
    assert answer["connection"] == "no answer within 0.2 seconds"
    assert answer["sandbox"] == "dev"
