"""Confirmations that wait and answers that are used up, in a store."""

from __future__ import annotations

import hashlib

import pytest

from aep_flow_mcp.guard.approval.pending import Confirmations, Ledger, Pending, Use
from aep_flow_mcp.store.kept import TooMany
from aep_flow_mcp.store.memory import MemoryStore
from guard.bed import Clock


def waiting(caller: str = "alice") -> Pending:
    return Pending(tool="t", arguments={"secret": "hunter2hunter2"}, sandbox="dev", caller=caller, digest="d")


async def test_ids_are_random_and_are_not_kept() -> None:
    memory = MemoryStore()
    store = Confirmations(memory)
    ids = {await store.put(waiting()) for _ in range(50)}
    assert len(ids) == 50
    assert all(len(one) == 43 for one in ids)
    kept = await memory.keys("confirmations")
    assert len(kept) == 50
    assert not ids & set(kept)


def test_a_pending_call_does_not_print_its_arguments() -> None:
    assert "hunter2" not in repr(waiting())


async def test_a_caller_pushes_out_its_own_oldest_only() -> None:
    memory = MemoryStore()
    store = Confirmations(memory, per_caller=2)
    other = await store.put(waiting("bob"))
    first, second, third = [await store.put(waiting()) for _ in range(3)]
    assert await store.peek(first, "alice") is None
    assert await store.peek(second, "alice") is not None
    assert await store.peek(third, "alice") is not None
    assert await store.peek(other, "bob") is not None


async def test_the_store_is_bounded_and_recovers() -> None:
    clock = Clock()
    memory = MemoryStore(clock=clock)
    store = Confirmations(memory, total=3)
    for number in range(3):
        await store.put(waiting(f"caller {number}"))
    with pytest.raises(TooMany):
        await store.put(waiting("one too many"))
    clock.now += 600
    assert await store.put(waiting("one too many"))
    assert await memory.count("confirmations") == 1


async def test_who_fills_the_store_is_in_nobodys_way() -> None:
    memory = MemoryStore()
    store = Confirmations(memory, per_caller=64, total=100)
    first = await store.put(waiting("alice"))
    for _ in range(500):
        await store.put(waiting("mallory"))
        await store.put(waiting("eve"))
    assert await memory.count("confirmations") == 100
    assert await store.peek(first, "alice") is not None
    others = {f"caller {number}": await store.put(waiting(f"caller {number}")) for number in range(40)}
    for caller, one in others.items():
        assert await store.peek(one, caller) is not None
    assert await store.peek(first, "alice") is not None
    assert await memory.count("confirmations") == 100


async def test_a_flood_of_previews_costs_only_who_sends_it() -> None:
    memory = MemoryStore()
    store = Confirmations(memory)
    kept = {caller: await store.put(waiting(caller)) for caller in ("alice", "bob")}
    for _ in range(2_000):
        last = await store.put(waiting("mallory"))
    assert await store.peek(last, "mallory") is not None
    assert await memory.count("confirmations") == 66
    for caller, one in kept.items():
        assert await store.take(one, caller) is not None


async def test_large_calls_push_out_older_ones_of_the_same_caller() -> None:
    memory = MemoryStore()
    store = Confirmations(memory)

    def large(caller: str, size: int) -> Pending:
        return Pending(tool="t", arguments={"body": "x" * size}, sandbox="dev", caller=caller, digest="d")

    other = await store.put(large("bob", 9_000_000))
    first, second = [await store.put(large("alice", 9_000_000)) for _ in range(2)]
    assert await store.peek(first, "alice") is None
    assert await store.peek(second, "alice") is not None
    huge = await store.put(large("alice", 40_000_000))
    assert await store.peek(huge, "alice") is not None, (
        "a single one is bounded by the request that brings it"
    )
    assert await store.peek(second, "alice") is None
    assert await store.peek(other, "bob") is not None


async def test_taking_is_for_the_owner() -> None:
    memory = MemoryStore()
    store = Confirmations(memory)
    one = await store.put(waiting())
    assert await store.take(one, "bob") is None
    assert await store.take(one, "alice") == waiting()
    assert await store.take(one, "alice") is None
    assert await store.take(hashlib.sha256(one.encode()).hexdigest(), "alice") is None


async def test_what_a_replica_of_another_version_kept_is_not_valid() -> None:
    memory = MemoryStore()
    store = Confirmations(memory)
    for value in (b'{"tool": "t"}', b'{"tool": "t", "and": "more"}'):
        one = await store.put(waiting())
        (key,) = await memory.keys("confirmations")
        read = await memory.get("confirmations", key)
        assert read is not None
        assert await memory.replace("confirmations", key, read, value)
        assert await store.peek(one, "alice") is None
        assert await store.take(one, "alice") is None


async def test_one_question_one_answer() -> None:
    ledger = Ledger(MemoryStore())
    name = await ledger.asked("q")
    assert [await ledger.use(name, "q"), await ledger.use(name, "q")] == [Use.GOOD, Use.USED]


async def test_two_questions_that_are_alike_have_an_answer_each() -> None:
    ledger = Ledger(MemoryStore())
    first, second = await ledger.asked("q"), await ledger.asked("q")
    assert [await ledger.use(one, "q") for one in (first, first, second, second)] == [
        Use.GOOD,
        Use.USED,
        Use.GOOD,
        Use.USED,
    ]


@pytest.mark.parametrize("name", [None, "", "q", "0" * 32])
async def test_an_answer_to_no_question_is_worth_nothing(name: str | None) -> None:
    ledger = Ledger(MemoryStore())
    await ledger.asked("q")
    assert await ledger.use(name, "q") is Use.USED


async def test_an_answer_does_not_count_for_what_was_not_asked_and_is_used_up() -> None:
    ledger = Ledger(MemoryStore())
    name = await ledger.asked("q")
    assert await ledger.use(name, "another") is Use.CHANGED
    assert await ledger.use(name, "q") is Use.USED


async def test_answers_come_too_late_after_ten_minutes() -> None:
    clock = Clock()
    ledger = Ledger(MemoryStore(clock=clock))
    early, late = await ledger.asked("q"), await ledger.asked("q")
    clock.now += 599
    assert await ledger.use(early, "q") is Use.GOOD
    clock.now += 1
    assert await ledger.use(late, "q") is Use.USED


async def test_the_ledger_is_bounded_and_forgets_the_oldest_question() -> None:
    ledger = Ledger(MemoryStore(), total=3)
    names = [await ledger.asked("q") for _ in range(10)]
    assert [await ledger.use(name, "q") for name in names] == [Use.USED] * 7 + [Use.GOOD] * 3


async def test_who_is_asked_much_is_in_nobodys_way() -> None:
    ledger = Ledger(MemoryStore(), per_caller=5, total=20)
    mine = await ledger.asked("q", "alice")
    for _ in range(50):
        await ledger.asked("q", "mallory")
    for number in range(14):
        await ledger.asked("q", f"caller {number}")
    assert await ledger.use(mine, "q") is Use.GOOD
