"""What is wrong with these flows? One call, answered side by side."""

from __future__ import annotations

from typing import Any

import pytest

from aep_flow_mcp.emulator.seed.scenarios import SCENARIOS
from tools.bed import Bed

THREE = ("expired_credentials", "host_refused")
UNKNOWN = "Nightly unicorn import"


def _names(bed: Bed) -> list[str]:
    known = {flow["id"]: flow["name"] for flow in bed.stored("flows")}
    return [known[SCENARIOS[story]] for story in THREE]


@pytest.mark.parametrize(("tool", "key"), [("diagnose_flow", "flow_id"), ("describe_flow", "id")])
async def test_each_flow_is_answered_as_if_alone(bed: Bed, tool: str, key: str) -> None:
    names = _names(bed)
    answer, text = await bed.call(tool, flow=[*names, UNKNOWN])
    alone = [await bed.answer(tool, flow=name) for name in names]
    beside: list[dict[str, Any]] = [answer, *answer["further"]]
    assert [each[key] for each in beside] == [each[key] for each in alone]
    if tool == "diagnose_flow":
        assert [each["cause"] for each in beside] == [each["cause"] for each in alone]
    assert list(answer["unanswered"]) == [UNKNOWN]
    assert all(name in text for name in (*names, UNKNOWN))


async def test_runs_and_health_of_several_flows(bed: Bed) -> None:
    names = _names(bed)
    ids = {SCENARIOS[story] for story in THREE}
    runs = [run for story in THREE for run in bed.runs_of(story)]
    counted = await bed.answer("list_runs", flow=names, count_only=True)
    assert counted["count"] == len(runs)
    listed, text = await bed.call("list_runs", flow=[*names, UNKNOWN], limit=50)
    assert {row["flow_id"] for row in listed["items"]} == ids
    assert UNKNOWN in text
    health, text = await bed.call("pipeline_health", flow=[*names, UNKNOWN], window="2026-02-20/2026-03-02")
    assert health["flows"] == len(names)
    assert {row["id"] for row in health["failing"]} == ids
    assert UNKNOWN in text


async def test_accounts_are_tested_side_by_side(bed: Bed) -> None:
    stories = ("host_refused_account", "shared_account")
    names = [
        account["name"]
        for story in stories
        for account in bed.stored("connections")
        if account["id"] == SCENARIOS[story]
    ]
    answer, _ = await bed.call("test_connection", account=[*names, "No such account"])
    assert [answer["works"], *(each["works"] for each in answer["further"])] == [False, True]
    assert list(answer["unanswered"]) == ["No such account"]


async def test_more_than_a_few_are_refused(bed: Bed) -> None:
    many = [flow["id"] for flow in bed.stored("flows")][:6]
    assert "flow" in await bed.refusal("describe_flow", flow=many)
