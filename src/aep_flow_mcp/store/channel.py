"""What replicas tell each other: short messages, sealed, which reach those that listen at that moment."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING

from aep_flow_mcp.store.kept import StoreDown
from aep_flow_mcp.store.redis import Answering

if TYPE_CHECKING:
    from redis.asyncio import Redis
    from redis.asyncio.client import PubSub

    from aep_flow_mcp.store.sealing import Seal

logger = logging.getLogger(__name__)

_QUIET = 5.0
"""Seconds of silence after which the other end is asked whether it is there."""
_AGAIN = 0.5
"""Seconds before listening is tried again."""


class RedisChannel:
    """A channel in Redis or Valkey. name: whoever uses the same one hears each other."""

    def __init__(self, client: Redis, seal: Seal, name: str) -> None:
        self._client = client
        self._seal = seal
        self._name = f"aep-flow-mcp:{name}"

    async def send(self, message: bytes) -> None:
        """Tell all who listen, this replica included.

        Raises:
            StoreDown: it could not be told.
        """
        with Answering():
            await self._client.publish(self._name, self._seal.sealed(message, self._name))

    async def listen(
        self,
        heard: Callable[[bytes], Awaitable[None]],
        *,
        joined: Callable[[], Awaitable[None]],
        lost: Callable[[], None],
    ) -> None:
        """Listen until cancelled, through losses of the connection.

        heard: given each message. joined: called when messages arrive from now on; what was sent before was missed.
        lost: called when they do not any more.
        """
        down = False
        while True:
            try:
                async with self._client.pubsub() as listening:
                    with Answering():
                        await listening.subscribe(self._name)
                        async for message in _events(listening):
                            if message is None:
                                down = False
                                await joined()
                            elif (opened := self._seal.opened(message, self._name)) is not None:
                                await heard(opened)
            except StoreDown as error:
                lost()
                if not down:
                    logger.warning("%s Until it answers, nothing is heard from other replicas.", error)
                down = True
            await asyncio.sleep(_AGAIN)


async def stop_listening(task: asyncio.Task[None]) -> None:
    """End a task that listens. The library may swallow a cancellation while it reads, so one is not enough."""
    while not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=_AGAIN)


async def _events(listening: PubSub) -> AsyncIterator[bytes | None]:
    """Messages as they come; None each time when the channel was joined, by the library's own means too."""
    silent = 0
    while True:
        message = await listening.get_message(timeout=_QUIET)
        if message is not None:
            silent = 0
            if message["type"] == "subscribe":
                yield None
            elif message["type"] == "message":
                yield message["data"]
            continue
        silent += 1
        if silent > 2:
            raise ConnectionError("nobody answers")
        await listening.ping()
