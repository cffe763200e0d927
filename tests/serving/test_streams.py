"""A stream that waits for what happens is over when the token that opened it is."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import anyio
import httpx
import pytest

from aep_flow_mcp.serving.signing_in import tokens
from serving.bed import MODERN, served
from serving.issuer import Issuer, issuing
from serving.test_limits import ACCEPTS, INITIALIZE


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with issuing() as found:
        yield found


@pytest.mark.parametrize("era", ["2026-07-28", "2025-11-25"])
async def test_a_stream_ends_with_its_token(
    issuer: Issuer, era: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokens, "LEEWAY", 0)
    async with (
        served(mcp_auth="oidc", mcp_auth_issuer=issuer.url, mcp_auth_audience=("aep-flows",)) as door,
        httpx.AsyncClient(timeout=30) as http,
    ):
        lasting = {**ACCEPTS, "Authorization": f"Bearer {issuer.token()}"}
        if era == "2025-11-25":
            begun = await http.post(door.url, json=INITIALIZE, headers=lasting)
            session = {
                "Mcp-Session-Id": begun.headers["mcp-session-id"],
                "MCP-Protocol-Version": "2025-11-25",
            }
            opening: dict[str, Any] = {"method": "GET", "headers": session}
        else:
            params: dict[str, Any] = {"_meta": {**MODERN, "io.modelcontextprotocol/clientCapabilities": {}}}
            params["notifications"] = {"resourcesListChanged": True}
            message = {"jsonrpc": "2.0", "id": 1, "method": "subscriptions/listen", "params": params}
            said = {"MCP-Protocol-Version": "2026-07-28", "Mcp-Method": "subscriptions/listen"}
            opening = {"method": "POST", "json": message, "headers": said}
        with anyio.fail_after(25):
            short, stream = await _opened(http, door.url, issuer, opening)
            assert stream.status_code == 200
            assert stream.headers["content-type"].startswith("text/event-stream")
            async for _ in stream.aiter_bytes():
                pass  # until it ends, and ends well
        assert (await http.get(door.url, headers=short)).status_code == 401
        assert (await http.get(f"{door.url}x", headers=lasting)).status_code == 404


async def _opened(
    http: httpx.AsyncClient, url: str, issuer: Issuer, opening: dict[str, Any]
) -> tuple[dict[str, str], httpx.Response]:
    """A stream, and the headers with the token that opened it: a busy machine may look at one when it is over."""
    for seconds in (2, 4, 8):
        short = {**ACCEPTS, "Authorization": f"Bearer {issuer.token(exp=int(time.time()) + seconds)}"}
        request = http.build_request(url=url, **{**opening, "headers": {**short, **opening["headers"]}})
        stream = await http.send(request, stream=True)
        if stream.status_code != httpx.codes.UNAUTHORIZED:
            break
        await stream.aclose()
    return short, stream
