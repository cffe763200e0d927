from __future__ import annotations

import anyio
import pytest

from aep_flow_mcp.platform.cache import TtlCache
from aep_flow_mcp.platform.concurrency import together


class Source:
    def __init__(self) -> None:
        self.calls = 0
        self.now = 0.0
        self.fail = False
        self.answers: anyio.Event | None = None
        """When it is given: nothing is fetched before it is set."""

    async def fetch(self) -> int:
        self.calls += 1
        number = self.calls
        await (self.answers.wait() if self.answers else anyio.sleep(0.01))
        if self.fail:
            raise ValueError(f"call {number}")
        return number


async def test_kept_until_the_time_is_over() -> None:
    source = Source()
    cache = TtlCache(10, clock=lambda: source.now)
    assert await cache.get("k", source.fetch) == 1
    source.now = 9.9
    assert await cache.get("k", source.fetch) == 1
    assert await cache.get("other", source.fetch) == 2
    source.now = 10
    assert await cache.get("k", source.fetch) == 3


async def test_one_fetch_for_all_who_ask_at_once() -> None:
    source, cache = Source(), TtlCache(10)
    assert await together([lambda: cache.get("k", source.fetch)] * 20) == [1] * 20


async def test_failures_are_shared_by_waiters_and_not_kept() -> None:
    source, cache = Source(), TtlCache(10)
    source.fail = True
    errors: list[str] = []

    async def ask() -> None:
        with pytest.raises(ValueError, match="call") as caught:
            await cache.get("k", source.fetch)
        errors.append(str(caught.value))

    async with anyio.create_task_group() as group:
        for _ in range(5):
            group.start_soon(ask)
    assert errors == ["call 1"] * 5
    source.fail = False
    assert await cache.get("k", source.fetch) == 2


async def test_when_the_one_who_fetches_is_cancelled_the_next_one_fetches() -> None:
    source, cache = Source(), TtlCache(10)
    source.answers = anyio.Event()
    got: list[int] = []
    leader = anyio.CancelScope()

    async def lead() -> None:
        with leader:
            got.append(await cache.get("k", source.fetch))

    async def follow() -> None:
        got.append(await cache.get("k", source.fetch))

    async with anyio.create_task_group() as group:
        group.start_soon(lead)
        await anyio.wait_all_tasks_blocked()
        group.start_soon(follow)
        group.start_soon(follow)
        await anyio.wait_all_tasks_blocked()
        leader.cancel()
        await anyio.wait_all_tasks_blocked()
        source.answers.set()
    assert got == [2, 2]


async def test_dropping_forgets_also_what_is_under_way() -> None:
    source, cache = Source(), TtlCache(10)
    async with anyio.create_task_group() as group:
        source.answers = anyio.Event()
        group.start_soon(cache.get, "k", source.fetch)
        await anyio.wait_all_tasks_blocked()
        cache.drop()
        source.answers.set()
    assert await cache.get("k", source.fetch) == 2
    cache.drop("k")
    assert await cache.get("k", source.fetch) == 3


async def test_bounded() -> None:
    source, cache = Source(), TtlCache(10, max_entries=2)
    for key in "abc":
        await cache.get(key, source.fetch)
    assert await cache.get("c", source.fetch) == 3
    assert await cache.get("a", source.fetch) == 4


async def test_together_keeps_order_and_raises_the_error_itself() -> None:
    finished: list[str] = []

    async def slow(name: str, seconds: float) -> str:
        await anyio.sleep(seconds)
        finished.append(name)
        return name

    async def broken() -> str:
        await anyio.sleep(0.002)
        raise LookupError("as it is")

    assert await together([lambda: slow("a", 0.01), lambda: slow("b", 0)]) == ["a", "b"]
    assert finished == ["b", "a"]
    with pytest.raises(LookupError, match="as it is"):
        await together([lambda: slow("never", 5), broken])
    assert "never" not in finished
    assert await together([]) == []


async def test_what_is_kept_can_be_had_without_a_fetch() -> None:
    source = Source()
    cache = TtlCache(10, clock=lambda: source.now)
    assert cache.kept("k") is None
    await cache.get("k", source.fetch)
    assert cache.kept("k") == 1
    source.now = 10
    assert cache.kept("k") is None
    assert source.calls == 1
