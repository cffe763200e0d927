"""What Adobe keeps beside objects is in no snapshot: tools say so in a sentence."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from mcp import Client
from mcp_types import TextContent

from aep_flow_mcp import snapshot_command
from aep_flow_mcp.cli import emulator_settings
from aep_flow_mcp.emulator.seed.scenarios import SCENARIOS
from aep_flow_mcp.server import build_server
from tools.bed import in_its_own_task


@pytest.fixture
async def copy(taken: Path) -> AsyncIterator[Client]:
    """A client of a server on the snapshot."""
    opened = snapshot_command.stand_in(taken)
    server = build_server(
        opened.settings(emulator_settings()), transport=opened.transport, emulated=True, snapshot=opened.words
    )
    with opened.time():
        async with in_its_own_task(Client(server)) as client:
            yield client


@pytest.mark.parametrize(
    ("tool", "arguments", "what"),
    [
        ("list_audit_events", {"object": SCENARIOS["disabled"]}, "the audit log is not in it"),
        ("list_audit_events", {"object": "Spring campaign responses"}, "the audit log is not in it"),
        ("get_ingestion_metrics", {"window": "7d"}, "Observability Insights is not in it"),
        ("get_ingestion_metrics", {"flow": SCENARIOS["healthy"]}, "Observability Insights is not in it"),
        ("get_batch_errors", {"flow": SCENARIOS["partial_ingestion"]}, "what batches left out is not in it"),
        (
            "get_batch_errors",
            {"batch_id": "01KJPDNTJ4S85KJ25FKJXCNQS6"},
            "what batches left out is not in it",
        ),
    ],
)
async def test_a_snapshot_says_what_it_does_not_hold(
    copy: Client, tool: str, arguments: dict[str, Any], what: str
) -> None:
    result = await copy.call_tool(tool, arguments)
    text = "\n".join(part.text for part in result.content if isinstance(part, TextContent))
    assert result.is_error
    assert "snapshot of dev" in text
    assert what in text
