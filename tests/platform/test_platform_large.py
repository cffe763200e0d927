"""Large answers take turns, so that several calls at once do not hold them all."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import json
from collections.abc import AsyncIterator
from typing import Any

import anyio
import anyio.abc
import httpx
import pytest
from pydantic import SecretStr

from aep_flow_mcp.platform.cache import TtlCache
from aep_flow_mcp.platform.config import Credentials, PlatformConfig
from aep_flow_mcp.platform.errors import PlatformError
from aep_flow_mcp.platform.reader import FlowReader
from aep_flow_mcp.platform.transport import PlatformClient
from aep_flow_mcp.platform.wire import large
from aep_flow_mcp.platform.wire.bodies import MOST_OF_ONE, weight
from aep_flow_mcp.platform.wire.large import LARGE, MOST_HELD, holding
from aep_flow_mcp.platform.wire.outcome import CrowdedOut
from support.instant import in_no_time
from support.platform_wire import Wire

PATH = "/data/foundation/flowservice/flows"
LARGE_ONE = json.dumps({"items": [{"id": "x", "texts": ["y" * 400_000] * 4}]}).encode()
SMALL_ONE = b'{"items": [{"id": "x"}]}'


class Slowly(httpx.AsyncByteStream):
    """A body in pieces with time between them; `arriving` has those that are past what a small one has."""

    def __init__(self, body: bytes, arriving: list[int], most: list[int]) -> None:
        self._body, self._arriving, self._most = body, arriving, most

    async def __aiter__(self) -> AsyncIterator[bytes]:
        step = 200_000
        for at in range(0, len(self._body), step):
            await anyio.sleep(0.1)
            if at > LARGE + step:
                self._arriving[0] += at - step <= LARGE + step
                self._most[0] = max(self._most[0], self._arriving[0])
            yield self._body[at : at + step]
        self._arriving[0] -= len(self._body) > LARGE + 2 * step


class Service:
    """Answers with a large body where the query says so."""

    def __init__(self) -> None:
        self.wire = Wire()
        self.most = [0]
        self._arriving = [0]
        self.wire.handler = self._answer

    def _answer(self, request: httpx.Request) -> Any:
        body = LARGE_ONE if "large" in str(request.url) else SMALL_ONE
        return httpx.Response(200, stream=Slowly(body, self._arriving, self.most))

    async def read(self, client: PlatformClient, size: str = "large") -> None:
        await client.request_json("GET", PATH, params=[("size", size)])


def test_another_call_waits_until_the_first_has_answered_and_small_answers_do_not() -> None:
    told: list[str] = []

    async def main() -> None:
        service = Service()
        async with service.wire.client() as client:

            async def call(name: str, size: str, *, then: float) -> None:
                with holding():
                    await service.read(client, size)
                    told.append(f"{name} has read")
                    await anyio.sleep(then)
                    told.append(f"{name} ends")

            async with anyio.create_task_group() as group:
                group.start_soon(lambda: call("first", "large", then=5))
                await anyio.sleep(0.05)
                group.start_soon(lambda: call("second", "large", then=1))
                group.start_soon(lambda: call("small", "small", then=0))

    in_no_time(main)
    assert told == [
        "small has read", "small ends", "first has read", "first ends", "second has read", "second ends"
    ]  # fmt: skip


def test_of_one_call_they_arrive_one_at_a_time() -> None:
    service = Service()

    async def main() -> None:
        async with service.wire.client() as client:
            with holding():
                async with anyio.create_task_group() as group:
                    for _ in range(5):
                        group.start_soon(service.read, client, "large")

    in_no_time(main)
    assert service.most == [1]


def test_nobody_waits_for_ever() -> None:
    async def main() -> None:
        service = Service()
        async with service.wire.client() as client:
            with holding():
                await service.read(client, "large")

                async def other() -> None:
                    with holding(), pytest.raises(PlatformError, match="had to wait too long"):
                        await service.read(client, "large")

                # Another call does not have this one's context.
                await asyncio.get_running_loop().create_task(other(), context=contextvars.Context())
            # Who gave up leaves no place in the queue.
            with holding():
                await service.read(client, "large")

    in_no_time(main)


def test_who_waits_for_its_turn_keeps_nobody_from_asking() -> None:
    """Sixteen calls wait, as many as requests are sent at once, for one that reads on; and one reads what is small."""
    told: list[str] = []

    async def main() -> None:
        service = Service()
        async with service.wire.client() as client:

            async def owner() -> None:
                with holding():
                    await service.read(client)
                    await anyio.sleep(5)
                    await service.read(client)
                    told.append("owner")

            async def other() -> None:
                await anyio.sleep(2)
                with holding():
                    await service.read(client)
                    told.append("other")

            async def small() -> None:
                await anyio.sleep(4)
                await service.read(client, "small")
                told.append("small")

            async with anyio.create_task_group() as group:
                group.start_soon(owner)
                group.start_soon(small)
                for _ in range(client.config.max_concurrency):
                    group.start_soon(other)

    in_no_time(main)
    assert told == ["small", "owner", *["other"] * 16]


def test_any_number_gets_its_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also those that keep their slot while they wait, and the ones that wait for these."""
    monkeypatch.setattr(large, "MOST_ASIDE", 3)
    number = 24

    async def main() -> None:
        service = Service()
        async with service.wire.client() as client, anyio.create_task_group() as group:
            for _ in range(number):
                group.start_soon(page, service, client)

    async def page(service: Service, client: PlatformClient) -> None:
        with holding():
            await service.read(client)
        read.append(True)

    read: list[bool] = []
    in_no_time(main)
    assert len(read) == number


