"""What each Python client does with the server; it prints what it met as one JSON object.

Only the standard library is imported here: this runs in the environments of the clients.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Said:
    """What a client gives of an answer: its text, and its structure where the client has it."""

    text: str
    structure: Any = None
    is_error: bool = False


Call = Callable[[str, dict[str, Any]], Awaitable[Said]]
List = Callable[[], Awaitable[list[str]]]
Connected = Callable[[], AbstractAsyncContextManager[tuple[List, Call]]]


def command() -> tuple[str, list[str]]:
    """The server's command and its arguments, from this process's own."""
    return sys.argv[1], sys.argv[2:]


async def met(names: List, call: Call) -> dict[str, Any]:
    """A question, an unknown flow, a write that is previewed, and its confirmation."""
    listed = await names()
    flows = await call("list_flows", {"limit": 2, "cursor": None, "state": "enabled"})
    flow = _one(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", flows.text)
    unknown = await call("get_flow", {"flow": "00000000-0000-4000-8000-00000000dead"})
    preview = await call("run_flow_action", {"flow": flow, "action": "disable"})
    given = _one(r"confirmation_id[\"':=\s]+([A-Za-z0-9_-]{20,})", preview.text)
    before = await call("get_flow", {"flow": flow})
    confirmed = await call("confirm_change", {"confirmation_id": given})
    after = await call("get_flow", {"flow": flow})
    return {
        "tools": listed,
        "flows": flows.structure,
        "flows_text": flows.text,
        "unknown": unknown.text,
        "unknown_is_error": unknown.is_error,
        "preview": preview.text,
        "before": before.text,
        "confirmed": confirmed.text,
        "after": after.text,
    }


def tell(connected: Connected) -> None:
    """Run the story in one session and print what was met."""

    async def whole() -> dict[str, Any]:
        async with connected() as (names, call):
            return await met(names, call)

    print(json.dumps(asyncio.run(whole())))


def _one(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    if found is None:
        raise ValueError(f"{pattern} is not in: {text[:500]}")
    return found.group(found.re.groups)
