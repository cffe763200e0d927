"""Pipelines as documents through the protocol: read, edited in words, planned, and applied after one yes."""

from __future__ import annotations

import json
from typing import Any

from tools.bed import Bed

THREE = ["Web orders", "Store POS receipts", "Gift card balances"]


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
    ids = {one["id"] for one in answer["documents"]}
    assert ids == {one["id"] for one in bed.stored("flows") if one["name"] == "Product catalogue"}
    text = "\n---\n".join(map(json.dumps, answer["documents"]))
    plan = await bed.answer("plan_changes", documents=text)
    assert (plan["changes"], plan["problems"]) == (False, [])


async def test_all_pipelines_are_more_than_one_answer_and_the_rest_is_named(bed: Bed) -> None:
    answer, text = await bed.call("export_pipelines")
    assert answer["rest"]
    assert len(text) < 25_000
    more = await bed.answer("export_pipelines", names=answer["rest"][:2])
    assert [one["pipeline"] for one in more["documents"]] == answer["rest"][:2]


async def test_a_flow_that_is_not_there_is_said(bed: Bed) -> None:
    answer = await bed.answer("export_pipelines", names=["No such flow"])
    assert (answer["documents"], answer["notes"]) == ([], ["left out: there is no flow called No such flow."])
