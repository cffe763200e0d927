"""Signing in to the approval page over HTTP with a browser: who gets in, how, and what cannot be forged."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from typing import Any

import pytest

from aep_flow_mcp.callers import Ability
from aep_flow_mcp.callers import Person as Somebody
from aep_flow_mcp.serving.approvals.browsers import Browsers
from aep_flow_mcp.store.memory import MemoryStore
from guard.bed import call
from serving.bed import flow_of
from serving.browser import browser, others, page_in, waits
from serving.issuer import Issuer, issuing


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with issuing() as found:
        yield found


# --- signing in -------------------------------------------------------------------------------------------


async def test_signed_out_the_address_leads_to_signing_in_and_says_nothing(issuer: Issuer) -> None:
    async with others(issuer) as door:
        address = await waits(door, issuer)
        told = []
        for there_or_not in (address, address[:-1] + ("A" if address[-1] != "A" else "B")):
            path = "/approvals" + there_or_not.partition("/approvals")[2]
            answer = await door.ask("GET", path)
            assert answer.status_code == 303
            assert answer.headers["location"].startswith(f"{issuer.url}/authorize?")
            assert answer.headers["cache-control"] == "no-store"
            cookie = answer.headers["set-cookie"]
            assert "HttpOnly" in cookie
            assert "SameSite=Lax" in cookie
            told.append(re.sub(r"[\w-]{43}", "", answer.headers["location"]))
        assert told[0] == told[1]
        posted = await door.ask("POST", path, data={"decision": "approve", "token": "x"})
        assert posted.status_code == 403


async def test_the_page_is_hardened(issuer: Issuer) -> None:
    async with others(issuer) as door, browser(issuer, "bob") as bob:
        answer = await bob.open(await waits(door, issuer))
        policy = answer.headers["content-security-policy"]
        for part in ("default-src 'none'", "frame-ancestors 'none'", "form-action 'self'", "base-uri 'none'"):
            assert part in policy
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["cache-control"] == "no-store"
        assert "<script" not in answer.text
        assert re.findall(r'(?:src|href)="(?!data:)', answer.text) == []


@pytest.mark.parametrize(
    "changed",
    [
        {"token": "x"},
        {"token": ""},
        {"headers": {"Origin": "https://evil.example"}},
        {"headers": {"Origin": ""}},
        {"headers": {"Origin": "null"}},
        {"headers": {"Sec-Fetch-Site": "cross-site"}},
        {"headers": {"Sec-Fetch-Dest": "iframe"}},
        {"headers": {"Host": "evil.example"}},
        {"headers": {"Cookie": "approvals=x"}},
        {"headers": {"Content-Type": "text/plain"}},
    ],
)
async def test_a_decision_that_does_not_come_from_the_page_is_none(
    issuer: Issuer, changed: dict[str, Any]
) -> None:
    async with others(issuer) as door, browser(issuer, "bob") as bob:
        address = await waits(door, issuer)
        await bob.open(address)
        assert (await bob.press("approve", **changed)).status_code in (403, 421)
        assert (await bob.press("agree")).status_code == 403
        assert (await bob.open(address)).status_code == 200, "it still waits"
        assert (await bob.press("approve")).status_code == 200


async def test_a_sign_in_that_another_browser_began_signs_nobody_in(issuer: Issuer) -> None:
    async with others(issuer) as door, browser(issuer, "bob") as bob, browser(issuer, "ada") as ada:
        address = await waits(door, issuer)
        first = await bob.http.get(address)
        issuer.signs_in = "bob"
        back = (await bob.http.get(first.headers["location"])).headers["location"]
        stolen = await ada.http.get(back)
        assert stolen.status_code == 400
        assert (await ada.http.get(address)).status_code == 303
        assert (await bob.http.get(back)).status_code == 303
        assert (await bob.http.get(address)).status_code == 200
        assert (await bob.http.get(back)).status_code == 400, "a sign-in ends once"


async def test_a_session_is_of_one_server_even_where_several_share_a_store() -> None:
    store = MemoryStore()
    here, elsewhere = (Browsers(store, at=f"https://{host}.example") for host in ("flows", "trial"))
    bob = Somebody("https://id.example", "bob", "approval-page", None, frozenset({Ability.APPROVE}))
    cookie = (await elsewhere.open(bob)).partition(";")[0]
    session = await elsewhere.whose(cookie)
    assert session is not None
    assert session.person.subject == "bob"
    assert await here.whose(cookie) is None
    await here.close(cookie)
    assert await elsewhere.whose(cookie) is not None


async def test_the_body_of_a_browser_that_did_not_sign_in_is_not_waited_for(issuer: Issuer) -> None:
    async with others(issuer) as door:
        host = door.url.split("/")[2]
        for path in (f"/approvals/{'A' * 43}", "/approvals/sign-out"):
            head = f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 9\r\n\r\n"
            reader, writer = await asyncio.open_connection(*host.split(":"))
            writer.write(head.encode())
            answer = await asyncio.wait_for(reader.readline(), 20)
            assert b" 403 " in answer
            writer.close()


@pytest.mark.parametrize(
    ("grants", "identity", "says"),
    [
        ({"id_token": None}, {}, "no ID token"),
        (
            {"access_token": "opaque"},
            {},
            "cannot be read|not one that this server can read|another access token",
        ),
        ({}, {"nonce": "other"}, "of another sign-in"),
        ({}, {"nonce": None}, "of another sign-in"),
        ({}, {"aud": "another-client"}, "another audience"),
        ({}, {"aud": ["approval-page", "aep-flows"]}, "another client"),
        ({}, {"azp": "another-client"}, "another client"),
        ({}, {"iss": "https://evil.example"}, "another issuer"),
        ({}, {"exp": 1}, "expired"),
        ({}, {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}, "another access token"),
    ],
)
async def test_a_bad_answer_of_the_issuer_signs_nobody_in(
    issuer: Issuer, grants: dict[str, Any], identity: dict[str, Any], says: str
) -> None:
    issuer.grants, issuer.identity = grants, identity
    async with others(issuer) as door, browser(issuer, "bob") as bob:
        address = await waits(door, issuer)
        answer = await bob.open(address)
        assert answer.status_code == 403
        assert re.search(says, answer.text), answer.text
        issuer.grants, issuer.identity = {}, {}
        assert (await bob.open(address)).status_code == 200


async def test_an_answer_of_another_issuer_and_a_refusal_are_said(issuer: Issuer) -> None:
    async with others(issuer) as door, browser(issuer, "bob") as bob:
        address = await waits(door, issuer)
        for change in ("iss=https%3A%2F%2Fevil.example", "error=access_denied", "iss="):
            first = await bob.http.get(address)
            back = (await bob.http.get(first.headers["location"])).headers["location"]
            name = change.partition("=")[0]
            mended = re.sub(r"iss=[^&]*", change, back) if name == "iss" else f"{back}&{change}"
            assert (await bob.http.get(mended)).status_code == 403
        assert (await bob.http.get(address)).status_code == 303


@pytest.mark.parametrize("secret", [None, "a secret: 100%"])
async def test_the_client_is_public_or_has_a_secret(issuer: Issuer, secret: str | None) -> None:
    issuer.clients["approval-page"] = secret
    issuer.metadata["token_endpoint_auth_methods_supported"] = ["client_secret_post"]
    given = {} if secret is None else {"mcp_auth_client_secret": secret}
    async with others(issuer, **given) as door, browser(issuer, "bob") as bob:
        assert (await bob.decide(await waits(door, issuer), "approve")).status_code == 200
        assert secret is None or secret not in door.server.app.redactor.text(f"it is {secret}")


async def test_one_person_under_two_names_is_not_two(issuer: Issuer) -> None:
    """An issuer that gives each program another subject would let everybody approve their own."""
    issuer.metadata["subject_types_supported"] = ["pairwise"]
    async with others(issuer) as door, browser(issuer, "bob") as bob:
        assert (await bob.open(await waits(door, issuer))).status_code == 503
    async with others(issuer, mcp_auth_person_claim="name") as door:
        async with door.client(issuer.token("ada-in-a-host", name="Ada")) as ada:
            address = page_in(await call(ada, "delete_flow", {"flow_id": flow_of(door)}))
        async with browser(issuer, "ada") as own:
            seen = await own.open(address)
            assert seen.status_code == 403
            assert "You asked for this change yourself" in seen.text


async def test_signing_out_lets_another_sign_in(issuer: Issuer) -> None:
    async with others(issuer) as door, browser(issuer, "bob") as bob:
        address = await waits(door, issuer)
        await bob.open(address)
        out = address.partition("/approvals")[0] + "/approvals/sign-out"
        assert (await bob.press("", address=out, token="x")).status_code == 403
        assert (await bob.press("", address=out)).status_code == 200
        assert (await bob.http.get(address)).status_code == 303
        # The issuer still knows Bob: it is told to ask.
        bob.subject = "carol"
        assert "You are signed in as Carol (carol)." in (await bob.open(address)).text
        assert ["prompt=login" in one for one in issuer.asked if "/authorize" in one] == [False, True]
        assert (await bob.press("", address=out)).status_code == 200
        assert "left" in "".join(bob.http.cookies)


async def test_one_who_is_signed_in_is_not_asked_for_it_again(issuer: Issuer) -> None:
    async with others(issuer) as door, browser(issuer, "bob") as bob:
        address = await waits(door, issuer)
        await bob.open(address)
        out = address.partition("/approvals")[0] + "/approvals/sign-out"
        await bob.press("", address=out)
        await bob.open(address)
        assert "left" not in "".join(bob.http.cookies)


# --- settings ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"mcp_approval": "none"}, "AEP_MCP_APPROVAL is none"),
        ({"mcp_auth_client_id": None}, "AEP_MCP_AUTH_CLIENT_ID"),
        ({"mcp_auth": None}, "AEP_MCP_AUTH=oidc"),
        ({"mcp_auth": "none"}, "AEP_MCP_AUTH=oidc"),
        ({"mcp_auth_audience": ("approval-page",)}, "ID tokens"),
        ({"mcp_auth_client_secret_file": "/not/there"}, "does not exist"),
        ({"mcp_approvers": "caller", "mcp_auth_client_id": None, "mcp_auth_client_secret": "x"}, "belong to"),
        (
            {"mcp_approvers": "caller", "mcp_auth": None, "mcp_auth_issuer": None, "mcp_auth_audience": ()},
            "is not set",
        ),
    ],
)
def test_what_cannot_work_does_not_start(given: dict[str, Any], says: str) -> None:
    from aep_flow_mcp.serving.listening import sign_in
    from aep_flow_mcp.settings import SettingsError
    from guard.bed import settings

    working: dict[str, Any] = {
        "mcp_auth": "oidc",
        "mcp_auth_issuer": "https://id.example",
        "mcp_auth_audience": ("aep-flows",),
        "mcp_auth_client_id": "approval-page",
        "mcp_approvers": "others",
    }
    assert sign_in(settings(**working), "127.0.0.1", 8000) is not None
    with pytest.raises(SettingsError, match=says):
        sign_in(settings(**{**working, **given}), "127.0.0.1", 8000)


def test_four_eyes_take_a_server_over_http() -> None:
    from aep_flow_mcp.serving.listening import check_approvers
    from aep_flow_mcp.settings import SettingsError
    from guard.bed import settings

    with pytest.raises(SettingsError, match="--transport http"):
        check_approvers(settings(mcp_approvers="others"), over_http=False)
