"""Ten thousand calls of every tool while a quarter of the requests meet a fault: `python tests/soak/run.py`."""

from __future__ import annotations

import argparse
import asyncio
import itertools
import logging
import os
import random
import resource
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import psutil

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))

from mcp import Client
from mcp.shared.exceptions import MCPError
from mcp_types import TextContent

from aep_flow_mcp.app import platform_config
from aep_flow_mcp.cli import emulator_settings
from aep_flow_mcp.emulator import Emulator, EmulatorOptions
from aep_flow_mcp.guard import Guard
from aep_flow_mcp.platform.transport import PlatformClient
from aep_flow_mcp.platform.waiting.patience import PATIENCE
from aep_flow_mcp.server import build_server
from attack.judge import Judge
from attack.wishes import Place, draw
from soak.hostile import BODIES, Hostile
from support.instant import in_no_time
from tools.reading import READS

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
MOST_MEGABYTES = 250
READ_BOUND = PATIENCE + 1.0
A_WRITE = 25.0 + 6 * 6.0 + 30.0
"""Seconds for one request that writes: its answer, and the looks at what came of it."""
ENVIRON = {"AEP_SECRET_ID": "AKIASECRETSECRET2345", "AEP_SECRET_KEY": "not-to-be-seen-anywhere"}
LANES = 4
SHIFT = 500
"""Calls to one organisation, before another takes its place."""
FORGOTTEN = 3_600.0
"""Seconds of the loop's time after which the server keeps nothing of the organisation before."""


@dataclass
class Soak:
    """What happened."""

    calls: int = 0
    ends: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    found: list[str] = field(default_factory=list)
    slowest: dict[str, float] = field(default_factory=lambda: {"read": 0.0, "write": 0.0})
    sampled: float = 0.0
    """Resident megabytes, the most that were seen by sampling."""
    samples: int = 0
    most: str = ""
    """The tools whose calls ran when most was held."""

    def find(self, sentence: str) -> None:
        """Something is wrong; told at once, since the end may be an hour away."""
        self.found.append(sentence)
        print(f"  after {self.calls:,} calls: {sentence[:600]}", flush=True)

    @property
    def peak(self) -> float:
        """The most that this process ever held, in MB. What `getrusage` says counts the one that started it, too."""
        status = Path("/proc/self/status")
        if status.exists():
            (line,) = [line for line in status.read_text().splitlines() if line.startswith("VmHWM:")]
            return int(line.split()[1]) * 1_024 / 1e6
        unit = 1 if sys.platform == "darwin" else 1_024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


class Current(httpx.AsyncBaseTransport):
    """The organisation of the present shift."""

    upstream: Hostile

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await self.upstream.handle_async_request(request)


class Lane:
    """One client's calls, one after the other."""

    def __init__(self, soak: Soak, client: Client, judge: Judge, place: Place, rng: random.Random) -> None:
        self._soak, self._client, self._judge, self._place, self._rng = soak, client, judge, place, rng

    async def call(self) -> None:
        """One more call of some tool."""
        self._soak.calls += 1
        if self._rng.random() < 0.7:
            name = self._rng.choice(list(READS))
            await self._timed("read", name, READS[name](self._place.world), READ_BOUND)
            return
        wish = draw(self._place)
        self._judge.nobody_is_asked(wish)
        bound = PATIENCE + A_WRITE * (1 + 4 * len(wish.made))
        text, data, is_error = await self._timed("write", wish.tool, wish.arguments, bound)
        status = str(data.get("status", "error" if is_error else "answered"))
        ids = [str(one["id"]) for one in data.get("done", []) if one.get("id")]
        self._judge.said(wish, status, text, ids)
        self._soak.ends[status] += 1

    async def _timed(
        self, kind: str, tool: str, arguments: dict[str, Any], bound: float
    ) -> tuple[str, dict[str, Any], bool]:
        began = asyncio.get_running_loop().time()
        try:
            with _running(tool):
                result = await self._client.call_tool(tool, arguments)
        except MCPError as error:
            self._soak.find(f"{tool}: {error}")
            return "", {}, True
        took = asyncio.get_running_loop().time() - began
        self._soak.slowest[kind] = max(self._soak.slowest[kind], took)
        if took > bound:
            self._soak.find(f"{tool}: took {took:.0f} s, bound {bound:.0f}")
        text = "\n".join(part.text for part in result.content if isinstance(part, TextContent))
        if "defect of this server" in text or text.startswith("Error executing tool") or not text:
            self._soak.find(f"{tool}: {text[:300]}")
        if kind == "read":
            self._soak.ends["read failed" if result.is_error else "read"] += 1
        data = result.structured_content
        return text, data if isinstance(data, dict) else {}, bool(result.is_error)


