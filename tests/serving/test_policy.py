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


@pytest.fixture(scope="module")
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
    lines = [json.loads(line) for line in log.read_text().splitlines()]
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
