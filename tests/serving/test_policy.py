"""A policy over HTTP: two people with different roles, through every door, and what the emulator has afterwards."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from aep_flow_mcp.guard.execution.verifying import verify
from guard.bed import ERAS, YES, Person, call
from serving.bed import Served, answer, flow_of, opened, put, there
from serving.browser import browser, page_in
from serving.issuer import Issuer, issuing

POLICY = """\
version: 1
rules:
  - name: leads
    who: {roles: [leads]}
    may: [everything]
    when: [{days: [mon], hours: 09:00-10:00}]
  - name: engineers
    who: {roles: [engineers], subjects: [carl]}
    may: [update, enable, disable]
    a_day: 1
"""
MONDAY = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with issuing() as found:
        yield found


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "audit.jsonl"


@asynccontextmanager
async def ruled(issuer: Issuer, log: Path, text: str = POLICY, **settings: Any) -> AsyncIterator[Served]:
    path = log.with_name("policy.yaml")
    path.write_text(text)
    given = {"mcp_policy": path, "mcp_audit_log": log, "mcp_auth_roles_claim": "groups", **settings}
    async with opened(issuer, **given) as door:
        door.server.app.guard.now = lambda: MONDAY
        yield door


def told(log: Path) -> list[tuple[str, str | None]]:
    """What the audit log has of whom, without what is only counted."""
    lines = [json.loads(line) for line in text_of(log)]
    found = [(line["event"], line.get("person", {}).get("subject")) for line in lines]
    return [one for one in found if one[0] != "counted"]


def ada(issuer: Issuer) -> str:
    return issuer.token("ada", groups=["leads"])


def bob(issuer: Issuer) -> str:
    return issuer.token("bob", groups=["engineers", "others"])


@pytest.mark.parametrize("era", ERAS)
async def test_roles_may_what_their_rules_allow(issuer: Issuer, log: Path, era: str) -> None:
    async with ruled(issuer, log) as door:
        flow, person = flow_of(door), Person(YES)
        async with door.client(bob(issuer), era=era, person=person) as client:
            refused = await call(client, "delete_flow", {"flow_id": flow})
            assert refused.status == "refused"
            assert '"Bob" may not delete flow in sandbox "dev"' in refused.data["message"]
            assert person.questions == []
            assert there(door, flow)
            switched = await call(client, "run_flow_action", {"flow": flow, "action": "disable"})
            assert switched.status == "done", switched.text
        async with door.client(ada(issuer), era=era, person=person) as client:
            assert (await call(client, "delete_flow", {"flow_id": flow})).status == "done"
        assert not there(door, flow)
    assert told(log) == [
        *(("refused", "bob"), ("approved", "bob"), ("done", "bob")),
        *(("approved", "ada"), ("done", "ada")),
    ]
    assert verify([log]).good


async def test_a_window_that_closed_before_the_answer_refuses(issuer: Issuer, log: Path) -> None:
    async with ruled(issuer, log) as door:
        flow, token = flow_of(door), ada(issuer)
        asked = await put(door, token, flow)
        door.server.app.guard.now = lambda: MONDAY + timedelta(hours=1)
        said = await answer(door, token, flow, asked)
        assert said["structuredContent"]["status"] == "refused", said
        assert "2026-03-09 09:00 (UTC)" in said["structuredContent"]["message"]
        assert there(door, flow)


async def test_the_envelope_and_the_second_call_pass_it_too(issuer: Issuer, log: Path) -> None:
    async with ruled(issuer, log, mcp_discovery="search", mcp_approval="two-step") as door:
        flow = flow_of(door)
        wish = {"name": "delete_flow", "arguments": {"flow_id": flow}}
        async with door.client(bob(issuer)) as client:
            assert (await call(client, "call_tool", wish)).status == "refused"
        async with door.client(ada(issuer)) as client:
            previewed = await call(client, "call_tool", wish)
            assert previewed.status == "needs_confirmation", previewed.text
            door.server.app.guard.now = lambda: MONDAY + timedelta(hours=1)
            name = previewed.data["confirmation_id"]
            assert (await call(client, "confirm_change", {"confirmation_id": name})).status == "refused"
        assert there(door, flow)


async def test_each_person_is_counted_alone(issuer: Issuer, log: Path) -> None:
    async with ruled(issuer, log) as door:
        flows = [
            str(row["id"]) for row in door.emulator.store.all("dev", "flows") if row["state"] == "enabled"
        ]
        tokens = (bob(issuer), bob(issuer), issuer.token("carl"), issuer.token("dora"))
        for token, flow, status in zip(tokens, flows, ("done", "refused", "done", "refused"), strict=False):
            async with door.client(token, person=Person(YES)) as client:
                found = await call(client, "run_flow_action", {"flow": flow, "action": "disable"})
            assert found.status == status, found.text
            state = next(row["state"] for row in door.emulator.store.all("dev", "flows") if row["id"] == flow)
            assert (state == "enabled") is (status == "refused")


# --- four eyes by the policy ------------------------------------------------------------------------------

FOUR_EYES = """\
version: 1
rules:
  - name: alone
    who: {roles: [leads]}
    may: [update, disable]
  - name: together
    who: {roles: [leads]}
    may: [delete]
    when: [{days: [mon], hours: 09:00-10:00}]
    four_eyes: true
