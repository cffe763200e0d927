"""A request and an answer as plain values: the emulator decides everything without any I/O."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, unquote

from .errors import bad_request, problem


@dataclass(frozen=True)
class Call:
    """One HTTP request. Header names are lower case, `segments` are decoded one by one."""

    method: str
    path: str
    segments: tuple[str, ...]
    query: tuple[tuple[str, str], ...]
    headers: Mapping[str, str]
    raw: bytes = b""
    sandbox: str = ""
    args: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def parse(
        cls, method: str, raw_path: str, raw_query: str, headers: Mapping[str, str], body: bytes
    ) -> Call:
        """`raw_path` and `raw_query` are as sent, percent-encoded."""
        segments = tuple(unquote(part) for part in raw_path.split("/") if part)
        query = tuple(parse_qsl(raw_query, keep_blank_values=True))
        return cls(method.upper(), "/" + "/".join(segments), segments, query, headers, body)

    def first(self, name: str) -> str | None:
        """The first value of a query parameter, matched without regard to case."""
        return next((value for key, value in self.query if key.lower() == name.lower()), None)

    def every(self, name: str) -> list[str]:
        return [value for key, value in self.query if key == name]

    def integer(self, name: str, *, default: int, minimum: int, maximum: int) -> int:
        """An integer parameter; outside its bounds or not a number -> 1452-400."""
        text = self.first(name)
        if text is None:
            return default
        if not text.lstrip("-").isdecimal() or not minimum <= int(text) <= maximum:
            raise problem(1452, f"{name} must be a whole number from {minimum} to {maximum}, not '{text}'")
        return int(text)

    @cached_property
    def parsed(self) -> Any:
        """The JSON body, or None when it is empty or is not JSON (for the journal)."""
        try:
            return json.loads(self.raw) if self.raw else None
        except ValueError:
            return None

    def json(self) -> Any:
        """The JSON body. Raises 1405-400 when it is empty and a 400 when it is not JSON."""
        if not self.raw.strip():
            raise problem(1405, "The request body is empty")
        media = self.headers.get("content-type", "").split(";")[0].strip().lower()
        if media not in {"application/json", "application/json-patch+json"}:
            raise bad_request("The content type of a request with a body is application/json")
        try:
            return json.loads(self.raw)
        except ValueError as error:
            raise bad_request("The request body cannot be read as JSON") from error

    def json_object(self) -> dict[str, Any]:
        body = self.json()
        if not isinstance(body, dict):
            raise bad_request("The request body has to be a JSON object")
        return body


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent back. A body of None is an empty body."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


class Ending(Enum):
    """How an answer ends on the wire."""

    COMPLETE = "complete"
    TRUNCATED = "truncated"
    DROPPED = "dropped"
    SILENT = "silent"


@dataclass(frozen=True, slots=True)
class Delivery:
    """An answer in bytes, with when and how far it is delivered. Waits are in seconds.

    `before` is waited once, `between` before each chunk. With `SILENT`, `before` of None means until the
    client gives up.
    """

    status: int
    headers: Mapping[str, str]
    chunks: tuple[bytes, ...]
    before: float | None = 0.0
    between: float = 0.0
    ending: Ending = Ending.COMPLETE
