"""The approval page over HTTP, and four eyes: who may decide there, what that is worth, and what is written down."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from mcp_types import ElicitResult

from guard.bed import ERAS, YES, Person, call
from serving.bed import Served, flow_of, opened, there
from serving.browser import browser, page_in
from serving.issuer import Issuer, issuing

W = "flows:write"


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with issuing() as found:
        yield found


@asynccontextmanager
async def with_page(issuer: Issuer, **settings: Any) -> AsyncIterator[Served]:
    async with opened(issuer, **{"mcp_auth_client_id": "approval-page", **settings}) as door:
        yield door


def others(issuer: Issuer, **settings: Any) -> Any:
    return with_page(issuer, **{"mcp_approvers": "others", **settings})


def lines(log: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.read_text().splitlines()]


# --- four eyes --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("mode", ["ask", "human", "two-step", "browser"])
async def test_another_person_approves_and_the_caller_carries_it_out(
    issuer: Issuer, tmp_path: Path, era: str, mode: str
) -> None:
    log, asked = tmp_path / "audit.jsonl", Person(YES)
    async with others(issuer, mcp_approval=mode, mcp_audit_log=log) as door, browser(issuer, "bob") as bob:
        flow = flow_of(door)
        async with door.client(issuer.token("ada", W), era=era, person=asked) as ada:
            preview = await call(ada, "delete_flow", {"flow_id": flow})
            assert preview.status == "needs_confirmation"
            assert asked.questions == [], "the caller's own yes would be worth nothing"
            shown = await bob.open(page_in(preview))
            assert "DELETE" in shown.text
            assert "Ada (ada) asks for this. You are signed in as Bob (bob)." in shown.text
            assert (await bob.press("approve")).status_code == 200
            assert there(door, flow), "the page itself sends nothing"
            confirming = {"confirmation_id": preview.data["confirmation_id"]}
            done = await call(ada, "confirm_change", confirming)
            assert done.status == "done", done.text
            assert not there(door, flow)
            assert (await call(ada, "confirm_change", confirming)).status == "refused"
    agreed, approved, ended = (
        next(line for line in lines(log) if line["event"] == event)
        for event in ("agreed", "approved", "done")
    )
    for line in (agreed, approved, ended):
        assert (line["person"]["subject"], line["approver"]["subject"]) == ("ada", "bob")
        assert (line["tool"], line["mode"]) == ("delete_flow", mode)
    assert agreed["digest"] == approved["digest"]


async def test_the_callers_own_approval_is_refused_whatever_way_it_comes(
    issuer: Issuer, tmp_path: Path
) -> None:
    log = tmp_path / "audit.jsonl"
    async with others(issuer, mcp_audit_log=log) as door, browser(issuer, "ada") as own:
        flow = flow_of(door)
        async with door.client(issuer.token("ada"), person=Person(YES)) as ada:
            preview = await call(ada, "delete_flow", {"flow_id": flow})
            refused = await call(ada, "confirm_change", {"confirmation_id": preview.data["confirmation_id"]})
            assert refused.status == "refused"
            assert page_in(preview) in refused.text
        opened_page = await own.open(page_in(preview))
        assert opened_page.status_code == 403
        assert "You asked for this change yourself" in opened_page.text
        # Nor by hand, with the token of a page that she may decide about.
        async with door.client(issuer.token("bob")) as bob:
            of_bob = await call(bob, "delete_flow", {"flow_id": flow})
        await own.open(page_in(of_bob))
        forced = await own.press("approve", address=page_in(preview))
        assert forced.status_code == 403
        assert there(door, flow)
        async with door.client(issuer.token("ada")) as ada:
            refused = await call(ada, "confirm_change", {"confirmation_id": preview.data["confirmation_id"]})
            assert refused.status == "refused"
        assert there(door, flow)
    events = [(line["event"], line.get("approver", {}).get("subject")) for line in lines(log)]
    assert events == [("refused", None), ("refused", "ada"), ("refused", "ada"), ("refused", None)]
    assert {line["digest"] for line in lines(log)} == {lines(log)[0]["digest"]}


async def test_who_approved_cannot_carry_it_out_and_nobody_else_can(issuer: Issuer) -> None:
    async with others(issuer) as door, browser(issuer, "bob") as before:
        flow = flow_of(door)
        async with door.client(issuer.token("ada")) as ada, door.client(issuer.token("bob")) as bob:
            preview = await call(ada, "delete_flow", {"flow_id": flow})
            confirming = {"confirmation_id": preview.data["confirmation_id"]}
            assert (await call(bob, "confirm_change", confirming)).status == "refused"
            await before.decide(page_in(preview), "approve")
            refused = await call(bob, "confirm_change", confirming)
            assert refused.status == "refused"
            assert "not valid" in refused.text
            assert there(door, flow)
            assert (await call(ada, "confirm_change", confirming)).status == "done"


@pytest.mark.parametrize("era", ERAS)
async def test_what_was_declined_is_not_carried_out(issuer: Issuer, tmp_path: Path, era: str) -> None:
    log = tmp_path / "audit.jsonl"
    async with others(issuer, mcp_audit_log=log) as door, browser(issuer, "bob") as bob:
        flow = flow_of(door)
        async with door.client(issuer.token("ada"), era=era) as ada:
            preview = await call(ada, "delete_flow", {"flow_id": flow})
            assert (await bob.decide(page_in(preview), "decline")).status_code == 200
            again = await bob.open(page_in(preview))
            assert again.status_code == 410
            assert "declined by Bob (bob)" in again.text
            ended = await call(ada, "confirm_change", {"confirmation_id": preview.data["confirmation_id"]})
            assert ended.status == "declined"
            assert "Bob (bob)" in ended.text
            assert there(door, flow)
    assert [(line["event"], line["approver"]["subject"]) for line in lines(log)] == [
        ("declined", "bob"),
        ("declined", "bob"),
    ]


async def test_who_may_not_approve_is_refused_and_written_down(issuer: Issuer, tmp_path: Path) -> None:
    log = tmp_path / "audit.jsonl"
    issuer.scopes["eve"] = "openid flows:read flows:write"
    issuer.scopes["mallory"] = "openid"
    async with others(issuer, mcp_audit_log=log) as door, browser(issuer, "eve") as eve:
        flow = flow_of(door)
        async with door.client(issuer.token("ada")) as ada:
            preview = await call(ada, "delete_flow", {"flow_id": flow})
            seen = await eve.open(page_in(preview))
            assert seen.status_code == 403
            assert "flows:approve" in seen.text
            assert flow not in seen.text, "what is asked for is not shown"
            async with browser(issuer, "mallory") as mallory:
                assert (await mallory.open(page_in(preview))).status_code == 403
            refused = await call(ada, "confirm_change", {"confirmation_id": preview.data["confirmation_id"]})
            assert refused.status == "refused"
        assert there(door, flow)
    assert [line.get("approver", {}).get("subject") for line in lines(log)] == ["eve", "mallory", None]


async def test_what_has_changed_since_it_was_approved_is_asked_about_again(issuer: Issuer) -> None:
    async with others(issuer) as door, browser(issuer, "bob") as bob:
        flow = flow_of(door)
        async with door.client(issuer.token("ada")) as ada:
            preview = await call(
                ada,
                "update_flow",
                {"flow_id": flow, "operations": [{"op": "replace", "path": "/name", "value": "Other"}]},
            )
            await bob.decide(page_in(preview), "approve")
            row = dict(door.emulator.store.get("dev", "flows", flow) or {})
            door.emulator.store.put("dev", "flows", {**row, "etag": "another", "version": "another"})
            changed = await call(ada, "confirm_change", {"confirmation_id": preview.data["confirmation_id"]})
            assert changed.status == "needs_confirmation"
            assert page_in(changed) != page_in(preview)
            assert "changed since it was approved" in changed.text
            refused = await call(ada, "confirm_change", {"confirmation_id": changed.data["confirmation_id"]})
            assert refused.status == "refused"
            await bob.decide(page_in(changed), "approve")
            done = await call(ada, "confirm_change", {"confirmation_id": changed.data["confirmation_id"]})
            assert done.status == "done"
        assert (door.emulator.store.get("dev", "flows", flow) or {})["name"] == "Other"


# --- the caller's own page --------------------------------------------------------------------------------


@pytest.mark.parametrize("era", ERAS)
async def test_a_caller_approves_on_the_page_what_they_asked_for(issuer: Issuer, era: str) -> None:
    async with with_page(issuer, mcp_approval="browser") as door:
        flow = flow_of(door)
        async with door.client(issuer.token("ada"), era=era) as ada:
            preview = await call(ada, "delete_flow", {"flow_id": flow})
            confirming = {"confirmation_id": preview.data["confirmation_id"]}
            assert (await call(ada, "confirm_change", confirming)).status == "refused"
            async with browser(issuer, "bob") as bob:
                seen = await bob.open(page_in(preview))
                assert seen.status_code == 403
                assert "Somebody else asked for this" in seen.text
            async with browser(issuer, "ada") as own:
                assert (await own.decide(page_in(preview), "approve")).status_code == 200
            assert there(door, flow)
            assert (await call(ada, "confirm_change", confirming)).status == "done"
        assert not there(door, flow)


class Visitor:
    """A client's person who opens the page that they are sent to, and decides there; or does not open it."""

    def __init__(self, issuer: Issuer, subject: str, decision: str, action: str = "accept") -> None:
        self.opened: list[str] = []
        self._issuer, self._subject, self._decision, self._action = issuer, subject, decision, action

    async def __call__(self, context: Any, params: Any) -> ElicitResult:
        assert params.mode == "url", params
        self.opened.append(params.url)
        if self._action == "accept":
            async with browser(self._issuer, self._subject) as own:
                await own.decide(params.url, self._decision)
        return ElicitResult.model_construct(action=self._action)


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize(
    ("decision", "action", "status"),
    [
        ("approve", "accept", "done"),
        ("decline", "accept", "declined"),
        ("approve", "decline", "declined"),
        ("approve", "cancel", "cancelled"),
    ],
)
async def test_a_client_that_opens_addresses_is_asked_to_and_the_call_waits(
    issuer: Issuer, era: str, decision: str, action: str, status: str
) -> None:
    visitor = Visitor(issuer, "ada", decision, action)
    async with with_page(issuer, mcp_approval="browser") as door:
        flow = flow_of(door)
        async with door.client(issuer.token("ada"), era=era, person=visitor) as ada:
            result = await call(ada, "delete_flow", {"flow_id": flow})
        assert result.status == status, result.text
        assert len(visitor.opened) == 1
        assert there(door, flow) is (status != "done")
        async with browser(issuer, "ada") as own:
            assert (await own.decide(visitor.opened[0], "approve")).status_code == 410
        assert there(door, flow) is (status != "done")


