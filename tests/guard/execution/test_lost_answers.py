"""Answers that get lost, and steps that fail: no object twice, none lost, and a result that is true."""

from __future__ import annotations

import random
from typing import Any

import pytest

from aep_flow_mcp.emulator import Emulator, EmulatorOptions, FaultRule, Variants
from aep_flow_mcp.tools.landing_zone.landing_zone_secrets import refresh_landing_zone_credential
from guard.bed import Result
from guard.execution.lost import ACTION, ADOBE, CREATE, DELETE, PATCH, MakeBed, named, rerun, unattended
from guard.toys import EVERYTHING


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


DOUBTFUL = [
    FaultRule(CREATE, "drop"),
    *(
        FaultRule(CREATE, "status", status=status)
        for status in (301, 307, 408, 499, 500, 501, 502, 503, 504, 599)
    ),
    *(FaultRule(CREATE, "status", status=status, body=ADOBE) for status in (302, 500, 503, 504)),
]


@pytest.mark.parametrize("rule", DOUBTFUL, ids=lambda rule: f"{rule.kind}-{rule.status}-{bool(rule.body)}")
async def test_a_creation_that_is_not_seen_is_unknown(make_bed: MakeBed, rule: FaultRule) -> None:
    """Looking cannot show that something will not happen."""
    bed = unattended(make_bed)
    bed.emulator.faults.add(rule)
    result = await bed.call("make_connection", {"name": "Orders"})
    assert result.status == "unknown", result.text
    assert "did not happen" not in result.text
    assert "may still come" in result.text
    assert len(bed.slept) >= 4
    assert sum(bed.slept) >= 20
    assert named(bed, "connections", "Orders") == []
    assert len(bed.writes) == 1


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 409, 412, 413, 415, 422, 429])
async def test_a_refusal_is_certain(make_bed: MakeBed, status: int) -> None:
    bed = unattended(make_bed)
    bed.emulator.faults.add(FaultRule(CREATE, "status", status=status))
    result = await bed.call("make_connection", {"name": "Orders"})
    assert result.status == "failed", result.text
    assert bed.slept == []
    assert named(bed, "connections", "Orders") == []


async def test_a_run_that_somebody_else_started_is_not_taken_for_the_one_that_was_asked_for(
    make_bed: MakeBed,
) -> None:
    bed = make_bed(mcp_approval="none", tools=(*EVERYTHING, rerun))
    run = next(row for row in bed.stored("runs").values())
    bed.emulator.faults.add(FaultRule(ACTION, "drop"))
    original = bed.emulator.faults.due

    def the_schedule(method: str, path: str) -> Any:
        if path.endswith("/action"):
            newest = max(row["createdAt"] for row in bed.stored("runs").values())
            bed.emulator.store.put("dev", "runs", {**run, "id": "of-the-schedule", "createdAt": newest + 1})
        return original(method, path)

    bed.emulator.faults.due = the_schedule  # type: ignore[method-assign]
    result = await bed.call("rerun", {"run_id": run["id"], "flow_id": run["flowId"]})
    assert result.status == "unknown", result.text
    assert "of-the-schedule" in result.text


@pytest.mark.parametrize(
    ("kind", "provider", "status"),
    [("lost_answer", "azure", "done"), ("drop", "azure", "unknown"), ("drop", "aws", "unknown")],
)
async def test_new_credentials_are_told_from_the_old_ones(
    make_bed: MakeBed, kind: Any, provider: Any, status: str
) -> None:
    emulator = Emulator(EmulatorOptions(variants=Variants(dlz_provider=provider)))
    bed = make_bed(
        mcp_approval="none", tools=(*EVERYTHING, refresh_landing_zone_credential), emulator=emulator
    )
    bed.emulator.faults.add(FaultRule(r"^POST .*/landingzone/credentials", kind))
    result = await bed.call("refresh_landing_zone_credential", {})
    assert result.status == status, result.text
    assert "sig=" not in result.text
    generations = bed.emulator.store.sandboxes["dev"].credential_generations
    assert sum(generations.values()) == (1 if status == "done" else 0)


