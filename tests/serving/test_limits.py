"""How much one caller may ask for at once, and that it is no other caller's loss."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from starlette.responses import PlainTextResponse

from aep_flow_mcp.serving.asgi import CALLER
from aep_flow_mcp.serving.limits import IDLE, Limits
from guard.bed import Clock
from guard.bed import settings as emulator_settings
from serving.bed import initialize, served
from serving.issuer import Issuer, issuing

INITIALIZE = initialize()
ACCEPTS = {"Accept": "application/json, text/event-stream"}


LISTING = {"jsonrpc": "2.0", "id": 2, "method": "tools/list", "params": {}}


class Slow:
    """An application whose answers wait until they are let go."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.reached = 0
        self.ended: list[str] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.reached += 1
        if scope["method"] == "DELETE":
            self.ended.append(dict(scope["headers"])[b"mcp-session-id"].decode())
        await self.go.wait()
        headers = {"mcp-session-id": f"session {self.reached}"}
        await PlainTextResponse("ok", headers=headers)(scope, receive, send)


async def status(
    app: Any, caller: str | None, method: str = "POST", headers: dict[str, str] | None = None
) -> int:
    scope: dict[str, Any] = {
        "type": "http",
        "method": method,
        "path": "/mcp",
        "headers": [
            (name.encode(), value.encode())
            for name, value in (headers or {"mcp-protocol-version": "2026-07-28"}).items()
        ],
    }
    if caller is not None:
        scope[CALLER] = caller
    said: list[int] = []

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            said.append(message["status"])

    await app(scope, None, send)
    return said[0]


@asynccontextmanager
async def under_way(app: Any, slow: Slow, *requests: tuple[str | None, str]) -> AsyncIterator[list[Any]]:
    before = slow.reached
    tasks = [asyncio.create_task(status(app, caller, method)) for caller, method in requests]
    for _ in range(1_000):
        if slow.reached == before + len(requests):
            break
        await asyncio.sleep(0)
    yield tasks
    slow.go.set()
    assert await asyncio.gather(*tasks) == [200] * len(tasks)


async def test_calls_at_once_of_one_caller_and_in_all() -> None:
    slow = Slow()
    app = Limits(slow, emulator_settings(mcp_max_calls=5, mcp_max_calls_per_caller=3))
    async with under_way(app, slow, *[("ada", "POST")] * 3, ("bob", "POST")):
        assert await status(app, "ada") == 429
        async with under_way(app, slow, ("cleo", "POST")):
            assert await status(app, "bob") == 503
            assert await status(app, "ada") == 429
            slow.go.set()
    assert slow.reached == 5
    assert await status(app, "ada") == 200, "they have ended"


async def test_streams_take_no_calls_place() -> None:
    slow = Slow()
    limits = emulator_settings(mcp_max_calls_per_caller=2, mcp_max_sessions_per_caller=3)
    app = Limits(slow, limits)
    async with under_way(app, slow, *[("ada", "GET")] * 3):
        assert await status(app, "ada", "GET") == 429
        listening = {"mcp-protocol-version": "2026-07-28", "mcp-method": "subscriptions/listen"}
        assert await status(app, "ada", "POST", listening) == 429
        slow.go.set()
        assert await status(app, "ada", "POST") == 200
        assert await status(app, "bob", "GET") == 200


async def test_without_sign_in_all_are_one_caller_and_only_the_whole_counts() -> None:
    slow = Slow()
    app = Limits(slow, emulator_settings(mcp_max_calls=4, mcp_max_calls_per_caller=1))
    async with under_way(app, slow, *[(None, "POST")] * 4):
        assert await status(app, None) == 503


async def test_a_session_that_is_not_used_makes_room_for_another() -> None:
    slow, clock = Slow(), Clock()
    slow.go.set()
    app = Limits(slow, emulator_settings(mcp_max_sessions_per_caller=2), clock=clock)
    opening = {"content-type": "application/json", "host": "here"}
    for caller in ("ada", "ada", "bob"):
        assert await status(app, caller, headers=opening) == 200
        clock.now += 1
    assert await status(app, "ada", headers={"mcp-session-id": "session 1"}) == 200
    clock.now += 1
    before = slow.reached
    assert await status(app, "ada", headers=opening) == 200
    assert slow.ended == ["session 2"], (
        "the one of the two that was not used for longer, and none of another's"
    )
    assert slow.reached == before + 2
    clock.now += IDLE
    assert await status(app, "ada", headers=opening) == 200
    assert slow.ended == ["session 2"], "the others are over by themselves"


async def test_sessions_that_begin_at_the_same_time_are_counted() -> None:
    """What begins is a session only once it is answered."""
    slow = Slow()
    app = Limits(slow, emulator_settings(mcp_max_sessions_per_caller=2))
    opening = {"content-type": "application/json"}
    begun = [asyncio.create_task(status(app, "ada", headers=opening)) for _ in range(6)]
    for _ in range(100):
        await asyncio.sleep(0)
    slow.go.set()
    assert sorted(await asyncio.gather(*begun)) == [200, 200, 429, 429, 429, 429]


