"""The server over HTTP: the same answers on /mcp, and only for this machine's names."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from mcp import Client

from support.processes import http_server_process

pytestmark = pytest.mark.subprocess


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with http_server_process("--emulator", cwd=tmp_path_factory.mktemp("http")) as url:
        yield url


async def test_answers(address: str) -> None:
    async with Client(address) as client:
        flows = await client.call_tool("list_flows", {"limit": 2})
        assert len((flows.structured_content or {})["items"]) == 2


def test_another_host_name_is_refused(address: str) -> None:
    answer = httpx.post(
        address, headers={"Host": "evil.example", "Content-Type": "application/json"}, json={}
    )
    assert answer.status_code in (400, 403, 421)
