"""Both backends, for one suite."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest

from aep_flow_mcp.store.kept import Store
from aep_flow_mcp.store.memory import MemoryStore
from aep_flow_mcp.store.sealing import Seal
from guard.bed import Clock
from support.redis_server import RedisServer, redis_server, unavailable

_ROOMS = count(1)
KEY = b"a key of a test, of thirty-two bytes or more"


@dataclass
class Backend:
    """A store, and a room of it that is empty."""

    store: Store
    room: str
    clock: Clock | None

    async def put(self, key: str, value: bytes = b"value", owner: str = "alice", **given: Any) -> None:
        bounds = {"per_owner": 64, "total": 1_024, **given}
        await self.store.put(self.room, key, value, bounds.pop("life", 600.0), owner=owner, **bounds)

    async def later(self, seconds: float) -> None:
        if self.clock is None:
            await asyncio.sleep(seconds)
        else:
            self.clock.now += seconds

    async def value(self, key: str, owner: str | None = None) -> bytes | None:
        found = await self.store.get(self.room, key, owner=owner)
        return None if found is None else found.value

    async def take(self, key: str, owner: str | None = None) -> bytes | None:
        found = await self.store.take(self.room, key, owner=owner)
        return None if found is None else found.value

    async def keys(self, owner: str | None = None) -> list[str]:
        return await self.store.keys(self.room, owner=owner)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A store of replicas, shared by the tests that do not stop it."""
    why = unavailable()
    if why:
        pytest.skip(why)
    with redis_server(tmp_path_factory.mktemp("redis"), password="a-password-of-the-store") as found:
        yield found


@pytest.fixture(params=["memory", "redis"])
async def backend(request: pytest.FixtureRequest) -> AsyncIterator[Backend]:
    room = f"room {next(_ROOMS)}"
    if request.param == "memory":
        clock = Clock()
        yield Backend(MemoryStore(clock=clock), room, clock)
        return
    from aep_flow_mcp.store.redis import RedisStore

    found: RedisServer = request.getfixturevalue("server")
    store = RedisStore(found.url, Seal([KEY]))
    try:
        yield Backend(store, room, None)
    finally:
        await store.aclose()
