"""Whatever goes wrong inside is said, in an answer that helps: never a bare "Error executing tool"."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from mcp import Client
from mcp.shared.exceptions import MCPError
from mcp_types import CallToolResult, PromptReference, TextContent

from aep_flow_mcp.app import platform_config
from aep_flow_mcp.cli import emulator_settings
from aep_flow_mcp.emulator import Emulator, EmulatorOptions, FaultRule
from aep_flow_mcp.emulator.asgi import EmulatorTransport
from aep_flow_mcp.emulator.seed.scenarios import SCENARIOS
from aep_flow_mcp.gathering.asked import AskedError
from aep_flow_mcp.logs import JsonFormatter
from aep_flow_mcp.platform.errors import ErrorKind, PlatformError
from aep_flow_mcp.platform.transport import PlatformClient
from aep_flow_mcp.server import build_server
from aep_flow_mcp.settings import ApprovalMode
from aep_flow_mcp.surface import failures
from aep_flow_mcp.surface.snapshot import load_cards
from support.organisation import emulator_on_shared_seed
from support.slow import SlowTransport
from tools.bed import NOW
from tools.conftest import no_wait
from tools.plausible import arguments_for
from tools.writing import World

SECRET = "s3cr3t-that-an-error-quotes"
_ID = re.compile(r"under ([0-9a-f]{8}):")


def raising(error: Callable[[], BaseException]) -> Callable[[httpx.Request], Any]:
    async def odd(request: httpx.Request) -> httpx.Response:
        raise error()

    return odd


def answering(text: str) -> Callable[[httpx.Request], Any]:
    async def odd(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, text=text, headers={"content-type": "application/json"}, request=request)

    return odd


INJECTED: dict[str, Callable[[httpx.Request], Any]] = {
    "defect": raising(lambda: RuntimeError(SECRET)),
    "key": raising(lambda: KeyError(SECRET)),
    "group": raising(lambda: ExceptionGroup("several", [RuntimeError(SECRET), ValueError("x")])),
    "nested group": raising(
        lambda: ExceptionGroup(
            "several", [ExceptionGroup("more", [PlatformError(ErrorKind.PERMISSION, "no")])]
        )
    ),
    "no json": answering("{"),
    "text": answering('"text"'),
    "number": answering("1"),
    "null": answering("null"),
    "list of lists": answering("[[1]]"),
    "items of numbers": answering('{"items": 3}'),
    "wrong inside": answering('{"items": [{"id": {"a": 1}, "name": [1], "flowSpec": 3, "metrics": "x"}]}'),
}
QUICK = ("defect", "group", "wrong inside")
"""One of what is raised, one of what is raised together, one of what is answered: the others take long."""


def text_of(result: CallToolResult) -> str:
    return "\n".join(part.text for part in result.content if isinstance(part, TextContent))


def served(emulator: Emulator, odd: Any, matches: str = " /data/") -> Any:
    settings = emulator_settings(mcp_approval=ApprovalMode.NONE)
    transport = SlowTransport(emulator, odd, matches)
    client = PlatformClient(platform_config(settings), transport=transport, sleep=no_wait)
    return build_server(settings, client=client, emulated=True)


@pytest.mark.parametrize(
    "kind", [kind if kind in QUICK else pytest.param(kind, marks=pytest.mark.long) for kind in INJECTED]
)
async def test_no_tool_answers_the_bare_line(kind: str, caplog: pytest.LogCaptureFixture) -> None:
    emulator = emulator_on_shared_seed(EmulatorOptions(clock=lambda: NOW))
    world = World(emulator, NOW)
    calls = {card["name"]: arguments_for(card["name"], world) for card in load_cards()}
    with caplog.at_level(logging.INFO):
        async with Client(served(emulator, INJECTED[kind])) as client:
            for tool, arguments in calls.items():
                caplog.clear()
                result = await client.call_tool(tool, arguments)
                text = text_of(result)
                assert text, tool
                assert "Error executing tool" not in text, (tool, text)
                log = "\n".join(JsonFormatter().format(record) for record in caplog.records)
                assert SECRET not in text + log, tool
                found = _ID.search(text)
                if found:
                    assert found[1] in log, tool
                    assert "Traceback" in log or 'File \\"' in log, tool


async def test_a_defect_says_whose_it_is_and_what_it_did() -> None:
    emulator = emulator_on_shared_seed(EmulatorOptions(clock=lambda: NOW))
    async with Client(served(emulator, INJECTED["defect"])) as client:
        reads = await client.call_tool("list_flows", {})
        plans = await client.call_tool("create_base_connection_landing_zone", {"name": "zone"})
    assert reads.is_error
    assert "list_flows: this is a defect of this server (RuntimeError)" in text_of(reads)
    assert failures.ONLY_READS in text_of(reads)
    assert failures.NOTHING_SENT in text_of(plans)
    assert not emulator.journal.writes()


async def test_a_defect_after_sending_says_that_something_was_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    from aep_flow_mcp.guard import carrying

    async def broken(*_: Any) -> None:
        raise RuntimeError(SECRET)

    monkeypatch.setattr(carrying, "_tell", broken)
    emulator = emulator_on_shared_seed(EmulatorOptions(clock=lambda: NOW))
    async with Client(served(emulator, None, "^never$")) as client:
        result = await client.call_tool("create_base_connection_landing_zone", {"name": "zone"})
    assert len(emulator.journal.writes()) == 1
    assert failures.SENT in text_of(result)


async def test_an_answer_that_breaks_its_own_schema_is_a_defect(monkeypatch: pytest.MonkeyPatch) -> None:
    from aep_flow_mcp.answers.text import Listing
    from aep_flow_mcp.tools.flows import flows

    async def wrong(*_: Any, **__: Any) -> Listing[Any]:
        return Listing.model_construct(items=[], count="seven")

    monkeypatch.setattr(flows, "flows_listed", wrong)
    emulator = emulator_on_shared_seed(EmulatorOptions(clock=lambda: NOW))
    async with Client(served(emulator, None, "^never$")) as client:
        result = await client.call_tool("list_flows", {})
    assert result.is_error
    assert "defect of this server" in text_of(result)


@pytest.mark.parametrize("era", ["legacy", "auto"])
async def test_a_refusal_inside_a_group_of_reads_is_said(era: str) -> None:
    """403 for the flows, while everything that depends on an account is read side by side."""
    emulator = emulator_on_shared_seed(EmulatorOptions(clock=lambda: NOW))
    emulator.faults.add(FaultRule("GET .*/flows[?]?.*", "status", status=403))
    server = build_server(emulator_settings(), transport=lambda: EmulatorTransport(emulator), emulated=True)
    async with Client(server, mode=era) as client:
        arguments = {"connection_id": SCENARIOS["unused_account"]}
        text = text_of(await client.call_tool("delete_connection", arguments))
    assert "403" in text
    assert "administrator" in text
    assert "Nothing was sent" in text
    assert "defect" not in text


async def test_resources_prompts_and_completions(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    emulator = emulator_on_shared_seed(EmulatorOptions(clock=lambda: NOW))
    async with Client(served(emulator, INJECTED["defect"])) as client:
        with pytest.raises(MCPError, match="defect of this server") as caught:
            await client.read_resource("aep://flows")
        found = _ID.search(str(caught.value))
        assert found
        assert found[1] in caplog.text
        reference = PromptReference(name="diagnose-failing-flow")
        done = await client.complete(reference, {"name": "flow", "value": "l"})
        assert done.completion.values == []

        def broken(own: Any = None) -> Any:
            raise OSError(SECRET)

        monkeypatch.setattr("aep_flow_mcp.prompts.load_prompts", broken)
        with pytest.raises(MCPError, match="defect of this server"):
            await client.get_prompt("any")
        with pytest.raises(MCPError, match="defect of this server"):
            await client.list_prompts()
    assert SECRET not in caplog.text


def test_what_is_said_of_a_group() -> None:
    asked = ExceptionGroup("g", [AskedError("Give the id.")])
    assert failures.sentence(asked, "x", effect="") == "Give the id."
    both = ExceptionGroup("g", [PlatformError(ErrorKind.PERMISSION, "no"), TypeError("t")])
    assert "defect" in failures.sentence(both, "x", effect="")
