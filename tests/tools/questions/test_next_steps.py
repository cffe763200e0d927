"""Every next step that a diagnosis prints is a call that works as it is printed."""

from __future__ import annotations

import ast
import json
import re
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
            shown = ", ".join(f"{name}={value}" for name, value in step["arguments"].items())
            assert f"next: {step['tool']}({shown})" in text
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
        if "***" in json.dumps(arguments) or (result.is_error and "AEP_SECRET_" not in text):
            refused.append((tool, arguments, text))
    assert not refused
    assert bed.emulator.journal.writes() == []


async def test_the_mask_is_refused_by_the_tool_that_writes(bed: Bed) -> None:
    """What an answer shows in place of a credential, given back, never becomes the credential."""
    account = next(
        one for one in bed.stored("connections") if "password" in (one.get("auth") or {}).get("params", {})
    )
    put = {"op": "replace", "path": "/auth/params/password", "value": "***"}
    result = await bed.client.call_tool("update_connection", {"account": account["id"], "operations": [put]})
    assert result.is_error
    text = result.content[0].text  # type: ignore[union-attr]
    assert "this is the mask that answers show, not a value" in text
    assert bed.emulator.journal.writes() == []


async def test_health_leads_on_to_the_diagnosis_of_what_failed(bed: Bed) -> None:
    answer, text = await bed.call("pipeline_health", window="2026-03-01T18:00Z/2026-03-02T09:00Z")
    (line,) = [note for note in answer["notes"] if note.startswith("next: ")]
    assert line in text
    match = re.fullmatch(r"next: diagnose_flow\(flow=(.+), window=(\S+)\)", line)
    assert match
    flows = ast.literal_eval(match[1]) if match[1].startswith("[") else [match[1]]
    assert flows[0] == answer["failing"][0]["id"]
    assert 1 <= len(flows) <= 5
    told, _ = await bed.call("diagnose_flow", flow=flows, window=match[2])
    assert [told["flow_id"], *(one["flow_id"] for one in told["further"])] == flows
    assert told["window"] == answer["window"] == match[2]
    assert "failed" in told["runs"]
