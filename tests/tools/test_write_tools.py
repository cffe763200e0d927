"""Every tool that writes, with every kind of client: nothing before approval, exactly the preview after, nothing
after a no. Read off the emulator's own journal.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import pytest
from mcp import Client
from mcp.client import ClientRequestContext
from mcp.shared.exceptions import MCPError
from mcp_types import (
    MISSING_REQUIRED_CLIENT_CAPABILITY,
    CallToolResult,
    ElicitRequestParams,
    ElicitResult,
    TextContent,
)

from aep_flow_mcp.cli import emulator_settings
from aep_flow_mcp.emulator import Emulator, EmulatorOptions, Exchange
from aep_flow_mcp.emulator.asgi import EmulatorTransport
from aep_flow_mcp.server import build_server
from aep_flow_mcp.settings import ApprovalMode
from aep_flow_mcp.surface.snapshot import load_cards
from support.organisation import as_text, emulator_on_shared_seed, shared_seed
from tools.conftest import ERAS, NOW
from tools.writing import CASES, PROVIDERS_ONLY, World

Answer = Literal["accept", "decline", "cancel", "untick"]
TOOLS = [card["name"] for card in load_cards() if card["writes"]]
SECRETS = {
    "AEP_SECRET_ID": "AKIASECRETSECRET2345",
    "AEP_SECRET_KEY": "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",
}


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
    emulator = emulator_on_shared_seed(EmulatorOptions(clock=lambda: NOW, provider_access=provider))
    server = build_server(
        emulator_settings(**settings), transport=lambda: EmulatorTransport(emulator), emulated=True
    )
    asked = Asked(emulator, answer) if answer else None
    async with Client(server, mode=ERAS[era], elicitation_callback=asked) as client:
        yield Stage(emulator, client, asked)


@dataclass(frozen=True)
class Shown:
    """One request as a preview shows it; `{...}` in the path stands for an id that is not known yet."""

    method: str
    path: str
    version: str | None
    body: Any


def previewed(text: str) -> list[Shown]:
    """The requests that a preview names."""
    shown: list[Shown] = []
    for line in text.splitlines():
        head = re.match(
            r"\d+\. (POST|PATCH|PUT|DELETE|GET) ([^\s:]\S*?)(?: \(only version (.+?)\))?(?:: .*)?$", line
        )
        if head:
            shown.append(Shown(head[1], head[2].split("?")[0], head[3], None))
        elif line.startswith("   body: "):
            shown[-1] = replace(shown[-1], body=json.loads(line.removeprefix("   body: ")))
    return shown


def same_requests(writes: list[Exchange], steps: list[Shown]) -> bool:
    """Whether what was sent is what was shown: method, path, version and, where it is shown, the body."""
    if len(writes) != len(steps):
        return False
    created: list[str] = []
    for sent, step in zip(writes, steps, strict=True):
        pattern = re.sub(r"\\\{[^}]*\}", "[^/]+", re.escape(step.path))
        if sent.method != step.method or not re.fullmatch(pattern, sent.path):
            return False
        if sent.headers.get("if-match") != step.version:
            return False
        if step.body is not None and not same_body(sent.body, step.body, created):
            return False
        if isinstance(sent.response, dict) and sent.method == "POST":
            created.append(str(sent.response.get("id")))
    return True


def same_body(sent: Any, shown: Any, created: list[str]) -> bool:
    """References in what was shown stand for a secret's value, or for the id of something created before."""
    if isinstance(shown, dict) and set(shown) == {"$created"}:
        return sent in created
    if isinstance(shown, dict):
        return set(sent) == set(shown) and all(same_body(sent[key], shown[key], created) for key in shown)
    if isinstance(shown, list):
        return len(sent) == len(shown) and all(map(same_body, sent, shown, [created] * len(shown)))
    return bool(sent == with_secrets(shown))


def with_secrets(value: Any) -> Any:
    """A shown value with the environment's values in place of references."""
    if not isinstance(value, str):
        return value
    return re.sub(r"\$\{(\w+)\}", lambda found: SECRETS[found[1]], value)


