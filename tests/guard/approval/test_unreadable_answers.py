"""Answers of older clients that are no answers: the call ends in a sentence, and nothing is sent."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest

from aep_flow_mcp.serving.client_responses import mended
from guard.bed import YES, Bed
from support.processes import http_server_process
from support.raw_client import LEGACY, raw_server

MakeBed = Callable[..., Bed]
CREATE = "create_base_connection_landing_zone"
NO_OBJECTS: list[Any] = ["yes", True, None, 1, [], [{"action": "accept"}]]
HEADERS = {"accept": "application/json, text/event-stream", "content-type": "application/json"}


@pytest.mark.parametrize("result", [*NO_OBJECTS, {}, {"action": "maybe"}, {"action": "accept", "content": 1}])
def test_an_answer_that_is_none_ends_the_call(tmp_path: Path, result: Any, audit_file: Path) -> None:
    said = tmp_path / "stderr.txt"
    with raw_server("--emulator", stderr=said, AEP_MCP_AUDIT_LOG=str(audit_file)) as client:
        client.open(elicitation={})
        client.begin(1, CREATE, name="Orders")
        question = client.receive(method="elicitation/create")
        client.send(id=question["id"], result=result)
        answer = client.receive(1)["result"]
    assert answer["structuredContent"]["status"] == "refused"
    assert "could not be read" in answer["content"][0]["text"]
    assert [json.loads(line)["event"] for line in audit_file.read_text().splitlines()] == ["refused"]


@pytest.mark.parametrize("result", ["yes", []])
def test_the_same_over_http(tmp_path: Path, result: Any) -> None:
    with (
        http_server_process("--emulator", cwd=tmp_path) as url,
        httpx.Client(timeout=60, headers=HEADERS) as http,
    ):
        client = {"name": "raw", "version": "1"}
        opening = {"protocolVersion": LEGACY, "capabilities": {"elicitation": {}}, "clientInfo": client}
        opened = http.post(url, json=_request(0, "initialize", opening))
        http.headers.update(
            {"mcp-session-id": opened.headers["mcp-session-id"], "mcp-protocol-version": LEGACY}
        )
        http.post(url, json={"jsonrpc": "2.0", "method": "notifications/initialized"})
        call = _request(1, "tools/call", {"name": CREATE, "arguments": {"name": "Orders"}})
        with http.stream("POST", url, json=call) as stream:
            for message in _events(stream):
                if message.get("method") == "elicitation/create":
                    http.post(url, json={"jsonrpc": "2.0", "id": message["id"], "result": result})
                elif message.get("id") == 1:
                    assert message["result"]["structuredContent"]["status"] == "refused"
                    assert "could not be read" in message["result"]["content"][0]["text"]
                    return
    raise AssertionError("the call had no answer")


def _request(number: int, method: str, params: dict[str, Any]) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": params}


def _events(stream: httpx.Response) -> Any:
    for line in stream.iter_lines():
        if line.startswith("data:") and line[5:].strip():
            yield json.loads(line[5:])


async def test_nobody_is_waited_for_without_end(make_bed: MakeBed) -> None:
    bed = make_bed()
    bed.guard.patience = 0.05

    async def nobody(*_: Any) -> Any:
        await anyio.sleep(30)
        return YES

    result = await bed.call("make_connection", {"name": "n"}, era="2025-11-25", person=nobody)
    assert result.status == "cancelled"
    assert "Nobody answered" in result.text
    assert bed.writes == []


@pytest.mark.parametrize(
    "message",
    [
        {"jsonrpc": "2.0", "id": 1, "result": {"action": "accept"}},
        {"jsonrpc": "2.0", "id": 1, "error": {"code": -1, "message": "no"}},
        {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "result"}},
        {"jsonrpc": "2.0", "result": "of nobody"},
        ["result"],
        "result",
    ],
)
def test_every_other_message_passes_as_it_came(message: Any) -> None:
    raw = json.dumps(message, indent=1).encode()
    assert mended(raw) == raw


@pytest.mark.parametrize(
    "members", [{"result": "x"}, {"error": "x"}, {"error": {"code": "x"}}, {"result": {}, "jsonrpc": 2}]
)
def test_a_response_that_fits_nothing_becomes_an_error_of_the_same_request(members: dict[str, Any]) -> None:
    fixed = json.loads(mended(json.dumps({"jsonrpc": "2.0", "id": "q", **members}).encode()))
    assert fixed["id"] == "q"
    assert isinstance(fixed["error"]["code"], int)
