"""Pipelines as documents through the protocol: read, edited in words, planned, and applied after one yes."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from aep_flow_mcp.platform.models.text import clean_text
from tools.bed import Bed

HARD_TO_SEE = [
    "Web\xad orders",
    "Web  orders",
    " Web orders",
    "Web\u2028orders",
    "Web\u202eorders",
    "Web\u3164orders",
    "Web\U000e0100 orders",
    "Web\npipeline: orders",
]
THREE = ["Web orders", "Store POS receipts", "Gift card balances"]


def _documents(answer: dict[str, Any]) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(answer["documents"]))


async def test_three_imports_are_made_to_run_every_two_hours_with_one_approval(bed: Bed) -> None:
    text = await bed.text("export_pipelines", names=THREE)
    assert text.count("pipeline: ") == 3
    changed = "\n".join(
        "  every: 2 hours" if line.startswith("  every:") else line for line in text.splitlines()
    )
    plan, told = await bed.call("plan_changes", documents=changed)
    assert (plan["changes"], plan["problems"]) == (True, [])
    assert told.count("schedule.every: ") == 3
    assert bed.emulator.journal.writes() == []
    answer = await bed.answer("apply_changes", documents=changed)
    assert answer["status"] == "needs_confirmation"
    assert bed.emulator.journal.writes() == []
    done = await bed.answer("confirm_change", confirmation_id=answer["confirmation_id"])
    assert done["status"] == "done"
    for name in THREE:
        [flow] = [one for one in bed.stored("flows") if one["name"] == name]
        schedule: dict[str, Any] = flow["scheduleParams"]
        assert (schedule["frequency"], schedule["interval"]) == ("hour", 2)
    assert len(bed.emulator.journal.writes()) == 3
    again = await bed.answer("apply_changes", documents=changed)
    assert again["status"] == "unchanged"


async def test_what_is_wrong_is_told_with_line_and_field(bed: Bed) -> None:
    text = "pipeline: New feed\nconnector: Amazon S3\naccount: No such account\ndataset: Web Orders\n"
    plan, told = await bed.call("plan_changes", documents=text)
    assert [(one["line"], one["field"]) for one in plan["problems"]] == [(3, "account")]
    assert "documents:3:1: account: " in told
    refusal = await bed.refusal("apply_changes", documents=text)
    assert "documents:3:1: account: " in refusal
    assert bed.emulator.journal.writes() == []


async def test_flows_that_share_a_name_say_which_one_they_are(bed: Bed) -> None:
    answer = await bed.answer("export_pipelines", names=["Product catalogue"])
    ids = {one["id"] for one in _documents(answer)}
    assert ids == {one["id"] for one in bed.stored("flows") if one["name"] == "Product catalogue"}
    plan = await bed.answer("plan_changes", documents=answer["documents"])
    assert (plan["changes"], plan["problems"]) == (False, [])


async def test_all_pipelines_are_more_than_one_answer_and_the_rest_is_named(bed: Bed) -> None:
    answer, text = await bed.call("export_pipelines")
    assert answer["rest"]
    assert len(text) < 25_000
    more = await bed.answer("export_pipelines", names=answer["rest"][:2])
    assert [one["pipeline"] for one in _documents(more)] == answer["rest"][:2]


async def test_a_flow_that_is_not_there_is_said(bed: Bed) -> None:
    answer = await bed.answer("export_pipelines", names=["No such flow"])
    assert (answer["documents"], answer["notes"]) == ("", ["left out: there is no flow called No such flow."])


@pytest.mark.parametrize("name", HARD_TO_SEE)
async def test_a_name_that_nobody_can_see_all_of_comes_back_as_it_is(bed: Bed, name: str) -> None:
    [flow] = [one for one in bed.stored("flows") if one["name"] == "Web orders"]
    bed.emulator.store.put("dev", "flows", {**flow, "name": name, "description": f"{name}  of \n two lines"})
    answer, text = await bed.call("export_pipelines", names=[clean_text(name)])
    [document] = _documents(answer)
    assert (document["pipeline"], document["description"]) == (name, f"{name}  of \n two lines")
    assert answer["documents"].rstrip() in text
    assert [line for line in text.splitlines() if not line.isprintable()] == []
    assert [line for line in text.splitlines()[1:] if line.startswith("pipeline: ")] == []
    plan = await bed.answer("plan_changes", documents=answer["documents"])
    assert (plan["changes"], plan["problems"]) == (False, [])
