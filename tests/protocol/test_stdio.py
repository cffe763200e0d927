"""The server as a user starts it: a subprocess on stdio, against the emulator inside it or beside it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import pytest
from mcp import Client, StdioServerParameters

from support.processes import emulator_process, server_environment

pytestmark = pytest.mark.subprocess


def serve(*options: str, cwd: Path, **environment: str) -> StdioServerParameters:
    return StdioServerParameters(
        command=sys.executable, args=["-m", "aep_flow_mcp", "serve", *options], env=environment, cwd=cwd
    )


async def test_lists_and_answers_with_the_emulator_inside(tmp_path: Path) -> None:
    async with Client(serve("--emulator", cwd=tmp_path)) as client:
        assert client.instructions
        assert len(client.instructions) / 4.4 < 300
        names = {tool.name for tool in (await client.list_tools()).tools}
        assert {"describe_flow", "list_flows", "get_server_info"} <= names
        answer = await client.call_tool("list_flows", {"limit": 3})
        assert len((answer.structured_content or {})["items"]) == 3


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_answers_over_real_sockets(tmp_path: Path, mode: Any) -> None:
    with emulator_process() as url:
        async with Client(serve(cwd=tmp_path, **server_environment(url)), mode=mode) as client:
            seen: list[str] = []
            cursor = None
            while True:
                answer = await client.call_tool(
                    "list_flows", {"limit": 15, **({"cursor": cursor} if cursor else {})}
                )
                content = answer.structured_content or {}
                seen += [flow["id"] for flow in content["items"]]
                cursor = content.get("next_cursor")
                if cursor is None:
                    break
            assert len(seen) == len(set(seen)) > 30
            described = await client.call_tool("describe_flow", {"flow_id": seen[0]})
            assert not described.is_error
            missing = await client.call_tool("get_flow", {"flow_id": "no-such-flow"})
            assert missing.is_error
            assert "not found" in str(missing.content)


@pytest.mark.parametrize(
    ("environment", "says"),
    [
        ({"AEP_SANDBOX": "dev"}, "AEP_CLIENT_ID"),
        ({"AEP_SANDBOX": "dev", "AEP_CONFIG_FILE": "/nowhere/credentials.json"}, "/nowhere/credentials.json"),
    ],
)
async def test_lists_without_credentials_and_says_what_is_missing(
    tmp_path: Path, environment: dict[str, str], says: str
) -> None:
    async with Client(serve(cwd=tmp_path, **environment)) as client:
        assert (await client.list_tools()).tools
        answer = await client.call_tool("list_flows", {})
        assert answer.is_error
        assert says in str(answer.content)
        info = await client.call_tool("get_server_info", {})
        assert not info.is_error


async def test_wrong_credentials_are_said_by_each_call(tmp_path: Path) -> None:
    with emulator_process() as url:
        environment = server_environment(url, AEP_CLIENT_SECRET="wrong-secret-value")
        async with Client(serve(cwd=tmp_path, **environment)) as client:
            assert (await client.list_tools()).tools
            for _ in range(2):
                answer = await client.call_tool("list_flows", {})
                assert answer.is_error
                assert "invalid_client" in str(answer.content)
                assert "wrong-secret-value" not in str(answer.content)


@pytest.mark.parametrize(
    ("variable", "value"),
    [("AEP_MCP_APPROVAL", "sometimes"), ("AEP_MCP_TOOLSETS", "corr"), ("AEP_PLATFORM_URL", "x")],
)
def test_a_wrong_setting_stops_the_start_with_one_sentence(tmp_path: Path, variable: str, value: str) -> None:
    import os

    outcome = subprocess.run(
        [sys.executable, "-m", "aep_flow_mcp", "serve"],
        env={**os.environ, variable: value},
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert outcome.returncode == 2
    assert outcome.stdout == ""
    assert variable in outcome.stderr
    assert len(outcome.stderr.strip().splitlines()) == 1


def test_half_a_character_gets_an_answer(tmp_path: Path) -> None:
    """The parser refuses such a line, and a message without an answer is waited for until the client gives up."""
    hello = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}
    lines = [
        json.dumps({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello}),
        json.dumps({"jsonrpc": "2.0", "method": "notifications/initialized", "params": {}}),
        _call(2, "find_flows", {"query": "orders \ud83d"}),
        _call(3, "find_flows", {"query": "\N{GRINNING FACE}"}),
    ]
    with subprocess.Popen(
        [sys.executable, "-m", "aep_flow_mcp", "serve", "--emulator"],
        cwd=tmp_path,
        env={},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    ) as process:
        assert process.stdin
        assert process.stdout
        process.stdin.write("\n".join(lines) + "\n")
        process.stdin.flush()
        answers = {answer["id"]: answer["result"] for answer in map(json.loads, _lines(process.stdout, 3))}
        process.stdin.close()
        assert process.wait(30) == 0
    assert "query holds half of a character" in answers[2]["content"][0]["text"]
    assert not answers[3]["isError"]


def _call(request_id: int, tool: str, arguments: dict[str, Any]) -> str:
    params = {"name": tool, "arguments": arguments}
    return json.dumps({"jsonrpc": "2.0", "id": request_id, "method": "tools/call", "params": params})


def _lines(stream: IO[str], number: int) -> Iterator[str]:
    return (stream.readline() for _ in range(number))
