"""What scopes and roles allow: who sees which tools, who hears of a missing scope, who may say yes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from mcp import Client

from aep_flow_mcp.callers import Ability
from aep_flow_mcp.serving.signing_in.abilities import abilities_of
from aep_flow_mcp.settings import Settings
from aep_flow_mcp.surface.snapshot import load_cards
from guard.bed import ERAS, NO, YES, Person, call
from serving.bed import answer, flow_of, initialize, opened, put, there
from serving.issuer import Issuer, issuing
from serving.test_tokens import challenge

CARDS = {card["name"]: card for card in load_cards()}
READS = {name for name, card in CARDS.items() if not card["writes"]}
WRITES = set(CARDS) - READS - {"confirm_change"}
R, W, A = Ability.READ, Ability.WRITE, Ability.APPROVE


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    with issuing() as found:
        yield found


async def names(client: Client) -> set[str]:
    return {tool.name for tool in (await client.list_tools()).tools}


# --- what is seen and called ------------------------------------------------------------------------------


@pytest.mark.parametrize("era", ERAS)
async def test_a_caller_sees_what_its_scopes_allow(issuer: Issuer, era: str) -> None:
    async with opened(issuer) as door:
        for scope, seen in (
            ("flows:read", READS),
            ("flows:write", READS | WRITES),
            ("flows:read flows:approve", READS),
            ("openid flows:write flows:approve", set(CARDS)),
        ):
            async with door.client(issuer.token(scope=scope), era=era) as client:
                assert await names(client) == seen, scope


@pytest.mark.parametrize(
    ("tool", "scope", "wanted"),
    [
        ("delete_flow", "flows:read", "flows:write"),
        ("delete_flow", "flows:approve", "flows:write"),
        ("confirm_change", "flows:read", "flows:approve flows:write"),
        ("confirm_change", "flows:write", "flows:approve"),
        ("list_flows", "openid profile", "flows:read"),
        ("list_flows", None, "flows:read"),
    ],
)
async def test_a_missing_scope_is_said_and_no_tool_is_reached(
    issuer: Issuer, tool: str, scope: str | None, wanted: str
) -> None:
    async with opened(issuer) as door:
        flow = flow_of(door)
        arguments = {"confirmation_id": "x"} if tool == "confirm_change" else {"flow_id": flow}
        answer = await door.call(tool, arguments, token=issuer.token(scope=scope))
        assert answer.status_code == 403
        said = challenge(answer)
        assert said["error"] == answer.json()["error"] == "insufficient_scope"
        assert said["scope"] == wanted
        assert door.sign_in is not None
        assert said["resource_metadata"] == door.sign_in.metadata
        assert door.requests == 0


@pytest.mark.parametrize("method", ["tools/list", "resources/read", "prompts/list", "server/discover"])
async def test_nothing_is_open_without_the_scope_to_read(issuer: Issuer, method: str) -> None:
    async with opened(issuer) as door:
        answer = await door.post(method, {"uri": "aep://flows"}, token=issuer.token(scope="openid"))
        assert answer.status_code == 403
        assert challenge(answer)["scope"] == "flows:read"
        assert door.requests == 0


async def test_a_session_may_no_more_than_the_token_of_the_request(issuer: Issuer) -> None:
    """The same person, the same session of 2025-11-25, another token."""
    async with opened(issuer) as door:
        async with door.client(issuer.token(), era="2025-11-25") as client:
            assert "delete_flow" in await names(client)
        headers = {"Accept": "application/json, text/event-stream"}
        message = initialize()
        bearer = {name: f"Bearer {issuer.token(scope=name)}" for name in ("flows:read", "flows:write")}
        begun = await door.ask(
            "POST", json=message, headers={**headers, "Authorization": bearer["flows:write"]}
        )
        headers |= {
            "Mcp-Session-Id": begun.headers["mcp-session-id"],
            "MCP-Protocol-Version": "2025-11-25",
        }
        listing = {"jsonrpc": "2.0", "id": 2, "method": "tools/list", "params": {}}
        for scope, seen in (("flows:write", READS | WRITES), ("flows:read", READS)):
            answer = await door.ask("POST", json=listing, headers={**headers, "Authorization": bearer[scope]})
            data = next(line for line in answer.text.splitlines() if line.startswith("data: {"))
            tools = json.loads(data.removeprefix("data: "))["result"]["tools"]
            assert {tool["name"] for tool in tools} == seen


async def test_the_server_says_who_signed_in_and_what_they_may(issuer: Issuer) -> None:
    async with opened(issuer) as door:
        token = issuer.token("ada", "flows:write", name="Ada\u202e Lovelace")
        async with door.client(token) as client:
            info = await call(client, "get_server_info", {})
        assert info.data["signed_in"] == f"Ada Lovelace (ada at {issuer.url}): may read, write"


async def test_the_envelope_needs_what_the_call_in_it_needs(issuer: Issuer) -> None:
    async with opened(issuer, mcp_discovery="search") as door:
        token = issuer.token(scope="flows:read")
        inner = {"name": "delete_flow", "arguments": {"flow_id": flow_of(door)}}
        answer = await door.call("call_tool", inner, token=token)
        assert answer.status_code == 403
        assert challenge(answer)["scope"] == "flows:write"
        assert door.requests == 0
        async with door.client(token) as client:
            found = await call(client, "find_tools", {"query": "delete a flow"})
            assert "delete_flow" not in found.text
            listed = await call(client, "call_tool", {"name": "list_flows", "arguments": {"limit": 1}})
            assert len(listed.data["items"]) == 1


async def test_the_server_refuses_what_the_gate_let_through(issuer: Issuer) -> None:
    """One place decides and every door asks it: here the gate in front is missing."""
    async with opened(issuer) as door:
        assert door.sign_in is not None
        door.server.offer.lacking = lambda *_: frozenset()  # type: ignore[method-assign]
        for tool, scope in (("delete_flow", "flows:read"), ("confirm_change", "flows:write")):
            arguments = {"flow_id": flow_of(door)} if tool == "delete_flow" else {"confirmation_id": "x"}
            answer = await door.call(tool, arguments, token=issuer.token(scope=scope))
            result = answer.json()["result"]
            assert result["isError"]
            assert "needs the scope" in result["content"][0]["text"]
        assert door.requests == 0


async def test_the_server_without_its_door_lets_nobody_read(issuer: Issuer) -> None:
    """Sign-in is configured and whoever put the application together left it out."""
    async with opened(issuer, without_door=True) as bare:
        for method, params in (("tools/list", {}), ("resources/read", {"uri": "aep://flows"})):
            refused = await bare.post(method, params, token=issuer.token())
            assert "flows:read" in refused.json()["error"]["message"]
        assert bare.requests == 0


async def test_scopes_have_the_names_that_are_configured(issuer: Issuer) -> None:
    renamed = {"read": "api.read", "write": "api.write", "approve": "api.approve"}
    text = ",".join(f"{ability}={scope}" for ability, scope in renamed.items())
    async with opened(issuer, mcp_auth_scopes=text) as door:
        answer = await door.post("tools/list", token=issuer.token())
        assert answer.status_code == 403
        assert challenge(answer)["scope"] == "api.read"
        async with door.client(issuer.token(scope=None, scp=["api.write"])) as client:
            assert await names(client) == READS | WRITES


# --- roles ------------------------------------------------------------------------------------------------


ROLES = "pipeline-admins=write,approve; Data Analysts=read"


@pytest.mark.parametrize(
    ("claims", "may"),
    [
        ({"scope": "flows:read flows:write flows:approve"}, set()),
        ({"groups": ["Data Analysts"]}, {R}),
        ({"groups": ["Data Analysts"], "scope": "flows:write flows:approve"}, {R}),
        ({"groups": ["pipeline-admins"]}, {R, W, A}),
        ({"groups": ["pipeline-admins"], "scope": "flows:read openid"}, {R}),
        ({"groups": ["pipeline-admins"], "scope": "openid"}, {R, W, A}),
        ({"groups": "Data Analysts"}, {R}),
        ({"groups": ["Data", "Analysts"]}, set()),
        ({"groups": {"pipeline-admins": True}}, set()),
        ({"groups": [["pipeline-admins"]]}, set()),
        ({"groups": None}, set()),
    ],
)
def test_roles_decide_and_scopes_take_away(claims: dict[str, Any], may: set[Ability]) -> None:
    from aep_flow_mcp.callers import roles_from

    settings = Settings.model_construct(mcp_auth_roles_claim="groups", mcp_auth_roles=roles_from(ROLES))
    assert abilities_of(claims, settings)[0] == may


@pytest.mark.parametrize("claim", ["realm_access.roles", "https://example.com/roles"])
def test_a_claim_has_a_path_or_a_name_with_dots(claim: str) -> None:
    from aep_flow_mcp.callers import roles_from

    settings = Settings.model_construct(mcp_auth_roles_claim=claim, mcp_auth_roles=roles_from(ROLES))
    claims = {"realm_access": {"roles": ["Data Analysts"]}, "https://example.com/roles": ["Data Analysts"]}
    assert abilities_of(claims, settings)[0] == {R}
    assert abilities_of({"realm_access": "no object"}, settings)[0] == set()


async def test_more_scopes_are_not_asked_for_where_a_role_is_missing(issuer: Issuer) -> None:
    async with opened(issuer, mcp_auth_roles_claim="groups", mcp_auth_roles=ROLES) as door:
        analyst = issuer.token(groups=["Data Analysts"])
        answer = await door.call("delete_flow", {"flow_id": flow_of(door)}, token=analyst)
        assert answer.status_code == 403
        said = challenge(answer)
        assert said["error"] == "access_denied"
        assert "scope" not in said
        assert "write" in said["error_description"]
        admin = issuer.token(scope="flows:read", groups=["pipeline-admins"])
        answer = await door.call("delete_flow", {"flow_id": flow_of(door)}, token=admin)
        assert challenge(answer)["scope"] == "flows:write"
        nobody = await door.post("tools/list", token=issuer.token())
        assert nobody.status_code == 403
        assert challenge(nobody)["error"] == "access_denied"
        assert door.requests == 0


# --- who may say yes --------------------------------------------------------------------------------------


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("asks", [True, False])
async def test_who_may_not_approve_gets_the_preview_and_is_asked_nothing(
    issuer: Issuer, era: str, asks: bool
) -> None:
    async with opened(issuer) as door:
        flow, person = flow_of(door), Person(YES)
        writer = issuer.token(scope="flows:write")
        async with door.client(writer, era=era, person=person if asks else None) as client:
            preview = await call(client, "delete_flow", {"flow_id": flow})
        assert preview.status == "needs_confirmation"
        assert "DELETE" in preview.data["preview"]
        assert "flows:approve" in preview.data["next_step"]
        assert person.questions == []
        confirming = {"confirmation_id": preview.data["confirmation_id"]}
        answer = await door.call("confirm_change", confirming, token=writer)
        assert answer.status_code == 403
        assert challenge(answer)["scope"] == "flows:approve"
        assert there(door, flow)
        # The same person with the scope: whatever session or program it comes from.
        async with door.client(issuer.token(client_id="another-program"), era=era) as client:
            assert (await call(client, "confirm_change", confirming)).status == "done"
        assert not there(door, flow)


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("mode", ["human", "browser"])
async def test_where_only_a_person_may_approve_the_preview_ends_there(
    issuer: Issuer, era: str, mode: str
) -> None:
    async with opened(issuer, mcp_approval=mode) as door:
        flow, person = flow_of(door), Person(YES)
        async with door.client(issuer.token(scope="flows:write"), era=era, person=person) as client:
            refused = await call(client, "delete_flow", {"flow_id": flow})
        assert refused.status == "refused"
        assert "flows:approve" in refused.text
        assert person.questions == []
        assert there(door, flow)


@pytest.mark.parametrize("era", ERAS)
async def test_who_may_approve_is_asked(issuer: Issuer, era: str) -> None:
    async with opened(issuer) as door:
        flow = flow_of(door)
        for answer, status in ((NO, "declined"), (YES, "done")):
            person = Person(answer)
            async with door.client(issuer.token(), era=era, person=person) as client:
                result = await call(client, "delete_flow", {"flow_id": flow})
            assert result.status == status
            assert len(person.questions) == 1
        assert not there(door, flow)


async def test_an_answer_without_the_scope_to_approve_is_none(issuer: Issuer) -> None:
    """The question went to somebody with the scope; the answer comes with a token that lacks it."""
    async with opened(issuer) as door:
        flow = flow_of(door)
        asked = await put(door, issuer.token(), flow)
        answered = await answer(door, issuer.token(scope="flows:write"), flow, asked)
        assert answered["structuredContent"]["status"] == "needs_confirmation"
        assert there(door, flow)


async def test_where_nobody_is_asked_to_write_is_enough_and_secrets_are_not_shown(issuer: Issuer) -> None:
    async with opened(issuer, mcp_approval="none", mcp_reveal_secrets=True) as door:
        flow = flow_of(door)
        async with door.client(issuer.token(scope="flows:write")) as client:
            assert (await call(client, "delete_flow", {"flow_id": flow})).status == "done"
            assert not there(door, flow)
            hidden = await call(client, "get_landing_zone_credential", {})
            assert hidden.status == "refused"
            assert "flows:approve" in hidden.text
        async with door.client(issuer.token()) as client:
            assert (await call(client, "get_landing_zone_credential", {})).status == "done"
