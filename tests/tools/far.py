"""The bed of tests that reach server and emulator as processes of their own, over real sockets.

What such a test asserts on is the organisation of a twin: same seed, same standing clock, in this process.
"""

from __future__ import annotations

import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import httpx
import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from aep_flow_mcp.emulator import Emulator, EmulatorOptions, Exchange
from aep_flow_mcp.emulator.state.store import Store
from tools.bed import NOW, Bed, in_its_own_task

OVER_SOCKETS = "FLOW_TEST_SERVER_AND_EMULATOR"
"""An environment variable with two URLs: the server's endpoint and the emulator."""


class FarServer:
    """A server and an emulator that run elsewhere."""

    def __init__(self, url: str, emulator_url: str) -> None:
        self.url = url
        # Reading the certificates again for each of hundreds of clients takes longer than the tests.
        self._certificates = ssl.create_default_context()
        self._emulator = httpx.Client(base_url=f"{emulator_url}/_emulator", verify=self._certificates)
        self.twin = Emulator(EmulatorOptions(clock=lambda: NOW))

    def start_afresh(self, *, plain: bool) -> None:
        """Empty the journal; skips a test that wants a server which is set up in another way."""
        if not plain:
            pytest.skip("needs a server with settings of its own")
        self._emulator.delete("/journal").raise_for_status()

    @asynccontextmanager
    async def connected(self, mode: str) -> AsyncIterator[Client]:
        """A client that speaks a protocol era with the server."""
        async with httpx2.AsyncClient(verify=self._certificates, timeout=30) as wire:
            transport = streamable_http_client(self.url, http_client=wire)
            async with in_its_own_task(Client(transport, mode=mode)) as client:
                yield client

    def journal(self) -> list[dict[str, Any]]:
        """What the emulator was asked since."""
        answer = self._emulator.get("/journal").raise_for_status()
        found: list[dict[str, Any]] = answer.json()["exchanges"]
        return found


class FarBed(Bed):
    """Says the same as a `Bed`; a test that reaches into the emulator is skipped."""

    server: FarServer

    def __init__(self, client: Client, server: FarServer) -> None:
        object.__setattr__(self, "client", client)  # a Bed is frozen
        object.__setattr__(self, "server", server)

    @property
    def emulator(self) -> Emulator:
        pytest.skip("reaches into the emulator, which is another process here")

    @property
    def store(self) -> Store:
        return self.server.twin.store

    def sent(self, ending: str = "") -> list[Exchange]:
        return [_exchange(one) for one in self.server.journal() if one["path"].endswith(ending)]


def _exchange(said: dict[str, Any]) -> Exchange:
    payload = b"" if said["response"] is None else json.dumps(said["response"]).encode()
    return Exchange(
        method=said["method"],
        path=said["path"],
        query=[(name, value) for name, value in said["query"]],
        headers=said["headers"],
        body=said["body"],
        status=said["status"],
        payload=payload,
        at=datetime.fromisoformat(said["at"]),
    )
