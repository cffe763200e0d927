"""Tool calls against the same requests by plain HTTP, on one emulator process."""

from __future__ import annotations

import functools
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
from mcp import Client, StdioServerParameters
from mcp_types import CallToolRequest, CallToolRequestParams, CallToolResult

from aep_flow_mcp.emulator.seed.scenarios import SCENARIOS
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


def trivial_server() -> StdioServerParameters:
    """A bare server of the SDK as a subprocess, with one tool that says a word."""
    return StdioServerParameters(
        command=sys.executable, args=[str(Path(__file__).with_name("bare_server.py"))]
    )


async def get_flow_overhead(rounds: int = 150) -> dict[str, Any]:
    """`get_flow` through stdio against what it cannot do without: the SDK's trivial tool through stdio, and the bare
    GET. The three alternate, so that whatever else the machine does meets all of them; medians."""
    with emulator_process() as url:
        async with (
            httpx.AsyncClient(base_url=url, headers=emulator_headers(url)) as plain,
            Client(stdio_server(url)) as client,
            Client(trivial_server()) as trivial,
        ):
            flow_id = (await plain.get(FLOWS, params={"limit": 1})).json()["items"][0]["id"]
            calls: tuple[Callable[[], Awaitable[Any]], ...] = (
                lambda: plain.get(f"{FLOWS}/{flow_id}"),
                lambda: trivial.call_tool("ping", {}),
                lambda: client.call_tool("get_flow", {"flow_id": flow_id}),
            )
            for call in calls:
                await call()
            taken = [[await timed(call) for call in calls] for _ in range(rounds)]
    direct, bare, ours = (statistics.median(each) for each in zip(*taken, strict=True))
    return {
        "times_trivial_tool_and_get": round(ours / (bare + direct), 2),
        "limit": 2.5,
    }


async def describe_flow_rounds(latency: float = 0.1, rounds: int = 5) -> dict[str, Any]:
    """`describe_flow` with latency on every answer, against one call and against its own calls in sequence.

    `first_*` is the first call of a process that has signed in; `again_*` has the specs in its cache, so it
    makes fewer calls in as many steps. Neither holds what the SDK's client does with its first answer from a tool,
    which is to check that tool's output schema: that is the client's time.
    """
    flow_id = SCENARIOS["healthy"]
    with emulator_process("--latency", str(latency)) as url:
        async with httpx.AsyncClient(base_url=url, headers=emulator_headers(url), timeout=30) as plain:
            one = statistics.median(
                [await timed(lambda: plain.get(f"{FLOWS}/{flow_id}")) for _ in range(rounds)]
            )
            first: list[float] = []
            again: list[float] = []
            journals: list[list[dict[str, Any]]] = []
            for _ in range(rounds):
                async with Client(stdio_server(url)) as client:

                    async def describe(client: Client = client) -> None:
                        asked = CallToolRequestParams(name="describe_flow", arguments={"flow": flow_id})
                        answer = await client.session.send_request(
                            CallToolRequest(params=asked), CallToolResult
                        )
                        assert not answer.is_error

                    await client.call_tool("get_server_info", {})
                    for times in (first, again):
                        await plain.delete("/_emulator/journal")
                        times.append(await timed(describe))
                        journals.append((await plain.get("/_emulator/journal")).json()["exchanges"])
            sequences = [await timed(functools.partial(_in_sequence, plain, calls)) for calls in journals[:2]]
    described: dict[str, Any] = {"limit_times_one_call": 3.6, "limit_share": 0.333}
    for name, times, calls, sequence in zip(
        ("first", "again"), (first, again), journals, sequences, strict=False
    ):
        seconds = statistics.median(times)
        described |= {
            f"{name}_calls": len(calls),
            f"{name}_times_one_call": round(seconds / one, 2),
            f"{name}_share_of_sequence": round(seconds / sequence, 3),
        }
    return described


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
