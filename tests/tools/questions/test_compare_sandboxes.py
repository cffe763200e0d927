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
