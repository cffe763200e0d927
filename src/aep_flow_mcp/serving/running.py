"""Runs a server until its input ends, or until it is told to stop; a write that has begun is ended first.

The first SIGTERM, SIGINT or SIGHUP lets no further write begin, waits for those in flight (each is finished, or
undone, and written down; AEP_MCP_STOP_WITHIN says for how long), and stops as at the end of input. The second one ends
the process at once.
"""

from __future__ import annotations

import logging
import os
import select
import signal
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from io import TextIOWrapper
from threading import Thread
from typing import TYPE_CHECKING, Any

import anyio

from aep_flow_mcp.half_characters import without_halves
from aep_flow_mcp.serving.client_responses import mended

if TYPE_CHECKING:
    import asyncio
    from socket import socket
    from types import FrameType

    import uvicorn

    from aep_flow_mcp.server import FlowServer
    from aep_flow_mcp.serving.signing_in.parts import SignIn
    from aep_flow_mcp.serving.telemetry import Telemetry

logger = logging.getLogger(__name__)

_NAMES = ("SIGTERM", "SIGINT", "SIGHUP", "SIGBREAK")
"""What asks a process to end. SIGHUP is not on Windows, and SIGBREAK (Ctrl+Break, and how a parent ends a group of
processes there) is nowhere else."""
_ANSWERING = 0.5
"""Seconds in which the answer to a write that was waited for gets out."""
_STREAMS = 2
"""Seconds that HTTP streams are given to close."""


def serve_stdio(server: FlowServer) -> None:
    """Serve one client on stdin and stdout."""

    async def run() -> None:
        with _own_input() as end_input, _stopping(server, end_input):
            await server.run_stdio_async()

    try:
        anyio.run(run)
    except* BrokenPipeError:  # the client has gone, and nobody is there to hear anything
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, 1)  # Python writes out what is left when it ends.
        os.close(nothing)


def serve_http(
    server: FlowServer,
    *,
    host: str,
    port: int,
    sign_in: SignIn | None = None,
    telemetry: Telemetry | None = None,
    **options: Any,
) -> None:
    """Serve clients over HTTP. sign_in: how they sign in. telemetry: what is counted and traced, of which the server
    tells it. options: of `MCPServer.streamable_http_app`.
    """
    from aep_flow_mcp.serving.http_app import http_app

    metrics = telemetry.metrics if telemetry else None
    app: Any = http_app(server, sign_in, host=host, **options)
    if telemetry and telemetry.traces:
        app = telemetry.traces.joined(app)
    listening = _listening(app, host, port, path=options.get("streamable_http_path", "/mcp"))
    page = None
    if metrics is not None:
        metrics.of(server.app)
        page = _listening(metrics.page, host, server.app.settings.mcp_metrics_port or 0, path="/metrics")
    # Taken before anything runs: where another has the port, the process ends with a sentence.
    taken = [page.config.bind_socket()] if page is not None else []

    def stop() -> None:
        listening.should_exit = True

    async def run() -> None:
        with _stopping(server, stop):
            if page is None:
                await listening.serve()
                return
            async with _beside(page, taken):
                await listening.serve()

    anyio.run(run)


def _listening(app: Any, host: str, port: int, *, path: str) -> uvicorn.Server:
    """What listens on an address, and says so once it does. It leaves the signals to us: uvicorn would break off what
    it has not finished.
    """
    import uvicorn

    class Listening(uvicorn.Server):
        @contextmanager
        def capture_signals(self) -> Iterator[None]:
            yield

        async def startup(self, sockets: list[socket] | None = None) -> None:
            await super().startup(sockets)
            for address in _addresses(self.servers) if self.started else ():
                print(f"Listening on http://{address}{path}", file=sys.stderr, flush=True)

    return Listening(
        uvicorn.Config(app, host=host, port=port, log_level="warning", timeout_graceful_shutdown=_STREAMS)
    )


@asynccontextmanager
async def _beside(listening: uvicorn.Server, sockets: list[socket]) -> AsyncIterator[None]:
    """Serve something else until the block has ended."""
    async with anyio.create_task_group() as group:
        group.start_soon(listening.serve, sockets)
        try:
            yield
        finally:
            listening.should_exit = True


def _addresses(servers: Iterable[asyncio.Server]) -> list[str]:
    """Where servers listen: `host:port`, an IPv6 address in brackets."""
    names = [each.getsockname() for server in servers for each in server.sockets]
    return [f"[{name[0]}]:{name[1]}" if ":" in name[0] else f"{name[0]}:{name[1]}" for name in names]


@contextmanager
def _stopping(server: FlowServer, stop: Callable[[], None]) -> Iterator[None]:
    """While a server runs: the first signal settles its writes and calls `stop`, the second ends the process."""
    import asyncio

    loop = asyncio.get_running_loop()
    begun: list[asyncio.Task[None]] = []

    async def settle() -> None:
        within = server.app.settings.mcp_stop_within
        try:
            with anyio.move_on_after(within) as waited:
                await server.app.settle()
            if waited.cancelled_caught:
                # At any log level: it is about what happens to data.
                logger.critical(
                    "a write was not finished within %g seconds (AEP_MCP_STOP_WITHIN), and the process ends: "
                    "`aep-flow-mcp audit unfinished` says what to look at",
                    within,
                )
            await anyio.sleep(_ANSWERING)
        finally:
            stop()

    def begin() -> None:
        begun.append(loop.create_task(settle()))

    def told(number: int, _: FrameType | None) -> None:
        if begun:
            os._exit(128 + number)
        loop.call_soon_threadsafe(begin)

    before = {number: signal.signal(number, told) for number in ending_signals(signal)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for task in begun:
            task.cancel()


def ending_signals(known: object) -> tuple[int, ...]:
    """The signals of this system (the module `signal`) that ask a process to end."""
    return tuple(getattr(known, name) for name in _NAMES if hasattr(known, name))


@contextmanager
def _own_input() -> Iterator[Callable[[], None]]:
    """Put a pipe in the place of stdin, fed by a thread of ours; what is yielded ends the input.

    A read of stdin cannot be broken off, and a thread that waits in it would keep the process alive. Windows
    cannot wait for two things at once: there the process just ends, after its writes.
    """
    if sys.platform == "win32":
        yield lambda: os._exit(0)
        return
    source = os.dup(0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)  # What is started from here does not read the client's messages.
    os.close(nothing)
    outlet, inlet = os.pipe()
    ended, end = os.pipe()
    given, sys.stdin = sys.stdin, TextIOWrapper(os.fdopen(outlet, "rb"), encoding="utf-8")
    Thread(target=_feed, args=(source, inlet, ended), name="stdin", daemon=True).start()
    try:
        yield lambda: os.close(end)
    finally:
        sys.stdin = given


def _feed(source: int, inlet: int, ended: int) -> None:
    """Pass on what comes, line by line, until it or our wish for it ends."""
    rest = b""
    try:
        while ended not in select.select([source, ended], [], [])[0]:
            piece = os.read(source, 65_536)
            if not piece:
                break
            *lines, rest = (rest + piece).split(b"\n")
            for line in lines:
                _write(inlet, mended(without_halves(line)) + b"\n")
        _write(inlet, rest)
    except OSError:
        return  # The server has ended, or its client has broken off: either way nothing more comes.
    finally:
        os.close(inlet)


def _write(target: int, data: bytes) -> None:
    while data:
        data = data[os.write(target, data) :]
