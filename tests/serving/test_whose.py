"""Whose a confirmation, a question and a session is, who answers it, and what is written down of whom."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from aep_flow_mcp.guard.execution.verifying import verify
from guard.bed import ERAS, YES, Person, call
from serving.bed import Served, answer, flow_of, initialize, opened, put, there
from serving.issuer import Issuer, issuing
from serving.test_tokens import challenge


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    with issuing() as found:
        yield found


@pytest.mark.parametrize("era", ERAS)
async def test_another_persons_confirmation_is_refused(issuer: Issuer, era: str) -> None:
    async with opened(issuer, mcp_approval="two-step") as door:
        flow = flow_of(door)
        async with (
            door.client(issuer.token("ada"), era=era) as ada,
            door.client(issuer.token("bob", name="Ada"), era=era) as bob,
        ):
            preview = await call(ada, "delete_flow", {"flow_id": flow})
            confirming = {"confirmation_id": preview.data["confirmation_id"]}
            refused = await call(bob, "confirm_change", confirming)
            assert refused.status == "refused"
            assert "another caller" in refused.text
            assert there(door, flow)
            assert (await call(ada, "confirm_change", confirming)).status == "done"
        assert not there(door, flow)


async def test_another_persons_question_is_not_answered(issuer: Issuer) -> None:
    async with opened(issuer) as door:
        flow = flow_of(door)
        asked = await put(door, issuer.token("ada"), flow)
        refused = await answer(door, issuer.token("bob"), flow, asked)
        assert "error" in refused
        assert there(door, flow)
        done = await answer(door, issuer.token("ada"), flow, asked)
        assert done["structuredContent"]["status"] == "done"
        assert not there(door, flow)


async def test_another_persons_session_does_not_exist(issuer: Issuer) -> None:
    async with opened(issuer) as door:
        message = initialize()
        headers = {"Accept": "application/json, text/event-stream"}
        ada = {**headers, "Authorization": f"Bearer {issuer.token('ada')}"}
        begun = await door.ask("POST", json=message, headers=ada)
        session = {
            "Mcp-Session-Id": begun.headers["mcp-session-id"],
            "MCP-Protocol-Version": "2025-11-25",
        }
        listing = {"jsonrpc": "2.0", "id": 2, "method": "tools/list", "params": {}}
        bob = {**headers, **session, "Authorization": f"Bearer {issuer.token('bob')}"}
        assert (await door.ask("POST", json=listing, headers=bob)).status_code == 404
        assert (await door.ask("DELETE", headers=bob)).status_code == 404
        assert (await door.ask("POST", json=listing, headers={**ada, **session})).status_code == 200


@pytest.mark.parametrize("era", ERAS)
async def test_the_audit_log_names_the_person_and_holds_no_token(
    issuer: Issuer, tmp_path: Path, era: str
) -> None:
    log = tmp_path / "audit.jsonl"
    async with opened(issuer, mcp_audit_log=log, mcp_replica="flows-0") as door:
        token = issuer.token("ada", name="Ada Lovelace", email="ada@example.com")
        async with door.client(token, era=era, person=Person(YES)) as client:
            assert (await call(client, "delete_flow", {"flow_id": flow_of(door)})).status == "done"
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert {"approved", "done"} <= {line["event"] for line in lines}
    for line in lines:
        assert line["person"] == {
            "issuer": issuer.url,
            "subject": "ada",
            "name": "Ada Lovelace",
            "client": "an-mcp-client",
        }
        assert line["approver"] == line["person"]
        assert line["replica"] == "flows-0"
    assert verify([log]).good
    assert token not in log.read_text()
    assert token.rpartition(".")[2] not in log.read_text()


async def test_the_callers_token_goes_nowhere(
    issuer: Issuer, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(0)
    token = issuer.token()
    answers = []
    async with opened(issuer) as door:
        async with door.client(token, person=Person(YES)) as client:
            for tool, arguments in (
                ("get_server_info", {}),
                ("list_flows", {"limit": 1}),
                ("list_flows", {"cursor": "nonsense"}),
                ("describe_flow", {"flow": flow_of(door)}),
                ("get_flow", {"flow_id": "00000000-0000-0000-0000-000000000000"}),
                ("delete_flow", {"flow_id": flow_of(door)}),
            ):
                found = await call(client, tool, arguments)
                answers.append(f"{found.text} {found.data}")
            for resource in (await client.list_resources()).resources:
                answers.append(str(await client.read_resource(resource.uri)))
        sent = [
            json.dumps([one.method, one.path, one.query, dict(one.headers), one.body])
            for one in door.emulator.journal
        ]
    assert len(sent) > 5
    out = capsys.readouterr()
    logged = [record.getMessage() for record in caplog.records]
    for part in (token, token.rpartition(".")[2], token.split(".")[1]):
        for place in (sent, answers, logged, [out.out, out.err]):
            assert not [text for text in place if part in text]


@pytest.mark.parametrize(
    ("scope", "result", "status"),
    [
        ("flows:read", {"action": "accept", "content": {"approve": True}}, 403),
        ("flows:write", {"action": "accept", "content": {"approve": True}}, 403),
        ("flows:read flows:approve", {"action": "accept", "content": {"approve": True}}, 403),
        ("flows:write", {"action": "accept", "content": {"approve": "true"}}, 403),
        ("flows:write", {"action": "decline"}, 202),
        ("flows:read", {"action": "cancel"}, 202),
        ("flows:write flows:approve", {"action": "accept", "content": {"approve": True}}, 202),
    ],
)
@pytest.mark.parametrize("spelled", ["plain", "half"])
async def test_a_pushed_question_is_answered_by_who_may_approve(
    issuer: Issuer, scope: str, result: dict[str, Any], status: int, spelled: str
) -> None:
    """The same person and program, the same session; the answer comes with another token than the call."""
    async with opened(issuer) as door, httpx.AsyncClient(timeout=30) as http:
        flow, headers = flow_of(door), await session_of(door, issuer.token())
        deletes = {"name": "delete_flow", "arguments": {"flow_id": flow}}
        message = {"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": deletes}
        async with http.stream("POST", door.url, json=message, headers=headers) as stream:
            lines = stream.aiter_lines()
            question = await first_with(lines, "method")
            said = json.dumps({"jsonrpc": "2.0", "id": question["id"], "result": result})
            if spelled == "half":  # what the parser of the SDK takes only once it is mended
                said = said[:-1] + ', "note": "\\ud800"}'
            other = {**headers, "Authorization": f"Bearer {issuer.token(scope=scope)}"}
            answered = await http.post(
                door.url, content=said, headers={**other, "Content-Type": "application/json"}
            )
            assert answered.status_code == status, answered.text
            if status == 403:
                assert challenge(answered)["error"] == "insufficient_scope"
                declined = {"jsonrpc": "2.0", "id": question["id"], "result": {"action": "decline"}}
                assert (await http.post(door.url, json=declined, headers=headers)).status_code == 202
            end = await first_with(lines, "result")
        approved = status == 202 and result["action"] == "accept"
        assert (end["result"]["structuredContent"]["status"] == "done") is approved
        assert there(door, flow) is not approved


async def first_with(lines: AsyncIterator[str], member: str) -> dict[str, Any]:
    while True:
        line = await anext(lines)
        message = json.loads(line.removeprefix("data: ")) if line.startswith("data: {") else {}
        if member in message and message.get("method") != "notifications/message":
            return dict(message)


async def session_of(door: Served, token: str) -> dict[str, str]:
    """A session of 2025-11-25 whose client can ask; the headers of its requests."""
    headers = {"Accept": "application/json, text/event-stream", "Authorization": f"Bearer {token}"}
    message = initialize(elicitation={})
    begun = await door.ask("POST", json=message, headers=headers)
    headers |= {"Mcp-Session-Id": begun.headers["mcp-session-id"], "MCP-Protocol-Version": "2025-11-25"}
    ready = {"jsonrpc": "2.0", "method": "notifications/initialized"}
    assert (await door.ask("POST", json=ready, headers=headers)).status_code == 202
    return headers
