"""Hostile and broken answers: bodies and JSON are left, and that is said; what they mean for writes and tokens."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest

from aep_flow_mcp.platform.errors import AnswerLost, ErrorKind, NotSent, PlatformError
from aep_flow_mcp.platform.transport import PlatformClient
from aep_flow_mcp.platform.wire import bodies
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
    with pytest.raises(PlatformError, match="more than 12 MB") as caught:
        await client.request_json("GET", PATH)
    assert caught.value.kind is ErrorKind.UNEXPECTED
    assert "smaller limit" in str(caught.value)
    assert stream.read <= bodies.MOST_BYTES + MEGABYTE
    assert len(wire.requests) == 1


async def test_a_length_that_is_announced_is_not_read_at_all(wire: Wire, client: PlatformClient) -> None:
    response, stream = answer(megabytes(300), content_length=str(300 * MEGABYTE))
    wire.answers = [response]
    with pytest.raises(PlatformError, match="more than 12 MB"):
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
