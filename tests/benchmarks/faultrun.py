"""Thousands of reading calls while the service misbehaves: only right answers or right errors, nothing leaks."""

from __future__ import annotations

import asyncio
import gc
import random
import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import psutil
from mcp import Client

from aep_flow_mcp.app import platform_config
from aep_flow_mcp.cli import emulator_settings
from aep_flow_mcp.emulator import Emulator, EmulatorOptions, FaultRule
from aep_flow_mcp.emulator.asgi import EmulatorTransport
from aep_flow_mcp.platform.transport import PlatformClient
from aep_flow_mcp.server import build_server

FAULTS: list[dict[str, Any]] = [
    {"kind": "status", "status": 429, "retry_after": 0},
    {"kind": "status", "status": 429},
    {"kind": "status", "status": 500},
    {"kind": "status", "status": 503},
    {"kind": "status", "status": 403},
    {"kind": "drop"},
    {"kind": "truncated"},
    {"kind": "not_json"},
    {"kind": "null_item"},
    {"kind": "expire_token"},
    {"kind": "timeout", "seconds": 0.01},
    {"kind": "slow_body", "seconds": 0.001},
    {"kind": "latency", "seconds": 0.01},
]
_CRASH = re.compile(r"Error executing tool \w+")
KNOWN_WORDS = (
    "not found", "429", "500", "503", "403", "rate", "unavailable", "permission", "connection", "cut", "JSON",
    "answer", "token", "try again",
)  # fmt: skip


@dataclass
class Outcome:
    """What happened over the run."""

    calls: int = 0
    right: int = 0
    errors: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    leaked_tasks: int = 0
    faults_met: int = 0
    memory_mb: list[float] = field(default_factory=list)


async def fault_run(calls: int = 5_000, share: float = 0.2, seed: int = 11, workers: int = 8) -> Outcome:
    """`calls` reading calls, of which about `share` of the requests meet a fault of some kind."""
    # Whatever time the run takes, runs of the organisation do not end meanwhile.
    now = datetime.now(UTC)
    emulator = Emulator(EmulatorOptions(seed=7, clock=lambda: now))
    app_settings = emulator_settings(mcp_toolsets=("all",))
    platform = PlatformClient(
        platform_config(app_settings), transport=EmulatorTransport(emulator), sleep=_no_sleep
    )
    server = build_server(app_settings, client=platform, emulated=True)
    outcome, rng = Outcome(), random.Random(seed)
    before = len(asyncio.all_tasks())
    process = psutil.Process()
    async with Client(server) as client:
        truth = await _truth(client)
        each = share / len(FAULTS)
        for fault in FAULTS:
            emulator.faults.add(FaultRule(route=r"^GET /data/", probability=each, times=None, **fault))
        for share_done in range(10):
            batch = [rng.choice(truth) for _ in range(calls // 10)]
            lanes = [batch[lane::workers] for lane in range(workers)]
            await asyncio.gather(*(_lane(client, lane, outcome) for lane in lanes))
            emulator.journal.clear()
            gc.collect()
            if share_done >= 2:
                outcome.memory_mb.append(round(process.memory_info().rss / 1e6, 1))
        outcome.faults_met = len(emulator.faults.hits)
    await asyncio.sleep(0)
    outcome.leaked_tasks = len(asyncio.all_tasks()) - before
    return outcome


async def _no_sleep(_seconds: float) -> None:
    await asyncio.sleep(0)


async def _truth(client: Client) -> list[tuple[str, dict[str, Any], Any]]:
    """Calls and their right answers, from before any fault."""
    flows = (await client.call_tool("list_flows", {"limit": 30})).structured_content or {}
    ids = [item["id"] for item in flows["items"]]
    calls: list[tuple[str, dict[str, Any]]] = [("get_flow", {"flow_id": flow_id}) for flow_id in ids]
    calls += [("list_runs", {"flow_id": flow_id, "limit": 5}) for flow_id in ids[:10]]
    calls += [("list_connections", {"limit": 20}), ("list_flow_specs", {}), ("list_flows", {"limit": 30})]
    calls += [("get_flow", {"flow_id": "no-such-flow"})]
    return [(tool, arguments, _content(await client.call_tool(tool, arguments))) for tool, arguments in calls]


async def _lane(client: Client, calls: list[tuple[str, dict[str, Any], Any]], outcome: Outcome) -> None:
    for tool, arguments, right in calls:
        outcome.calls += 1
        answer = await client.call_tool(tool, arguments)
        content = _content(answer)
        if content == right:
            outcome.right += 1
        elif answer.is_error:
            text = " ".join(content)
            if _CRASH.fullmatch(text) or not any(word in text for word in KNOWN_WORDS):
                outcome.wrong.append(f"{tool} {arguments}: {text[:300]}")
            else:
                outcome.errors[text[:60]] += 1
        elif not any(
            judge(content, right) for judge in (_only_null_items_lost, _only_by_id, _only_uncounted)
        ):
            outcome.wrong.append(f"{tool} {arguments}: {str(content)[:300]}")
        else:
            outcome.right += 1


def _content(answer: Any) -> Any:
    return answer.structured_content if not answer.is_error else [block.text for block in answer.content]


_BY_ID = re.compile("[^ ]+ names could not be read, so they are shown by id|.* known by id only")
_ID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def _only_by_id(content: Any, right: Any) -> bool:
    """A list in which some names are ids, where a list of names could not be read, and says so."""
    if not isinstance(content, dict) or not isinstance(right, dict) or "items" not in right:
        return False
    if not _BY_ID.search(content.get("note") or "") or len(content["items"]) != len(right["items"]):
        return False
    around = [
        {name: each for name, each in whole.items() if name not in ("items", "note")}
        for whole in (content, right)
    ]
    if around[0] != around[1]:
        return False
    pairs = list(zip(content["items"], right["items"], strict=True))
    if any(item.keys() != whole.keys() for item, whole in pairs):
        return False
    differing = [value for item, whole in pairs for name, value in item.items() if value != whole.get(name)]
    return bool(differing) and all(isinstance(value, str) and _ID.fullmatch(value) for value in differing)


def _only_uncounted(content: Any, right: Any) -> bool:
    """A list of which it is not known how many there are in all, since they could not be counted."""
    if not isinstance(content, dict) or not isinstance(right, dict) or "total" in content:
        return False
    # The cursor of a list carries its number along.
    uncounted = {name: value for name, value in right.items() if name != "total"}
    if "next_cursor" in right:
        uncounted["next_cursor"] = str(right["next_cursor"]).rpartition("/")[2]
    return bool(content == uncounted)


def _only_null_items_lost(content: Any, right: Any) -> bool:
    """A list in which Adobe sent null for an item holds the others, and says that something was missing."""
    if not isinstance(content, dict) or not isinstance(right, dict) or "items" not in right:
        return False
    return bool(content.get("note")) and all(item in right["items"] for item in content["items"])
