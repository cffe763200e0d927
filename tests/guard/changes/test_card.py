"""The card of a change: what an app shows beside the answer of a tool that writes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from mcp.client import Client, advertise
from mcp.server.apps import APP_MIME_TYPE, EXTENSION_ID
from mcp_types import CallToolResult

from aep_flow_mcp.command_settings import emulator_settings, emulator_transport
from aep_flow_mcp.guard.changes.card import VIEW
from aep_flow_mcp.server import build_server
from aep_flow_mcp.settings import ApprovalMode

APPS = advertise(EXTENSION_ID, {"mimeTypes": [APP_MIME_TYPE]})
RENAME = {
    "flow": "Marketplace orders",
    "operations": [{"op": "replace", "path": "/name", "value": "Renamed"}],
}
SECRET = "hunter2-very-secret"


async def answered(tool: str, given: dict[str, Any], *, apps: bool, mode: ApprovalMode) -> CallToolResult:
    settings = emulator_settings().model_copy(update={"mcp_approval": mode})
    server = build_server(settings, transport=emulator_transport, emulated=True)
    async with Client(server, extensions=[APPS] if apps else None) as client:
        return await client.call_tool(tool, given)


async def test_it_has_before_and_after_and_the_request() -> None:
    answer = await answered("update_flow", RENAME, apps=True, mode=ApprovalMode.TWO_STEP)
    card = (answer.meta or {})[VIEW]
    assert (answer.structured_content or {})["status"] == "needs_confirmation"
    assert (card["title"], card["sandbox"]) == ('Update flow "Marketplace orders"', "dev")
    step = card["steps"][0]
    assert step["changes"] == [["name", '"Marketplace orders"', '"Renamed"']]
    assert step["method"] == "PATCH"
    assert json.loads(step["body"]) == RENAME["operations"]
    assert card["digest"][:16] in (answer.structured_content or {})["preview"]


@pytest.mark.parametrize("mode", [ApprovalMode.TWO_STEP, ApprovalMode.NONE])
async def test_text_and_structure_are_the_same_without_apps(mode: ApprovalMode) -> None:
    with_apps = await answered("update_flow", RENAME, apps=True, mode=mode)
    without = await answered("update_flow", RENAME, apps=False, mode=mode)
    assert VIEW in (with_apps.meta or {})
    assert VIEW not in (without.meta or {})
    # Ids, versions and what is derived from them are new each time.
    one, other = ({**(each.structured_content or {})} for each in (with_apps, without))
    for each in (one, other):
        for name in ("preview", "confirmation_id", "done"):
            each.pop(name, None)
    assert one == other
    assert len(with_apps.content) == len(without.content)


async def test_it_is_beside_what_was_done_as_well() -> None:
    answer = await answered("update_flow", RENAME, apps=True, mode=ApprovalMode.NONE)
    assert (answer.structured_content or {})["status"] == "done"
    assert (answer.meta or {})[VIEW]["steps"][0]["changes"][0][2] == '"Renamed"'


async def test_a_secret_is_told_by_reference_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AEP_SECRET_S3", SECRET)
    operations = [{"op": "replace", "path": "/auth/params/s3SecretKey", "value": "${AEP_SECRET_S3}"}]
    answer = await answered(
        "update_connection",
        {"account": "Partner feeds S3", "operations": operations},
        apps=True,
        mode=ApprovalMode.TWO_STEP,
    )
    card = (answer.meta or {}).get(VIEW)
    assert card is not None, answer.content
    assert SECRET not in answer.model_dump_json()
    assert "AEP_SECRET_S3" in json.dumps(card)
