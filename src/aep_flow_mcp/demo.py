"""A tour for a newcomer: a real MCP client asks the server real questions over stdio.

The server runs as a subprocess on the built-in emulator, so nothing but this package is needed.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
from mcp import Client, StdioServerParameters
from mcp.client import ClientRequestContext
from mcp_types import CallToolResult, ElicitRequestParams, ElicitResult

ENVIRONMENT = {
    "AEP_SANDBOX": "dev",
    "AEP_MCP_APPROVAL": "ask",
    "AEP_MCP_READ_ONLY": "false",
    "AEP_MCP_TOOLSETS": "all",
    "AEP_MCP_TOOLS": "",
    "AEP_MCP_EXCLUDE_TOOLS": "",
    "AEP_MCP_LOG_LEVEL": "ERROR",
}
SHOWN_LINES = 14


class DemoFailed(Exception):
    """A step of the tour did not do what it shows."""


@dataclass
class Person:
    """Who is asked before a write: answers in turn, and keeps what was shown."""

    answers: Iterator[bool]
    asked: list[str] = field(default_factory=list)

    async def __call__(self, context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:
        del context
        self.asked.append(params.message)
        yes = next(self.answers)
        _show("The server asks", params.message)
        print(f"  > The person says {'YES' if yes else 'NO'}.\n")
        return ElicitResult(action="accept" if yes else "decline", content={"approve": True} if yes else None)


def run_demo() -> int:
    """Run the tour; 0 when every question was answered and every write did exactly what was approved."""
    failures: list[str] = []
    try:
        anyio.run(_tour)
    except* DemoFailed as group:
        failures = [str(error) for error in _leaves(group)]
    for failure in failures:
        print(f"The demo failed: {failure}", file=sys.stderr)
    return 1 if failures else 0


def _leaves(group: BaseExceptionGroup[Any]) -> list[BaseException]:
    """The errors themselves: every task group on the way wraps them once more."""
    found: list[BaseException] = []
    for error in group.exceptions:
        found.extend(_leaves(error) if isinstance(error, BaseExceptionGroup) else [error])
    return found


async def _tour() -> None:
    server = StdioServerParameters(
        command=sys.executable, args=["-P", "-m", "aep_flow_mcp", "serve", "--emulator"], env=ENVIRONMENT
    )
    person = Person(iter([False, True]))
    print("An MCP client talks to aep-flow-mcp over stdio; the emulator stands in for Adobe.\n")
    async with Client(server, elicitation_callback=person) as client:
        tools = (await client.list_tools()).tools
        print(f"The server offers {len(tools)} tools (protocol {client.protocol_version}).\n")
        await _questions(client)
        await _writes(client, person)
    print("That was the emulator. README.md says how to point the server at a sandbox of yours.")
    if Path(sys.argv[0]).stem == "aep-flow-mcp":
        print(f"The command is {sys.argv[0]}.")


async def _questions(client: Client) -> None:
    await _ask(client, "Which server is this, and may it write?", "get_server_info")
    await _ask(
        client, "What failed in the last 24 hours, and is it getting worse?", "pipeline_health", window="24h"
    )
    await _ask(
        client,
        "Which flows feed the Loyalty Members dataset?",
        "trace_lineage",
        object="Loyalty Members",
        object_kind="dataset",
        follow="up",
    )
    found = await _ask(
        client, "Which flows have to do with loyalty members?", "find_flows", query="loyalty members"
    )
    flow = _first(found)
    await _ask(client, f"Tell me everything about {flow['name']}.", "describe_flow", flow=flow["id"])
    worst = await _ask(client, "Which runs failed lately?", "list_runs", status="failed", limit=5)
    await _ask(client, "Why does that flow fail?", "diagnose_flow", flow=_first(worst)["flow_id"])
    await _ask(client, "Which accounts do we have?", "list_connections", limit=8)
    await _ask(client, "What lies in our landing zone?", "explore_landing_zone")
    await _ask(
        client,
        "Set up a daily import from our S3 bucket into Loyalty Members: what do you need to know?",
        "plan_pipeline",
        connector="s3",
        datasets=["Loyalty Members"],
        every="day",
    )


async def _writes(client: Client, person: Person) -> None:
    flow = _first(await _call(client, "list_flows", {"state": "enabled", "limit": 1}))
    question = f"Switch off the flow {flow['name']}."
    arguments = {"flow": flow["id"], "action": "disable"}

    await _ask(client, f"{question} (the person will say no)", "run_flow_action", **arguments)
    if await _state(client, flow["id"]) != "enabled":
        raise DemoFailed("a declined write changed the flow")
    print("  The flow is still enabled: nothing was sent.\n")

    await _ask(client, f"{question} (the person will say yes)", "run_flow_action", **arguments)
    if len(person.asked) != 2 or await _state(client, flow["id"]) != "disabled":
        raise DemoFailed("an approved write did not change the flow")
    print("  The flow is disabled now.\n")


async def _state(client: Client, flow_id: str) -> str:
    answer = await _call(client, "get_flow", {"flow": flow_id})
    return str((answer.structured_content or {})["item"]["state"])


async def _ask(client: Client, question: str, tool: str, **arguments: Any) -> CallToolResult:
    print(f"Q: {question}")
    called = ", ".join(f"{key}={value!r}" for key, value in arguments.items())
    print(f"   {tool}({called})")
    answer = await _call(client, tool, arguments)
    _show("A", "\n".join(block.text for block in answer.content if block.type == "text"))
    print()
    return answer


async def _call(client: Client, tool: str, arguments: dict[str, Any]) -> CallToolResult:
    answer = await client.call_tool(tool, arguments)
    if answer.is_error:
        raise DemoFailed(f"{tool} answered with an error: {answer.content}")
    return answer


def _first(answer: CallToolResult) -> dict[str, Any]:
    content = answer.structured_content or {}
    rows = content.get("items") or content.get("flows") or content.get("matches")
    if not rows:
        raise DemoFailed("a list that should have items is empty")
    first: dict[str, Any] = rows[0]
    return first


def _show(speaker: str, text: str) -> None:
    lines = text.splitlines()
    print(f"{speaker}:")
    for line in lines[:SHOWN_LINES]:
        print(f"   {line[:150]}{'…' if len(line) > 150 else ''}")
    if len(lines) > SHOWN_LINES:
        print(f"   … {len(lines) - SHOWN_LINES} more lines")
