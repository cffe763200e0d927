"""`AEP_MCP_SCHEMAS` through the protocol: what is listed is the dialect, and calls that follow it do what they say."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aep_flow_mcp.cli import emulator_settings
from aep_flow_mcp.settings import Settings
from tools.bed import Bed


@pytest.fixture(params=["list", "search"])
def settings(request: pytest.FixtureRequest) -> Settings:
    return emulator_settings(mcp_schemas="openai-strict", mcp_discovery=request.param)


async def _schema(bed: Bed, tool: str) -> dict[str, Any]:
    listed = {tool.name: tool.input_schema for tool in (await bed.client.list_tools()).tools}
    if tool in listed:
        return listed[tool]
    return (await bed.answer("find_tools", query=tool, limit=None))["tools"][0]["input_schema"]  # type: ignore[no-any-return]


async def _call(bed: Bed, settings: Settings, tool: str, arguments: dict[str, Any]) -> dict[str, Any]:
    if settings.mcp_discovery == "list":
        return await bed.answer(tool, **arguments)
    return await bed.answer("call_tool", name=tool, arguments=json.dumps(arguments))


async def test_a_strict_call_changes_what_it_says(bed: Bed, settings: Settings) -> None:
    schema = await _schema(bed, "update_flow")
    assert sorted(schema["required"]) == sorted(schema["properties"])
    flow = next(flow for flow in bed.stored("flows") if flow["state"] == "enabled")
    operation = {"op": "replace", "path": "/description", "value": json.dumps("said in JSON")}
    members = schema["properties"]["operations"]["items"]["properties"]
    given = {"flow": flow["id"], "operations": [{name: operation.get(name) for name in members}]}
    arguments = {name: given.get(name) for name in schema["properties"]}
    preview = await _call(bed, settings, "update_flow", arguments)
    assert preview["status"] == "needs_confirmation", preview
    await bed.answer("confirm_change", confirmation_id=preview["confirmation_id"])
    stored = bed.store.get("dev", "flows", flow["id"])
    assert stored is not None
    assert stored["description"] == "said in JSON"
