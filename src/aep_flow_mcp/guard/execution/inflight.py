"""Writes that have begun, so that a server that has to stop ends them first and begins no other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import anyio

STOPPING = "The server is stopping: nothing was sent. Call again when it runs again."


class Stopping(Exception):
    """No write begins any more."""


class InFlight:
    """The writes of one server that have begun and not ended."""

    def __init__(self) -> None:
        self._count = 0
        self._stopping = False
        self._idle: anyio.Event | None = None

    @contextmanager
    def one(self) -> Iterator[None]:
        """Around a write, from before its first line in the audit log to after its last.

        Raises:
            Stopping: the server is stopping; it must not begin.
        """
        if self._stopping:
            raise Stopping(STOPPING)
        self._count += 1
        try:
            yield
        finally:
            self._count -= 1
            if not self._count and self._idle is not None:
                self._idle.set()

    def stop(self) -> None:
        """Let no further write begin."""
        self._stopping = True

    async def settle(self) -> None:
        """Let no further write begin, and wait until those that have begun are finished, undone and written down."""
        self.stop()
        if self._count:
            self._idle = self._idle or anyio.Event()
            await self._idle.wait()