def changes(text: str) -> list[tuple[str, Any]]:
    """The `field: before -> after` lines of a preview, as (field, after); `...` for a field that goes."""
    lines = re.findall(
        r"^   ((?!body: )\S+): .* -> (.+?)(?: \(a new value, by reference\))?$", text, re.MULTILINE
    )
    return [(field, ... if after == "(none)" else json.loads(after)) for field, after in lines]


def value_at(item: Any, field: str) -> Any:
    """What an object holds at `a.b[0].c`; `...` for nothing."""
    for name, index in re.findall(r"([^.\[\]]+)|\[(\d+)\]", field):
        try:
            item = item[int(index)] if index else item[name]
        except (KeyError, IndexError):
            return ...
    return item


def kept(emulator: Emulator) -> dict[str, Any]:
    """All objects, and how many runs there are: the thousands of runs themselves no tool can change."""
    kinds = ("connections", "sourceConnections", "targetConnections", "flows", "mappingSets", "dataSets")
    state: dict[str, Any] = {kind: emulator.store.all("dev", kind) for kind in kinds}
    return {**state, "runs": len(emulator.store.collection("dev", "runs"))}


def no_secret(*texts: str) -> None:
    for value in SECRETS.values():
        assert all(value not in text for text in texts)


@pytest.fixture(autouse=True)
def audit(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> Iterator[Path]:
    """Whatever a test does: neither the audit log nor any log line at any level holds a secret's value."""
    audit = tmp_path / "audit.jsonl"
    monkeypatch.setenv("AEP_MCP_AUDIT_LOG", str(audit))
    caplog.set_level(logging.DEBUG)
    yield audit
    no_secret(caplog.text, audit.read_text() if audit.exists() else "")


def noted(audit: Path) -> list[tuple[str, str]]:
    """Event and tool of each line of the audit log."""
    lines = [json.loads(line) for line in audit.read_text().splitlines()]
    return [(line["event"], line["tool"]) for line in lines]


def test_every_writing_tool_has_a_case() -> None:
    assert set(TOOLS) - {"confirm_change"} == set(CASES)


@pytest.mark.parametrize("tool", sorted(CASES))
async def test_yes_sends_exactly_the_preview(
    era: str, tool: str, monkeypatch: pytest.MonkeyPatch, audit: Path
) -> None:
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
        for sent in on.writes():
            if sent.method == "PATCH":
                *_, kind, id = sent.path.split("/")
                (now,) = [item for item in on.emulator.store.all("dev", kind) if item["id"] == id]
                said = changes(on.asked.questions[0])
                assert said
                assert [(field, value_at(now, field)) for field, _ in said] == [
                    (field, with_secrets(after)) for field, after in said
                ]
        elsewhere = PROVIDERS_ONLY | {"refresh_landing_zone_credential"}
        assert tool in elsewhere or kept(on.emulator) != before
        no_secret(text, str(content), *on.asked.questions)
    first, *steps, last = noted(audit)
    assert (first, last) == (("approved", tool), ("done", tool))
    assert steps == [("step", tool)] * (len(on.writes()) - 1)


async def test_no_write_changes_what_the_seed_gave(monkeypatch: pytest.MonkeyPatch) -> None:
    before = as_text(shared_seed(EmulatorOptions().seed, NOW))
    for tool, arguments in CASES.items():
        async with stage("2026-07-28", monkeypatch, answer=None, mcp_approval=ApprovalMode.NONE) as on:
            await on.call(tool, arguments(World(on.emulator, NOW)))
            assert on.writes(), tool
    assert as_text(shared_seed(EmulatorOptions().seed, NOW)) == before


# How a no travels differs with the revision, what is not sent does not: one no of each tool on the older one.
NOES = [
    ("2026-07-28", "decline"),
    ("2026-07-28", "cancel"),
    ("2026-07-28", "untick"),
    ("2025-11-25", "decline"),
]


@pytest.mark.parametrize(("era", "answer"), NOES)
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
        arguments = CASES[tool](World(on.emulator, NOW))
        if era == "2026-07-28":  # there the protocol has an error for what a client lacks
            with pytest.raises(MCPError, match="AEP_MCP_APPROVAL") as refused:
                await on.call(tool, arguments)
            assert refused.value.error.code == MISSING_REQUIRED_CLIENT_CAPABILITY
        else:
            result, text = await on.call(tool, arguments)
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
