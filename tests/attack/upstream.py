"""The emulator as it is on a bad day, and a record of every write that arrives there.

A write may be refused, lost on the way, carried out and then denied, carried out a minute after a 504, or held until
the story lets it go on; the world may change just before it. What it really did is written down here.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import anyio
import httpx

from aep_flow_mcp.emulator import Emulator
from aep_flow_mcp.emulator.asgi import EmulatorTransport
from aep_flow_mcp.emulator.steering.journal import could_change

REFUSALS = (400, 401, 403, 404, 409, 412, 422, 429)
TROUBLES = (301, 302, 307, 408, 425, 499, 500, 502, 503, 504, 599)
WRITE_FAULTS = (
    "no connection", "cut before", "cut after", "refused", "trouble before", "trouble after", "late", "held",
    "half an answer", "an empty answer", "no JSON", "a moment before",
)  # fmt: skip
READ_FAULTS = ("cut before", "refused", "trouble before", "no JSON", "half an answer")


@dataclass(eq=False)
class Write:
    """A write that arrived. acted: it was carried out. late: after its answer."""

    method: str
    path: str
    body: Any
    headers: httpx.Headers
    at: float
    acted: bool = False
    late: bool = False
    under_way: bool = True
    made: str | None = None
    """The id of what it created."""


Arrived = Callable[[Write], None]


@dataclass
class Upstream(httpx.AsyncBaseTransport):
    """One emulator for every server of a story.

    calm: the share of requests that nothing happens to. arrived: told of every write, before it is carried out;
    acted: afterwards. before: changes the world a moment before a write, as somebody else could. stirred: told that
    a write is held.
    """

    emulator: Emulator
    rng: random.Random
    calm: float
    arrived: Arrived
    acted: Arrived
    before: Callable[[Write], None]
    stirred: Callable[[], None]
    held: list[anyio.Event] = field(default_factory=list)
    faults: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._inner = EmulatorTransport(self.emulator)
        self._later: list[tuple[Write, httpx.Request]] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        path = request.url.path
        if path.startswith("/ims/"):
            return await self._inner.handle_async_request(request)
        reads = not could_change(request.method, path)
        fault = self._drawn(READ_FAULTS if reads else WRITE_FAULTS, self.calm + (1 - self.calm) * 0.8 * reads)
        if reads:
            return await self._answer(request, fault, None)
        body = None if not request.content else _json(request.content)
        write = Write(request.method, path, body, request.headers, anyio.current_time())
        if fault == "no connection":
            raise httpx.ConnectError("no route to the host", request=request)
        self.arrived(write)
        try:
            return await self._answer(request, fault, write)
        finally:
            write.under_way = False

    def _drawn(self, faults: tuple[str, ...], calm: float) -> str | None:
        if self.rng.random() < calm:
            return None
        fault = self.rng.choice(faults)
        self.faults[fault] = self.faults.get(fault, 0) + 1
        return fault

    async def _answer(self, request: httpx.Request, fault: str | None, write: Write | None) -> httpx.Response:
        if fault == "cut before":
            raise httpx.ReadError("the connection was cut", request=request)
        if fault == "refused":
            return _said(self.rng.choice(REFUSALS if write else (401, 403, 429)), request)
        if fault == "trouble before":
            return _said(self.rng.choice(TROUBLES if write else (500, 503)), request, self.rng.random())
        if fault == "late" and write is not None:
            self._later.append((write, request))
            return _said(504, request)
        if fault == "held":
            gate = anyio.Event()
            self.held.append(gate)
            self.stirred()
            await gate.wait()
        if fault == "a moment before" and write is not None:
            self.before(write)
        answer = await self._carried_out(request, write)
        if answer.status_code >= httpx.codes.MULTIPLE_CHOICES:
            return answer
        return await self._spoiled(request, answer, fault)

    async def _carried_out(self, request: httpx.Request, write: Write | None) -> httpx.Response:
        answer = await self._inner.handle_async_request(request)
        await answer.aread()
        if write is not None and answer.is_success:
            write.acted = True
            found = _json(answer.content)
            write.made = found.get("id") if isinstance(found, dict) else None
            self.acted(write)
        return answer

    async def _spoiled(
        self, request: httpx.Request, answer: httpx.Response, fault: str | None
    ) -> httpx.Response:
        if fault == "cut after":
            raise httpx.ReadError("the connection was cut", request=request)
        if fault == "trouble after":
            return _said(self.rng.choice(TROUBLES), request, self.rng.random())
        half = answer.content[: len(answer.content) // 2]
        spoiled = {"half an answer": half, "an empty answer": b"", "no JSON": b"<html>Welcome</html>"}
        if fault in spoiled:
            return httpx.Response(answer.status_code, content=spoiled[fault], request=request)
        return answer

    async def catch_up(self, share: float = 1.0) -> None:
        """What a gateway gave up on happens after all."""
        waiting, self._later = self._later, []
        for write, request in waiting:
            if self.rng.random() >= share:
                self._later.append((write, request))
                continue
            write.late = True
            again = httpx.Request(
                request.method, request.url, headers=request.headers, content=request.content
            )
            await self._carried_out(again, write)

    def let_go(self) -> None:
        """Held writes go on."""
        for gate in self.held:
            gate.set()
        self.held.clear()

    async def aclose(self) -> None:
        """Servers come and go; the service stays."""


def _said(status: int, request: httpx.Request, kind: float = 0.0) -> httpx.Response:
    headers = {"location": "https://elsewhere.example/x"} if status < httpx.codes.BAD_REQUEST else {}
    if status == httpx.codes.TOO_MANY_REQUESTS:
        headers["retry-after"] = "1"
    coded = {"errorCode": f"1500-{status}", "message": "It went wrong"}
    body = (coded, {"message": "It went wrong"}, None)[int(kind * 3)]
    if body is None:
        return httpx.Response(status, headers=headers, content=b"upstream error", request=request)
    return httpx.Response(status, headers=headers, json=body, request=request)


def _json(content: bytes) -> Any:
    import json

    try:
        return json.loads(content)
    except ValueError:
        return None