async def test_who_waits_for_its_turn_leaves_connections_to_others() -> None:
    """Over sockets: the answer that waits keeps its connection, and the only request that is sent at once goes on."""
    waits = anyio.Event()

    async def serve(stream: anyio.abc.SocketStream) -> None:
        async with stream:
            asked = (await stream.receive()).decode()
            body = LARGE_ONE if "large" in asked else SMALL_ONE
            await stream.send(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(body) + body)
            if "last" in asked:
                waits.set()

    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    port = listener.extra(anyio.abc.SocketAttribute.local_port)
    config = PlatformConfig(
        platform_url=f"http://127.0.0.1:{port}",
        sandbox="dev",
        credentials=Credentials(client_id="me", org_id="ORG@AdobeOrg", access_token=SecretStr("token")),
        max_concurrency=1,
    )

    async def other() -> None:
        with holding():
            await client.request_json("GET", PATH, params=[("size", "large-last")])

    async with listener, anyio.create_task_group() as group, PlatformClient(config) as client:
        group.start_soon(listener.serve, serve)
        with holding():
            await client.request_json("GET", PATH, params=[("size", "large")])
            task = asyncio.get_running_loop().create_task(other(), context=contextvars.Context())
            await waits.wait()
            await client.request_json("GET", PATH, params=[("size", "small")])
            assert not task.done()
        await task
        group.cancel_scope.cancel()


def test_who_waits_for_a_fetch_that_waits_for_it_fetches_by_itself() -> None:
    told: list[str] = []

    async def main() -> None:
        service, cache = Service(), TtlCache(60)
        async with service.wire.client() as client:

            async def fetch() -> str:
                await service.read(client)
                return "x"

            async def first() -> None:
                with holding():
                    await service.read(client)
                    await anyio.sleep(3)
                    told.append(await cache.get("x", fetch))

            async def second() -> None:
                await anyio.sleep(2)
                with holding(), pytest.raises(CrowdedOut, match="in a moment") as caught:
                    await cache.get("x", fetch)
                assert "smaller" not in str(caught.value)

            async with anyio.create_task_group() as group:
                group.start_soon(first)
                group.start_soon(second)

    in_no_time(main)
    assert told == ["x"]


