"""A request and an answer as plain values: the emulator decides everything without any I/O."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote

from .errors import bad_request, generic, problem

if TYPE_CHECKING:
    from .backend import Backend


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


Handler = Callable[["Backend", Call], Answer]


@dataclass(frozen=True, slots=True)
class Route:
    """`template` has `{name}` for one segment. `access`: open (no checks), org (token, key and
    organisation) or sandbox (those and a sandbox)."""

    method: str
    template: str
    handler: Handler
    access: str = "sandbox"


class Router:
    """Finds the route of a path; literal segments win over placeholders."""

    def __init__(self, routes: tuple[Route, ...]) -> None:
        self._literal: dict[tuple[str, str], Route] = {}
        self._patterns: list[tuple[Route, tuple[str, ...]]] = []
        for route in routes:
            parts = tuple(part for part in route.template.split("/") if part)
            if "{" in route.template:
                self._patterns.append((route, parts))
            else:
                self._literal[route.method, "/" + "/".join(parts)] = route

    def find(self, call: Call) -> tuple[Route, dict[str, str]]:
        """Raises a 404 for an unknown path and a 405 for a known path with another method."""
        literal = self._literal.get((call.method, "/" + "/".join(call.segments)))
        if literal is not None:
            return literal, {}
        other_method = False
        for route, parts in self._patterns:
            args = _match(parts, call.segments)
            if args is None:
                continue
            if route.method == call.method:
                return route, args
            other_method = True
        if other_method or any(path == call.path for _, path in self._literal):
            raise generic(405, "MethodNotAllowedError", f"{call.method} is not allowed here")
        raise generic(404, "NotFoundError", "There is no such resource path")


def _match(parts: tuple[str, ...], segments: tuple[str, ...]) -> dict[str, str] | None:
    if len(parts) != len(segments):
        return None
    args: dict[str, str] = {}
    for part, segment in zip(parts, segments, strict=True):
        if part.startswith("{"):
            args[part[1:-1]] = segment
        elif part != segment:
            return None
    return args
