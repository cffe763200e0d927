"""Which handler answers a path. What a handler works on (the context) is for those who write handlers to say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from .errors import generic
from .messages import Answer, Call

Context = TypeVar("Context")


@dataclass(frozen=True, slots=True)
class Route(Generic[Context]):
    """`template` has `{name}` for one segment. `access`: open (no checks), org (token, key and
    organisation) or sandbox (those and a sandbox)."""

    method: str
    template: str
    handler: Callable[[Context, Call], Answer]
    access: str = "sandbox"


class Router(Generic[Context]):
    """Finds the route of a path; literal segments win over placeholders."""

    def __init__(self, routes: tuple[Route[Context], ...]) -> None:
        self._literal: dict[tuple[str, str], Route[Context]] = {}
        self._patterns: list[tuple[Route[Context], tuple[str, ...]]] = []
        for route in routes:
            parts = tuple(part for part in route.template.split("/") if part)
            if "{" in route.template:
                self._patterns.append((route, parts))
            else:
                self._literal[route.method, "/" + "/".join(parts)] = route

    def find(self, call: Call) -> tuple[Route[Context], dict[str, str]]:
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
