"""What the specification asks for where something is not there, and what is declared."""

from __future__ import annotations

from typing import Any

import pytest
from mcp import Client, MCPError
from mcp_types import (
    INVALID_PARAMS,
    MISSING_REQUIRED_CLIENT_CAPABILITY,
    PromptReference,
    ResourceTemplateReference,
)

from aep_flow_mcp.emulator import Emulator, EmulatorOptions
from aep_flow_mcp.emulator.asgi import EmulatorTransport
from aep_flow_mcp.server import FlowServer, build_server
from aep_flow_mcp.serving.listening import http_security
from guard.bed import ERAS, YES, Person, settings
from serving.bed import flow_of, served


def server(**given: Any) -> FlowServer:
    emulator = Emulator(EmulatorOptions())
    return build_server(settings(**given), transport=lambda: EmulatorTransport(emulator), emulated=True)


@pytest.mark.parametrize("era", ERAS)
async def test_a_cursor_that_was_never_given_out_is_refused(era: str) -> None:
    async with Client(server(), mode=ERAS[era]) as client:
        for listing in (
            client.list_tools,
            client.list_prompts,
            client.list_resources,
            client.list_resource_templates,
        ):
            assert (await listing()) is not None
            with pytest.raises(MCPError) as refused:
                await listing(cursor="bogus")
            assert refused.value.error.code == INVALID_PARAMS


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize(
    "reference",
    [
        PromptReference(name="no-such-prompt"),
        ResourceTemplateReference(uri="aep://no-such-thing/{id}"),
        ResourceTemplateReference(uri="other://flows/{id}"),
    ],
)
async def test_nothing_is_completed_for_what_is_not_there(era: str, reference: Any) -> None:
    async with Client(server(), mode=ERAS[era]) as client:
        with pytest.raises(MCPError) as refused:
            await client.complete(reference, {"name": "flow", "value": "o"})
        assert refused.value.error.code == INVALID_PARAMS
        known = PromptReference(name="diagnose-failing-flow")
        assert (await client.complete(known, {"name": "flow", "value": "o"})).completion.values
        template = (await client.list_resource_templates()).resource_templates[0].uri_template
        await client.complete(ResourceTemplateReference(uri=template), {"name": "id", "value": "a"})


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("discovery", ["list", "search"])
async def test_an_unknown_tool_is_an_error_of_the_protocol(era: str, discovery: str) -> None:
    async with Client(server(mcp_discovery=discovery), mode=ERAS[era]) as client:
        with pytest.raises(MCPError) as refused:
            await client.call_tool("no_such_tool", {})
        assert refused.value.error.code == INVALID_PARAMS
        assert "no_such_tool" in refused.value.error.message


async def test_only_what_is_told_is_declared() -> None:
    async with served() as door:
        declared = (await door.post("server/discover")).json()["result"]["capabilities"]
    assert declared["tools"]["listChanged"] is False
    assert declared["prompts"]["listChanged"] is False
    assert declared["resources"] == {"listChanged": True, "subscribe": True}


async def test_a_client_that_cannot_ask_hears_which_capability_is_missing() -> None:
    async with served(mcp_approval="human") as door:
        flow = flow_of(door)
        answer = await door.call("delete_flow", {"flow": flow})
        assert answer.status_code == 400
        error = answer.json()["error"]
        assert error["code"] == MISSING_REQUIRED_CLIENT_CAPABILITY
        assert error["data"] == {"requiredCapabilities": {"elicitation": {"form": {}}}}
        asked = (await door.call("delete_flow", {"flow": flow}, elicits=True)).json()["result"]
        assert asked["resultType"] == "input_required"
        assert list(asked["inputRequests"]) == ["aep-flow-mcp:approval"], "a name of ours, and none of Python"
        assert door.emulator.journal.writes() == []


async def test_questions_for_values_have_names_too() -> None:
    names: list[str] = []
    async with served() as door:
        answer = await door.call("create_pipeline", {}, elicits=True)
        names += (answer.json().get("result") or {}).get("inputRequests", {})
    assert all(name.startswith("aep-flow-mcp:values") for name in names)
    assert names


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "[::1]"])
async def test_on_port_80_clients_leave_the_port_out(name: str) -> None:
    async with served() as door:
        answer = await door.post("tools/list", headers={"Host": name})
        assert answer.status_code == 200
        assert answer.json()["result"]["tools"]
    security = http_security(settings(), "127.0.0.1", 80)
    assert f"http://{name}" in security.allowed_origins


async def test_the_form_still_reaches_a_person() -> None:
    person = Person(YES)
    async with served() as door, door.client(person=person) as client:
        result = await client.call_tool("delete_flow", {"flow": flow_of(door)})
    assert not result.is_error
    assert len(person.questions) == 1
