"""What probes are told, and what they cost Adobe."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import anyio
import httpx
import pytest

from aep_flow_mcp.emulator import Emulator, EmulatorOptions, FaultRule
from aep_flow_mcp.emulator.asgi import EmulatorTransport
from aep_flow_mcp.server import FlowServer, build_server
from aep_flow_mcp.serving.health import AGAIN, Health, Readiness
from guard.bed import Clock
from guard.bed import settings as emulator_settings
from serving.bed import opened, served
from serving.issuer import Issuer, issuing


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with issuing() as found:
        yield found


class Probed:
    """A server behind nothing but its health."""

    def __init__(self, *, more: dict[str, Any] | None = None, **settings: Any) -> None:
        self.emulator = Emulator(EmulatorOptions())
        self.server: FlowServer = build_server(
            emulator_settings(**settings), transport=lambda: EmulatorTransport(self.emulator), emulated=True
        )
        self.clock = Clock()
        self.passed: list[str] = []

        async def rest(scope: Any, receive: Any, send: Any) -> None:
            self.passed.append(scope["path"])
            await send({"type": "http.response.start", "status": 418, "headers": []})
            await send({"type": "http.response.body", "body": b""})

        self._app: Any = Health(rest, Readiness(self.server.app, more, clock=self.clock))

    async def ask(self, path: str, method: str = "GET") -> httpx.Response:
        transport = httpx.ASGITransport(self._app)
        async with httpx.AsyncClient(transport=transport, base_url="http://10.1.2.3:8000") as http:
            return await http.request(method, path)

    @property
    def token_requests(self) -> int:
        return sum("/ims/" in each.path for each in self.emulator.journal)


async def test_a_server_that_can_serve_says_so_and_asks_for_one_token() -> None:
    probed = Probed()
    for _ in range(50):
        answer = await probed.ask("/readyz")
        assert answer.status_code == 200
        assert answer.json() == {"status": "ready", "checks": {"running": "ok", "token": "ok"}}
        assert answer.headers["cache-control"] == "no-store"
    assert [each.path for each in probed.emulator.journal] == ["/ims/token/v3"]
    assert (await probed.ask("/healthz")).json() == {"status": "alive"}
    assert (await probed.ask("/readyz", "HEAD")).status_code == 200
    assert (await probed.ask("/readyz", "POST")).status_code == 405
    assert (await probed.ask("/readyz/x")).status_code == 418
    assert probed.passed == ["/readyz/x"]


async def test_probes_that_come_at_once_ask_for_one_token() -> None:
    probed = Probed()
    async with anyio.create_task_group() as group:
        for _ in range(20):
            group.start_soon(probed.ask, "/readyz")
    assert probed.token_requests == 1


async def test_without_a_token_it_is_not_ready_and_ims_is_asked_now_and_then() -> None:
    probed = Probed()
    probed.emulator.faults.add(FaultRule("/ims/token", "status", status=503))
    for _ in range(20):
        answer = await probed.ask("/readyz")
        assert (answer.status_code, answer.json()["checks"]["token"]) == (503, "no")
    asked = probed.token_requests
    assert asked <= 1
    assert (await probed.ask("/healthz")).status_code == 200
    probed.emulator.faults.clear()
    assert (await probed.ask("/readyz")).status_code == 503, "asked again before its time"
    probed.clock.now += AGAIN
    assert (await probed.ask("/readyz")).status_code == 200


async def test_without_credentials_it_lives_and_is_not_ready() -> None:
    probed = Probed(client_secret=None)
    answer = await probed.ask("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {"status": "not ready", "checks": {"running": "ok", "token": "no"}}
    assert (await probed.ask("/healthz")).status_code == 200
    assert not list(probed.emulator.journal)


async def test_a_server_that_is_about_to_stop_is_not_ready() -> None:
    probed = Probed()
    assert (await probed.ask("/readyz")).status_code == 200
    await probed.server.app.settle()
    answer = await probed.ask("/readyz")
    assert (answer.status_code, answer.json()["checks"]) == (503, {"running": "no"})
    assert (await probed.ask("/healthz")).status_code == 200


async def test_whether_what_replicas_share_is_reachable_is_told_and_decides_nothing() -> None:
    reachable = [True]

    async def store() -> bool:
        if not reachable[0]:
            raise ConnectionError("redis://user:secret@store is down")
        return True

    probed = Probed(more={"store": store})
    assert (await probed.ask("/readyz")).json()["checks"]["store"] == "ok"
    reachable[0] = False
    answer = await probed.ask("/readyz")
    assert (answer.status_code, answer.json()["checks"]["store"]) == (200, "no")
    assert "secret" not in answer.text


async def test_probes_need_no_sign_in_and_name_any_host(issuer: Issuer) -> None:
    async with opened(issuer) as door:
        for path in ("/healthz", "/readyz"):
            answer = await door.ask("GET", path, headers={"Host": "10.244.3.7:8000"})
            assert answer.status_code == 200, path
        assert (await door.ask("GET", "/metrics")).status_code == 401
        assert (await door.ask("POST", "/mcp")).status_code == 401


async def test_a_full_server_still_answers_probes() -> None:
    async with served(mcp_max_calls=1) as door:
        assert (await door.ask("GET", "/readyz")).status_code == 200
