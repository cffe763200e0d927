"""What a Change carries beyond its steps: reading on once it is done, a person who gives no values, mapping sets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from aep_flow_mcp.emulator import FaultRule
from aep_flow_mcp.guard.changes.change import Change, Plan
from aep_flow_mcp.guard.changes.kinds import Kind
from aep_flow_mcp.guard.changes.steps import NotAnswered
from aep_flow_mcp.settings import ApprovalMode
from aep_flow_mcp.surface.dependencies import Reader
from aep_flow_mcp.surface.registry import write_tool
from guard.bed import YES, Bed, Person
from guard.toys import zone

MakeBed = Callable[..., Bed]
MAPPING = {
    "name": "mapped",
    "outputSchema": {"schemaRef": {"id": "https://ns.example/schemas/1", "contentType": "x"}},
    "mappings": [{"sourceType": "ATTRIBUTE", "source": "a", "destination": "b"}],
}


async def _follow(ids: Mapping[str, str]) -> Mapping[str, Any]:
    return {"seen": sorted(ids)}


@write_tool("connections")
async def make_followed(aep: Reader, name: str) -> Change:
    """Create a connection and a mapping set, and read on."""
    plan = Plan()
    plan.create(Kind.CONNECTION, zone(name), key="account")
    plan.create(Kind.MAPPING_SET, MAPPING, key="mapping")
    plan.create(Kind.CONNECTION, zone(f"{name} 2"), key="other")
    return plan.change(follow=_follow)


@write_tool("connections")
async def make_unanswered(aep: Reader, dismissed: bool) -> Change:
    """A person gave no values."""
    raise NotAnswered("The question for name was not answered: nothing was created.", dismissed=dismissed)


TOOLS = (make_followed, make_unanswered)


@pytest.fixture
def bed(make_bed: MakeBed) -> Bed:
    return make_bed(mcp_approval=ApprovalMode.NONE, tools=TOOLS)


async def test_once_it_is_done_it_reads_on(bed: Bed) -> None:
    written: list[tuple[str, dict[str, str]]] = []

    async def on_written(ctx: Any, change: Change, ids: Mapping[str, str]) -> None:
        del ctx
        written.append((change.title, dict(ids)))

    bed.guard.on_written = on_written
    result = await bed.call("make_followed", {"name": "a"})
    assert result.data["data"] == {"seen": ["account", "mapping", "other"]}
    [(_, ids)] = written
    assert ids["mapping"] in bed.stored("mappingSets")


async def test_a_defect_afterwards_does_not_hide_that_it_is_done(
    bed: Bed, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(*_: Any) -> Any:
        raise KeyError("s3cr3t")

    bed.guard.on_written = broken
    monkeypatch.setattr(f"{__name__}._follow", broken)
    result = await bed.call("make_followed", {"name": "a"})
    assert result.status == "done"
    assert "an unexpected KeyError" in result.data["data"]["note"]
    assert [record.getMessage().split("\n")[0] for record in caplog.records] == [
        "telling of a write met KeyError",
        "reading on after a write met KeyError",
    ]
    assert "s3cr3t" not in result.text


async def test_what_it_reads_is_no_part_of_what_is_approved() -> None:
    plan = Plan()
    plan.create(Kind.CONNECTION, zone("a"))
    plain, followed = plan.change(), plan.change(follow=_follow)
    assert plain == followed
    assert plain.canonical() == followed.canonical()


async def test_what_failed_is_not_read_and_not_told(bed: Bed) -> None:
    told: list[Change] = []

    async def on_written(ctx: Any, change: Change, ids: Mapping[str, str]) -> None:
        del ctx, ids
        told.append(change)

    bed.guard.on_written = on_written
    bed.emulator.faults.add(FaultRule("^POST .*/mappingSets$", "status", status=400))
    result = await bed.call("make_followed", {"name": "a"})
    assert result.status == "failed"
    assert result.data["data"] is None
    assert told == []


async def test_a_mapping_set_cannot_be_taken_back_and_that_is_told(bed: Bed) -> None:
    before = bed.stored("mappingSets")
    bed.emulator.faults.add(FaultRule("^POST .*/connections$", "status", status=400, after=1))
    result = await bed.call("make_followed", {"name": "a"})
    [left] = bed.stored("mappingSets").keys() - before.keys()
    assert result.status == "partly"
    assert result.data["not_undone"] == [
        f'create mapping set "mapped" (id "{left}"): the API has no way to delete a mapping set'
    ]


@pytest.mark.parametrize("kind", ["lost_answer", "drop"])
async def test_a_mapping_set_whose_answer_was_lost_is_looked_for(bed: Bed, kind: Any) -> None:
    before = bed.stored("mappingSets")
    bed.emulator.faults.add(FaultRule("^POST .*/mappingSets$", kind, times=1))
    result = await bed.call("make_followed", {"name": "a"})
    made = bed.stored("mappingSets").keys() - before.keys()
    assert (result.status, len(made)) == (("done", 1) if kind == "lost_answer" else ("unknown", 0))


@pytest.mark.parametrize(("dismissed", "status"), [(False, "declined"), (True, "cancelled")])
async def test_a_person_who_gives_no_values_ends_it(
    make_bed: MakeBed, dismissed: bool, status: str, audit: Callable[[], list[dict[str, Any]]]
) -> None:
    bed = make_bed(tools=TOOLS)
    result = await bed.call("make_unanswered", {"dismissed": dismissed}, person=Person(YES))
    assert (result.status, result.is_error) == (status, False)
    assert "not answered" in result.text
    assert [line["event"] for line in audit()] == [status]
    assert bed.writes == []
