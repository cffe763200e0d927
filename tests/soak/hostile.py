"""Bodies that a broken or hostile service could send: read as they come, they would fill memory or never end."""

from __future__ import annotations

import json
import random
import zlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import anyio
import httpx

from aep_flow_mcp.platform.wire.bodies import (
    MOST_BYTES,
    MOST_CHARACTERS,
    MOST_ENTRIES,
    MOST_PARTS,
    MOST_VALUES,
)
from attack.upstream import WRITE_FAULTS, Upstream, Write

JSON = {"content-type": "application/json"}
_MEGABYTE = 1_000_000


class _Stream(httpx.AsyncByteStream):
    """A piece, again and again, `pause` seconds apart, between two ends; nothing is kept of what was sent."""

    def __init__(
        self,
        piece: bytes,
        times: int = 1,
        *,
        ends: tuple[bytes, bytes] = (b"", b""),
        pause: float = 0.0,
        broken: bool = False,
    ) -> None:
        self._piece, self._times, self._ends, self._pause, self._broken = piece, times, ends, pause, broken

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._ends[0]
        for _ in range(self._times):
            if self._pause:
                await anyio.sleep(self._pause)
            yield self._piece
        if self._broken:
            raise httpx.RemoteProtocolError("the body ended before its length")
        yield self._ends[1]


@dataclass
class Hostile(Upstream):
    """The emulator on a bad day, some of whose answers are such bodies."""

    without: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        super().__post_init__()
        self._pages = 0

    def _drawn(self, faults: tuple[str, ...], calm: float) -> str | None:
        if self.rng.random() < self.calm:
            return None
        left_out = {"held", *self.without} | (NAMES_ANOTHER if faults is WRITE_FAULTS else set())
        kinds = [kind for kind in (*faults, *BODIES) if kind not in left_out]
        fault = self.rng.choice(kinds)
        self.faults[fault] = self.faults.get(fault, 0) + 1
        return fault

    async def _answer(self, request: httpx.Request, fault: str | None, write: Write | None) -> httpx.Response:
        if fault not in BODIES:
            return await super()._answer(request, fault, write)
        honest = None
        if write is None or fault not in UNREADABLE or self.rng.random() < 0.5:
            honest = await self._carried_out(request, write)
        if write is not None and fault not in UNREADABLE and honest is not None and not honest.is_success:
            return honest  # A service that says yes and does nothing is beyond any client.
        return await self._hostile(request, fault, honest)

    async def _hostile(
        self, request: httpx.Request, fault: str, honest: httpx.Response | None
    ) -> httpx.Response:
        body = honest.content if honest is not None else b"{}"
        if fault in ("endless pages", "repeated pages", "empty pages"):
            return self._page(request, fault, body)
        if fault == "silent":
            await anyio.sleep(10_000)
        return _MADE[fault](request, body, self.rng)

    def _page(self, request: httpx.Request, fault: str, body: bytes) -> httpx.Response:
        """A page that has a next one, always."""
        self._pages += 1
        token = "same" if fault == "repeated pages" else f"t{self._pages}"
        try:
            page = json.loads(body)
        except ValueError:
            page = {}
        items = page.get("items", []) if isinstance(page, dict) else []
        items = [] if fault == "empty pages" else items
        following = {"href": f"{request.url.path}?continuationToken={token}"}
        return httpx.Response(200, json={"items": items, "_links": {"next": following}}, request=request)


Made = Callable[[httpx.Request, bytes, random.Random], httpx.Response]


