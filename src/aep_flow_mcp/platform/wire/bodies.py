"""Bodies within bounds: bytes before and after decompression, and the JSON in them."""

from __future__ import annotations

import json
import math
import re
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, NoReturn, cast

import httpx

MOST_BYTES = 12_000_000
"""The largest answers that are known, pages of a hundred connection specs, have about 7 MB."""
MOST_PARTS = 200_000
MOST_VALUES = 600_000
"""Objects and lists, and values between commas: many small ones take thirty times their size in memory."""
MOST_OF_ONE = 8_000_000
"""Bytes of an answer that is no page of many objects: an object, a whole schema, what a store holds."""
MOST_ENTRIES = 50_000
"""Entries of one list, members of one object: pages have a hundred, the folders of a store some thousands."""
MOST_CHARACTERS = 500_000
"""Of one text, of which every look for secrets makes copies. Files are read with bounds of their own."""
MOST_LEVELS = 100
MOST_DIGITS = 4_300
"""Of one number: what Python makes an integer of; more take long."""
START_ONLY = "start_only"
"""The extension of a request of whose answer no more than a beginning is read."""
ACCEPTED = "gzip, deflate"
"""What answers may be compressed with: what can be unpacked piece by piece."""
_PIECE = 65_536
_MOST_SAID = 500_000
"""Bytes of what an error says."""


class UnboundedBody(Exception):
    """An answer that is not read to its end; the message says why."""


async def bound(response: httpx.Response) -> None:
    """Put bounds around an answer's body before anybody reads it. An httpx event hook."""
    length = response.headers.get("content-length", "")
    # Of a file whose start is wanted it does not matter how long it is.
    if response.request.extensions.get(START_ONLY):
        length = ""
    if length.isascii() and length.isdecimal() and (len(length) > 15 or int(length) > MOST_BYTES):
        raise UnboundedBody(_too_long())
    codings = [one for one in response.headers.get("content-encoding", "").lower().split(",") if one.strip()]
    response.stream = _Bounded(response.stream, [one.strip() for one in codings])
    # httpx would unpack once more, and each piece as a whole.
    response.headers.pop("content-encoding", None)


@dataclass(frozen=True, slots=True)
class FileStart:
    """The first bytes of a file; `whole` where that is all of it."""

    content: bytes
    whole: bool


async def start_of(response: httpx.Response, most: int) -> bytes:
    """At most `most` bytes of a body that was not read yet; the rest is not waited for. What an error says is read."""
    most = most if response.is_success else max(most, _PIECE)
    held = bytearray()
    try:
        async for piece in _pieces(response):
            held += piece
            if len(held) >= most:
                break
    finally:
        await response.aclose()
    return bytes(held[:most])


Grown = Callable[[int], Awaitable[None]]
"""Told of a body before it grows to so many bytes; it may wait or raise."""


async def whole(response: httpx.Response, grown: Grown, most: int = MOST_BYTES) -> bytearray:
    """All bytes of a body that was not read yet, once. Of what an error says, no more than the start.

    Raises:
        UnboundedBody: it is too long; or `grown` said so.
    """
    held = bytearray()
    try:
        async for piece in _pieces(response):
            if len(held) + len(piece) > most:
                raise UnboundedBody(_too_long(most))
            if not response.is_success and len(held) > _MOST_SAID:
                break
            await grown(len(held) + len(piece))
            held += piece
    except BaseException:
        # The error's frames stay until it is told of; what they hold need not.
        held.clear()
        raise
    finally:
        await response.aclose()
    return held


async def _pieces(response: httpx.Response) -> AsyncIterator[bytes]:
    """The body as it arrives. It is unpacked already (`bound`), so that all that httpx would add to each piece is whose
    errors they are."""
    try:
        async for piece in cast(httpx.AsyncByteStream, response.stream):
            yield piece
    except httpx.RequestError as error:
        error.request = response.request
        raise


class _Bounded(httpx.AsyncByteStream):
    """The unpacked bytes of a stream."""

    def __init__(self, stream: Any, codings: list[str]) -> None:
        self._stream = stream
        self._codings = [one for one in codings if one != "identity"]

    async def __aiter__(self) -> AsyncIterator[bytes]:
        unpacker = _unpacker(self._codings)
        packed = unpacked = 0
        async for chunk in self._stream:
            packed += len(chunk)
            if packed > MOST_BYTES:
                raise UnboundedBody(_too_long())
            for piece in unpacker.pieces(chunk) if unpacker else (chunk,):
                unpacked += len(piece)
                if unpacked > MOST_BYTES:
                    raise UnboundedBody(f"{_too_long()} when unpacked")
                yield piece

    async def aclose(self) -> None:
        await self._stream.aclose()


class _Unpacker:
    """gzip or deflate, never more than a piece at a time."""

    def __init__(self, *, gzip: bool) -> None:
        self._gzip = gzip
        self._inflate = zlib.decompressobj(16 + zlib.MAX_WBITS if gzip else zlib.MAX_WBITS)
        self._begun = False

    def pieces(self, chunk: bytes) -> Iterator[bytes]:
        rest = chunk
        while True:
            try:
                piece = self._inflate.decompress(rest, _PIECE)
            except zlib.error:
                if self._gzip or self._begun:
                    raise UnboundedBody("the answer is damaged: it cannot be unpacked") from None
                # Some servers call raw deflate deflate.
                self._begun, self._inflate = True, zlib.decompressobj(-zlib.MAX_WBITS)
                continue
            self._begun = True
            if piece:
                yield piece
            rest = self._inflate.unconsumed_tail
            if self._inflate.eof:
                if not self._inflate.unused_data or not self._gzip:
                    return
                rest, self._inflate = self._inflate.unused_data, zlib.decompressobj(16 + zlib.MAX_WBITS)
            elif not rest and len(piece) < _PIECE:
                return