async def soaked(how: argparse.Namespace) -> Soak:
    """That many calls of one server; a share of the requests behind them meet a fault.

    The service and the judge are in this process, too, and keep all that was ever sent. So each shift has an
    organisation and a judge of its own, held against each other at its end: what still grows is the server's.
    """
    soak, rng = Soak(), random.Random(how.seed)
    settings = emulator_settings(mcp_approval="none", mcp_toolsets=("all",))
    current = Current()
    client = PlatformClient(platform_config(settings), transport=current)
    guard = Guard(settings, client, environ=ENVIRON, clock=asyncio.get_running_loop().time)
    server = build_server(settings, client=client, guard=guard, emulated=True)
    async with AsyncExitStack() as open_:
        one = await open_.enter_async_context(Client(server))
        for begin in range(0, how.calls, SHIFT):
            await _shift(soak, current, one, rng, how, min(SHIFT, how.calls - begin))
    return soak


async def _shift(
    soak: Soak, current: Current, client: Client, rng: random.Random, how: argparse.Namespace, calls: int
) -> None:
    emulator = Emulator(EmulatorOptions(clock=lambda: NOW, journal_limit=20))
    judge, place = Judge(emulator), Place(emulator, NOW, rng)
    upstream = Hostile(emulator, rng, 1 - how.share, judge.arrived, judge.acted, lambda _: None, lambda: None)
    upstream.without = frozenset(how.without)
    current.upstream = upstream
    numbers = itertools.count()

    async def lane() -> None:
        mine = Lane(soak, client, judge, place, rng)
        while next(numbers) < calls:
            await mine.call()

    await asyncio.gather(*(lane() for _ in range(how.lanes)))
    await upstream.catch_up()
    judge.close()
    for sentence in judge.found:
        soak.find(sentence)
    soak.faults.update(upstream.faults)
    print(f"{soak.calls:,} calls, {soak.peak:.0f} MB, {len(soak.found)} found", flush=True)
    await asyncio.sleep(FORGOTTEN)


_RUNNING: Counter[str] = Counter()


@contextmanager
def _running(tool: str) -> Iterator[None]:
    _RUNNING[tool] += 1
    try:
        yield
    finally:
        _RUNNING[tool] -= 1


def _sample(soak: Soak, over: threading.Event) -> None:
    process = psutil.Process()
    while not over.wait(0.02):
        soak.samples += 1
        held = process.memory_info().rss / 1e6
        if held > soak.sampled:
            soak.sampled, soak.most = held, ", ".join(sorted((+_RUNNING.copy()).elements()))


def main() -> int:
    """1 where anything was found, or too much memory was taken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=10_000)
    parser.add_argument("--share", type=float, default=0.25)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--lanes", type=int, default=LANES)
    parser.add_argument("--without", action="append", default=[], choices=BODIES, help="a kind of body")
    arguments = parser.parse_args()
    logging.disable(logging.CRITICAL)
    for name in [name for name in os.environ if name.startswith("AEP_")]:
        del os.environ[name]
    memory, over = Soak(), threading.Event()
    thread = threading.Thread(target=_sample, args=(memory, over), daemon=True)
    thread.start()
    began = time.process_time()
    soak = in_no_time(lambda: soaked(arguments))
    seconds = time.process_time() - began
    over.set()
    thread.join()
    return _told(soak, memory, seconds)


def _told(soak: Soak, memory: Soak, seconds: float) -> int:
    for title, counted in (("faults", soak.faults), ("ends", soak.ends)):
        print(f"{title}:")
        for name, count in sorted(counted.items()):
            print(f"  {count:6,} {name}")
    print(
        f"{soak.calls:,} calls, {soak.faults.total():,} faults, {seconds:.0f} s of CPU; slowest read "
        f"{soak.slowest['read']:.1f} s, slowest write {soak.slowest['write']:.1f} s of the loop's time; resident "
        f"memory {memory.sampled:.0f} MB at most in {memory.samples:,} samples, {soak.peak:.0f} MB at its peak; "
        f"{len(soak.found)} found. Most was held during {memory.most}"
    )
    too_much = max(soak.peak, memory.sampled) > MOST_MEGABYTES
    return 1 if soak.found or too_much else 0


if __name__ == "__main__":
    sys.exit(main())
