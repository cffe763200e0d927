"""The server over HTTP: the same answers on /mcp, and only for this machine's names."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from mcp import Client

from support.processes import free_port

pytestmark = pytest.mark.subprocess


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    port = free_port()
    folder: Path = tmp_path_factory.mktemp("http")
    command = [
        sys.executable,
        "-m",
        "aep_flow_mcp",
        "serve",
        "--emulator",
        "--transport",
        "http",
        "--port",
        str(port),
    ]
    process = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}/mcp"
    try:
        for _ in range(200):
            try:
                httpx.get(url, timeout=2)
                break
            except httpx.TransportError:
                assert process.poll() is None
                time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        process.wait(10)


async def test_answers(address: str) -> None:
    async with Client(address) as client:
        flows = await client.call_tool("list_flows", {"limit": 2})
        assert len((flows.structured_content or {})["items"]) == 2


def test_another_host_name_is_refused(address: str) -> None:
    answer = httpx.post(
        address, headers={"Host": "evil.example", "Content-Type": "application/json"}, json={}
    )
    assert answer.status_code in (400, 403, 421)
