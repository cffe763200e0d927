"""`make bench-processes`: calls of `get_flow` over HTTP for one, two and four server processes, each with an emulator
of its own behind it, so that the emulator is not what they share.

What grows is told as a ratio within this run, beside what it cost: processor time for each call of the servers, of the
emulators, and of whoever calls. On a machine with fewer free cores than processes the ratio says what the machine
gives; what a call costs is then what another machine multiplies by its cores.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import anyio
import httpx
import psutil

from aep_flow_mcp.emulator.seed.scenarios import SCENARIOS
from support.processes import free_port, server_environment

COUNTS = (1, 2, 4)
CALLS = 300
AT_ONCE = 8
"""Calls at once of each server process."""
_BUSY = 0.85
"""The share of a core from which a process counts as having had no more to give."""


@dataclass(frozen=True, slots=True)
class Round:
    """One run with so many processes. seconds: of the wall clock; the others of processor time, over all calls."""

    processes: int
    calls: int
    seconds: float
    servers: float
    emulators: float
    caller: float

    @property
    def per_second(self) -> float:
        return self.calls / self.seconds

    @property
    def limit(self) -> str:
        """What had no more to give, from the share of a core that each process was busy."""
        each = {
            "the servers": self.servers / self.processes / self.seconds,
            "the emulators": self.emulators / self.processes / self.seconds,
            "the caller": self.caller / self.seconds,
        }
        most = max(each, key=lambda name: each[name])
        if each[most] >= _BUSY:
            return most
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        all_of_it = (self.servers + self.emulators + self.caller) / self.seconds
        said = f"the machine: {all_of_it:.1f} of {cores} cores were this run's; busiest were {most}"
        return said

    def row(self) -> dict[str, Any]:
        per_call = 1_000 / self.calls
        return {
            "calls_per_second": round(self.per_second, 1),
            "server_ms_per_call": round(self.servers * per_call, 2),
            "emulator_ms_per_call": round(self.emulators * per_call, 2),
            "caller_ms_per_call": round(self.caller * per_call, 2),
            "limit": self.limit,
        }


def limits(rounds: Sequence[Round]) -> dict[str, Any]:
    """The table: a row for each count, and how much more the most processes did than the one."""
    first, last = rounds[0], rounds[-1]
    return {
        **{f"{one.processes}_processes": one.row() for one in rounds},
        "times_one_process": {
            one.processes: round(one.per_second / first.per_second, 2) for one in rounds[1:]
        },
        "server_cost_times_one_process": round(
            (last.servers / last.calls) / (first.servers / first.calls), 2
        ),
    }


@contextmanager
def _process(arguments: list[str], environment: dict[str, str], folder: Path) -> Iterator[int]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AEP_")}
    process = subprocess.Popen(
        [sys.executable, "-m", "aep_flow_mcp", *arguments],
        env={**inherited, **environment},
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process.pid
    finally:
        process.kill()
        process.wait(10)


async def _until_answered(http: httpx.AsyncClient, url: str) -> None:
    with anyio.fail_after(60):
        while True:
            try:
                if (await http.get(url)).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            await anyio.sleep(0.05)


def _call(number: int) -> dict[str, Any]:
    prefix = "io.modelcontextprotocol/"
    meta = {
        f"{prefix}protocolVersion": "2026-07-28",
        f"{prefix}clientInfo": {"name": "bench", "version": "1"},
        f"{prefix}clientCapabilities": {},
    }
    params = {"name": "get_flow", "arguments": {"flow_id": SCENARIOS["healthy"]}, "_meta": meta}
    return {"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": params}


_HEADERS = {
    "Accept": "application/json, text/event-stream",
    "MCP-Protocol-Version": "2026-07-28",
    "Mcp-Method": "tools/call",
    "Mcp-Name": "get_flow",
}


async def one_round(processes: int, *, calls: int = CALLS, at_once: int = AT_ONCE) -> Round:
    """Have the calls answered by so many processes, each as many at once."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        servers, emulators, urls = [], [], []
        async with httpx.AsyncClient(timeout=60, limits=httpx.Limits(max_connections=None)) as http:
            for _ in range(processes):
                port = free_port()
                emulator = ["emulator", "--port", str(port)]
                emulators.append(stack.enter_context(_process(emulator, {}, folder)))
                await _until_answered(http, f"http://127.0.0.1:{port}/_emulator/health")
                own = free_port()
                serve = ["serve", "--transport", "http", "--port", str(own)]
                environment = server_environment(f"http://127.0.0.1:{port}")
                servers.append(stack.enter_context(_process(serve, environment, folder)))
                urls.append(f"http://127.0.0.1:{own}")
            for url in urls:
                await _until_answered(http, f"{url}/readyz")
                await _ask(http, url, 0)
            left = iter(range(1, calls + 1))

            async def work(url: str) -> None:
                for number in left:
                    await _ask(http, url, number)

            before = _spent(servers), _spent(emulators), time.process_time()
            began = time.perf_counter()
            async with anyio.create_task_group() as group:
                for url in urls:
                    for _ in range(at_once):
                        group.start_soon(work, url)
            seconds = time.perf_counter() - began
            after = _spent(servers), _spent(emulators), time.process_time()
    spent = [late - early for early, late in zip(before, after, strict=True)]
    return Round(processes, calls, seconds, *spent)


async def _ask(http: httpx.AsyncClient, url: str, number: int) -> None:
    answer = await http.post(f"{url}/mcp", json=_call(number), headers=_HEADERS)
    result = answer.json()["result"]
    assert not result.get("isError"), result


def _spent(pids: Sequence[int]) -> float:
    times = [psutil.Process(pid).cpu_times() for pid in pids]
    return sum(one.user + one.system for one in times)


async def measure() -> dict[str, Any]:
    """One round after the other."""
    return limits([await one_round(count) for count in COUNTS])


def main() -> None:
    print("get_flow over HTTP")
    for key, value in anyio.run(measure).items():
        print(f"  {key:<30} {value}")


if __name__ == "__main__":
    main()
