"""What was asked and answered, for tests to look at."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, overload

from ..http.messages import Call

_WRITES = frozenset({"POST", "PATCH", "PUT", "DELETE"})
_ASKED_BY_POST = ("/search", "/insights/metrics")


def could_change(method: str, path: str) -> bool:
    """Whether a request could change something: searches, metrics and tokens are asked for by POST and do not."""
    return method in _WRITES and not path.endswith(_ASKED_BY_POST) and not path.startswith("/ims/")


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer.

    `body` and `response` are parsed JSON, or None where there was none. `status` is 0 when a fault left the
    request without an answer and without effect. The answer is kept as it went out and parsed when asked
    for: parsed pages take ten times the room.
    """

    method: str
    path: str
    query: list[tuple[str, str]]
    headers: dict[str, str]
    body: Any
    status: int
    payload: bytes
    at: datetime

    @property
    def response(self) -> Any:
        try:
            return json.loads(self.payload) if self.payload else None
        except ValueError:
            return None

    @property
    def is_write(self) -> bool:
        return could_change(self.method, self.path)

    def as_json(self) -> dict[str, Any]:
        return {
            "method": self.method,
            "path": self.path,
            "query": [list(pair) for pair in self.query],
            "headers": self.headers,
            "body": self.body,
            "status": self.status,
            "response": self.response,
            "at": self.at.isoformat(),
        }


class Journal:
    """The latest exchanges, oldest first. Requests to the control endpoints are not among them."""

    def __init__(self, limit: int) -> None:
        self._exchanges: deque[Exchange] = deque(maxlen=limit)

    def record(self, call: Call, status: int, payload: bytes, at: datetime) -> None:
        entry = Exchange(
            call.method,
            call.path,
            list(call.query),
            _redacted(call.headers),
            call.parsed,
            status,
            payload,
            at,
        )
        self._exchanges.append(entry)

    def writes(self) -> list[Exchange]:
        """Only what could change something: no reads, no searches, no token requests."""
        return [entry for entry in self._exchanges if entry.is_write]

    def clear(self) -> None:
        self._exchanges.clear()

    def __len__(self) -> int:
        return len(self._exchanges)

    def __iter__(self) -> Iterator[Exchange]:
        return iter(self._exchanges)

    @overload
    def __getitem__(self, at: int) -> Exchange: ...

    @overload
    def __getitem__(self, at: slice) -> list[Exchange]: ...

    def __getitem__(self, at: int | slice) -> Exchange | list[Exchange]:
        if isinstance(at, slice):
            return list(self._exchanges)[at]
        return self._exchanges[at]


def _redacted(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: "<redacted>" if name == "authorization" else value for name, value in headers.items()}
