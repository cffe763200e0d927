"""A call of every tool and what it says, for docs/tools: on the emulator, whose clock stands still."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from unittest import mock

from mcp import Client
from mcp.client import ClientRequestContext
from mcp_types import ElicitRequestParams, ElicitResult, TextContent

from aep_flow_mcp.cli import emulator_settings
from aep_flow_mcp.emulator import EmulatorOptions
from aep_flow_mcp.emulator.asgi import EmulatorTransport
from aep_flow_mcp.emulator.seed.scenarios import SCENARIOS
from aep_flow_mcp.gathering.times import standing
from aep_flow_mcp.server import build_server
from aep_flow_mcp.surface.arguments import renamed
from support.organisation import emulator_on_shared_seed
from tools.bed import NOW
from tools.reading import READS
from tools.writing import CASES, S3_SOURCE, World

Card = Mapping[str, Any]
LINES, LINE = 30, 300
"""An example is cut to so many lines of so many characters: it shows the form of an answer, not all of one."""
SECRETS = {
    "AEP_SECRET_ID": "AKIASECRETSECRET2345",
    "AEP_SECRET_KEY": "s3cr3tValueThatMustNotShow/s3cr3tValue40",
}
"""In the form that connectors ask for; no answer shows them."""
CONFIRMATION = "the-confirmation-id-of-the-preview"

_BETTER: dict[str, Callable[[World], dict[str, Any]]] = {
    "find_flows": lambda w: {"query": "loyalty"},
    "get_connection_spec": lambda w: {"connection_spec_id": S3_SOURCE},
    "get_flow_spec": lambda w: {"flow_spec_id": "9753525b-82c7-4dce-8a9b-5ccfce2b9876"},
    "list_audit_events": lambda w: {"object": SCENARIOS["disabled"]},
    "list_connections": lambda w: {"limit": 5},
    "list_flows": lambda w: {"limit": 5},
    "list_source_connections": lambda w: {"limit": 5},
    "list_target_connections": lambda w: {"limit": 5},
    "plan_pipeline": lambda w: {
        "name": "Loyalty members daily",
        "connector": "s3",
        "datasets": ["Loyalty Members"],
    },
    "create_connection": lambda w: {**CASES["create_connection"](w), "name": "Partner bucket"},
    "find_tools": lambda w: {"query": "switch a flow off", "limit": 1},
    "call_tool": lambda w: {
        "name": "list_runs",
        "arguments": {"flow": SCENARIOS["partial_ingestion"], "limit": 3},
    },
    "update_run": lambda w: {
        "run_id": w.failed_run(),
        "body": {"metrics": {"recordSummary": {"inputRecordCount": 10}}},
    },
}
"""Where the arguments that tests use would show a reader too little, or too much."""

_SETTINGS: dict[str, dict[str, Any]] = {
    "confirm_change": {"mcp_approval": "two-step"},
    "find_tools": {"mcp_discovery": "search"},
    "call_tool": {"mcp_discovery": "search"},
}
"""What a tool needs to be there, or to be of use."""


class _StandingWorld(World):
    """Times to come count from the emulator's clock alone, so that an example is the same on every day."""

    @property
    def soon(self) -> str:
        return str(int((self.now + timedelta(days=2)).timestamp()))


@dataclass
class Example:
    """One call: its arguments, what a person was asked, and what came back."""

    arguments: dict[str, Any]
    answer: str = ""
    asked: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        """As Markdown."""
        given = json.dumps(self.arguments, ensure_ascii=False, indent=2)
        parts = _block("json", given, whole=True)
        for question in self.asked:
            parts += ["A person is asked:", "", *_block("text", question)]
        return [*parts, "After approval:" if self.asked else "Answer:", "", *_block("text", self.answer)]


async def example_of(card: Card) -> Example:
    """Call the tool on a fresh emulator; a person who is asked agrees.

    Raises:
        AssertionError: the tool refuses, and not because the service takes the request from providers only.
    """
    name = card["name"]
    emulator = emulator_on_shared_seed(EmulatorOptions(clock=lambda: NOW, provider_access=True))
    world = _StandingWorld(emulator, NOW)
    example = Example({})

    async def person(context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:
        del context
        example.asked.append(params.message)
        return ElicitResult(action="accept", content={"approve": True})

    async with AsyncExitStack() as stack:
        stack.enter_context(standing(NOW))
        stack.enter_context(mock.patch.dict(os.environ, SECRETS))
        settings = emulator_settings(**_SETTINGS.get(name, {}))
        server = build_server(settings, transport=lambda: EmulatorTransport(emulator), emulated=True)
        client = await stack.enter_async_context(Client(server, elicitation_callback=person))
        if name == "confirm_change":
            return await _confirmed(client, world, example)
        example.arguments = renamed(name, _arguments(name, world), card["input"])
        example.answer, _ = await _call(client, name, example.arguments)
    return example


def _arguments(name: str, world: World) -> dict[str, Any]:
    make = _BETTER.get(name) or READS.get(name) or CASES[name]
    return make(world)


async def _confirmed(client: Client, world: World, example: Example) -> Example:
    """The second call of two: what the first one previewed is carried out. Its random id is replaced."""
    _, previewed = await _call(client, "run_flow_action", CASES["run_flow_action"](world))
    confirmation = {"confirmation_id": previewed["confirmation_id"]}
    example.answer, _ = await _call(client, "confirm_change", confirmation)
    example.arguments = {"confirmation_id": CONFIRMATION}
    return example


async def _call(client: Client, name: str, arguments: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    result = await client.call_tool(name, arguments)
    text = "\n".join(part.text for part in result.content if isinstance(part, TextContent))
    if result.is_error:
        raise AssertionError(f"{name} refused: {text}")
    return text, result.structured_content or {}


def _block(language: str, text: str, *, whole: bool = False) -> list[str]:
    lines = text.splitlines()
    if not whole:
        more = len(lines) - LINES
        lines = [line if len(line) <= LINE else f"{line[:LINE]}…" for line in lines[:LINES]]
        if more > 0:
            lines.append(f"… and {more} more lines")
    return [f"```{language}", *lines, "```", ""]
