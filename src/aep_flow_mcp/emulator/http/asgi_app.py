"""The emulator as an ASGI application: it reads requests and delivers what was decided, with its waits."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

from .messages import Delivery, Ending

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Handle = Callable[[str, str, str, Mapping[str, str], bytes], Delivery]


class ConnectionDropped(ConnectionError):
    """The emulator cut the connection on purpose (a fault). Whoever called the app has no answer."""


class AsgiApp:
    """For a server such as uvicorn, or for `httpx.ASGITransport`."""

    def __init__(self, handle: Handle) -> None:
        self._handle = handle

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _live(receive, send)
            return
        if scope["type"] != "http":
            raise RuntimeError(f"the emulator speaks http, not {scope['type']}")
        body = await _read(receive)
        raw_path = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1").split("?")[0]
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]
        }
        query = scope["query_string"].decode("latin-1")
        delivery = self._handle(scope["method"], raw_path, query, headers, body)
        await _send(delivery, receive, send)


async def _live(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


async def _read(receive: Receive) -> bytes:
    parts: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return b"".join(parts)
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


async def _send(delivery: Delivery, receive: Receive, send: Send) -> None:
    import anyio

    if delivery.ending is Ending.SILENT:
        with anyio.move_on_after(delivery.before):
            await _gone(receive)
        await _cut(receive, send)
        return
    if delivery.before:
        await anyio.sleep(delivery.before)
    if delivery.ending is Ending.DROPPED:
        await _cut(receive, send)
        return
    headers = [(name.encode(), value.encode()) for name, value in delivery.headers.items()]
    await send({"type": "http.response.start", "status": delivery.status, "headers": headers})
    for chunk in delivery.chunks:
        if delivery.between:
            await anyio.sleep(delivery.between)
        await send({"type": "http.response.body", "body": chunk, "more_body": True})
    if delivery.ending is Ending.TRUNCATED:
        await _cut(receive, send)
        return
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        continue


async def _cut(receive: Receive, send: Send) -> None:
    """Close the client's connection without another byte.

    ASGI has no word for that. Under uvicorn `send` is a method of the object that holds the socket, so
    the socket is closed there; elsewhere the caller gets the exception.
    """
    transport = getattr(getattr(send, "__self__", None), "transport", None)
    if transport is None:
        raise ConnectionDropped("the emulator cut the connection")
    transport.abort()
    await _gone(receive)
