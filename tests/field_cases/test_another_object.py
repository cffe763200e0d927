"""A service that answers with another object than the one that was asked for: nothing is planned against that one."""

from __future__ import annotations

from typing import Any

import pytest

from aep_flow_mcp.cli import emulator_settings
from aep_flow_mcp.emulator.seed.scenarios import SCENARIOS
from aep_flow_mcp.settings import ApprovalMode
from field_cases.conftest import Ask
from support.overlay import Overlay, Rule

ASKED, OTHER = SCENARIOS["unused_account"], SCENARIOS["shared_account"]
RENAMED = [{"op": "replace", "path": "/name", "value": "x"}]


@pytest.mark.parametrize("wrong", [OTHER, 5])
@pytest.mark.parametrize(
    ("tool", "more"), [("delete_connection", {}), ("update_connection", {"operations": RENAMED})]
)
async def test_it_is_refused(ask: Ask, tool: str, more: dict[str, Any], wrong: Any) -> None:
    item = {"id": wrong, "name": "n", "etag": '"e"', "connectionSpec": {"id": "c", "version": "1.0"}}
    overlay = Overlay((Rule(rf"/connections/{ASKED}$", json={"items": [item]}),))
    settings = emulator_settings(mcp_approval=ApprovalMode.NONE)
    told = await ask(tool, {"connection_id": ASKED, **more}, overlay, settings)
    assert told.is_error
    assert "another object" in told.text
    assert told.emulator.journal.writes() == []
