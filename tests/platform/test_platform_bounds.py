"""Hostile and broken answers: bodies, JSON and lists without end are left, and that is said."""

from __future__ import annotations

import gzip
import itertools
import json
import zlib
from collections.abc import AsyncIterator, Iterator
from typing import Any

import anyio
import anyio.lowlevel
import httpx
import pytest

from aep_flow_mcp.platform.cache import TtlCache
from aep_flow_mcp.platform.errors import AnswerLost, ErrorKind, NotSent, PlatformError
from aep_flow_mcp.platform.paging import MOST_EMPTY, MOST_PAGES, Page, all_items
from aep_flow_mcp.platform.reader import FlowReader
from aep_flow_mcp.platform.transport import PlatformClient
from aep_flow_mcp.platform.waiting.patience import Call, OutOfTime, calling, time_for_read, unbroken
from aep_flow_mcp.platform.wire import bodies
from support.instant import in_no_time
from support.platform_wire import TOKEN, Wire

PATH = "/data/foundation/flowservice/flows"
MEGABYTE = 1_000_000


class Pieces(httpx.AsyncByteStream):
    """A body in pieces; `read` counts the bytes that were taken."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self.read = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            self.read += len(piece)
            yield piece


def packed(pieces: Iterator[bytes], coding: str) -> Iterator[bytes]:
    squeeze = zlib.compressobj(wbits={"gzip": 31, "deflate": 15, "raw": -15}[coding])
    for piece in pieces:
        yield squeeze.compress(piece)
    yield squeeze.flush()


def answer(pieces: Iterator[bytes], **headers: str) -> tuple[httpx.Response, Pieces]:
    stream = Pieces(pieces)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(200, stream=stream, headers={"content-type": "application/json", **named}), stream


def megabytes(number: int) -> Iterator[bytes]:
    yield b'["'
    for _ in range(number):
        yield b"x" * MEGABYTE
    yield b'"]'


async def test_a_long_body_is_read_up_to_the_bound_and_once(wire: Wire, client: PlatformClient) -> None:
    response, stream = answer(megabytes(300))
    wire.answers = [response]
    with pytest.raises(PlatformError, match="more than 14 MB") as caught:
        await client.request_json("GET", PATH)
    assert caught.value.kind is ErrorKind.UNEXPECTED
    assert "smaller limit" in str(caught.value)
    assert stream.read <= bodies.MOST_BYTES + MEGABYTE
    assert len(wire.requests) == 1


async def test_a_length_that_is_announced_is_not_read_at_all(wire: Wire, client: PlatformClient) -> None:
    response, stream = answer(megabytes(300), content_length=str(300 * MEGABYTE))
    wire.answers = [response]
    with pytest.raises(PlatformError, match="more than 14 MB"):
        await client.request_json("GET", PATH)
    assert stream.read == 0


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
async def test_a_bomb_is_not_unpacked(wire: Wire, client: PlatformClient, coding: str) -> None:
    bomb = b"".join(packed((b"\0" * MEGABYTE for _ in range(400)), coding))
    unpacked: list[int] = []

    class Counting(bodies._Unpacker):
        def pieces(self, chunk: bytes) -> Iterator[bytes]:
            for piece in super().pieces(chunk):
                unpacked.append(len(piece))
                yield piece

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bodies, "_Unpacker", Counting)
        wire.answers = [answer(iter([bomb]), content_encoding=coding)[0]]
        with pytest.raises(PlatformError, match="when unpacked"):
            await client.request_json("GET", PATH)
    assert max(unpacked) <= 65_536
    assert sum(unpacked) <= bodies.MOST_BYTES + 65_536


@pytest.mark.parametrize("coding", ["gzip, gzip", "br", "zstd"])
async def test_packing_that_was_not_asked_for(wire: Wire, client: PlatformClient, coding: str) -> None:
    wire.answers = [answer(iter([gzip.compress(gzip.compress(b"{}"))]), content_encoding=coding)[0]]
    with pytest.raises(PlatformError, match="not asked for"):
        await client.request_json("GET", PATH)
    assert wire.requests[0].headers["accept-encoding"] == "gzip, deflate"


@pytest.mark.parametrize("size", [1, 7, 65_536, 10_000_000])
@pytest.mark.parametrize("coding", ["gzip", "deflate", "raw", "members"])
async def test_what_is_packed_arrives_whole(
    wire: Wire, client: PlatformClient, coding: str, size: int
) -> None:
    text = '{"items": [' + ",".join(f'"{number:x}"' for number in range(30_000)) + "]}"
    half = len(text) // 2
    whole = (
        gzip.compress(text[:half].encode()) + gzip.compress(text[half:].encode())
        if coding == "members"
        else b"".join(packed(iter([text.encode()]), coding))
    )
    named = {"members": "gzip", "raw": "deflate"}.get(coding, coding)
    wire.answers = [answer(_cut(whole, size), content_encoding=named)[0]]
    found = (await client.request_json("GET", PATH)).data
    assert found == {"items": [f"{number:x}" for number in range(30_000)]}


def _cut(whole: bytes, size: int) -> Iterator[bytes]:
    step = max(size, len(whole) // 5_000)
    return (whole[at : at + step] for at in range(0, len(whole), step))


async def test_a_write_with_such_an_answer_may_have_happened(wire: Wire, client: PlatformClient) -> None:
    wire.answers = [answer(megabytes(30))[0]]
    with pytest.raises(AnswerLost, match="more than 1 MB"):
        await client.request_json("POST", PATH, json={})
    assert len(wire.requests) == 1


async def test_a_token_answer_without_end_is_left_and_nothing_was_sent(wire: Wire) -> None:
    async def ims(request: httpx.Request) -> httpx.Response:
        assert request.url.host == "ims.test"
        return answer(megabytes(300))[0]

    client = PlatformClient(wire.client().config, transport=httpx.MockTransport(ims), sleep=wire.sleep)
    async with client:
        for call in (client.request_json("POST", PATH, json={}), client.sign_in()):
            with pytest.raises(NotSent, match="IMS"):
                await call


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('"\\ud83d"', "\ud83d"),
        ('"\\ud83d\\ude00"', "\U0001f600"),
        (str(2**80), 2**80),
        pytest.param("-" + "9" * 4_000, -int("9" * 4_000), id="4,000 digits"),
        ("0." + "1" * 200, 1 / 9),
        ("1e2", 100.0),
        ('{"a": 1, "a": 2}', {"a": 2}),
    ],
)
async def test_json_that_is_odd_is_read_as_it_is(
    wire: Wire, client: PlatformClient, text: str, value: Any
) -> None:
    wire.answers = [httpx.Response(200, content=f'{{"n": {text}}}'.encode())]
    assert (await client.request_json("GET", PATH)).data == {"n": value}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"a":' * 5_000 + "1" + "}" * 5_000, "levels deep"),
        ("[" * 101 + "]" * 101, "levels deep"),
        ("[" * 200_000, "levels deep"),
        ('{"n": ' + "9" * 10_000 + "}", "10,000 digits"),
        ('{"n": -' + "9" * 4_301 + "}", "4,302 digits"),
        ('{"n": 1e999999}', "too large"),
        ("[" + "{}," * 200_001 + "{}]", "small parts"),
        ("[" + "1," * 600_001 + "1]", "small parts|1 MB"),
        ("[" + "1," * 50_000 + "1]", "50,001 entries"),
        ('{"a": [{"b": [' + "{}," * 50_000 + "0]}]}", "50,001 entries"),
        ("{" + ",".join(f'"{number}":0' for number in range(50_001)) + "}", "50,001 entries"),
        ('{"a": ["' + "x" * 500_001 + '"]}', "500,001 characters"),
        ('{"a": {"' + "x" * 500_001 + '": 1}}', "500,001 characters"),
        ('{"n": NaN}', "NaN"),
        ('{"n": -Infinity}', "-Infinity"),
    ],
)
async def test_json_that_cannot_be_worked_with(
    wire: Wire, client: PlatformClient, text: str, words: str
) -> None:
    wire.answers = [httpx.Response(200, content=text.encode())]
    with pytest.raises(PlatformError, match=words):
        await client.request_json("GET", PATH)
    assert len(wire.requests) == 1
    with pytest.raises(AnswerLost, match=words):
        await client.request_json("POST", PATH, json={})


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100 + "]" * 100,
        "[" + "1," * 49_999 + "1]",
        '["' + "x" * 500_000 + '"]',
        '{"n": ' + "9" * 100 + "}",
        '{"n": 1e300}',
        '{"n": 1.5}',
    ],
)
async def test_json_within_bounds(wire: Wire, client: PlatformClient, text: str) -> None:
    wire.answers = [httpx.Response(200, content=text.encode())]
    assert (await client.request_json("GET", PATH)).data is not None


async def test_rare_letters_of_a_large_answer_are_as_they_came(wire: Wire, client: PlatformClient) -> None:
    told = ["\U0001f600 \\\U0010ffff\u20ac" + "x" * 400_000, "\\\\\U0001f600", '"\U0001f600"\n']
    wire.answers = [httpx.Response(200, content=json.dumps(told * 2, ensure_ascii=False).encode())]
    assert (await client.request_json("GET", PATH)).data == told * 2
    wire.answers = [httpx.Response(200, content=b'["\xf4\xbf\xbf\xbf' + b"x" * 600_000 + b'"]')]
    with pytest.raises(PlatformError):
        await client.request_json("GET", PATH)


class Breaking(httpx.AsyncByteStream):
    """A body that breaks off; `closed` once nobody holds it."""

    def __init__(self) -> None:
        self.closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b"some"
        raise httpx.ReadError("broken off")

    async def aclose(self) -> None:
        self.closed = True


async def test_a_file_that_breaks_off_is_let_go(wire: Wire) -> None:
    streams: list[Breaking] = []

    def answer(request: httpx.Request) -> Any:
        streams.append(Breaking())
        return httpx.Response(200, stream=streams[-1])

    wire.handler = answer
    async with wire.client() as client:
        with pytest.raises(PlatformError, match="broke off"):
            await client.read_start(PATH, most=1_000)
    assert streams
    assert all(stream.closed for stream in streams)


# --- lists without end ------------------------------------------------------------------------------------


class Thing:
    def __init__(self, id: int) -> None:
        self.id = id


async def drained(pages: Iterator[Page[Thing]]) -> tuple[int, int, str]:
    """(pages read, items given, what was said)."""
    read = given = 0

    async def fetch(cursor: str | None) -> Page[Thing]:
        nonlocal read
        read += 1
        return next(pages)

    try:
        async for _ in all_items(fetch):
            given += 1
    except PlatformError as error:
        return read, given, str(error)
    return read, given, ""


def cursors() -> Iterator[str]:
    return (f"token-{number}" for number in itertools.count())


async def test_a_list_that_never_ends() -> None:
    fresh = (Page([Thing(number)], token) for number, token in enumerate(cursors()))
    read, given, said = await drained(fresh)
    assert read == given == MOST_PAGES
    assert "does not end" in said


async def test_a_list_that_repeats_a_page_under_new_tokens() -> None:
    same = (Page([Thing(1), Thing(2)], token) for token in cursors())
    read, _, said = await drained(same)
    assert read == 2
    assert "repeats an earlier one" in said
    two = (Page([Thing(number % 2)], token) for number, token in enumerate(cursors()))
    assert (await drained(two))[0] == 3


async def test_a_list_that_repeats_a_token() -> None:
    turning = (Page([Thing(number)], "ab"[number % 2]) for number in itertools.count())
    read, given, said = await drained(turning)
    assert (read, given) == (3, 3)
    assert "leads back" in said


async def test_a_list_of_empty_pages() -> None:
    empty: Iterator[Page[Thing]] = (Page([], token) for token in cursors())
    read, _, said = await drained(empty)
    assert read == MOST_EMPTY + 1
    assert "empty" in said


async def test_some_empty_pages_are_to_be_expected() -> None:
    pages = [Page([Thing(0)], "a"), *(Page([], f"e{number}") for number in range(5)), Page([Thing(1)], None)]
    assert await drained(iter(pages)) == (7, 2, "")


async def test_a_page_that_names_itself_as_the_next_one(wire: Wire, client: PlatformClient) -> None:
    def answer(request: httpx.Request) -> Any:
        link = {"next": {"href": "/flows?continuationToken=same"}}
        return httpx.Response(200, json={"items": [{"id": str(len(wire.requests))}], "_links": link})

    wire.handler = answer
    reader = FlowReader(client)
    with pytest.raises(PlatformError, match="leads back"):
        [flow async for flow in reader.iter_flows()]
    assert len(wire.requests) == 2
    first = await reader.list_flows()
    assert not first.leads_back
    assert (await reader.list_flows(cursor=first.next_cursor)).leads_back


async def test_sandboxes_without_end(wire: Wire, client: PlatformClient) -> None:
    def answer(request: httpx.Request) -> Any:
        link = {"next": {"href": f"/?offset={len(wire.requests)}"}}
        return httpx.Response(200, json={"sandboxes": [], "_links": link})

    wire.handler = answer
    with pytest.raises(PlatformError, match="does not end"):
        await FlowReader(client).neighbours.list_sandboxes()
    assert len(wire.requests) == 50


# --- writes and tokens ------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["POST", "PATCH", "PUT", "DELETE"])
async def test_a_write_answered_401_is_not_sent_again(
    wire: Wire, client: PlatformClient, method: str
) -> None:
    wire.handler = lambda request: httpx.Response(
        200 if request.headers["authorization"] == f"Bearer {TOKEN}-2" else 401, json={"error_code": "401013"}
    )
    with pytest.raises(PlatformError, match="not carried out, and not sent again") as caught:
        await client.request_json(method, PATH, json={})
    assert not isinstance(caught.value, AnswerLost)
    assert caught.value.kind is ErrorKind.AUTH
    assert len(wire.requests) == 1
    # The refused token is not used again.
    await client.request_json(method, PATH, json={})
    assert (len(wire.requests), len(wire.tokens)) == (2, 2)


async def test_a_write_starts_with_a_token_that_lasts(wire: Wire, client: PlatformClient) -> None:
    wire.answers, wire.expires_in = [{}], 3_600
    await client.request_json("GET", PATH)
    wire.now += 3_600 - 500
    await client.request_json("GET", PATH)
    assert len(wire.tokens) == 1
    await client.request_json("POST", PATH, json={})
    assert len(wire.tokens) == 2
    assert wire.requests[-1].headers["authorization"] == f"Bearer {TOKEN}-2"


# --- patience ---------------------------------------------------------------------------------------------


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