"""


@pytest.mark.parametrize("mode", ["ask", "none", "two-step"])
async def test_only_what_the_policy_says_takes_another_person(issuer: Issuer, log: Path, mode: str) -> None:
    given: dict[str, Any] = {"mcp_auth_client_id": "approval-page", "mcp_approval": mode}
    async with ruled(issuer, log, FOUR_EYES, **given) as door, browser(issuer, "bob") as bob:
        flow, person = flow_of(door), Person(YES)
        async with door.client(ada(issuer), person=person) as client:
            preview = await call(client, "delete_flow", {"flow_id": flow})
            assert preview.status == "needs_confirmation", preview.text
            assert person.questions == []
            confirming = {"confirmation_id": preview.data["confirmation_id"]}
            assert (await call(client, "confirm_change", confirming)).status == "refused"
            assert there(door, flow)
            await bob.decide(page_in(preview), "approve")
            assert there(door, flow)
            done = await call(client, "confirm_change", confirming)
            assert done.status == "done", done.text
        assert not there(door, flow)
    approved = next(line for line in map(json.loads, text_of(log)) if line["event"] == "approved")
    assert (approved["person"]["subject"], approved["approver"]["subject"]) == ("ada", "bob")
    assert verify([log]).good


async def test_what_takes_nobody_else_is_the_callers_own(issuer: Issuer, log: Path) -> None:
    async with ruled(issuer, log, FOUR_EYES, mcp_auth_client_id="approval-page") as door:
        person = Person(YES)
        async with door.client(ada(issuer), person=person) as client:
            found = await call(client, "run_flow_action", {"flow": flow_of(door), "action": "disable"})
        assert (found.status, len(person.questions)) == ("done", 1)


async def test_an_approval_does_not_outlive_the_window(issuer: Issuer, log: Path) -> None:
    async with (
        ruled(issuer, log, FOUR_EYES, mcp_auth_client_id="approval-page") as door,
        browser(issuer, "bob") as bob,
    ):
        flow = flow_of(door)
        async with door.client(ada(issuer)) as client:
            preview = await call(client, "delete_flow", {"flow_id": flow})
            await bob.decide(page_in(preview), "approve")
            door.server.app.guard.now = lambda: MONDAY + timedelta(hours=1)
            late = await call(client, "confirm_change", {"confirmation_id": preview.data["confirmation_id"]})
        assert late.status == "refused"
        assert '"together"' in late.data["message"]
        assert there(door, flow)


async def test_four_eyes_without_a_page_are_refused(issuer: Issuer, log: Path) -> None:
    async with ruled(issuer, log, FOUR_EYES) as door:
        flow = flow_of(door)
        async with door.client(ada(issuer), person=Person(YES)) as client:
            assert (await call(client, "delete_flow", {"flow_id": flow})).status == "refused"
        assert there(door, flow)


def text_of(log: Path) -> list[str]:
    return log.read_text().splitlines()
