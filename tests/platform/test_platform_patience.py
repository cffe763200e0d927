"""What a call waits for ends before the call does, and what is sent outlives it."""

from __future__ import annotations

import anyio
import anyio.lowlevel
import httpx
import pytest

from aep_flow_mcp.platform.cache import TtlCache
from aep_flow_mcp.platform.errors import ErrorKind
from aep_flow_mcp.platform.transport import PlatformClient
from aep_flow_mcp.platform.waiting.patience import Call, OutOfTime, calling, time_for_read, unbroken
from support.instant import in_no_time
from support.platform_wire import Wire

PATH = "/data/foundation/flowservice/flows"
MEGABYTE = 1_000_000


def test_reads_end_before_their_call_and_say_so() -> None:
    wire = Wire()

    async def hang(request: httpx.Request) -> httpx.Response:
        if request.url.host == "ims.test":
            return await wire(request)
        await anyio.sleep(10_000)
        raise AssertionError

    async def main() -> None:
        client = PlatformClient(wire.client().config, transport=httpx.MockTransport(hang))
        async with client:
            with anyio.CancelScope(deadline=anyio.current_time() + 45) as scope, calling(Call(scope)):
                with pytest.raises(OutOfTime, match="within 42 seconds"):
                    await client.request_json("GET", PATH)
                with pytest.raises(OutOfTime, match="no time was left"):
                    await client.request_json("GET", PATH)
            assert not scope.cancel_called

    in_no_time(main)


def test_who_waits_for_anothers_fetch_fetches_when_that_one_has_no_time_left() -> None:
    async def main() -> None:
        cache = TtlCache(10)
        fetched: list[str] = []
        got: list[str] = []

        async def late() -> str:
            fetched.append("late")
            await anyio.sleep(3)
            raise OutOfTime(ErrorKind.UNAVAILABLE)

        async def soon() -> str:
            fetched.append("soon")
            return "value"

        async def first() -> None:
            with pytest.raises(OutOfTime):
                await cache.get("k", late)

        async def second() -> None:
            await anyio.sleep(1)
            got.append(await cache.get("k", soon))

        async with anyio.create_task_group() as group:
            group.start_soon(first)
            group.start_soon(second)
        assert (fetched, got) == (["late", "soon"], ["value"])

    in_no_time(main)


def test_who_waits_for_anothers_fetch_waits_no_longer_than_its_own_call() -> None:
    async def main() -> None:
        cache = TtlCache(10)

        async def second() -> None:
            await anyio.sleep(1)
            scope = anyio.CancelScope(deadline=anyio.current_time() + 10)
            with scope, calling(Call(scope)), pytest.raises(OutOfTime, match="another call"):
                await cache.get("k", anyio.lowlevel.checkpoint)
            group.cancel_scope.cancel()

        async with anyio.create_task_group() as group:
            group.start_soon(cache.get, "k", lambda: anyio.sleep(10_000))
            group.start_soon(second)

    in_no_time(main)


def test_what_is_sent_outlives_the_deadline_and_the_deadline_comes_back() -> None:
    async def main() -> None:
        with anyio.CancelScope(deadline=anyio.current_time() + 45) as scope, calling(Call(scope)) as call:
            async with unbroken():
                assert time_for_read() == 6
                await anyio.sleep(100)
            assert call.sent
            assert time_for_read() > 5
            await anyio.sleep(100)
        assert scope.cancelled_caught

    in_no_time(main)