def _streamed(request: httpx.Request, stream: _Stream, status: int = 200, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(status, headers={**JSON, **named}, stream=stream, request=request)


def _as(kind: str) -> Made:
    def made(request: httpx.Request, body: bytes, rng: random.Random) -> httpx.Response:
        return _streamed(request, _Stream(body), content_type=kind)

    return made


def _shaped(*shapes: Any) -> Made:
    def made(request: httpx.Request, body: bytes, rng: random.Random) -> httpx.Response:
        return httpx.Response(200, json=rng.choice(shapes), request=request)

    return made


@cache
def _bomb() -> bytes:
    """A gigabyte of spaces, packed without ever being there."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    megabyte = b" " * _MEGABYTE
    return b"".join([packer.compress(megabyte) for _ in range(1_000)] + [packer.flush()])


def _repeated(piece: bytes, ends: tuple[bytes, bytes], size: int, **headers: str) -> Made:
    """That many bytes of a piece."""

    def made(request: httpx.Request, body: bytes, rng: random.Random) -> httpx.Response:
        block = piece * (65_536 // len(piece) + 1)
        return _streamed(request, _Stream(block, size // len(block), ends=ends), 200, **headers)

    return made


def _full(piece: bytes, times: int) -> Made:
    """One object with parts as many, or as large, as is still read; taken for whatever was asked for."""

    def made(request: httpx.Request, body: bytes, rng: random.Random) -> httpx.Response:
        ends = (b'{"items":[{"id":"x","name":"y","parts":[0', b"]}]}")
        # Some kinds of answer are read up to two fifths of that, and single objects up to a fifth.
        fifths = rng.choice((1, 2, 5))
        return _streamed(request, _Stream(piece, max(1, times * fifths // 5), ends=ends))

    return made


_LIST = (b'{"items":[0', b"]}")
_ALMOST = MOST_BYTES - 200_000
_TEXT = MOST_CHARACTERS - 10
_SOME = MOST_ENTRIES - 10


_MADE: dict[str, Made] = {
    "huge": _repeated(b",0", _LIST, 300 * _MEGABYTE),
    "huge and said so": _repeated(b",0", _LIST, 300 * _MEGABYTE, content_length="300000000"),
    "bomb": lambda request, body, rng: _streamed(request, _Stream(_bomb()), content_encoding="gzip"),
    "deep": _repeated(b"[", (b'{"items":', b""), 200_000),
    "long number": _repeated(b"9", (b'{"items":[{"id":', b"}]}"), 3 * _MEGABYTE),
    "many values": _repeated(b",1.5", _LIST, _ALMOST),
    "values as many as are read": _full(b",[0" + b",1.5" * _SOME + b"]", MOST_VALUES // MOST_ENTRIES - 1),
    "many objects": _repeated(b',{"id":"00000000"}', _LIST, _ALMOST),
    "objects as many as are read": _full(
        b",[0" + b',{"id":"00000000"}' * _SOME + b"]", MOST_PARTS // MOST_ENTRIES - 1
    ),
    "a list as long as is read": _repeated(b',{"id":"00000000"}', _LIST, _SOME * 18),
    "one long text": _repeated(b"y", (b'{"items":[{"id":"x","name":"', b'"}]}'), _ALMOST),
    "texts as long as are read": _full(b',"' + b"y" * _TEXT + b'"', MOST_BYTES // MOST_CHARACTERS - 1),
    "texts of wide letters": _full(
        b',"' + "\U0001f600".encode() + b"y" * (_TEXT - 4) + b'"', MOST_BYTES // MOST_CHARACTERS - 1
    ),
    "slow": lambda request, body, rng: _streamed(request, _Stream(b" ", 10_000, pause=5.0)),
    "truncated": lambda request, body, rng: _streamed(request, _Stream(body[: len(body) // 2], broken=True)),
    "text/html": _as("text/html"),
    "octet-stream": _as("application/octet-stream"),
    "no object": _shaped(None, "text", 7, [], [None], True),
    "wrong items": _shaped(
        {"items": "none"},
        {"items": [None, 1, "x", []]},
        {"items": {"a": 1}},
        {"items": [{"id": 5, "name": {}}]},
    ),
    "moved": lambda request, body, rng: httpx.Response(
        rng.choice((300, 301, 302, 303, 304, 307, 308)),
        headers={"location": "https://elsewhere.example/" + "x" * 5_000},
        request=request,
    ),
}
BODIES = (*_MADE, "silent", "endless pages", "repeated pages", "empty pages")
UNREADABLE = frozenset(
    {"huge", "huge and said so", "bomb", "deep", "long number", "slow", "silent", "truncated", "moved"}
)
"""Of these nobody can take that what was asked was done."""
NAMES_ANOTHER = frozenset(
    {"one long text", "many objects", "wrong items", "texts of wide letters"}
    | {kind for kind in _MADE if kind.endswith("read")}
)
"""A service that answers a creation with the id of something else is beyond any client."""