@pytest.mark.parametrize("begun", [False, True])
def test_what_outlives_its_call_does_not_keep_the_turn(begun: bool) -> None:
    """begun: the answer arrives already when the call ends."""

    async def main() -> None:
        service = Service()
        async with service.wire.client() as client, anyio.create_task_group() as group:

            async def outlives() -> None:
                await anyio.sleep(0 if begun else 1)
                await service.read(client)

            with holding():
                group.start_soon(outlives)
                await anyio.sleep(0.2)
            await anyio.sleep(5)
            with holding():
                await service.read(client)

    in_no_time(main)


def test_a_part_that_outlives_its_end_belongs_to_what_is_around_it() -> None:
    told: list[str] = []

    async def main() -> None:
        service = Service()
        async with service.wire.client() as client, anyio.create_task_group() as group:

            async def outlives() -> None:
                await anyio.sleep(1)
                await service.read(client)

            async def other() -> None:
                await anyio.sleep(3)
                with holding():
                    await service.read(client)
                told.append("other")

            group.start_soon(other)
            with holding():
                with holding():
                    group.start_soon(outlives)
                await anyio.sleep(8)
                told.append("call ends")

    in_no_time(main)
    assert told == ["call ends", "other"]


def test_many_small_calls_do_not_look_through_memory_each(monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[bool] = []
    monkeypatch.setattr(gc, "collect", lambda: looks.append(True))
    lane = large.Lane()

    async def call() -> None:
        with holding(), lane.arrival() as arrival:
            await arrival.grown(LARGE + 1)

    async def main() -> None:
        for _ in range(5):
            await call()
        assert len(looks) == 1
        lane._collected -= 60
        await call()
        assert len(looks) == 2

    in_no_time(main)


def test_what_a_large_answer_may_have_left_is_looked_for_before_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looks: list[bool] = []
    monkeypatch.setattr(gc, "collect", lambda: looks.append(True))
    lane, body = large.Lane(), b"[" + b"[]," * 120_000 + b"0]"
    seen = []

    async def main() -> None:
        for _ in range(3):
            with holding(), lane.arrival() as arrival:
                await arrival.weighed(body)
            seen.append(len(looks))

    in_no_time(main)
    assert seen == [1, 1, 2]


def test_a_part_of_a_call_lets_go_before_its_end() -> None:
    """A sweep over large pages holds one at a time; the same pages held together are too much."""
    pages = MOST_HELD // weight(LARGE_ONE) + 2

    async def main() -> None:
        service = Service()
        async with service.wire.client() as client:
            with holding():
                for _ in range(pages):
                    with holding():
                        await service.read(client, "large")
            with holding():
                for _ in range(pages - 2):
                    await service.read(client, "large")
                with pytest.raises(PlatformError, match="takes more than"):
                    await service.read(client, "large")
            # Outside of a call nothing is held.
            for _ in range(pages):
                await service.read(client, "large")

    in_no_time(main)


async def test_one_object_is_never_as_large_as_a_page(wire: Wire, client: PlatformClient) -> None:
    found = {"id": "x", "texts": ["y" * 400_000] * (MOST_OF_ONE // 400_000 + 1)}
    wire.answers = [{"items": [found]}]
    reader = FlowReader(client)
    with pytest.raises(PlatformError, match="more than 8 MB"):
        await reader.get_flow("x")
    # A page may hold it, whether of many or of one.
    assert [flow.id for flow in (await reader.list_flows()).items] == ["x"]
    wire.answers = [{"items": [{"id": str(number), "texts": ["y" * 30_000]} for number in range(100)]}]
    assert len((await reader.list_flows()).items) == 100


async def test_what_cannot_be_read_is_not_kept_by_its_error(wire: Wire, client: PlatformClient) -> None:
    wire.answers = [{"items": [[0] * 40_000, {"id": "x", "parts": [0] * 50_001}]}]
    gc.collect()
    gc.disable()
    try:
        with pytest.raises(PlatformError, match="50,001 entries") as caught:
            await client.request_json("GET", PATH)
        wire.answers = []
        held = [one for one in gc.get_objects() if type(one) is list and len(one) == 40_000]
        assert held == []
        assert caught.value is not None
    finally:
        gc.enable()
