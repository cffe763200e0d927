"""Progress of long work, reported to the client at a steady pace, whatever the work is doing."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import anyio
from mcp.server.mcpserver import Context

EVERY = 0.5
"""Seconds between reports."""


@dataclass(slots=True)
class Progress:
    """How far the work is. `total` is None until it is known."""

    done: int = 0
    total: int | None = None
    what: str = "items"
    started: float = field(default_factory=time.monotonic)

    @property
    def elapsed(self) -> float:
        return time.monotonic() - self.started


@asynccontextmanager
async def reporting(ctx: Context, what: str) -> AsyncIterator[Progress]:
    """While the block runs, the client hears every half second how far it is. Cancelled with the block.

    Work that takes less than that is not reported: nobody waits for it.
    """
    progress = Progress(what=what)
    failure: Exception | None = None
    async with anyio.create_task_group() as group:
        group.start_soon(_report, ctx, progress)
        try:
            yield progress
        except Exception as error:  # noqa: BLE001  (raised below, as itself and not inside an exception group)
            failure = error
        finally:
            group.cancel_scope.cancel()
    if failure is not None:
        raise failure


async def _report(ctx: Context, progress: Progress) -> None:
    last = -1.0
    while True:
        await anyio.sleep(EVERY)
        # The protocol wants each value to be larger than the one before, also while nothing arrives.
        value = max(float(progress.done), last + 0.001)
        last = value
        total = float(progress.total) if progress.total is not None and progress.total >= value else None
        of = f" of {progress.total}" if progress.total is not None else ""
        await ctx.report_progress(value, total, f"{progress.done}{of} {progress.what} read")
