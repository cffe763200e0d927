"""Answers that get lost, and steps that fail: no object twice, none lost, and a result that is true."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from aep_flow_mcp.emulator import FaultRule
from guard.bed import Bed, Result

MakeBed = Callable[..., Bed]
CREATE = r"^POST /data/foundation/flowservice/connections$"
TARGET = r"^POST /data/foundation/flowservice/targetConnections$"
DELETE = r"^DELETE /data/foundation/flowservice/"
PATCH = r"^PATCH /data/foundation/flowservice/"


def unattended(make_bed: MakeBed) -> Bed:
    return make_bed(mcp_approval="none")


def named(bed: Bed, kind: str, name: str) -> list[dict[str, Any]]:
    return [row for row in bed.stored(kind).values() if row.get("name") == name]


@pytest.mark.parametrize("kind", ["lost_answer", "not_json", "truncated"])
async def test_a_creation_whose_answer_is_lost_is_found(make_bed: MakeBed, kind: Any) -> None:
    bed = unattended(make_bed)
    bed.emulator.faults.add(FaultRule(CREATE, kind, times=1))
    result = await bed.call("make_connection", {"name": "Orders"})
    assert result.status == "done", result.text
    assert "found by looking" in result.text
    (row,) = named(bed, "connections", "Orders")
    assert result.data["done"][0] == {
        "did": 'create connection "Orders"',
        "id": row["id"],
        "etag": row["etag"],
    }
    assert bed.sent == [("POST", "connections")]


@pytest.mark.parametrize("rule", [FaultRule(CREATE, "drop"), FaultRule(CREATE, "status", status=504)])
async def test_a_creation_that_did_not_happen_is_said_so(make_bed: MakeBed, rule: FaultRule) -> None:
    bed = unattended(make_bed)
    bed.emulator.faults.add(rule)
    result = await bed.call("make_connection", {"name": "Orders"})
    assert result.status == "failed"
    assert "did not happen" in result.text
    assert bed.slept == [1.0, 3.0]
    assert named(bed, "connections", "Orders") == []
    assert len(bed.writes) == 1


async def test_an_older_object_of_the_same_name_is_not_mistaken_for_the_new_one(make_bed: MakeBed) -> None:
    bed = unattended(make_bed)
    first = await bed.call("make_connection", {"name": "Orders"})
    bed.emulator.faults.add(FaultRule(CREATE, "drop", times=1))
    second = await bed.call("make_connection", {"name": "Orders"})
    assert second.status == "failed"
    bed.emulator.faults.clear()
    bed.emulator.faults.add(FaultRule(CREATE, "lost_answer", times=1))
    third = await bed.call("make_connection", {"name": "Orders"})
    assert third.status == "done"
    assert third.data["done"][0]["id"] != first.data["done"][0]["id"]
    assert len(named(bed, "connections", "Orders")) == 2


async def test_two_new_objects_that_are_alike_cannot_be_told_apart(make_bed: MakeBed) -> None:
    bed = unattended(make_bed)
    made = await bed.call("make_connection", {"name": "Orders"})
    twin = named(bed, "connections", "Orders")[0]
    bed.emulator.store.remove("dev", "connections", made.data["done"][0]["id"])
    bed.emulator.faults.add(FaultRule(CREATE, "lost_answer", times=1))

    original = bed.emulator.faults.due

    def somebody_creates_the_same(method: str, path: str) -> Any:
        if method == "POST":
            bed.emulator.store.put("dev", "connections", dict(twin))
        return original(method, path)

    bed.emulator.faults.due = somebody_creates_the_same  # type: ignore[method-assign]
    result = await bed.call("make_connection", {"name": "Orders"})
    assert result.status == "unknown"
    assert "outcome unknown" in result.text
    assert twin["id"] in result.text


async def test_when_looking_does_not_work_the_outcome_is_unknown(make_bed: MakeBed) -> None:
    bed = unattended(make_bed)
    bed.emulator.faults.add(FaultRule(CREATE, "lost_answer"))
    bed.emulator.faults.add(FaultRule(r"^GET .*/connections$", "status", status=403, after=1))
    result = await bed.call("make_connection", {"name": "Orders"})
    assert result.status == "unknown"
    assert "Looking did not work either" in result.text
    assert len(named(bed, "connections", "Orders")) == 1


async def test_what_cannot_be_looked_at_beforehand_is_not_sent(make_bed: MakeBed) -> None:
    bed = unattended(make_bed)
    bed.emulator.faults.add(FaultRule(r"^GET .*/connections$", "status", status=403))
    result = await bed.call("make_connection", {"name": "Orders"})
    assert result.status == "failed"
    assert "was not sent" in result.text
    assert bed.writes == []


@pytest.mark.parametrize(("kind", "status"), [("lost_answer", "done"), ("drop", "failed")])
async def test_a_deletion(make_bed: MakeBed, kind: Any, status: str) -> None:
    bed = unattended(make_bed)
    flow = bed.flow()
    bed.emulator.faults.add(FaultRule(DELETE, kind))
    result = await bed.call("remove_flow", {"flow_id": flow["id"]})
    assert result.status == status
    assert (flow["id"] in bed.stored("flows")) == (status == "failed")
    assert len(bed.writes) == 1


@pytest.mark.parametrize(("kind", "status"), [("lost_answer", "done"), ("drop", "failed")])
async def test_an_update(make_bed: MakeBed, kind: Any, status: str) -> None:
    bed = unattended(make_bed)
    flow = bed.flow()
    bed.emulator.faults.add(FaultRule(PATCH, kind))
    arguments = {
        "flow_id": flow["id"],
        "operations": [{"op": "add", "path": "/description", "value": "mine"}],
    }
    result = await bed.call("change_flow", arguments)
    assert result.status == status, result.text
    assert (bed.stored("flows")[flow["id"]].get("description") == "mine") == (status == "done")
    assert len(bed.writes) == 1
    if status == "done":
        assert result.data["done"][0]["etag"] == bed.stored("flows")[flow["id"]]["etag"]


async def test_an_update_lost_while_somebody_else_writes_is_unknown(make_bed: MakeBed) -> None:
    bed = unattended(make_bed)
    flow = bed.flow()
    bed.emulator.faults.add(FaultRule(PATCH, "drop"))
    original = bed.emulator.faults.due

    def somebody_else(method: str, path: str) -> Any:
        due = original(method, path)
        if method == "PATCH":
            bed.touch(flow["id"], description="theirs")
        return due

    bed.emulator.faults.due = somebody_else  # type: ignore[method-assign]
    arguments = {
        "flow_id": flow["id"],
        "operations": [{"op": "add", "path": "/description", "value": "mine"}],
    }
    result = await bed.call("change_flow", arguments)
    assert result.status == "unknown"
    assert bed.stored("flows")[flow["id"]]["description"] == "theirs"


async def test_an_update_of_a_version_that_is_gone_overwrites_nothing(make_bed: MakeBed) -> None:
    bed = unattended(make_bed)
    flow = bed.flow()
    original = bed.emulator.faults.due

    def somebody_else(method: str, path: str) -> Any:
        if method == "PATCH":
            bed.touch(flow["id"], description="theirs")
        return original(method, path)

    bed.emulator.faults.due = somebody_else  # type: ignore[method-assign]
    arguments = {
        "flow_id": flow["id"],
        "operations": [{"op": "add", "path": "/description", "value": "mine"}],
    }
    result = await bed.call("change_flow", arguments)
    assert result.status == "failed"
    assert "Nothing was overwritten" in result.text
    assert bed.stored("flows")[flow["id"]]["description"] == "theirs"


@pytest.mark.parametrize(("kind", "status"), [("lost_answer", "done"), ("drop", "failed")])
async def test_an_action(make_bed: MakeBed, kind: Any, status: str) -> None:
    bed = unattended(make_bed)
    flow = bed.flow()
    bed.emulator.faults.add(FaultRule(r"^POST .*/action$", kind))
    result = await bed.call("switch_flow", {"flow_id": flow["id"], "on": False})
    assert result.status == status, result.text
    assert bed.stored("flows")[flow["id"]]["state"] == ("disabled" if status == "done" else "enabled")
    assert len(bed.writes) == 1


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


async def test_many_writes_with_many_faults(make_bed: MakeBed) -> None:
    """Whatever the faults: nothing twice, nothing lost, and each result true about what is stored."""
    bed = unattended(make_bed)
    draw = random.Random(20)
    for kind in ("lost_answer", "drop", "not_json"):
        bed.emulator.faults.add(FaultRule(r"^(POST|DELETE|PATCH) /data", kind, probability=0.09))
    bed.emulator.faults.add(FaultRule(r"^(POST|DELETE|PATCH) /data", "status", status=503, probability=0.05))
    seen: set[str] = set()
    async with bed.client() as client:
        for number in range(150):
            name = f"Orders {number}"
            tool = draw.choice(["make_connection", "make_export"])
            answer = await client.call_tool(tool, {"name": name})
            result = Result("", answer.structured_content or {}, False)
            seen.add(result.status)
            accounts = named(bed, "connections", name if tool == "make_connection" else f"{name} account")
            targets = named(bed, "targetConnections", f"{name} target")
            stored = {row["id"] for row in (*accounts, *targets)}
            assert len(accounts) <= 1
            assert len(targets) <= 1
            if result.status == "done":
                assert stored == {one["id"] for one in result.data["done"]}
                assert len(stored) == (1 if tool == "make_connection" else 2)
            elif result.status == "failed":
                assert stored == set()
            else:
                assert all(any(one in line for line in result.data["not_undone"]) for one in stored)
    assert {"done", "failed"} <= seen
