"""Tool calls against the same requests by plain HTTP, on one emulator process."""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
from mcp import Client, StdioServerParameters

from support.processes import emulator_headers, emulator_process, server_environment

FLOWS = "/data/foundation/flowservice/flows"


async def timed(call: Callable[[], Awaitable[Any]]) -> float:
    """Seconds that one call takes."""
    began = time.perf_counter()
    await call()
    return time.perf_counter() - began


def stdio_server(url: str) -> StdioServerParameters:
    """The server as a subprocess that talks to the emulator at `url`."""
    return StdioServerParameters(
        command=sys.executable, args=["-m", "aep_flow_mcp", "serve"], env=server_environment(url)
    )


async def get_flow_overhead(rounds: int = 150) -> dict[str, Any]:
    """`get_flow` through stdio against the same GET, alternating; medians in milliseconds."""
    with emulator_process() as url:
        async with (
            httpx.AsyncClient(base_url=url, headers=emulator_headers(url)) as plain,
            Client(stdio_server(url)) as client,
        ):
            flow_id = (await plain.get(FLOWS, params={"limit": 1})).json()["items"][0]["id"]
            direct, through = [], []
            for _ in range(rounds):
                direct.append(await timed(lambda: plain.get(f"{FLOWS}/{flow_id}")))
                through.append(await timed(lambda: client.call_tool("get_flow", {"flow_id": flow_id})))
    bare, ours = statistics.median(direct) * 1000, statistics.median(through) * 1000
    return {
        "http_ms": round(bare, 2),
        "tool_ms": round(ours, 2),
        "added_ms": round(ours - bare, 2),
        "limit_ms": 3.0,
    }


async def describe_flow_rounds(latency: float = 0.1, rounds: int = 5) -> dict[str, Any]:
    """`describe_flow` with latency on every answer, against one call and against its own calls in sequence."""
    with emulator_process("--latency", str(latency)) as url:
        async with (
            httpx.AsyncClient(base_url=url, headers=emulator_headers(url), timeout=30) as plain,
            Client(stdio_server(url)) as client,
        ):
            flow_id = (await plain.get(FLOWS, params={"limit": 1, "orderby": "createdAt"})).json()["items"][
                0
            ]["id"]
            call = lambda: client.call_tool("describe_flow", {"flow_id": flow_id})  # noqa: E731
            await call()
            await plain.delete("/_emulator/journal")
            await call()
            journal = (await plain.get("/_emulator/journal")).json()["exchanges"]
            ours = statistics.median([await timed(call) for _ in range(rounds)])
            one = statistics.median(
                [await timed(lambda: plain.get(f"{FLOWS}/{flow_id}")) for _ in range(rounds)]
            )
            sequence = await timed(lambda: _in_sequence(plain, journal))
    return {
        "calls": len(journal),
        "one_call_s": round(one, 3),
        "tool_s": round(ours, 3),
        "sequence_s": round(sequence, 3),
        "times_one_call": round(ours / one, 2),
        "limit_times_one_call": 3.6,
        "share_of_sequence": round(ours / sequence, 2),
        "limit_share_of_sequence": 0.33,
    }


async def _in_sequence(plain: httpx.AsyncClient, journal: list[dict[str, Any]]) -> None:
    for exchange in journal:
        await plain.request(
            exchange["method"], exchange["path"], params=exchange["query"], json=exchange["body"]
        )


async def requests_per_call(calls: dict[str, dict[str, Any]]) -> dict[str, int]:
    """HTTP requests that each tool call sends, after one call that warms the caches."""
    counted = {}
    with emulator_process() as url:
        async with httpx.AsyncClient(base_url=url) as control, Client(stdio_server(url)) as client:
            for tool, arguments in calls.items():
                await client.call_tool(tool, arguments)
                await control.delete("/_emulator/journal")
                await client.call_tool(tool, arguments)
                counted[tool] = len((await control.get("/_emulator/journal")).json()["exchanges"])
    return counted
