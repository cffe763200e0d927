"""Replicas of a server as processes, and a proxy that sends each request to the other one."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import uvicorn

from support.processes import free_port
from support.waiting import answers, until


@dataclass
class Replica:
    """A server over HTTP that can be killed and started again. said: its standard error."""

    folder: Path
    environment: dict[str, str]
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/mcp"

    @property
    def said(self) -> str:
        return (self.folder / "stderr").read_text("utf-8", errors="replace")

    def start(self) -> None:
        self.folder.mkdir(exist_ok=True)
        command = [
            sys.executable,
            "-m",
            "aep_flow_mcp",
            "serve",
            "--transport",
            "http",
            "--port",
            str(self.port),
        ]
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("AEP_")}
        with (self.folder / "stderr").open("ab") as said:
            self.process = subprocess.Popen(
                command,
                env={**inherited, **self.environment},
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stderr=said,
            )

    def listens(self) -> None:
        """Wait until it does."""
        assert self.process is not None
        until(answers(self.url), "a replica", process=self.process, said=lambda: self.said)

    def kill(self) -> None:
        """As the system does it: at once, and nothing is tidied."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(10)
            self.process = None


@contextmanager
def replicas(folder: Path, number: int, **environment: str) -> Iterator[list[Replica]]:
    """Run that many, each with an audit log of its own."""
    made = [
        Replica(folder / f"replica-{one}", {**environment, "AEP_MCP_AUDIT_LOG": "audit.jsonl"})
        for one in range(number)
    ]
    try:
        for each in made:
            each.start()
        for each in made:
            each.listens()
        yield made
    finally:
        for each in made:
            each.kill()


_OWN = {b"connection", b"keep-alive", b"transfer-encoding", b"content-length"}


@dataclass
class Proxy:
    """Sends each request to the next replica, and to the one after it where nobody listens. seen: what went where."""

    upstream: list[Replica]
    port: int = field(default_factory=free_port)
    seen: list[tuple[str, int]] = field(default_factory=list)
    """Name of the tool (or the method) and number of the replica, for each request that was answered."""
    turn: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/mcp"

    def went(self, name: str) -> list[int]:
        return [number for each, number in self.seen if each == name]

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        headers = dict(scope["headers"])
        name = (headers.get(b"mcp-name") or headers.get(b"mcp-method") or b"").decode()
        serving = asyncio.create_task(self._serve(scope, body, name, send))
        gone = asyncio.create_task(receive())
        await asyncio.wait([serving, gone], return_when=asyncio.FIRST_COMPLETED)
        for task in (serving, gone):
            task.cancel()
        await asyncio.gather(serving, gone, return_exceptions=True)

    async def _serve(self, scope: Any, body: bytes, name: str, send: Any) -> None:
        async with httpx.AsyncClient(timeout=120) as http:
            for _ in self.upstream:
                number = self.turn % len(self.upstream)
                self.turn += 1
                request = http.build_request(
                    scope["method"],
                    f"http://127.0.0.1:{self.upstream[number].port}{scope['path']}",
                    params=scope["query_string"].decode(),
                    headers=[pair for pair in scope["headers"] if pair[0] not in _OWN],
                    content=body,
                )
                try:
                    answer = await http.send(request, stream=True)
                except httpx.ConnectError:
                    continue
                except httpx.TransportError:
                    break  # it may have been carried out: nobody asks another one
                self.seen.append((name, number))
                return await _passed_on(answer, send)
        await send({"type": "http.response.start", "status": 502, "headers": []})
        await send({"type": "http.response.body", "body": b""})


async def _passed_on(answer: httpx.Response, send: Any) -> None:
    kept = [(key.lower(), value) for key, value in answer.headers.raw if key.lower() not in _OWN]
    await send({"type": "http.response.start", "status": answer.status_code, "headers": kept})
    try:
        async for piece in answer.aiter_raw():
            await send({"type": "http.response.body", "body": piece, "more_body": True})
    finally:
        await answer.aclose()
    await send({"type": "http.response.body", "body": b""})


class _Quiet(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Any:
        yield


@asynccontextmanager
async def proxied(proxy: Proxy) -> AsyncIterator[Proxy]:
    """Run it in this process."""
    config = uvicorn.Config(
        proxy,
        host="127.0.0.1",
        port=proxy.port,
        log_level="critical",
        timeout_graceful_shutdown=1,
        lifespan="off",
    )
    listens = _Quiet(config)
    task = asyncio.create_task(listens.serve())
    while not listens.started:
        assert not task.done(), "the proxy ended"
        await asyncio.sleep(0.01)
    try:
        yield proxy
    finally:
        listens.should_exit = True
        await task
