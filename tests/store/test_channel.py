"""What replicas tell each other, in a real Redis or Valkey."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from aep_flow_mcp.store.sealing import Seal
from store.conftest import KEY
from support.redis_server import RedisServer, redis_server

pytest.importorskip("redis", reason="the redis library (the extra aep-flow-mcp[redis]) is not installed")

from aep_flow_mcp.store.channel import RedisChannel, stop_listening
from aep_flow_mcp.store.redis import RedisStore


@pytest.fixture
def own_server(server: RedisServer, tmp_path: Path) -> Iterator[RedisServer]:
    with redis_server(tmp_path, server.password) as found:
        yield found


class Ear:
    """Somebody who listens, and remembers."""

    def __init__(self, channel: RedisChannel) -> None:
        self.heard: list[bytes] = []
        self.joins = 0
        self.losses = 0
        self.task = asyncio.create_task(channel.listen(self._hear, joined=self._join, lost=self._lose))

    async def _hear(self, message: bytes) -> None:
        self.heard.append(message)

    async def _join(self) -> None:
        self.joins += 1

    def _lose(self) -> None:
        self.losses += 1

    async def until(self, *, heard: int = 0, joins: int = 0, losses: int = 0) -> None:
        async with asyncio.timeout(30):
            while len(self.heard) < heard or self.joins < joins or self.losses < losses:
                assert not self.task.done()
                await asyncio.sleep(0.01)

    async def stop(self) -> None:
        await stop_listening(self.task)


async def test_who_listens_hears_and_who_has_another_key_or_channel_does_not(server: RedisServer) -> None:
    ours, theirs = Seal([KEY]), Seal([b"another key of this test, of thirty-two bytes"])
    store = RedisStore(server.url, ours)
    channel = RedisChannel(store.client, ours, "one")
    ears = [
        Ear(channel),
        Ear(RedisChannel(store.client, ours, "one")),
        Ear(RedisChannel(store.client, theirs, "one")),
        Ear(RedisChannel(store.client, ours, "two")),
    ]
    for ear in ears:
        await ear.until(joins=1)
    for number in range(5):
        await channel.send(str(number).encode())
    await RedisChannel(store.client, theirs, "one").send(b"theirs")
    await RedisChannel(store.client, ours, "two").send(b"two")
    await ears[2].until(heard=1)
    await ears[3].until(heard=1)
    await ears[0].until(heard=5)
    assert [ear.heard for ear in ears[:2]] == [[b"0", b"1", b"2", b"3", b"4"]] * 2
    assert [ear.heard for ear in ears[2:]] == [[b"theirs"], [b"two"]]
    for ear in ears:
        await ear.stop()
    await store.aclose()


async def test_it_joins_again_and_says_what_may_be_missing(own_server: RedisServer) -> None:
    seal = Seal([KEY])
    store = RedisStore(own_server.url, seal)
    channel = RedisChannel(store.client, seal, "one")
    ear = Ear(channel)
    await ear.until(joins=1)
    own_server.stop()
    await ear.until(losses=1)
    own_server.start()
    await ear.until(joins=2)
    await channel.send(b"again")
    await ear.until(heard=1)
    assert ear.heard == [b"again"]
    await ear.stop()
    await store.aclose()
