"""The transport over real sockets, against servers that behave badly on purpose."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import anyio
import anyio.lowlevel
import pytest
from anyio.abc import SocketAttribute, SocketStream
from pydantic import SecretStr

from aep_flow_mcp.platform.config import Credentials, PlatformConfig, Timeouts
from aep_flow_mcp.platform.errors import AnswerLost, ErrorKind, NotSent, PlatformError
from aep_flow_mcp.platform.transport import PlatformClient

PATH = "/data/foundation/flowservice/flows"
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n"
GOOD = b'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{"ok": 1}'


async def nap(_: float) -> None:
    await anyio.lowlevel.checkpoint()


class BadServer:
    """Answers each connection's first request with the next script: bytes to send before it closes."""

    def __init__(self, scripts: list[bytes | None]) -> None:
        self.scripts = scripts
        self.requests: list[bytes] = []

    async def __call__(self, stream: SocketStream) -> None:
        async with stream:
            self.requests.append(await stream.receive())
            script = self.scripts.pop(0) if len(self.scripts) > 1 else self.scripts[0]
            if script is None:
                await anyio.sleep(5)
            elif script:
                await stream.send(script)


@asynccontextmanager
async def serving(server: BadServer, **changes: object) -> AsyncIterator[PlatformClient]:
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    port = listener.extra(SocketAttribute.local_port)
    async with listener, anyio.create_task_group() as group:
        group.start_soon(listener.serve, server)
        async with client_for(port) as client:
            yield client
        group.cancel_scope.cancel()


def client_for(port: int) -> PlatformClient:
    config = PlatformConfig(
        platform_url=f"http://127.0.0.1:{port}",
        credentials=Credentials(client_id="me", org_id="o", access_token=SecretStr("t")),
        sandbox="dev",
        timeouts=Timeouts(connect=1, read=0.05, total=2),
        max_tries=3,
    )
    return PlatformClient(config, sleep=nap)


SCRIPTS: list[bytes | None] = [b"", HEAD + b'{"items": [', b"garbage\r\n\r\n", None]
IDS = ["closed", "cut", "no http", "silent"]


@pytest.mark.parametrize("script", SCRIPTS, ids=IDS)
async def test_reads_survive(script: bytes | None) -> None:
    server = BadServer([script, GOOD])
    async with serving(server) as client:
        assert (await client.request_json("GET", PATH)).data == {"ok": 1}
    assert len(server.requests) == 2


@pytest.mark.parametrize("script", SCRIPTS, ids=IDS)
async def test_reads_end_in_an_error(script: bytes | None) -> None:
    server = BadServer([script])
    async with serving(server) as client:
        with pytest.raises(PlatformError) as caught:
            await client.request_json("GET", PATH)
    assert caught.value.kind is ErrorKind.UNAVAILABLE
    assert len(server.requests) == 3


@pytest.mark.parametrize("script", SCRIPTS, ids=IDS)
async def test_writes_are_lost_once(script: bytes | None) -> None:
    server = BadServer([script, GOOD])
    async with serving(server) as client:
        with pytest.raises(AnswerLost):
            await client.request_json("POST", PATH, json={"name": "x"})
    assert len(server.requests) == 1
    assert server.requests[0].startswith(b"POST /data/foundation/flowservice/flows HTTP/1.1")


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_nobody_listens(unused_tcp_port_factory: Callable[[], int], method: str) -> None:
    async with client_for(unused_tcp_port_factory()) as client:
        with pytest.raises(NotSent, match="cannot be reached"):
            await client.request_json(method, PATH)


def whole(body: bytes, *, length: int | None = None, more: bytes = b"") -> bytes:
    head = f"HTTP/1.1 200 OK\r\ncontent-length: {len(body) if length is None else length}\r\n".encode()
    return head + more + b"\r\n" + body


async def test_of_a_file_that_never_ends_the_start_is_enough() -> None:
    """More than the limit is announced, and nothing more comes after the first bytes."""
    server = BadServer([whole(b'{"a": 1}\n' * 1_000, length=90_000_000), GOOD])
    async with serving(server) as client:
        answer = await client.read_start(PATH, most=5_000)
        assert (len(answer.data.content), answer.data.content[:8], answer.data.whole) == (
            5_000,
            b'{"a": 1}',
            False,
        )
        assert (await client.request_json("GET", PATH)).data == {"ok": 1}, "the connection was let go"


async def test_the_start_of_a_packed_file_is_unpacked() -> None:
    body = gzip.compress(b"line\n" * 200_000)
    server = BadServer([whole(body, more=b"content-encoding: gzip\r\n")])
    async with serving(server) as client:
        answer = await client.read_start(PATH, most=100_000)
    assert answer.data.content == b"line\n" * 20_000


async def test_a_file_that_breaks_off_before_enough_was_read_is_asked_for_again() -> None:
    server = BadServer([whole(b"x" * 10, length=5_000), whole(b"y" * 10)])
    async with serving(server) as client:
        assert (await client.read_start(PATH, most=100)).data.content == b"y" * 10
    assert len(server.requests) == 2
