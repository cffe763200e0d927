"""The one store of three replicas: memory that they share, or a real Redis or Valkey, of which each is a client."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

from aep_flow_mcp.server import FlowServer
from aep_flow_mcp.store.memory import MemoryStore
from guard.bed import Clock

RING = "a-key-that-every-replica-has-and-nobody-else"
PATIENT = "?timeout=60&socket_timeout=60&socket_connect_timeout=60"
"""On a machine that is busy a store that seems down would end a story's question in another answer than its own."""


class OneStore(Protocol):
    """What a story needs of it. settings: of each replica."""

    settings: Mapping[str, Any]

    @property
    def now(self) -> float:
        """Seconds, as this store counts them."""
        ...

    def join(self, server: FlowServer) -> None:
        """Have a replica use it."""

    async def later(self, seconds: float) -> None:
        """Let time go by for everything that is kept."""


@dataclass
class InMemory:
    """One object for all."""

    clock: Clock = field(default_factory=Clock)
    settings: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._store = MemoryStore(clock=self.clock)

    @property
    def now(self) -> float:
        return self.clock.now

    def join(self, server: FlowServer) -> None:
        server.app.guard.store = self._store

    async def later(self, seconds: float) -> None:
        self.clock.now += seconds


# Ends come nearer by as much as has gone by: the server's own clock cannot be set.
_LATER = """
for _, key in ipairs(redis.call('KEYS', 'aep-flow-mcp:*')) do
  if key:match(':ends$') then
    for _, one in ipairs(redis.call('ZRANGE', key, 0, -1)) do
      redis.call('ZINCRBY', key, '-' .. ARGV[1] .. '000000', one)
    end
  end
end
for _, key in ipairs(redis.call('KEYS', 'aep-flow-mcp:*')) do
  redis.call('PEXPIRE', key, redis.call('PTTL', key) - tonumber(ARGV[1]) * 1000)
end
"""


class InRedis:
    """A server at an address. Each replica reaches it by itself, as its settings say."""

    def __init__(self, url: str, client: Any) -> None:
        self.settings: Mapping[str, Any] = {"mcp_redis_url": f"{url}{PATIENT}", "mcp_state_keys": RING}
        self._client = client
        self._gone_by = 0.0

    @property
    def now(self) -> float:
        return time.monotonic() + self._gone_by

    def join(self, server: FlowServer) -> None:
        """Its settings have done so."""

    async def later(self, seconds: float) -> None:
        self._gone_by += seconds
        await self._client.eval(_LATER, 0, str(int(seconds)))


@asynccontextmanager
async def one_store(url: str | None) -> AsyncIterator[OneStore]:
    """The store for a story, with nothing in it. url: of a Redis, emptied; memory without one."""
    if url is None:
        yield InMemory()
        return
    from redis.asyncio import Redis

    async with Redis.from_url(url) as client:
        await client.flushall()
        yield InRedis(url, client)
