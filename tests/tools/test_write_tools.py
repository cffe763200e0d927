"""Every tool that writes, with every kind of client: nothing before approval, exactly the preview after, nothing
after a no. Read off the emulator's own journal.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

import pytest
from mcp import Client
from mcp.client import ClientRequestContext
from mcp_types import CallToolResult, ElicitRequestParams, ElicitResult, TextContent

from aep_flow_mcp.cli import emulator_settings
from aep_flow_mcp.emulator import Emulator, EmulatorOptions, Exchange
from aep_flow_mcp.emulator.asgi import EmulatorTransport
from aep_flow_mcp.server import build_server
from aep_flow_mcp.settings import ApprovalMode
from aep_flow_mcp.tools.surface import load_cards
from tools.conftest import ERAS, NOW
from tools.writing import CASES, PROVIDERS_ONLY, World

Answer = Literal["accept", "decline", "cancel", "untick"]
TOOLS = [card["name"] for card in load_cards() if card["writes"] and card["toolset"] != "pipelines"]
SECRETS = {"AEP_SECRET_ID": "AKIASECRETSECRET2345", "AEP_SECRET_KEY": "s3cr3t-value-that-must-not-show"}


@dataclass
class Asked:
    """A person who answers always the same, and looks at the journal while being asked."""

    emulator: Emulator
    answer: Answer
    questions: list[str] = field(default_factory=list)
    sent_before: int = 0

    async def __call__(self, context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:
        del context
        self.questions.append(params.message)
        self.sent_before += len(self.emulator.journal.writes())
        if self.answer == "decline" or self.answer == "cancel":
            return ElicitResult(action=self.answer)
        return ElicitResult(action="accept", content={"approve": self.answer == "accept"})


@dataclass
class Stage:
    """An emulator, a server on it, and a client."""

    emulator: Emulator
    client: Client
    asked: Asked | None
    logs: Any

    async def call(self, tool: str, arguments: dict[str, Any]) -> tuple[CallToolResult, str]:
        result = await self.client.call_tool(tool, arguments)
        return result, "\n".join(part.text for part in result.content if isinstance(part, TextContent))

    def writes(self) -> list[Exchange]:
        return self.emulator.journal.writes()


@asynccontextmanager
async def stage(
    era: str,
    monkeypatch: pytest.MonkeyPatch,
    *,
    answer: Answer | None,
    provider: bool = True,
    **settings: Any,
) -> AsyncIterator[Stage]:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    emulator = Emulator(EmulatorOptions(clock=lambda: NOW, provider_access=provider))
    server = build_server(
        emulator_settings(**settings), transport=lambda: EmulatorTransport(emulator), emulated=True
    )
    asked = Asked(emulator, answer) if answer else None
    async with Client(server, mode=ERAS[era], elicitation_callback=asked) as client:
        yield Stage(emulator, client, asked, None)


def previewed(text: str) -> list[tuple[str, str]]:
    """The requests that a preview names: method and path, `{...}` where an id is not known yet."""
    return re.findall(r"^\d+\. (POST|PATCH|PUT|DELETE|GET) ([^\s:]\S*?):?(?: |$)", text, re.MULTILINE)


def same_requests(writes: list[Exchange], steps: list[tuple[str, str]]) -> bool:
    if len(writes) != len(steps):
        return False
    for sent, (method, path) in zip(writes, steps, strict=True):
        pattern = re.escape(path.split("?")[0]).replace(r"\{", "{").replace(r"\}", "}")
        pattern = re.sub(r"\{[^}]*\}", "[^/]+", pattern)
        if sent.method != method or not re.fullmatch(pattern, sent.path):
            return False
    return True


def kept(emulator: Emulator) -> dict[str, Any]:
    """All objects, and how many runs there are: the thousands of runs themselves no tool can change."""
    kinds = ("connections", "sourceConnections", "targetConnections", "flows", "mappingSets", "dataSets")
    state: dict[str, Any] = {kind: emulator.store.all("dev", kind) for kind in kinds}
    return {**state, "runs": len(emulator.store.collection("dev", "runs"))}


def no_secret(*texts: str) -> None:
    for value in SECRETS.values():
        assert all(value not in text for text in texts)


def test_every_writing_tool_has_a_case() -> None:
    assert set(TOOLS) - {"confirm_change"} == set(CASES)


@pytest.mark.parametrize("tool", sorted(CASES))
async def test_yes_sends_exactly_the_preview(era: str, tool: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with stage(era, monkeypatch, answer="accept") as on:
        arguments = CASES[tool](World(on.emulator, NOW))
        before = kept(on.emulator)
        result, text = await on.call(tool, arguments)
        assert on.asked
        assert len(on.asked.questions) == 1, text
        assert on.asked.sent_before == 0
        assert same_requests(on.writes(), previewed(on.asked.questions[0])), (text, on.writes())
        content = result.structured_content or {}
        assert content["status"] == "done", text
        assert not result.is_error
        assert all(200 <= one.status < 300 for one in on.writes())
        elsewhere = PROVIDERS_ONLY | {"refresh_landing_zone_credential"}
        assert tool in elsewhere or kept(on.emulator) != before
        no_secret(text, str(content), *on.asked.questions)


@pytest.mark.parametrize("answer", ["decline", "cancel", "untick"])
@pytest.mark.parametrize("tool", sorted(CASES))
async def test_no_sends_nothing(era: str, tool: str, answer: Answer, monkeypatch: pytest.MonkeyPatch) -> None:
    async with stage(era, monkeypatch, answer=answer) as on:
        arguments = CASES[tool](World(on.emulator, NOW))
        result, _ = await on.call(tool, arguments)
        assert on.asked
        assert len(on.asked.questions) == 1
        assert on.writes() == []
        assert (result.structured_content or {})["status"] == (
            "cancelled" if answer == "cancel" else "declined"
        )


@pytest.mark.parametrize("mode", [ApprovalMode.ASK, ApprovalMode.TWO_STEP])
@pytest.mark.parametrize("tool", sorted(CASES))
async def test_a_client_that_cannot_ask_confirms_in_a_second_call(
    era: str, tool: str, mode: ApprovalMode, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with stage(era, monkeypatch, answer=None, mcp_approval=mode) as on:
        arguments = CASES[tool](World(on.emulator, NOW))
        first, text = await on.call(tool, arguments)
        content = first.structured_content or {}
        assert content["status"] == "needs_confirmation", text
        assert on.writes() == []
        steps = previewed(content["preview"])
        second, text = await on.call("confirm_change", {"confirmation_id": content["confirmation_id"]})
        assert same_requests(on.writes(), steps), text
        assert (second.structured_content or {})["status"] == "done", text
        sent = len(on.writes())
        again, _ = await on.call("confirm_change", {"confirmation_id": content["confirmation_id"]})
        assert (again.structured_content or {})["status"] == "refused"
        assert len(on.writes()) == sent
        no_secret(text, str(content))


@pytest.mark.parametrize("tool", sorted(CASES))
async def test_only_a_person_and_there_is_none(era: str, tool: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with stage(era, monkeypatch, answer=None, mcp_approval=ApprovalMode.HUMAN) as on:
        result, text = await on.call(tool, CASES[tool](World(on.emulator, NOW)))
        assert (result.structured_content or {})["status"] == "refused"
        assert "AEP_MCP_APPROVAL" in text
        assert on.writes() == []


@pytest.mark.parametrize("tool", sorted(CASES))
async def test_none_acts_at_once(tool: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with stage("2026-07-28", monkeypatch, answer=None, mcp_approval=ApprovalMode.NONE) as on:
        result, text = await on.call(tool, CASES[tool](World(on.emulator, NOW)))
        assert (result.structured_content or {})["status"] == "done", text
        assert on.writes()


@pytest.mark.parametrize("tool", sorted(PROVIDERS_ONLY))
async def test_what_only_providers_may_is_refused_by_the_service(
    tool: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with stage("2026-07-28", monkeypatch, answer="accept", provider=False) as on:
        result, text = await on.call(tool, CASES[tool](World(on.emulator, NOW)))
        assert result.is_error
        assert (result.structured_content or {})["status"] == "failed"
        assert "-400" in text


@pytest.mark.parametrize("tool", sorted(TOOLS))
async def test_read_only_hides_and_refuses(era: str, tool: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with stage(era, monkeypatch, answer="accept", mcp_read_only=True) as on:
        listed = {item.name for item in (await on.client.list_tools()).tools}
        assert not listed & set(TOOLS)
        result, text = await on.call(tool, {})
        assert result.is_error
        assert "AEP_MCP_READ_ONLY" in text
        assert len(on.emulator.journal) == 0


@pytest.mark.parametrize("tool", sorted(CASES))
async def test_production_is_refused(tool: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with stage("2026-07-28", monkeypatch, answer="accept", sandbox="prod") as on:
        result, text = await on.call(tool, CASES[tool](World(on.emulator, NOW)))
        assert result.is_error, text
        assert "AEP_MCP_ALLOW_PRODUCTION_WRITES" in text
        assert on.writes() == []
