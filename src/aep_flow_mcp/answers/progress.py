"""Progress of long work, reported to the client at a steady pace, whatever the work is doing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
from mcp.server.mcpserver import Context

from aep_flow_mcp.gathering.progress import Progress

EVERY = 0.5
"""Seconds between reports."""


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
