"""What crosses the wire between a client and an emulator, kept and held against the contracts."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import httpx

from contract.known import KnownError, KnownErrors
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


class Checker:
    """Holds exchanges against one contract and its known errors, and remembers what it has seen."""

    def __init__(self, contract: Contract, entries: Iterable[KnownError]) -> None:
        self.contract = contract
        self.known = KnownErrors(contract, entries)
        self._seen: dict[str, list[Violation]] = {}

    def surprises(self, exchanges: Iterable[Exchange]) -> list[str]:
        """The violations that no known error explains, each once with the exchange where it was first met."""
        first: dict[Violation, str] = {}
        for exchange in exchanges:
            if self.contract.operation(exchange.method, exchange.path) is not None or self._is_ours(exchange):
                for violation in self._unexpected(exchange):
                    first.setdefault(violation, f"{violation}\n    in {exchange}")
        return sorted(first.values())

    def _is_ours(self, exchange: Exchange) -> bool:
        return exchange.path.startswith(self.contract.base)

    def _unexpected(self, exchange: Exchange) -> list[Violation]:
        key = json.dumps([str(exchange), sorted(exchange.headers), exchange.body, exchange.answer])
        if key not in self._seen:
            self._seen[key] = self.known.unexpected(violations(self.contract, exchange))
        return self._seen[key]
