"""Two calls that want the same, word for word, at the same time: what one of them created is not the other's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from aep_flow_mcp.emulator import FaultRule
from aep_flow_mcp.guard import Guard
from aep_flow_mcp.store.kept import StoreDown
from aep_flow_mcp.store.memory import MemoryStore
from guard.bed import Bed, Result

MakeBed = Callable[..., Bed]
CREATE = r"^POST /data/foundation/flowservice/connections$"


def while_it_looks(bed: Bed) -> list[Result]:
    """A second call, made while the first one waits to look again; its answer is in the list."""
    answers: list[Result] = []
    begun: list[float] = []

    async def sleep(seconds: float) -> None:
        begun.append(seconds)
        if len(begun) == 1:
            answers.append(await bed.call("make_connection", {"name": "Twin"}))

    bed.guard = Guard(bed.settings, bed.app.client, environ={}, clock=bed.clock, sleep=sleep)
    return answers


def named(bed: Bed) -> list[str]:
    return [row["id"] for row in bed.stored("connections").values() if row.get("name") == "Twin"]


async def test_what_another_call_created_is_not_claimed(make_bed: MakeBed) -> None:
    bed = make_bed(mcp_approval="none")
    others = while_it_looks(bed)
    bed.emulator.faults.add(FaultRule(CREATE, "drop", times=1))
    lost = await bed.call("make_connection", {"name": "Twin"})
    (other,) = others
    assert other.status == "done"
    assert [one["id"] for one in other.data["done"]] == named(bed)
    assert lost.status == "unknown", lost.text
    assert lost.data["not_undone"] == []


@pytest.mark.parametrize("fault", ["lost_answer", "truncated"])
async def test_where_both_answers_are_lost_nobody_claims_the_one_that_exists(
    make_bed: MakeBed, fault: Any
) -> None:
    bed = make_bed(mcp_approval="none")
    others = while_it_looks(bed)
    bed.emulator.faults.add(FaultRule(CREATE, "drop", times=1))
    bed.emulator.faults.add(FaultRule(CREATE, fault, times=1))
    lost = await bed.call("make_connection", {"name": "Twin"})
    (there,) = named(bed)
    assert [lost.status, others[0].status] == ["unknown", "unknown"]
    assert there in lost.text
    assert there in others[0].text


async def test_alone_it_is_found(make_bed: MakeBed) -> None:
    bed = make_bed(mcp_approval="none")
    bed.emulator.faults.add(FaultRule(CREATE, "lost_answer", times=1))
    for times in (1, 2):
        result = await bed.call("make_connection", {"name": "Twin"})
        assert result.status == "done", result.text
        assert len(named(bed)) == times
        assert result.data["done"][0]["id"] in named(bed)


async def test_what_a_replica_created_is_not_claimed_by_another(make_bed: MakeBed) -> None:
    """Two servers with one store, where a request of the one gets lost while the other one makes the same."""
    bed = make_bed(mcp_approval="none")
    other = Bed(bed.settings, emulator=bed.emulator)
    store = MemoryStore()
    answers: list[Result] = []
    begun: list[float] = []

    async def sleep(seconds: float) -> None:
        begun.append(seconds)
        if len(begun) == 1:
            answers.append(await other.call("make_connection", {"name": "Twin"}))

    bed.guard = Guard(bed.settings, bed.app.client, environ={}, clock=bed.clock, sleep=sleep, store=store)
    other.guard = Guard(other.settings, other.app.client, environ={}, clock=other.clock, store=store)
    bed.emulator.faults.add(FaultRule(CREATE, "drop", times=1))
    lost = await bed.call("make_connection", {"name": "Twin"})
    assert [one.status for one in answers] == ["done"]
    assert [one["id"] for one in answers[0].data["done"]] == named(bed)
    assert lost.status == "unknown", lost.text
    assert lost.data["not_undone"] == []
    assert await store.keys(bed.guard.room("creating")) == []


@pytest.mark.parametrize("when", ["before it is sent", "after it was sent"])
async def test_a_store_that_goes_in_the_middle_claims_nothing(make_bed: MakeBed, when: str) -> None:
    """What was not sent is said not to be; what was sent and may be anybody's is unknown, and never an error."""

    class Going(MemoryStore):
        down = False

        def _room(self, name: str) -> Any:
            if self.down and name.startswith("creat"):
                raise StoreDown("The store is gone.")
            return super()._room(name)

        async def put(self, room: str, *given: Any, **bounds: Any) -> None:
            await super().put(room, *given, **bounds)
            self.down = room.startswith("creating")

    bed = make_bed(mcp_approval="none")
    store = Going()
    store.down = when == "before it is sent"

    async def sleep(seconds: float) -> None:
        """No time passes."""

    bed.guard = Guard(bed.settings, bed.app.client, environ={}, clock=bed.clock, sleep=sleep, store=store)
    bed.emulator.faults.add(FaultRule(CREATE, "lost_answer", times=1))
    result = await bed.call("make_connection", {"name": "Twin"})
    if when == "before it is sent":
        assert (result.status, named(bed)) == ("failed", [])
        assert "The store is gone. The request was not sent." in result.text
    else:
        assert (result.status, len(named(bed))) == ("unknown", 1)
