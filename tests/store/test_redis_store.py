"""What is in Redis, what is said when it is not there, and what cannot happen twice."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from aep_flow_mcp.store.kept import StoreDown
from aep_flow_mcp.store.sealing import Seal
from store.conftest import KEY
from support.processes import free_port
from support.redis_server import RedisServer, redis_server

pytest.importorskip("redis", reason="the redis library (the extra aep-flow-mcp[redis]) is not installed")

from aep_flow_mcp.store.redis import RedisStore

BOUNDS: dict[str, Any] = {"per_owner": 1_000, "total": 10_000}


@pytest.fixture
async def store(server: RedisServer) -> AsyncIterator[RedisStore]:
    found = RedisStore(server.url, Seal([KEY]), patience=60)
    await found.client.flushdb()
    yield found
    await found.aclose()


@pytest.fixture
def own_server(server: RedisServer, tmp_path: Path) -> Iterator[RedisServer]:
    """One that a test may stop; skipped where the shared one is."""
    with redis_server(tmp_path, server.password) as found:
        yield found


async def everything(store: RedisStore) -> bytes:
    """All that a reader of the store sees."""
    client: Any = store.client
    parts: list[bytes] = []
    async for key in client.scan_iter("*"):
        parts += [key, await client.dump(key)]
        if await client.type(key) == b"hash":
            parts += [part for pair in (await client.hgetall(key)).items() for part in pair]
    return b"\n".join(parts)


async def test_neither_values_nor_people_can_be_read_there(store: RedisStore) -> None:
    await store.put("room", "key", b"what was planned", 600, owner="ada@example.com", **BOUNDS)
    seen = await everything(store)
    assert b"key" in seen
    assert b"planned" not in seen
    assert b"ada" not in seen


async def test_all_keys_open_and_the_first_seals(server: RedisServer, store: RedisStore) -> None:
    new = b"another key of this test, of thirty-two bytes"
    both, later = RedisStore(server.url, Seal([new, KEY])), RedisStore(server.url, Seal([new]))
    await store.put("room", "old", b"1", 600, **BOUNDS)
    await both.put("room", "new", b"2", 600, **BOUNDS)
    for one, key in ((both, "old"), (both, "new"), (later, "new")):
        assert await one.get("room", key) is not None
    assert await later.get("room", "old") is None
    assert await store.get("room", "new") is None
    for one in (both, later):
        await one.aclose()


async def test_what_was_put_elsewhere_by_hand_is_not_there(store: RedisStore) -> None:
    """Who can write to the store can take things away, and cannot make or move them."""
    await store.put("room", "mine", b"1", 600, owner="alice", **BOUNDS)
    await store.put("room", "theirs", b"2", 600, owner="bob", **BOUNDS)
    values = "aep-flow-mcp:{room}:values"
    moved = await store.client.hget(values, "mine")
    assert moved is not None
    for forged in (moved, b"", b"short", bytes(60)):
        await store.client.hset(values, "theirs", forged)
        assert await store.get("room", "theirs") is None


async def test_nothing_stays_when_nobody_asks(store: RedisStore) -> None:
    await store.put("room", "key", b"1", 600, **BOUNDS)
    keys = [key async for key in store.client.scan_iter("*")]
    assert len(keys) == 6
    for key in keys:
        assert 0 < await store.client.pttl(key) <= 600_000
    await store.put("room", "other", b"1", 5, **BOUNDS)
    for key in keys:
        assert await store.client.pttl(key) > 60_000, "a short one does not end a long one"


async def test_replicas_cannot_both_take(server: RedisServer, store: RedisStore) -> None:
    """Generated: some hundred values, taken by many at once through two clients with connections of their own."""
    chance = random.Random(14)
    other = RedisStore(server.url, Seal([KEY]), patience=60)
    for number in range(300):
        await store.put("room", str(number), b"1", 600, owner=f"caller {number % 7}", **BOUNDS)
    tries = [(chance.choice((store, other)), str(chance.randrange(300))) for _ in range(2_000)]
    taken = await asyncio.gather(*(one.take("room", key) for one, key in tries))
    got = [key for (_, key), found in zip(tries, taken, strict=True) if found is not None]
    assert len(got) == len(set(got))
    assert set(got) == {key for _, key in tries}
    assert await store.count("room") == 300 - len(got)
    for number in range(7):
        left = await store.keys("room", owner=f"caller {number}")
        assert len(left) == await store.count("room", owner=f"caller {number}")
    await other.aclose()


async def test_a_call_that_is_given_up_confuses_no_other(store: RedisStore) -> None:
    for number in range(50):
        await store.put("room", str(number), str(number).encode(), 600, **BOUNDS)
    for number in range(50):
        task = asyncio.create_task(store.get("room", str(number)))
        for _ in range(number % 6):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        found = await store.get("room", str((number + 1) % 50))
        assert found is not None
        assert found.value == str((number + 1) % 50).encode()


async def test_a_store_that_is_down_says_so_and_comes_back(own_server: RedisServer) -> None:
    store = RedisStore(own_server.url, Seal([KEY]))
    await store.put("room", "a", b"1", 600, **BOUNDS)
    own_server.stop()
    for attempt in (store.check(), store.take("room", "a"), store.put("room", "b", b"", 600, **BOUNDS)):
        with pytest.raises(StoreDown) as caught:
            await attempt
        assert str(caught.value) == "The store that replicas share (AEP_MCP_REDIS_URL) cannot be reached."
    own_server.start()
    await store.put("room", "b", b"2", 600, **BOUNDS)
    assert await store.take("room", "b") is not None
    await store.aclose()


async def test_a_store_that_hangs_is_down(caplog: pytest.LogCaptureFixture) -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    listening = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    store = RedisStore(f"redis://:hunter2hunter2@127.0.0.1:{port}", Seal([KEY]), patience=0.2)
    with caplog.at_level(logging.DEBUG), pytest.raises(StoreDown, match="does not answer in time"):
        await store.check()
    await store.aclose()
    listening.close()
    assert "hunter2" not in caplog.text


@pytest.mark.parametrize("password", ["", ":wrong-password-here@"])
async def test_a_wrong_password_is_said_and_not_shown(server: RedisServer, password: str) -> None:
    store = RedisStore(f"redis://{password}127.0.0.1:{server.port}", Seal([KEY]))
    with pytest.raises(StoreDown) as caught:
        await store.check()
    assert "refuses this server" in str(caught.value)
    assert caught.value.__cause__ is None
    assert "wrong-password" not in repr(store) + repr(caught.value)
    await store.aclose()


async def test_nobody_there(caplog: pytest.LogCaptureFixture) -> None:
    store = RedisStore(f"redis://:hunter2hunter2@127.0.0.1:{free_port()}", Seal([KEY]))
    with caplog.at_level(logging.DEBUG), pytest.raises(StoreDown, match="cannot be reached"):
        await store.get("room", "a")
    assert "hunter2" not in caplog.text
