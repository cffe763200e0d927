"""An emulator that keeps silent, trickles or tells to wait, where a test says so."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

import anyio
import httpx

from aep_flow_mcp.emulator import Emulator
from aep_flow_mcp.emulator.asgi import EmulatorTransport

Odd = Callable[[httpx.Request], Awaitable[httpx.Response]]


async def silent(request: httpx.Request) -> httpx.Response:
    """No answer, ever."""
    await anyio.Event().wait()
    raise AssertionError(f"somebody waited for {request.url}")


async def trickling(request: httpx.Request) -> httpx.Response:
    """Headers at once, then a byte every five seconds, without end."""

    class Body(httpx.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            yield b'{"items": ['
            while True:
                await anyio.sleep(5)
                yield b" "

    return httpx.Response(200, stream=Body(), headers={"content-type": "application/json"}, request=request)


async def busy(request: httpx.Request) -> httpx.Response:
    """Come back in five minutes."""
    return httpx.Response(429, headers={"retry-after": "300"}, json={"error_code": "429050"}, request=request)


@dataclass
class SlowTransport(httpx.AsyncBaseTransport):
    """What matches is answered by `odd`, everything else by the emulator, after `latency` seconds.

    matches: a pattern over "METHOD path?query". `sent` holds every such line.
    """

    emulator: Emulator
    odd: Odd
    matches: str = "^GET "
    latency: float = 0.0
    sent: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._inner = EmulatorTransport(self.emulator)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        line = f"{request.method} {request.url.raw_path.decode()}"
        self.sent.append(line)
        await anyio.sleep(self.latency)
        if re.search(self.matches, line):
            return await self.odd(request)
        return await self._inner.handle_async_request(request)