async def test_sessions_that_are_in_use_are_not_ended() -> None:
    slow = Slow()
    slow.go.set()
    app = Limits(slow, emulator_settings(mcp_max_sessions_per_caller=2))
    opening = {"content-type": "application/json"}
    assert [await status(app, "ada", headers=opening) for _ in range(2)] == [200, 200]
    slow.go.clear()
    streams = [
        asyncio.create_task(status(app, "ada", "GET", {"mcp-session-id": f"session {number}"}))
        for number in (1, 2)
    ]
    for _ in range(1_000):
        if slow.reached == 4:
            break
        await asyncio.sleep(0)
    assert await status(app, "ada", headers=opening) == 429
    slow.go.set()
    assert await asyncio.gather(*streams) == [200, 200]
    assert await status(app, "ada", headers=opening) == 200
    assert len(slow.ended) == 1


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    with issuing() as found:
        yield found


async def test_over_http_sessions_are_counted_per_person(issuer: Issuer) -> None:
    async with served(
        mcp_auth="oidc",
        mcp_auth_issuer=issuer.url,
        mcp_auth_audience=("aep-flows",),
        mcp_max_sessions_per_caller=2,
    ) as door:

        def bearer(subject: str) -> dict[str, str]:
            return {**ACCEPTS, "Authorization": f"Bearer {issuer.token(subject)}"}

        async def begin(subject: str) -> dict[str, str]:
            begun = await door.ask("POST", json=INITIALIZE, headers=bearer(subject))
            assert begun.status_code == 200
            return {
                "Mcp-Session-Id": begun.headers["mcp-session-id"],
                "MCP-Protocol-Version": "2025-11-25",
            }

        async def listed(subject: str, session: dict[str, str]) -> int:
            return (await door.ask("POST", json=LISTING, headers={**bearer(subject), **session})).status_code

        bobs, first, second = await begin("bob"), await begin("ada"), await begin("ada")
        foreign = {**bearer("bob"), **first}
        assert (await door.ask("DELETE", headers=foreign)).status_code == 404
        assert await listed("ada", first) == 200, "nobody ends another's session"
        third = await begin("ada")
        assert [await listed("ada", one) for one in (first, second, third)] == [200, 404, 200]
        assert await listed("bob", bobs) == 200
        assert (await door.ask("DELETE", headers={**bearer("ada"), **third})).status_code == 200
        await begin("ada")
        assert await listed("ada", first) == 200, "there was room"


async def test_abandoned_sessions_keep_nobody_out() -> None:
    async with served(mcp_max_sessions=3) as door:
        begun = [await door.ask("POST", json=INITIALIZE, headers=ACCEPTS) for _ in range(10)]
        assert [answer.status_code for answer in begun] == [200] * 10
        assert len({answer.headers["mcp-session-id"] for answer in begun}) == 10
        used = []
        for answer in begun:
            session = {
                "Mcp-Session-Id": answer.headers["mcp-session-id"],
                "MCP-Protocol-Version": "2025-11-25",
            }
            listed = await door.ask("POST", json=LISTING, headers={**ACCEPTS, **session})
            used.append(listed.status_code)
        assert used == [404] * 7 + [200] * 3


@pytest.mark.parametrize("signs_in", [True, False])
async def test_a_large_body_is_refused_before_it_is_read(issuer: Issuer, signs_in: bool) -> None:
    given: dict[str, Any] = {
        "mcp_auth": "oidc",
        "mcp_auth_issuer": issuer.url,
        "mcp_auth_audience": ("aep-flows",),
    }
    async with served(mcp_max_body=20_000, **(given if signs_in else {})) as door:
        token = issuer.token() if signs_in else None
        small = await door.call("list_flows", {"limit": 1}, token=token)
        assert small.status_code == 200
        before = door.requests
        large = await door.call("list_flows", {"cursor": "x" * 20_000}, token=token)
        assert large.status_code == 413

        async def pieces() -> AsyncIterator[bytes]:
            for _ in range(30):
                yield b" " * 1_000

        bearer = {"Authorization": f"Bearer {token}"} if token else {}
        streamed = await door.ask(
            "POST", content=pieces(), headers={**ACCEPTS, **bearer, "Content-Type": "application/json"}
        )
        assert streamed.status_code == 413
        assert door.requests == before


@pytest.mark.parametrize(
    "headers",
    [
        {"mcp-protocol-version": "2025-11-25", "mcp-session-id": "s"},
        {"mcp-protocol-version": "2026-07-28", "mcp-session-id": "s"},
        {"mcp-session-id": "s"},
        {"mcp-protocol-version": "2025-06-18"},
    ],
)
async def test_a_call_is_no_stream_because_its_header_says_so(headers: dict[str, str]) -> None:
    """Where the header means nothing nobody holds it against the body."""
    slow = Slow()
    app = Limits(slow, emulator_settings(mcp_max_calls_per_caller=2, mcp_max_sessions_per_caller=50))
    async with under_way(app, slow, *[("ada", "POST")] * 2):
        assert await status(app, "ada", "POST", {**headers, "mcp-method": "subscriptions/listen"}) == 429
    assert slow.reached == 2
