"""A server whose callers sign in, on a port of this machine, with the emulator behind it in the same process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import httpx2
import uvicorn
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from aep_flow_mcp.emulator import Emulator, EmulatorOptions
from aep_flow_mcp.emulator.asgi import EmulatorTransport
from aep_flow_mcp.server import FlowServer, build_server
from aep_flow_mcp.serving.http_app import http_app
from aep_flow_mcp.serving.listening import http_security
from aep_flow_mcp.serving.signing_in.parts import SignIn
from aep_flow_mcp.settings import Settings
from guard.bed import ERAS, Asked
from guard.bed import settings as emulator_settings
from serving.issuer import Issuer
from support.processes import free_port

CAPABILITIES = "io.modelcontextprotocol/clientCapabilities"
MODERN = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientInfo": {"name": "raw", "version": "1"},
}


def initialize(**capabilities: Any) -> dict[str, Any]:
    """The message with which a session of 2025-11-25 begins."""
    client = {"name": "raw", "version": "1"}
    params = {"protocolVersion": "2025-11-25", "capabilities": capabilities, "clientInfo": client}
    return {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params}


@dataclass
class Served:
    """A running server. url: of its endpoint."""

    url: str
    server: FlowServer
    emulator: Emulator
    sign_in: SignIn | None
    http: httpx.AsyncClient | None = None
    """What requests by hand go through; each through one of its own otherwise."""

    @property
    def requests(self) -> int:
        """How many requests have reached the emulator."""
        return len(list(self.emulator.journal))

    @asynccontextmanager
    async def client(
        self,
        token: str | None = None,
        *,
        era: str = "2026-07-28",
        person: Asked | None = None,
        **headers: str,
    ) -> AsyncIterator[Client]:
        """The SDK's client, with a token."""
        given = {**headers, **({"Authorization": f"Bearer {token}"} if token else {})}
        async with (
            httpx2.AsyncClient(headers=given, timeout=60) as http,
            Client(
                streamable_http_client(self.url, http_client=http),
                mode=ERAS[era],
                elicitation_callback=person,
            ) as client,
        ):
            yield client

    async def post(
        self,
        method: str,
        params: dict[str, Any] | None = None,
        *,
        token: str | None = None,
        elicits: bool | dict[str, Any] = False,
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        """One request of 2026-07-28 by hand. elicits: that the client can ask its person, or in which modes."""
        modes = elicits if isinstance(elicits, dict) else {}
        capabilities = {} if elicits is False else {"elicitation": modes}
        message = {
            "jsonrpc": "2.0",
            "id": 1,
            "method": method,
            "params": {
                **(params or {}),
                "_meta": {**MODERN, CAPABILITIES: capabilities},
            },
        }
        said = {
            "Accept": "application/json, text/event-stream",
            "MCP-Protocol-Version": "2026-07-28",
            "Mcp-Method": method,
            **(
                {"Mcp-Name": named}
                if (named := (params or {}).get("name", (params or {}).get("uri")))
                else {}
            ),
            **({"Authorization": f"Bearer {token}"} if token is not None else {}),
            **(headers or {}),
        }
        if self.http is not None:
            return await self.http.post(self.url, json=message, headers=said)
        async with httpx.AsyncClient(timeout=60) as http:
            return await http.post(self.url, json=message, headers=said)

    async def ask(self, method: str, path: str = "/mcp", **given: Any) -> httpx.Response:
        """A plain HTTP request."""
        async with httpx.AsyncClient(timeout=60) as http:
            return await http.request(method, self.url.removesuffix("/mcp") + path, **given)

    async def call(
        self,
        tool: str,
        arguments: dict[str, Any],
        *,
        token: str | None = None,
        elicits: bool = False,
        **more: Any,
    ) -> httpx.Response:
        """One call of a tool by hand. elicits: the client can ask its person. more: parameters beside the call."""
        params = {"name": tool, "arguments": arguments, **more}
        return await self.post("tools/call", params, token=token, elicits=elicits)


@asynccontextmanager
async def served(
    settings: Settings | None = None, *, without_door: bool = False, **given: Any
) -> AsyncIterator[Served]:
    """Run a server in this process. given: settings, where no `Settings` are.

    without_door: as if whoever put it together had forgotten that callers sign in.
    """
    from aep_flow_mcp.serving import listening

    port = free_port()
    found = settings or emulator_settings(**given)
    emulator = Emulator(EmulatorOptions())
    sign_in = None if without_door else listening.sign_in(found, "127.0.0.1", port)
    callers: Any = sign_in.for_server if sign_in else {}
    server = build_server(found, transport=lambda: EmulatorTransport(emulator), emulated=True, **callers)
    app: Any = http_app(
        server,
        sign_in,
        host="127.0.0.1",
        streamable_http_path="/mcp",
        transport_security=http_security(found, "127.0.0.1", port),
    )
    config = uvicorn.Config(
        app, host="127.0.0.1", port=port, log_level="warning", timeout_graceful_shutdown=1
    )
    listens = _Quiet(config)
    task = asyncio.create_task(listens.serve())
    while not listens.started:
        assert not task.done(), "the server ended"
        await asyncio.sleep(0.01)
    try:
        yield Served(f"http://127.0.0.1:{port}/mcp", server, emulator, sign_in)
    finally:
        listens.should_exit = True
        await task


class _Quiet(uvicorn.Server):
    """Leaves the signals to pytest."""

    @contextmanager
    def capture_signals(self) -> Any:
        yield


@asynccontextmanager
async def opened(issuer: Issuer, **settings: Any) -> AsyncIterator[Served]:
    async with served(
        mcp_auth="oidc", mcp_auth_issuer=issuer.url, mcp_auth_audience=("aep-flows",), **settings
    ) as found:
        yield found


def flow_of(door: Served) -> str:
    rows = door.emulator.store.all("dev", "flows")
    return next(str(row["id"]) for row in rows if row["state"] == "enabled")


def there(door: Served, flow: str) -> bool:
    return any(row["id"] == flow for row in door.emulator.store.all("dev", "flows"))


async def put(door: Served, token: str, flow: str) -> dict[str, Any]:
    """Call delete_flow on 2026-07-28 with a client that can ask; the question."""
    found = await door.call("delete_flow", {"flow_id": flow}, token=token, elicits=True)
    result: dict[str, Any] = found.json()["result"]
    assert result["resultType"] == "input_required", result
    return result


async def answer(door: Served, token: str, flow: str, asked: dict[str, Any]) -> dict[str, Any]:
    """Yes to everything asked; the result, or the error."""
    yes = {"action": "accept", "content": {"approve": True}}
    found = await door.call(
        "delete_flow",
        {"flow_id": flow},
        token=token,
        elicits=True,
        requestState=asked["requestState"],
        inputResponses=dict.fromkeys(asked["inputRequests"], yes),
    )
    said: dict[str, Any] = found.json()
    return said.get("result") or said
