"""The approval page over HTTP, and four eyes: who may decide there, what that is worth, and what is written down."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from mcp_types import ElicitResult

from guard.bed import ERAS, YES, Person, call
from serving.bed import flow_of, there
from serving.browser import browser, others, page_in, with_page
from serving.issuer import Issuer, issuing

W = "flows:write"


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with issuing() as found:
        yield found


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
        results = [one.json()["result"] for one in answers]
        # Who plans after the first has ended finds no flow to delete any more: an error, without a status.
        gone = [one for one in results if one.get("isError") and "structuredContent" not in one]
        ends = sorted(one["structuredContent"]["status"] for one in results if one not in gone)
        assert ends == ["done", *["refused"] * (2 - len(gone))]
        assert len(door.emulator.journal.writes()) == 1


def deletes(flow: str) -> dict[str, Any]:
    return {"name": "delete_flow", "arguments": {"flow": flow}}
