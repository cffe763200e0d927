"""Whoever looks for what they were told finds it in docs/messages.md."""

from __future__ import annotations

import re
from typing import Any

import pytest
from mcp import Client
from mcp_types import TextContent

from aep_flow_mcp.cli import emulator_settings
from aep_flow_mcp.emulator import EmulatorOptions
from aep_flow_mcp.emulator.asgi import EmulatorTransport
from aep_flow_mcp.server import build_server
from aep_flow_mcp.settings import SettingsError
from pages import messages
from pages.write import DOCS
from support.organisation import emulator_on_shared_seed
from tools.bed import NOW

PAGE = (DOCS / "messages.md").read_text("utf-8")
NOBODY = "11111111-1111-4111-8111-111111111111"


def plain(line: str) -> str:
    return line.removeprefix("- ").replace("\\", "").replace("&lt;", "<")


SENTENCES = [plain(line) for line in PAGE.splitlines() if line.startswith("- ")]


def found_by(said: str) -> str:
    """The sentence of the page, with anything for `…`, that holds most words of what was said."""
    fitting = [
        sentence
        for sentence in SENTENCES
        if re.search(".*?".join(map(re.escape, sentence.split("…"))), said, re.DOTALL)
    ]
    return max(fitting, key=words, default="")


def words(text: str) -> int:
    return len(re.findall(r"[A-Za-z]{2,}", text))


@pytest.mark.parametrize(
    ("tool", "arguments", "settings"),
    [
        ("find_flows", {"no_such": 1}, {}),
        ("get_run", {}, {}),
        ("get_run", {"run_id": NOBODY}, {}),
        ("describe_flow", {"flow": "no flow has this name"}, {}),
        ("pipeline_health", {"window": "next week"}, {}),
        ("list_flows", {"cursor": "nonsense"}, {}),
        ("list_flows", {"since": "tomorrowish"}, {}),
        ("get_resource", {"path": "/data/core/ups/access/entities"}, {}),
        ("create_run", {"flow": NOBODY}, {"mcp_toolsets": ("core",)}),
        ("delete_flow", {"flow": NOBODY}, {"mcp_read_only": True}),
        ("run_flow_action", {"flow": NOBODY, "action": "disable"}, {}),
        ("create_connection", {"name": "n", "connection_spec_id": NOBODY}, {}),
        ("confirm_change", {"confirmation_id": "never given out"}, {}),
    ],
)
async def test_a_refusal_is_found(tool: str, arguments: dict[str, Any], settings: dict[str, Any]) -> None:
    emulator = emulator_on_shared_seed(EmulatorOptions(clock=lambda: NOW))
    server = build_server(
        emulator_settings(**settings), transport=lambda: EmulatorTransport(emulator), emulated=True
    )
    async with Client(server) as client:
        said = await _refusal(client, tool, arguments)
    assert words(found_by(said)) >= 4, said


async def _refusal(client: Client, tool: str, arguments: dict[str, Any]) -> str:
    from mcp.shared.exceptions import MCPError

    try:
        result = await client.call_tool(tool, arguments)
    except MCPError as error:
        return str(error)
    text = "\n".join(part.text for part in result.content if isinstance(part, TextContent))
    assert result.is_error, f"{tool} should have refused, but said: {text}"
    return text


@pytest.mark.parametrize(
    "variables",
    [
        {"AEP_MCP_READONLY": "true"},
        {"AEP_MCP_APPROVAL": "maybe"},
        {"AEP_MCP_SECRETS_PREFIX": "AEP_"},
        {"AEP_PLATFORM_URL": "https://[x"},
        {"AEP_SANDBOX": "${input:sandbox}"},
    ],
)
def test_what_stops_the_start_is_found(variables: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as stopped:
        emulator_settings()
    assert words(found_by(str(stopped.value))) >= 4, str(stopped.value)


def test_what_is_on_no_page_is_not_found() -> None:
    assert words(found_by("The moon is in the way of the dataset.")) < 4


def test_every_sentence_that_is_raised_is_on_the_page() -> None:
    """Another reading of the source than the generator's: what stands in a `raise` as one plain text."""
    raised = re.compile(r"raise \w+\(\s*\"([^\"{}\n]{25,})\"\s*\)")
    found: list[str] = []
    for path in sorted(messages.PACKAGE.rglob("*.py")):
        if "emulator" not in path.parts and path.name != "demo.py":
            found += raised.findall(path.read_text("utf-8"))
    assert len(found) > 20
    assert [text for text in found if " ".join(text.split()) not in SENTENCES] == []


def test_what_troubleshooting_quotes_is_what_is_said() -> None:
    """The first column of its tables; a phrase of three words and more is one of ours unless a host says it."""
    theirs = {"command not found"}
    page = (DOCS / "troubleshooting.md").read_text("utf-8")
    seen = [
        cell
        for row in re.findall(r"^\| (.*?) \|", page, re.MULTILINE)
        for cell in re.findall(r"`([^`]+)`", row)
    ]
    quoted = [phrase.replace("...", "…").strip("… ") for phrase in seen if words(phrase) >= 3]
    ours = [phrase for phrase in quoted if phrase not in theirs]
    assert len(ours) > 30
    everything = "\n".join(SENTENCES)
    assert [phrase for phrase in ours if phrase not in everything] == []
