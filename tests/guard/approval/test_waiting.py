"""Changes that wait on the approval page, in a store that replicas of another version may have written to."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aep_flow_mcp.guard.approval.waiting import Somebody, State, Waiting, WaitingRoom
from aep_flow_mcp.guard.changes.change import Change
from aep_flow_mcp.guard.changes.kinds import Kind
from aep_flow_mcp.guard.changes.preview import preview
from aep_flow_mcp.store.memory import MemoryStore

ADA, BOB = Somebody("i", "ada", "c"), Somebody("i", "bob", "c")


def waiting() -> Waiting:
    return Waiting(
        tool="t",
        arguments={},
        sandbox="dev",
        caller="ada",
        asker=ADA,
        digest="d",
        others=True,
        preview=preview(Change.delete(Kind.FLOW, "f", title="Delete it")),
        said={},
    )


async def test_a_record_comes_back_as_it_was_kept() -> None:
    room = WaitingRoom(MemoryStore(), "r")
    name = await room.put(waiting())
    assert await room.read(name) == waiting()


@pytest.mark.parametrize(
    "other",
    [
        lambda kept: {**kept, "approvals_needed": 2},
        lambda kept: {k: v for k, v in kept.items() if k != "others"},
    ],
)
async def test_what_a_replica_of_another_version_has_kept_is_not_valid_here(other: Any) -> None:
    store = MemoryStore()
    room = WaitingRoom(store, "r")
    name = await room.put(waiting())
    [key] = await store.keys("r")
    kept = await store.get("r", key)
    assert kept is not None
    assert await store.replace("r", key, kept, json.dumps(other(json.loads(kept.value))).encode())
    assert await room.read(name) is None
    assert await room.decide(name, State.APPROVED, BOB) is None
    assert await room.take(name, "ada", states=tuple(State)) is None
    assert await room.count() == 1, "it stays for those who know what it is"
