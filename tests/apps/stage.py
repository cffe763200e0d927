"""The page of the command `board` as a host for any app: real HTTP, the extension's own bridge, a real server or kept
answers behind it."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import anyio
import uvicorn

from aep_flow_mcp.board.asking import Asking
from aep_flow_mcp.board.serving import ADDRESS, Board, board_app
from aep_flow_mcp.server import FlowServer, build_server
from aep_flow_mcp.settings import Settings
from support.chromium import Chromium

Given = dict[str, Any]


class Recorded(Asking):
    """Answers from what is kept, by tool, and else from the server; remembers what was asked."""

    def __init__(self, inner: Asking | None, kept: Mapping[str, Given]) -> None:
        object.__setattr__(self, "inner", inner)
        object.__setattr__(self, "kept", kept)
        object.__setattr__(self, "calls", [])

    inner: Asking | None
    kept: Mapping[str, Given]
    calls: list[tuple[str, Given]]

    async def call(self, name: str, given: Given) -> Given:
        self.calls.append((name, given))
        if name in self.kept:
            return self.kept[name]
        assert self.inner is not None
        return await self.inner.call(name, given)


class Stage(Board):
    """A board that records."""

    def __init__(self, port: int, views: list[Given], kept: Mapping[str, Given]) -> None:
        super().__init__(port, views)
        self.kept = kept
        self._recorded: Recorded | None = None

    @property
    def asking(self) -> Asking | None:
        return self._recorded

    @asking.setter
    def asking(self, inner: Asking | None) -> None:
        # What was asked is still told when the page is gone.
        if inner is not None or not hasattr(self, "_recorded"):
            self._recorded = None if inner is None else Recorded(inner, self.kept)

    @property
    def calls(self) -> list[tuple[str, Given]]:
        """Tool and arguments of every call."""
        return self._recorded.calls if self._recorded else []


class _Running(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = anyio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.up.set()


@asynccontextmanager
async def staged(
    app: str,
    tool: str,
    arguments: Given | None = None,
    *,
    server: FlowServer | None = None,
    kept: Mapping[str, Given] | None = None,
) -> AsyncIterator[Stage]:
    """One app on the page. kept: answers by tool, where the server is not to be asked."""
    with socket.create_server((ADDRESS, 0)) as listening:
        view = {"app": app, "title": app, "tool": tool, "arguments": arguments or {}}
        stage = Stage(listening.getsockname()[1], [view], kept or {})
        application = board_app(stage, server or build_server(Settings.model_construct()))
        running = _Running(uvicorn.Config(application, log_level="error", lifespan="on"))
        async with anyio.create_task_group() as group:
            group.start_soon(running.serve, [listening])
            await running.up.wait()
            try:
                yield stage
            finally:
                running.should_exit = True


async def shown(chromium: Chromium, stage: Stage, *, width: int = 1000, height: int = 900) -> None:
    """Open the page, go into the app's frame, and wait until it shows its answer."""
    await chromium.size(width, height)
    await chromium.open(stage.address)
    await chromium.holds("return document.querySelector('iframe') !== null")
    await chromium.frame()
    await chromium.holds("return document.querySelector('main')?.getAttribute('aria-busy') === 'false'")


def board(flows: int, *, names: list[str] | None = None, hours: int = 24) -> Given:
    """An answer of pipeline_health with a board of so many flows."""
    start = 1_795_996_800
    rows = [
        {
            "id": f"flow-{number}",
            "name": names[number] if names else f"Flow {number}",
            "cells": [[hour, 1, 0, int((number + hour) % 7 == 0), 0, 0] for hour in range(0, hours, 2)],
            **({"overdue": [hours - 1], "due": 24, "ran": 12} if number % 5 == 0 else {}),
        }
        for number in range(flows)
    ]
    counts = {
        "runs": flows * 12,
        "succeeded": flows * 10,
        "partial": 0,
        "failed": flows * 2,
        "in_progress": 0,
    }
    return {
        "content": [{"type": "text", "text": "told"}],
        "structuredContent": {
            "window": "2026-11-29T00:00:00Z/2026-11-30T00:00:00Z",
            "scope": "all flows",
            "flows": flows,
            "total": {**counts, "records_out": flows * 1_200, "records_failed": flows},
            "before": {**counts, "records_out": flows * 1_100, "records_failed": 0},
        },
        "_meta": {
            "aep-flow-mcp/board": {
                "window": "2026-11-29T00:00:00Z/2026-11-30T00:00:00Z",
                "zone": "UTC",
                "step": "hour",
                "starts": [start + 3_600 * hour for hour in range(hours)],
                "end": start + 3_600 * hours,
                "flows": rows,
                "left_out": 0,
                "written": [flows * 100] * hours,
                "lost": [flows if hour % 6 == 0 else 0 for hour in range(hours)],
            }
        },
    }