@pytest.mark.parametrize("era", ERAS)
async def test_a_client_that_says_the_page_is_open_has_not_approved(issuer: Issuer, era: str) -> None:
    """Its accept is consent to open an address, which a program may give by itself."""
    visitor = Visitor(issuer, "bob", "approve")
    async with with_page(issuer, mcp_approval="browser") as door:
        door.server.app.guard.patience = 5.0
        flow = flow_of(door)
        async with door.client(issuer.token("ada"), era=era, person=visitor) as ada:
            waits = await call(ada, "delete_flow", {"flow_id": flow})
            assert waits.status == "needs_confirmation", waits.text
            assert there(door, flow)
            async with browser(issuer, "ada") as own:
                await own.decide(visitor.opened[0], "approve")
            confirming = {"confirmation_id": waits.data["confirmation_id"]}
            assert (await call(ada, "confirm_change", confirming)).status == "done"


async def test_an_answer_that_comes_twice_writes_once(issuer: Issuer) -> None:
    """At the same time, with the same state; and another person's state is none of hers."""
    async with with_page(issuer, mcp_approval="browser") as door:
        flow, token = flow_of(door), issuer.token("ada")
        asked = (await door.post("tools/call", deletes(flow), token=token, elicits={"url": {}})).json()[
            "result"
        ]
        assert asked["resultType"] == "input_required"
        (key,) = asked["inputRequests"]
        assert key == "aep-flow-mcp:approval-page"
        again = {
            **deletes(flow),
            "requestState": asked["requestState"],
            "inputResponses": {key: {"action": "accept"}},
        }
        bob = await door.post("tools/call", again, token=issuer.token("bob"), elicits={"url": {}})
        assert "error" in bob.json()
        async with browser(issuer, "ada") as own:
            await own.decide(asked["inputRequests"][key]["params"]["url"], "approve")
        answers = await asyncio.gather(
            *(door.post("tools/call", again, token=token, elicits={"url": {}}) for _ in range(3))
        )
        ends = sorted(one.json()["result"]["structuredContent"]["status"] for one in answers)
        assert ends == ["done", "refused", "refused"]
        assert len(door.emulator.journal.writes()) == 1


def deletes(flow: str) -> dict[str, Any]:
    return {"name": "delete_flow", "arguments": {"flow": flow}}


# --- signing in -------------------------------------------------------------------------------------------


async def waits(door: Served, issuer: Issuer, tool: str = "delete_flow") -> str:
    async with door.client(issuer.token("ada")) as ada:
        return page_in(await call(ada, tool, {"flow_id": flow_of(door)}))


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
