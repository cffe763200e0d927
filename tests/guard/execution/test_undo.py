"""A step that fails: what came before it is taken back, or named."""

from __future__ import annotations

from typing import Any

import pytest

from aep_flow_mcp.emulator import FaultRule
from aep_flow_mcp.guard.execution.look import Looker
from guard.execution.lost import DELETE, TARGET, MakeBed, named, unattended


async def test_a_defect_between_two_steps_names_what_exists(
    make_bed: MakeBed, monkeypatch: pytest.MonkeyPatch
) -> None:
    bed = unattended(make_bed)
    original = Looker.newest

    async def broken(self: Looker, kind: Any, wanted: Any) -> Any:
        if kind.value == "target connection":
            raise KeyError("hunter2hunter2")
        return await original(self, kind, wanted)

    monkeypatch.setattr(Looker, "newest", broken)
    result = await bed.call("make_export", {"name": "Orders"})
    (account,) = named(bed, "connections", "Orders account")
    assert result.status == "unknown"
    assert account["id"] in result.text
    assert "hunter2" not in result.text


async def test_a_failing_step_takes_back_the_ones_before_it(make_bed: MakeBed) -> None:
    bed = unattended(make_bed)
    before = set(bed.stored("connections"))
    bed.emulator.faults.add(FaultRule(TARGET, "status", status=400, body={"message": "no such thing"}))
    result = await bed.call("make_export", {"name": "Orders"})
    assert result.status == "failed"
    assert "Everything before it was undone" in result.text
    assert "no such thing" in result.text
    assert set(bed.stored("connections")) == before
    assert [method for method, _ in bed.sent] == ["POST", "POST", "DELETE"]


async def test_a_404_on_what_was_just_created_is_not_taken_for_undone(make_bed: MakeBed) -> None:
    bed = unattended(make_bed)
    before = set(bed.stored("connections"))
    bed.emulator.faults.add(FaultRule(TARGET, "status", status=400))
    bed.emulator.faults.add(FaultRule(DELETE, "status", status=404, times=1))
    result = await bed.call("make_export", {"name": "Orders"})
    assert result.status == "failed", result.text
    assert set(bed.stored("connections")) == before
    assert [method for method, _ in bed.sent] == ["POST", "POST", "DELETE", "DELETE"]


@pytest.mark.parametrize("kind", ["lost_answer", "drop"])
async def test_an_undo_whose_answer_is_lost_is_looked_up_and_tried_again(
    make_bed: MakeBed, kind: Any
) -> None:
    bed = unattended(make_bed)
    before = set(bed.stored("connections"))
    bed.emulator.faults.add(FaultRule(TARGET, "status", status=400))
    bed.emulator.faults.add(FaultRule(DELETE, kind, times=1))
    result = await bed.call("make_export", {"name": "Orders"})
    assert result.status == "failed"
    assert set(bed.stored("connections")) == before


async def test_what_cannot_be_undone_is_named(make_bed: MakeBed) -> None:
    bed = unattended(make_bed)
    bed.emulator.faults.add(FaultRule(TARGET, "status", status=400))
    bed.emulator.faults.add(FaultRule(DELETE, "status", status=403))
    result = await bed.call("make_export", {"name": "Orders"})
    (account,) = named(bed, "connections", "Orders account")
    assert result.status == "partly"
    assert result.data["done"][0]["id"] == account["id"]
    assert account["id"] in result.data["not_undone"][0]


async def test_an_unknown_step_keeps_what_it_may_need(make_bed: MakeBed) -> None:
    bed = unattended(make_bed)
    bed.emulator.faults.add(FaultRule(TARGET, "lost_answer"))
    bed.emulator.faults.add(FaultRule(r"^GET .*/targetConnections$", "status", status=403, after=1))
    result = await bed.call("make_export", {"name": "Orders"})
    assert result.status == "unknown"
    (account,) = named(bed, "connections", "Orders account")
    assert account["id"] in result.data["not_undone"][0]
    assert [method for method, _ in bed.sent] == ["POST", "POST"]