def _unpacker(codings: list[str]) -> _Unpacker | None:
    if not codings:
        return None
    if len(codings) > 1 or codings[0] not in ("gzip", "x-gzip", "deflate"):
        raise UnboundedBody("the answer is packed in a way that was not asked for")
    return _Unpacker(gzip=codings[0] != "deflate")


def _too_long(most: int = MOST_BYTES) -> str:
    return f"the answer has more than {most // 1_000_000} MB"


class UnboundedJson(ValueError):
    """JSON that is well formed but cannot be worked with; the message says why."""


def weight(body: bytes | bytearray) -> int:
    """About how many bytes a body takes in memory when it is read."""
    letters = len(body) * (1 if body.isascii() else 4)
    return letters + 200 * (body.count(b"[") + body.count(b"{")) + 50 * body.count(b",")


def read_json(body: bytes | bytearray) -> Any:
    """The JSON in a body.

    Raises:
        UnboundedJson: it nests too deeply, or holds a list, text or number that is too long, or a number that is none.
        ValueError: it is no JSON.
    """
    # Texts may hold brackets and commas as well, so these are upper bounds.
    parts = body.count(b"[") + body.count(b"{")
    if parts > MOST_PARTS or body.count(b",") > MOST_VALUES:
        raise UnboundedJson("the answer's JSON is made of too many small parts")
    try:
        data = _decoded(body)
    except RecursionError:
        raise UnboundedJson(_too_deep()) from None
    texts = len(body) > MOST_CHARACTERS
    if parts > MOST_LEVELS or texts or body.count(b",") >= MOST_ENTRIES:
        wrong = _unbounded(data, texts=texts)
        if wrong is not None:
            del data  # Nobody is to find it in the error's frames.
            raise UnboundedJson(wrong)
    return data


class OtherFormError(Exception):
    """A body has not the form in which it was to be read."""


@dataclass(frozen=True, slots=True)
class Form:
    """How the JSON of a body is read.

    read: raises `OtherFormError`, after which the body is weighed and read as a whole, or what `read_json` does.
    weigh: about how many bytes of memory that takes.
    """

    read: Callable[[bytes | bytearray], Any]
    weigh: Callable[[bytes | bytearray], int]


WHOLE = Form(read_json, weight)


@cache
def _decoder() -> Callable[[bytes | bytearray], Any]:
    from msgspec.json import Decoder

    return Decoder().decode


def _decoded(body: bytes | bytearray) -> Any:
    """msgspec needs no text of the whole body, which is what takes most memory, and half the time. What it does not
    take (half characters, another encoding, numbers that are none), the standard library takes or names.
    """
    try:
        return _decoder()(body)
    except ValueError:
        return json.loads(_narrow(body), parse_int=_integer, parse_float=_real, parse_constant=_no_number)


_WIDE = re.compile(rb"(?<!\\)[\xf0-\xf4][\x80-\xbf]{3}")
_FEW = 200_000


def _narrow(body: bytes | bytearray) -> bytes | bytearray:
    """The same JSON, rare letters of four bytes escaped: one makes the whole text four times as wide."""
    wide = sum(body.count(first) for first in range(0xF0, 0xF5)) if len(body) > MOST_CHARACTERS else 0
    return _WIDE.sub(_escaped, body) if 0 < wide < _FEW else body


def _escaped(letter: re.Match[bytes]) -> bytes:
    halves = letter[0].decode().encode("utf-16-be").hex()
    return f"\\u{halves[:4]}\\u{halves[4:]}".encode()


def _unbounded(data: Any, *, texts: bool) -> str | None:
    """What of some JSON is too much. texts: whether a text could be."""
    level = [data] if isinstance(data, dict | list) else []
    if texts and isinstance(data, str) and len(data) > MOST_CHARACTERS:
        return _too_long_text(data)
    for _ in range(MOST_LEVELS):
        if not level:
            return None
        inner: list[Any] = []
        for outer in level:
            if len(outer) > MOST_ENTRIES:
                return f"the answer lists {len(outer):,} entries at once"
            values = outer.values() if type(outer) is dict else outer
            inner += [one for one in values if type(one) is dict or type(one) is list]
            if texts:
                own = (one for some in (outer, values) for one in some if type(one) is str)
                long = next((one for one in own if len(one) > MOST_CHARACTERS), None)
                if long is not None:
                    return _too_long_text(long)
        level = inner
    return _too_deep() if level else None


def _too_long_text(text: str) -> str:
    return f"the answer's JSON holds a text of {len(text):,} characters"


def _integer(text: str) -> int:
    if len(text) > MOST_DIGITS:
        raise UnboundedJson(f"the answer's JSON holds a number of {len(text):,} digits")
    return int(text)


def _real(text: str) -> float:
    number = float(text) if len(text) <= MOST_DIGITS else math.inf
    if not math.isfinite(number):
        raise UnboundedJson("the answer's JSON holds a number that is too long or too large")
    return number


def _no_number(text: str) -> NoReturn:
    raise UnboundedJson(f"the answer holds {text}, which JSON does not have")


def _too_deep() -> str:
    return f"the answer's JSON is nested more than {MOST_LEVELS} levels deep"
