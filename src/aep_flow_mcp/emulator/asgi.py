"""The emulator as an httpx transport: no sockets, no tasks, faults as the errors that httpx raises."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import anyio
import httpx

from .http.messages import Delivery, Ending

if TYPE_CHECKING:
    from .app import Emulator


class EmulatorTransport(httpx.AsyncBaseTransport):
    """Answers every request from one emulator, whatever its host.

    A dropped connection is a ReadError, a server that keeps silent a ReadTimeout (after the request's own
    read timeout), a body that stops half way a RemoteProtocolError.
    """

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        body = await request.aread()
        raw_path, _, raw_query = request.url.raw_path.decode("ascii").partition("?")
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1") for name, value in request.headers.raw
        }
        delivery = self.emulator.handle(request.method, raw_path, raw_query, headers, body)
        patience = _read_timeout(request)
        await _wait(delivery, patience, request)
        return httpx.Response(
            delivery.status,
            headers=list(delivery.headers.items()),
            stream=_Body(delivery, patience, request),
            request=request,
            extensions={"http_version": b"HTTP/1.1"},
        )


def _read_timeout(request: httpx.Request) -> float | None:
    value = request.extensions.get("timeout", {}).get("read")
    return None if value is None else float(value)


async def _wait(delivery: Delivery, patience: float | None, request: httpx.Request) -> None:
    """Wait for the first byte, and fail where there will be none."""
    if delivery.ending is Ending.SILENT:
        waits = [one for one in (delivery.before, patience) if one is not None]
        await anyio.sleep(min(waits, default=0.0))
        raise httpx.ReadTimeout("the emulator keeps silent", request=request)
    await _patiently(delivery.before or 0.0, patience, request)
    if delivery.ending is Ending.DROPPED:
        raise httpx.ReadError("the emulator cut the connection", request=request)


async def _patiently(seconds: float, patience: float | None, request: httpx.Request) -> None:
    """Sleep, but no longer than the client is ready to wait for the next byte."""
    if patience is not None and seconds > patience:
        await anyio.sleep(patience)
        raise httpx.ReadTimeout("the emulator is too slow", request=request)
    if seconds:
        await anyio.sleep(seconds)


class _Body(httpx.AsyncByteStream):
    """The chunks of an answer, each when it is due."""

    def __init__(self, delivery: Delivery, patience: float | None, request: httpx.Request) -> None:
        self._delivery = delivery
        self._patience = patience
        self._request = request

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self._delivery.chunks:
            await _patiently(self._delivery.between, self._patience, self._request)
            yield chunk
        if self._delivery.ending is Ending.TRUNCATED:
            raise httpx.RemoteProtocolError("the body ended before its length", request=self._request)
