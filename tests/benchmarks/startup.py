"""Spawn to the first `tools/list`: this server against the bare SDK's, spawned in turn."""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path
from typing import Any

from mcp import Client, StdioServerParameters

BARE = StdioServerParameters(command=sys.executable, args=[str(Path(__file__).with_name("bare_server.py"))])
OURS = StdioServerParameters(command=sys.executable, args=["-m", "aep_flow_mcp", "serve", "--emulator"])


async def first_list(server: StdioServerParameters) -> tuple[float, int]:
    """Seconds from the spawn to the first list of tools, and how many it holds."""
    began = time.perf_counter()
    async with Client(server) as client:
        tools = (await client.list_tools()).tools
        return time.perf_counter() - began, len(tools)


async def measure(rounds: int = 15) -> dict[str, Any]:
    """Medians over `rounds` pairs; one pair before them fills the file caches."""
    await first_list(BARE)
    await first_list(OURS)
    bare, ours, listed = [], [], 0
    for _ in range(rounds):
        bare.append((await first_list(BARE))[0])
        seconds, listed = await first_list(OURS)
        ours.append(seconds)
    ratio = statistics.median(ours) / statistics.median(bare)
    return {
        "bare_s": round(statistics.median(bare), 3),
        "ours_s": round(statistics.median(ours), 3),
        "tools_listed": listed,
        "ratio": round(ratio, 3),
        "limit_ratio": 1.2,
    }
