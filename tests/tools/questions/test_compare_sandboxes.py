"""All flows of two sandboxes by name: what is in both and differs, what is in one only."""

from __future__ import annotations

import pytest

from aep_flow_mcp.cli import emulator_settings
from aep_flow_mcp.settings import Settings
from tools.bed import SANDBOX, Bed

OTHER = "prod"


@pytest.fixture
def settings() -> Settings:
    return emulator_settings().model_copy(update={"sandboxes": (SANDBOX, OTHER)})


async def test_sandboxes_are_compared_by_the_names_of_their_flows(bed: Bed) -> None:
    known = {each["name"] for each in bed.stored("flows", OTHER)}
    here = [each for each in bed.stored("flows") if each["name"] not in known]
    flow = next(each for each in here if each.get("scheduleParams", {}).get("frequency") == "day")
    other = next(each for each in here if each["state"] == "enabled" and each["id"] != flow["id"])
    bed.store.put(OTHER, "flows", {**flow, "scheduleParams": {**flow["scheduleParams"], "interval": 2}})
    bed.store.put(OTHER, "flows", {**other, "state": "disabled"})
    whole, text = await bed.call("compare_flows", other_sandbox=OTHER)
    answer = whole["by_name"]
    assert (whole["same"], whole["total"]) == (answer["alike"], answer["differing"])
    left = {each["name"] for each in bed.stored("flows")}
    right = {each["name"] for each in bed.stored("flows", OTHER)}
    assert answer["both"] == len(left & right) >= 2
    assert answer["left_only_count"] == len(left - right)
    assert answer["right_only_count"] == len(right - left)
    assert set(answer["left_only"]) <= left - right
    rows = {row["flow"]: row for row in answer["differ"]}
    assert "every 2 days" in rows[flow["name"]]["schedule"]
    assert rows[other["name"]]["state"] == "enabled / disabled"
    assert answer["differing"] + answer["alike"] == answer["both"]
    shown = len(answer["left_only"])
    told = f"{shown} of {len(left - right)}, more: cursor={answer['cursors']['left_only']}"
    assert f"only in {SANDBOX} ({told})" in text


async def test_nothing_to_compare_is_asked_for(bed: Bed) -> None:
    assert "other_sandbox" in await bed.refusal("compare_flows")


async def test_the_tool_of_its_own_says_the_same_at_once(bed: Bed) -> None:
    former = (await bed.answer("compare_flows", other_sandbox=OTHER))["by_name"]
    now, text = await bed.call("compare_sandboxes", other_sandbox=OTHER)
    assert now == former
    assert f"only in {OTHER}" in text
    names = {each["name"] for each in bed.stored("flows")} & {
        each["name"] for each in bed.stored("flows", OTHER)
    }
    assert {*now["same"], *(row["flow"] for row in now["differ"])} == names


async def test_what_a_pipeline_reads_and_fills_is_compared_by_name(bed: Bed) -> None:
    mine = {each["name"]: each for each in bed.stored("flows")}
    flow = next(
        each
        for each in bed.stored("flows", OTHER)
        if each["name"] in mine and each.get("scheduleParams") and each["sourceConnectionIds"]
    )
    source = bed.store.get(OTHER, "sourceConnections", flow["sourceConnectionIds"][0])
    assert source is not None
    path = {**source["params"], "path": "/somewhere/else/"}
    bed.store.put(OTHER, "sourceConnections", {**source, "params": path})
    rows = {
        row["flow"]: row for row in (await bed.answer("compare_sandboxes", other_sandbox=OTHER))["differ"]
    }
    assert rows[flow["name"]]["path"].endswith(" / /somewhere/else/")
    assert "schedule" not in rows[flow["name"]] or rows[flow["name"]]["schedule"]
