"""Replicas of a server at which people sign in and another person approves, and what stands before them; no sockets."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from aep_flow_mcp.emulator import Emulator
from aep_flow_mcp.emulator.asgi import EmulatorTransport
from aep_flow_mcp.replicas import shared
from aep_flow_mcp.server import build_server
from aep_flow_mcp.serving import listening
from aep_flow_mcp.serving.http_app import http_app
from attack.one_store import OneStore
from guard.bed import settings
from serving.issuer import Issuer

PUBLIC = "http://127.0.0.1:8000"


@asynccontextmanager
async def replica(emulator: Emulator, store: OneStore, issuer: Issuer) -> AsyncIterator[httpx.ASGITransport]:
    """One server, without sockets."""
    found = settings(
        mcp_auth="oidc",
        mcp_auth_issuer=issuer.url,
        mcp_auth_audience=("aep-flows",),
        mcp_auth_client_id="approval-page",
        mcp_approvers="others",
        mcp_public_url=PUBLIC,
        **store.settings,
    )
    sign_in = listening.sign_in(found, "127.0.0.1", 8000)
    assert sign_in is not None
    server = build_server(
        found,
        transport=lambda: EmulatorTransport(emulator),
        emulated=True,
        shared=shared(found),
        **sign_in.for_server,
    )
    store.join(server)
    security = listening.http_security(found, "127.0.0.1", 8000)
    app: Any = http_app(
        server, sign_in, host="127.0.0.1", streamable_http_path="/mcp", transport_security=security
    )
    async with server.session_manager.run():
        yield httpx.ASGITransport(app)


class AnyReplica(httpx.AsyncBaseTransport):
    """The load balancer: each request to the public address goes to one of the replicas."""

    def __init__(self, replicas: list[httpx.ASGITransport], rng: random.Random) -> None:
        self._replicas = replicas
        self._rng = rng

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await self._rng.choice(self._replicas).handle_async_request(request)
