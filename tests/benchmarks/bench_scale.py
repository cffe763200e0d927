"""How the questions over a large organisation scale: 10,000 flows, 200,000 runs, 50 ms for each call.

    python tests/benchmarks/bench_scale.py [--flows 10000] [--runs 200000] [--latency 0.05]

The emulator runs in a process of its own (as Platform does), this process holds the server and a client. The
baseline follows, with the same client, the pages that the same answer is made of one by one: the flows, and the runs
of the window and of the one before. Exits 1 when a target is missed.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import itertools
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import psutil
from mcp import Client
from mcp_types import TextContent

from aep_flow_mcp.cli import emulator_settings
from aep_flow_mcp.gathering.sweeps.run_sweep import STARTED
from aep_flow_mcp.platform.filters import Filter
from aep_flow_mcp.server import FlowServer, build_server

FASTER = 5.0
"""pipeline_health against following the pages of its window one by one."""
INDEX_FASTER = 20.0
"""The second find_flows within a minute against the first."""
MORE_MEMORY = 50.0
"""Megabytes that pipeline_health may add to the resident memory."""
LONGEST_SILENCE = 1.0
"""Seconds without a progress report."""


@dataclass
class Checks:
    """What was measured, against its target."""

    missed: list[str] = field(default_factory=list)

    def note(self, what: str, value: float, limit: float, *, at_least: bool) -> None:
        good = value >= limit if at_least else value <= limit
        sign = ">=" if at_least else "<="
        print(f"{'ok  ' if good else 'MISS'} {what}: {value:.2f} ({sign} {limit:g})")
        if not good:
            self.missed.append(what)


@dataclass
class Call:
    """One tool call: seconds it took, longest time without a report, its text."""

    seconds: float
    silence: float
    reports: int
    text: str


async def call(client: Client, tool: str, **arguments: Any) -> Call:
    """Call a tool and watch its progress."""
    began = time.perf_counter()
    marks = [began]

    async def report(progress: float, total: float | None, message: str | None) -> None:
        del progress, total, message
        marks.append(time.perf_counter())

    result = await client.call_tool(tool, arguments, progress_callback=report)
    ended = time.perf_counter()
    text = "\n".join(part.text for part in result.content if isinstance(part, TextContent))
    assert not result.is_error, text
    marks.append(ended)
    silence = max(later - earlier for earlier, later in itertools.pairwise(marks))
    return Call(ended - began, silence, len(marks) - 2, text)


@asynccontextmanager
async def emulator(flows: int, runs: int, latency: float) -> AsyncIterator[str]:
    """The emulator in another process, warm; its address."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    command = [sys.executable, "-m", "aep_flow_mcp", "emulator", "--port", str(port)]
    command += ["--latency", str(latency), "--flows", str(flows), "--runs", str(runs)]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)  # noqa: ASYNC220 - once, before anything is timed
    url = f"http://127.0.0.1:{port}"
    try:
        async with httpx.AsyncClient() as client:
            for _ in range(300):
                if process.poll() is not None:
                    raise SystemExit("the emulator did not start")
                try:
                    await client.get(url)
                    break
                except httpx.TransportError:
                    await asyncio.sleep(0.1)
        yield url
    finally:
        process.terminate()
        process.wait(timeout=10)


async def one_by_one(server: FlowServer) -> tuple[int, float]:
    """Follow the pages of the flows and of 48 hours of runs one after the other: how many runs, how long it takes."""
    now = datetime.now(UTC)
    path = Filter(STARTED)
    reader = server.app.reader()
    began = time.perf_counter()
    runs = 0
    async for _ in reader.iter_flows():
        pass
    async for _ in reader.iter_runs([path.ge(now - timedelta(hours=48)), path.lt(now)]):
        runs += 1
    return runs, time.perf_counter() - began


async def measure(client: Client, server: FlowServer, checks: Checks) -> None:
    reader = server.app.reader()
    flows, runs = await reader.count_flows(), await reader.count_runs()
    # The second time counts: both sides find the other end warm.
    await one_by_one(server)
    number, serial = await one_by_one(server)
    print(f"{flows:,} flows, {runs:,} runs, {number:,} of them in 48 h; one by one: {serial:.2f} s")
    gc.collect()
    process = psutil.Process()
    before = process.memory_info().rss
    # The emulator makes its columns when they are first asked for: that is no part of either way of reading.
    await call(client, "pipeline_health", window="1h")
    health = await call(client, "pipeline_health", window="24h")
    more = (process.memory_info().rss - before) / 1e6
    print(f"pipeline_health: {health.seconds:.2f} s, {health.reports} progress reports")
    checks.note("times faster than one by one", serial / health.seconds, FASTER, at_least=True)
    checks.note("MB more resident memory", more, MORE_MEMORY, at_least=False)
    checks.note("seconds without progress", health.silence, LONGEST_SILENCE, at_least=False)
    first = await call(client, "find_flows", query="orders")
    second = await call(client, "find_flows", query="generated orders 0042")
    print(
        f"find_flows: {first.seconds:.2f} s, then {second.seconds * 1000:.0f} ms: {second.text.splitlines()[0]}"
    )
    checks.note("times faster the second time", first.seconds / second.seconds, INDEX_FASTER, at_least=True)
    checks.note("seconds without progress (index)", first.silence, LONGEST_SILENCE, at_least=False)


async def main(flows: int, runs: int, latency: float) -> int:
    checks = Checks()
    async with emulator(flows, runs, latency) as url:
        settings = emulator_settings().model_copy(update={"platform_url": url, "ims_url": url})
        server = build_server(settings)
        async with Client(server) as client:
            await measure(client, server, checks)
    print("all targets met" if not checks.missed else f"missed: {', '.join(checks.missed)}")
    return 1 if checks.missed else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--flows", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=200_000)
    parser.add_argument("--latency", type=float, default=0.05)
    given = parser.parse_args()
    raise SystemExit(asyncio.run(main(given.flows, given.runs, given.latency)))
