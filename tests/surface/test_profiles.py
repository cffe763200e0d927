"""A server with the credentials of several organisations: each call names one, and reaches no other."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from mcp import Client
from mcp.shared.exceptions import MCPError
from mcp_types import ElicitResult, TextContent
from pydantic import SecretStr

from aep_flow_mcp.cli import emulator_settings
from aep_flow_mcp.emulator import Emulator, EmulatorOptions
from aep_flow_mcp.emulator.asgi import EmulatorTransport
from aep_flow_mcp.emulator.seed.scenarios import SCENARIOS
from aep_flow_mcp.server import build_server
from support.organisation import emulator_on_shared_seed
from tools.bed import NOW

FLOW = SCENARIOS["healthy"]
DISABLE = {"flow_id": FLOW, "action": "disable"}
CANARY = "gl0bex-Canary-0f-its-0wn"
ERAS = ["auto", "legacy"]


class TwoOrganisations(httpx.AsyncBaseTransport):
    """An emulator behind each of two hosts; what one of them says may be added to its answers."""

    def __init__(self) -> None:
        options = EmulatorOptions(clock=lambda: NOW)
        self.emulators = {name: emulator_on_shared_seed(options) for name in ("acme", "globex")}
        self._inner = {name: EmulatorTransport(each) for name, each in self.emulators.items()}
        self.says: str | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = await self._inner[request.url.host.partition(".")[0]].handle_async_request(request)
        if self.says is None or not request.url.path.startswith("/data/"):
            return answer
        return httpx.Response(500, json={"message": f"because of {self.says}"})


@dataclass
class Bed:
    client: Client
    emulators: dict[str, Emulator]
    transport: TwoOrganisations
    asked: list[str]

    async def call(self, tool: str, **arguments: Any) -> tuple[dict[str, Any], str]:
        result = await self.client.call_tool(tool, arguments)
        text = "\n".join(part.text for part in result.content if isinstance(part, TextContent))
        return result.structured_content or {"is_error": result.is_error}, text

    def requests(self, profile: str) -> int:
        return len(self.emulators[profile].journal)

    def state(self, profile: str) -> str:
        flows = self.emulators[profile].store.all("dev", "flows")
        return str(next(flow for flow in flows if flow["id"] == FLOW)["state"])


@asynccontextmanager
async def serving(
    *,
    approval: str = "ask",
    era: str = "auto",
    audit: Path | None = None,
    profiles: int = 2,
    says_yes: bool = True,
) -> AsyncIterator[Bed]:
    plain = emulator_settings(mcp_approval=approval, mcp_audit_log=audit)
    settings = {
        name: plain.model_copy(
            update={
                "platform_url": f"https://{name}.example",
                "ims_url": f"https://{name}.example",
                "sandboxes": ("stage",) if name == "acme" else (),
            }
        )
        for name in ("acme", "globex")[:profiles]
    }
    transport, asked = TwoOrganisations(), []

    async def person(_: Any, params: Any) -> ElicitResult:
        asked.append(params.message)
        return ElicitResult(action="accept" if says_yes else "decline", content={"approve": says_yes})

    server = build_server(settings["acme"], transport=lambda: transport, profiles=settings)
    callback: Any = None if approval == "two-step" else person
    async with Client(server, mode=era, elicitation_callback=callback) as client:
        yield Bed(client, transport.emulators, transport, asked)


async def test_every_tool_needs_a_profile_where_there_are_several() -> None:
    async with serving() as bed:
        tools = (await bed.client.list_tools()).tools
    assert len(tools) > 80
    for tool in tools:
        assert tool.input_schema["properties"]["profile"] == {"type": "string", "enum": ["acme", "globex"]}
        assert "profile" in tool.input_schema["required"], "an organisation is never guessed"
        assert tool.input_schema["properties"]["sandbox"]["enum"] == ["dev", "stage"]


async def test_no_tool_has_one_where_there_is_one() -> None:
    async with serving(profiles=1) as bed:
        tools = (await bed.client.list_tools()).tools
        assert all("profile" not in tool.input_schema["properties"] for tool in tools)
        await bed.call("run_flow_action", **DISABLE)
    assert "profile acme, acme.example" in bed.asked[0]


async def test_a_call_reaches_the_organisation_that_it_names() -> None:
    async with serving() as bed:
        answer, _ = await bed.call("list_flows", profile="globex", limit=1)
        assert len(answer["items"]) == 1
        assert (bed.requests("acme"), bed.requests("globex") > 0) == (0, True)
        await bed.call("list_flows", profile="acme", sandbox="stage", limit=1)
        assert bed.requests("acme") > 0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({}, "list_flows needs a profile, one of: acme, globex."),
        ({"profile": "initech"}, "list_flows needs a profile, one of: acme, globex."),
        ({"profile": "globex", "sandbox": "stage"}, "sandbox takes one of: dev."),
    ],
)
async def test_a_call_that_names_none_reaches_nobody(arguments: dict[str, str], says: str) -> None:
    async with serving() as bed:
        answer, text = await bed.call("list_flows", **arguments)
        assert answer == {"is_error": True}
        assert says in text
        assert (bed.requests("acme"), bed.requests("globex")) == (0, 0)


@pytest.mark.parametrize("era", ERAS)
async def test_a_person_is_told_the_profile_and_only_it_is_changed(era: str, tmp_path: Path) -> None:
    audit = tmp_path / "audit.log"
    async with serving(era=era, audit=audit) as bed:
        answer, text = await bed.call("run_flow_action", profile="globex", **DISABLE)
        assert answer["status"] == "done", text
        assert (bed.state("acme"), bed.state("globex")) == ("enabled", "disabled")
    assert len(bed.asked) == 1
    assert "! This is in profile globex, globex.example, organisation" in bed.asked[0]
    lines = [json.loads(line) for line in audit.read_text("utf-8").splitlines()]
    assert {line["profile"] for line in lines if "caller" in line} == {"globex"}


@pytest.mark.parametrize("era", ERAS)
async def test_a_confirmation_is_good_for_its_profile_alone(era: str) -> None:
    async with serving(approval="two-step", era=era) as bed:
        preview, _ = await bed.call("run_flow_action", profile="globex", **DISABLE)
        assert "profile globex" in preview["preview"]
        assert "Give the same profile, globex" in preview["next_step"]
        given = {"confirmation_id": preview["confirmation_id"]}
        other, _ = await bed.call("confirm_change", profile="acme", **given)
        assert other["status"] == "refused"
        assert (bed.state("acme"), bed.state("globex")) == ("enabled", "enabled")
        done, _ = await bed.call("confirm_change", profile="globex", **given)
        assert done["status"] == "done"
        assert (bed.state("acme"), bed.state("globex")) == ("enabled", "disabled")


async def test_what_one_profile_knows_no_other_tells(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = emulator_settings()
    settings = {
        "acme": plain.model_copy(
            update={"platform_url": "https://acme.example", "ims_url": "https://acme.example"}
        ),
        "globex": plain.model_copy(update={"client_secret": SecretStr(CANARY)}),
    }
    transport = TwoOrganisations()
    transport.says = CANARY
    server = build_server(settings["acme"], transport=lambda: transport, profiles=settings)
    async with Client(server) as client:
        result = await client.call_tool("get_flow", {"profile": "acme", "flow_id": FLOW})
    text = "".join(part.text for part in result.content if isinstance(part, TextContent))
    assert "because of" in text
    assert CANARY not in text


async def test_resources_name_no_profile_so_there_are_none() -> None:
    async with serving() as bed:
        assert (await bed.client.list_resources()).resources == []
        assert (await bed.client.list_resource_templates()).resource_templates == []
        with pytest.raises(MCPError, match="several profiles"):
            await bed.client.read_resource("aep://flows")
        assert (bed.requests("acme"), bed.requests("globex")) == (0, 0)
