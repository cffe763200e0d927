"""How the questions over a large organisation scale: 10,000 flows, 200,000 runs, 50 ms for each call.

    python tests/benchmarks/bench_scale.py [--flows 10000] [--runs 200000] [--latency 0.05]

The emulator runs in a process of its own (as Platform does), this process holds the server and a client. Three
baselines, all of this run: the same bytes decoded alone with msgspec, in time of this process's processor; the first
question, for the second; and, on the clock, the pages that the same answer is made of followed one by one with the
same client: the flows, and the runs of the window and of the one before. The emulator's own processor time is told
apart. Exits 1 when a target is missed.
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
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import msgspec
import psutil
from mcp import Client
from mcp_types import TextContent

from aep_flow_mcp.cli import emulator_settings
from aep_flow_mcp.gathering.sweeps.run_sweep import STARTED
from aep_flow_mcp.platform.filters import Filter
from aep_flow_mcp.platform.wire import bodies
from aep_flow_mcp.server import FlowServer, build_server

TIMES_DECODING = 3.0
"""Processor time of pipeline_health here, against decoding the same bytes with msgspec."""
SECOND_SHARE = 0.2
"""The second pipeline_health within ten minutes against the first, in the same measure."""
FASTER = 6.0
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
    """One tool call: seconds it took, longest time without a report, its text; processor seconds here and of the
    emulator; the bodies that were read for it."""

    seconds: float
    silence: float
    reports: int
    text: str
    own: float
    emulators: float
    bodies: list[bytes]
    requests: list[httpx.Request]

    @property
    def decoding(self) -> float:
        """Processor seconds that decoding these bodies takes, alone; the least of three times."""
        return min(_processor_seconds(self._decode) for _ in range(3))

    def _decode(self) -> None:
        for body in self.bodies:
            msgspec.json.decode(body)


def _processor_seconds(call: Callable[[], None]) -> float:
    began = time.process_time()
    call()
    return time.process_time() - began


async def carrying(requests: Sequence[httpx.Request], at_once: int = 16) -> float:
    """Processor seconds that the same answers take to arrive, with the HTTP client alone and nobody to read them."""
    async with httpx.AsyncClient(limits=httpx.Limits(max_connections=at_once)) as client:

        async def lane(mine: Sequence[httpx.Request]) -> None:
            for request in mine:
                (await client.get(request.url, headers=request.headers)).raise_for_status()

        began = time.process_time()
        await asyncio.gather(*(lane(requests[number::at_once]) for number in range(at_once)))
        return time.process_time() - began


@contextmanager
def keeping_bodies() -> Iterator[tuple[list[bytes], list[httpx.Request]]]:
    """The bodies of all answers that are read meanwhile, and what was asked for them."""
    kept: list[bytes] = []
    requests: list[httpx.Request] = []
    whole = bodies.whole

    async def keep(response: httpx.Response, grown: bodies.Grown, most: int = bodies.MOST_BYTES) -> bytearray:
        body = await whole(response, grown, most)
        kept.append(bytes(body))
        requests.append(response.request)
        return body

    bodies.whole = keep
    try:
        yield kept, requests
    finally:
        bodies.whole = whole


async def call(
    client: Client, other: psutil.Process, tool: str, *, keep: bool = True, **arguments: Any
) -> Call:
    """Call a tool and watch its progress. other: the emulator. keep: the bodies, which takes memory."""
    theirs = sum(other.cpu_times()[:2])
    began = time.perf_counter()
    marks = [began]

    async def report(progress: float, total: float | None, message: str | None) -> None:
        del progress, total, message
        marks.append(time.perf_counter())

    own = time.process_time()
    nothing: tuple[list[bytes], list[httpx.Request]] = ([], [])
    reading: AbstractContextManager[tuple[list[bytes], list[httpx.Request]]] = (
        keeping_bodies() if keep else nullcontext(nothing)
    )
    with reading as (read, asked):
        result = await client.call_tool(tool, arguments, progress_callback=report)
    own = time.process_time() - own
    ended = time.perf_counter()
    text = "\n".join(part.text for part in result.content if isinstance(part, TextContent))
    assert not result.is_error, text
    marks.append(ended)
    silence = max(later - earlier for earlier, later in itertools.pairwise(marks))
    theirs = sum(other.cpu_times()[:2]) - theirs
    return Call(ended - began, silence, len(marks) - 2, text, own, theirs, read, asked)


@asynccontextmanager
async def emulator(flows: int, runs: int, latency: float) -> AsyncIterator[tuple[str, psutil.Process]]:
    """The emulator in another process, warm: its address, and the process."""
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
        yield url, psutil.Process(process.pid)
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


async def measure_serial(server: FlowServer) -> float:
    """Seconds that following the pages one by one takes."""
    reader = server.app.reader()
    flows, runs = await reader.count_flows(), await reader.count_runs()
    # The second time counts: both sides find the other end warm.
    await one_by_one(server)
    number, serial = await one_by_one(server)
    print(f"{flows:,} flows, {runs:,} runs, {number:,} of them in 48 h; one by one")
    return serial


async def measure_health(
    client: Client, other: psutil.Process, serial: float, warm: Call, checks: Checks
) -> None:
    """warm: the same question to another server of this process, with the bodies that were read for it."""
    # What changes rarely is read before, as it is for whoever asks a second thing of a server.
    for tool in ("list_connection_specs", "list_flow_specs"):
        await call(client, other, tool)
    gc.collect()
    process = psutil.Process()
    before = process.memory_info().rss
    first = await call(client, other, "pipeline_health", keep=False, window="24h")
    more = (process.memory_info().rss - before) / 1e6
    second = await call(client, other, "pipeline_health", window="24h")
    decoding = warm.decoding
    size = sum(map(len, warm.bodies)) / 1e6
    print(
        f"pipeline_health: {first.reports} progress reports, {len(warm.bodies)} answers of {size:.0f} MB; then "
        f"{len(second.bodies)} of {sum(map(len, second.bodies)) / 1e6:.1f} MB; the emulator's processor "
        f"{first.emulators / first.own:.2f} and {second.emulators / second.own:.2f} times this one's"
    )
    alone = await carrying(warm.requests) / decoding
    checks.note("times decoding its bytes with msgspec", first.own / decoding, TIMES_DECODING, at_least=False)
    print(f"     of which the HTTP client alone takes {alone:.2f} to have the same answers arrive")
    checks.note("the second question, of the first", second.own / first.own, SECOND_SHARE, at_least=False)
    checks.note("times faster than one by one", serial / first.seconds, FASTER, at_least=True)
    checks.note("MB more resident memory", more, MORE_MEMORY, at_least=False)
    checks.note("seconds without progress", first.silence, LONGEST_SILENCE, at_least=False)


async def measure_index(client: Client, other: psutil.Process, checks: Checks) -> None:
    first = await call(client, other, "find_flows", query="orders")
    second = await call(client, other, "find_flows", query="generated orders 0042")
    print(f"find_flows: {second.text.splitlines()[0]}")
    checks.note("times faster the second time", first.seconds / second.seconds, INDEX_FASTER, at_least=True)
    checks.note("seconds without progress (index)", first.silence, LONGEST_SILENCE, at_least=False)


async def main(flows: int, runs: int, latency: float) -> int:
    checks = Checks()
    async with emulator(flows, runs, latency) as (url, other):
        settings = emulator_settings().model_copy(update={"platform_url": url, "ims_url": url})
        warm = build_server(settings)
        async with Client(warm) as client:
            serial = await measure_serial(warm)
            # The emulator makes its columns when they are first asked for, and this process imports what it needs:
            # that is no part of any way of reading.
            asked = await call(client, other, "pipeline_health", window="24h")
        async with Client(build_server(settings)) as client:
            await measure_health(client, other, serial, asked, checks)
            await measure_index(client, other, checks)
    print("all targets met" if not checks.missed else f"missed: {', '.join(checks.missed)}")
    return 1 if checks.missed else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--flows", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=200_000)
    parser.add_argument("--latency", type=float, default=0.05)
    given = parser.parse_args()
    raise SystemExit(asyncio.run(main(given.flows, given.runs, given.latency)))
