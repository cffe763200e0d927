"""Progress of a call, reported to the client at a steady pace, whatever the call is doing."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import anyio
from mcp.server.mcpserver import Context

from aep_flow_mcp.gathering.progress import Progress
from aep_flow_mcp.platform.waiting.patience import Call

logger = logging.getLogger(__name__)

EVERY = 0.8
"""Seconds between reports. Work that takes less is not reported: nobody waits for it."""

_progress: ContextVar[Progress | None] = ContextVar("progress", default=None)


@contextmanager
def counting() -> Iterator[Progress]:
    """What the block counts with `progress_of` is the progress of this call."""
    progress = Progress()
    token = _progress.set(progress)
    try:
        yield progress
    finally:
        _progress.reset(token)


def progress_of(what: str) -> Progress:
    """The progress of the call that is being answered, counted in `what`."""
    progress = _progress.get() or Progress()
    progress.what = what
    return progress


async def report(ctx: Context[Any, Any], call: Call, progress: Progress) -> None:
    """Tell the client about every second how far a call is. Ends with the call, or with a client that is gone."""
    last = 0.0
    while True:
        await anyio.sleep(EVERY)
        # The protocol wants each value to be larger than the one before, also while nothing arrives.
        value = max(float(progress.done), last + 0.001)
        last = value
        total = float(progress.total) if progress.total is not None and progress.total >= value else None
        try:
            await ctx.report_progress(value, total, _words(call, progress))
        except (anyio.ClosedResourceError, anyio.BrokenResourceError) as error:
            logger.info("the client is not listening any more: %s", type(error).__name__)
            return


def _words(call: Call, progress: Progress) -> str:
    if call.asking:
        return f"waiting for a person to decide{f' ({call.where})' if call.where else ''}"
    if call.sending:
        return "sent, waiting for Adobe's answer"
    if progress.done:
        of = f" of {progress.total}" if progress.total is not None else ""
        return f"{progress.done}{of} {progress.what} read"
    return f"waiting for Adobe, {call.answers} answers so far, {progress.elapsed:.0f} s"
