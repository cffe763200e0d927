"""What clients get of the apps, and what the built files are; without a browser."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from mcp.client import Client, advertise
from mcp.server.apps import APP_MIME_TYPE, EXTENSION_ID
from mcp.shared.exceptions import MCPError

from aep_flow_mcp.apps.pages import BUILT, PAGES, page_of
from aep_flow_mcp.command_settings import emulator_settings, emulator_transport
from aep_flow_mcp.guard.changes.change import Change
from aep_flow_mcp.guard.changes.kinds import Kind
from aep_flow_mcp.server import build_server
from aep_flow_mcp.surface.snapshot import load_cards

APPS = advertise(EXTENSION_ID, {"mimeTypes": [APP_MIME_TYPE]})
FILES = sorted(BUILT.glob("*.html"))


def client(*, apps: bool) -> Client:
    server = build_server(emulator_settings(), transport=emulator_transport, emulated=True)
    return Client(server, extensions=[APPS] if apps else None)


async def everything(one: Client) -> str:
    """All that a client is told without asking for anything in particular."""
    parts: list[Any] = [
        await one.list_tools(),
        await one.list_resources(),
        await one.list_resource_templates(),
        await one.list_prompts(),
    ]
    return "\n".join(part.model_dump_json(by_alias=True) for part in parts)


async def test_a_client_without_apps_hears_nothing_of_them() -> None:
    async with client(apps=False) as one:
        assert "ui://" not in await everything(one)
        with pytest.raises(MCPError, match="no resource ui://"):
            await one.read_resource(PAGES[0].uri)
        answer = await one.call_tool("pipeline_health", {"window": "24h"})
        assert "aep-flow-mcp/board" not in (answer.meta or {})


async def test_a_client_with_apps_gets_each_page_and_its_policy() -> None:
    async with client(apps=True) as one:
        listed = {item.uri: item for item in (await one.list_resources()).resources}
        tools = (await one.list_tools()).tools
        for page in PAGES:
            assert listed[page.uri].mime_type == APP_MIME_TYPE
            read = (await one.read_resource(page.uri)).contents[0]
            assert read.mime_type == APP_MIME_TYPE
            assert getattr(read, "text", "") == page.html
            ui = (read.meta or {})["ui"]
            assert all(
                ui["csp"][kind] == [] for kind in ("connectDomains", "resourceDomains", "frameDomains")
            )
        named = {tool.name: (tool.meta or {}).get("ui", {}).get("resourceUri") for tool in tools}
        for card in load_cards():
            shows = page_of(card["name"], writes=card["writes"])
            if card["name"] in named:
                assert named[card["name"]] == (shows.uri if shows else None)
        assert named["pipeline_health"] == "ui://aep-flow-mcp/health.html"


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("pipeline_health", {"window": "2026-11-01T00:00:00Z/2026-11-02T00:00:00Z", "limit": 50}),
        ("trace_lineage", {"object": "Marketplace orders"}),
        ("list_runs", {"limit": 5, "until": "2026-11-01T00:00:00Z"}),
    ],
)
async def test_text_and_structure_are_the_same_with_and_without(tool: str, arguments: dict[str, Any]) -> None:
    server = build_server(emulator_settings(), transport=emulator_transport, emulated=True)
    async with Client(server, extensions=[APPS]) as one, Client(server) as other:
        with_apps, without = [await each.call_tool(tool, arguments) for each in (one, other)]
        assert with_apps.content == without.content
        assert with_apps.structured_content == without.structured_content


def test_every_page_is_there() -> None:
    assert [file.stem for file in FILES] == sorted([*(page.name for page in PAGES), "host"])


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_built_file_is_small_says_what_may_run_and_takes_nothing_from_elsewhere(file: Any) -> None:
    html = file.read_text("utf-8")
    assert len(html.encode()) < 400_000
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', html)
    assert policy is not None
    rules = dict(rule.strip().split(" ", 1) for rule in policy[1].split(";"))
    assert rules["default-src"] == "'none'"
    assert "unsafe" not in policy[1]
    assert html.index("Content-Security-Policy") < html.index("<script")
    assert rules.get("connect-src") == ("'self'" if file.stem == "host" else None)
    # Scripts are text of their element: what loads would be an attribute, or a rule of the style.
    markup = re.sub(r"<script[^>]*>.*?</script>", "<script></script>", html, flags=re.DOTALL)
    assert not re.search(r"""(?:src|href|action)\s*=\s*["']?(?!["'\s]|data:)""", markup)
    assert not re.search(r"@import|url\(\s*[\"']?(?!data:)", markup)


def test_the_card_finds_what_stops_working_by_the_guard_s_own_words() -> None:
    source = Path(__file__).resolve().parents[2] / "apps" / "src" / "plan" / "main.ts"
    [begins] = re.findall(r'^const STOPS = "(.+)";$', source.read_text("utf-8"), re.MULTILINE)
    change = Change.delete(Kind.FLOW, "f1", dependents=["the report"])
    assert change.warnings == (f"{begins}the report",)


def test_what_builds_them_is_pinned_and_names_no_host() -> None:
    kept = json.loads((Path(__file__).resolve().parents[2] / "apps" / "package-lock.json").read_text("utf-8"))
    packages = {name: one for name, one in kept["packages"].items() if name}
    assert packages
    for name, one in packages.items():
        assert one.get("integrity", "").startswith("sha512-"), name
        assert "resolved" not in one, f"{name} names a host: npm install --omit-lockfile-registry-resolved"
