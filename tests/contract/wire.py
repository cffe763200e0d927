"""What crosses the wire between a client and an emulator, kept and held against the contracts."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import httpx

from contract.known import KnownErrors
from contract.openapi import Contract
from contract.shapes import Violation


@dataclass(frozen=True)
class Exchange:
    """One request and its answer as they were sent: `path` and `query` percent-encoded, bodies parsed."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: Any
    status: int
    answer: Any

    def __str__(self) -> str:
        return f"{self.method} {self.path}?{self.query} -> {self.status}"


@dataclass
class Recorder(httpx.AsyncBaseTransport):
    """An HTTP transport that passes everything on and keeps a copy."""

    inner: httpx.AsyncBaseTransport
    exchanges: list[Exchange] = field(default_factory=list)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = await self.inner.handle_async_request(request)
        content = await answer.aread()
        path, _, query = request.url.raw_path.decode().partition("?")
        self.exchanges.append(
            Exchange(
                request.method,
                path,
                query,
                dict(request.headers),
                _parsed(await request.aread()),
                answer.status_code,
                _parsed(content),
            )
        )
        return answer

    async def aclose(self) -> None:
        await self.inner.aclose()


def _parsed(content: bytes) -> Any:
    """The JSON of a body; None for an empty one and for a form (the token request)."""
    try:
        return json.loads(content) if content else None
    except ValueError:
        return None


def violations(contract: Contract, exchange: Exchange) -> list[Violation]:
    """What is wrong with one exchange of the contract's service.

    A request that was refused may have been wrong on purpose, so only its answer is checked.
    """
    found = contract.check_response(exchange.method, exchange.path, exchange.status, exchange.answer)
    if exchange.status < 400:
        found += contract.check_request(
            exchange.method, exchange.path, exchange.query, exchange.headers, exchange.body
        )
    return found


def surprises(known: KnownErrors, exchanges: Iterable[Exchange]) -> list[str]:
    """The violations that no known error explains, each once with the exchange where it was first met."""
    first: dict[Violation, str] = {}
    for exchange in exchanges:
        if exchange.path.startswith(known.contract.base):
            for violation in known.unexpected(violations(known.contract, exchange)):
                first.setdefault(violation, f"{violation}\n    in {exchange}")
    return sorted(first.values())