async def test_an_older_object_of_the_same_name_is_not_mistaken_for_the_new_one(make_bed: MakeBed) -> None:
    bed = unattended(make_bed)
    first = await bed.call("make_connection", {"name": "Orders"})
    bed.emulator.faults.add(FaultRule(CREATE, "drop", times=1))
    second = await bed.call("make_connection", {"name": "Orders"})
    assert second.status == "unknown"
    assert first.data["done"][0]["id"] not in second.text
    bed.emulator.faults.clear()
    bed.emulator.faults.add(FaultRule(CREATE, "lost_answer", times=1))
    third = await bed.call("make_connection", {"name": "Orders"})
    assert third.status == "done"
    assert third.data["done"][0]["id"] != first.data["done"][0]["id"]
    assert len(named(bed, "connections", "Orders")) == 2


async def test_two_new_objects_that_are_alike_cannot_be_told_apart(make_bed: MakeBed) -> None:
    bed = unattended(make_bed)
    made = await bed.call("make_connection", {"name": "Orders"})
    # Another id: what this server created itself is not taken for what somebody else did.
    twin = {**named(bed, "connections", "Orders")[0], "id": "00000000-0000-4000-8000-000000000077"}
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


@pytest.mark.parametrize(("kind", "status"), [("lost_answer", "done"), ("drop", "unknown")])
async def test_a_deletion(make_bed: MakeBed, kind: Any, status: str) -> None:
    bed = unattended(make_bed)
    flow = bed.flow()
    bed.emulator.faults.add(FaultRule(DELETE, kind))
    result = await bed.call("remove_flow", {"flow_id": flow["id"]})
    assert result.status == status
    assert (flow["id"] in bed.stored("flows")) == (status == "unknown")
    assert len(bed.writes) == 1


async def test_an_answer_without_an_object_does_not_show_that_it_is_gone(make_bed: MakeBed) -> None:
    """Only a 404 says that; the deletion never arrived."""
    bed = unattended(make_bed)
    flow = bed.flow()
    bed.emulator.faults.add(FaultRule(DELETE, "drop"))
    looked = rf"^GET .*/flows/{flow['id']}$"
    bed.emulator.faults.add(FaultRule(looked, "status", status=200, body={"items": []}, after=1, times=None))
    result = await bed.call("remove_flow", {"flow_id": flow["id"]})
    assert result.status == "unknown"
    assert flow["id"] in bed.stored("flows")


@pytest.mark.parametrize(("kind", "status"), [("lost_answer", "done"), ("drop", "unknown")])
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


@pytest.mark.parametrize(("kind", "status"), [("lost_answer", "done"), ("drop", "unknown")])
async def test_an_action(make_bed: MakeBed, kind: Any, status: str) -> None:
    bed = unattended(make_bed)
    flow = bed.flow()
    bed.emulator.faults.add(FaultRule(r"^POST .*/action$", kind))
    result = await bed.call("switch_flow", {"flow_id": flow["id"], "on": False})
    assert result.status == status, result.text
    assert bed.stored("flows")[flow["id"]]["state"] == ("disabled" if status == "done" else "enabled")
    assert len(bed.writes) == 1


async def test_many_writes_with_many_faults(make_bed: MakeBed) -> None:
    """Whatever the faults: nothing twice, nothing lost, and each result true about what is stored."""
    bed = unattended(make_bed)
    draw = random.Random(20)
    for kind in ("lost_answer", "drop", "not_json"):
        bed.emulator.faults.add(FaultRule(r"^(POST|DELETE|PATCH) /data", kind, probability=0.09))
    for status in (400, 503):
        bed.emulator.faults.add(
            FaultRule(r"^(POST|DELETE|PATCH) /data", "status", status=status, probability=0.05)
        )
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
