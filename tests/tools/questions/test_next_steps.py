"""Every next step that a diagnosis prints is a call that works as it is printed."""

from __future__ import annotations

import json
from typing import Any

from aep_flow_mcp.surface.snapshot import load_cards
from tools.bed import Bed

CARDS = {card["name"]: card for card in load_cards()}


async def printed(bed: Bed) -> dict[str, tuple[str, dict[str, Any]]]:
    """The different next steps over all flows of the sandbox: the call as text -> tool and arguments."""
    steps: dict[str, tuple[str, dict[str, Any]]] = {}
    for flow in bed.stored("flows"):
        answer, text = await bed.call("diagnose_flow", flow=flow["id"])
        step = answer.get("next_step")
        if step:
            assert f"next: {step['tool']}(" in text
            steps[json.dumps(step, sort_keys=True)] = (step["tool"], step["arguments"])
    return steps


async def test_every_next_step_that_reads_is_a_call_that_works(bed: Bed) -> None:
    steps = [step for step in (await printed(bed)).values() if not CARDS[step[0]]["writes"]]
    assert len({tool for tool, _ in steps}) > 2
    failed = []
    for tool, arguments in steps:
        result = await bed.client.call_tool(tool, arguments)
        if result.is_error:
            failed.append((tool, arguments, result.content[0].text))  # type: ignore[union-attr]
    assert not failed


async def test_every_next_step_that_writes_is_planned_as_it_is_printed(bed: Bed) -> None:
    """Each comes to a question or says which secret is missing; none lacks an argument."""
    steps = [step for step in (await printed(bed)).values() if CARDS[step[0]]["writes"]]
    assert {tool for tool, _ in steps} >= {"update_flow", "update_connection"}
    refused = []
    for tool, arguments in steps:
        result = await bed.client.call_tool(tool, arguments)
        text = result.content[0].text  # type: ignore[union-attr]
        if result.is_error and "AEP_SECRET_NAME" not in text:
            refused.append((tool, arguments, text))
    assert not refused
    assert bed.emulator.journal.writes() == []
