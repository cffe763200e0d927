"""Decisions by name: an organisation follows from a seed, and each decision in it can be taken back alone."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from random import Random
from typing import Any, TypeVar

T = TypeVar("T")


class Draw:
    """Draws at a place of the organisation (`flows.3.runs.0`).

    What a point draws depends on the seed and its own place alone, so that taking one decision back changes no
    other. `plain` holds the points (`flowSpec`, or `flows.3.flowSpec`) that take their first, ordinary choice.
    """

    def __init__(
        self,
        seed: int,
        plain: frozenset[str] = frozenset(),
        *,
        place: str = "",
        varied: set[str] | None = None,
    ) -> None:
        self.seed = seed
        self.plain = plain
        self.place = place
        self.varied: set[str] = set() if varied is None else varied

    def at(self, *parts: str | int) -> Draw:
        """The same draws, at a place inside this one."""
        place = ".".join([*([self.place] if self.place else []), *map(str, parts)])
        return Draw(self.seed, self.plain, place=place, varied=self.varied)

    def bits(self, point: str) -> int:
        text = f"{self.seed}/{self.place}/{point}".encode()
        return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big")

    def random(self, point: str) -> Random:
        """For what needs many draws of its own."""
        return Random(self.bits(point))

    def is_plain(self, point: str) -> bool:
        return point in self.plain or self._full(point) in self.plain

    def pick(self, point: str, ordinary: T, *others: T) -> T:
        """One of the choices; the first is the ordinary one."""
        if not others or self.is_plain(point):
            return ordinary
        index = self.bits(point) % (1 + len(others))
        if index == 0:
            return ordinary
        self.varied.add(self._full(point))
        return others[index - 1]

    def mostly(self, point: str, ordinary: T, *others: T, percent: int = 60) -> T:
        """The ordinary choice in so many of a hundred, else one of the others."""
        if self.is_plain(point) or self.bits(f"{point}?") % 100 < percent:
            return ordinary
        self.varied.add(self._full(point))
        return others[self.bits(point) % len(others)]

    def chance(self, point: str, percent: int) -> bool:
        """Whether something out of the ordinary is so."""
        return self.mostly(point, False, True, percent=100 - percent)

    def number(self, point: str, low: int, high: int) -> int:
        return low + self.bits(point) % (high - low + 1)

    def choice(self, point: str, *choices: T) -> T:
        """One of several that are equally ordinary."""
        return choices[self.bits(point) % len(choices)]

    def uuid(self, point: str) -> str:
        text = hashlib.blake2b(f"{self.seed}/{self.place}/{point}".encode(), digest_size=16).hexdigest()
        return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-8{text[17:20]}-{text[20:]}"

    def hex(self, point: str, digits: int) -> str:
        text = f"{self.seed}/{self.place}/{point}".encode()
        return hashlib.blake2b(text, digest_size=32).hexdigest()[:digits]

    def _full(self, point: str) -> str:
        return f"{self.place}.{point}" if self.place else point


def shrunk(failing: Callable[[frozenset[str]], bool], varied: set[str]) -> frozenset[str]:
    """The few of the `varied` decisions that a failure needs: all the others can be ordinary.

    failing: whether it still fails with these decisions ordinary.
    """
    plain: frozenset[str] = frozenset()
    kinds = sorted({point.rsplit(".", 1)[-1] for point in varied})
    for some in [*_halves(kinds), *([kind] for kind in kinds)]:
        if not set(some) <= plain and failing(plain | set(some)):
            plain |= set(some)
    left = sorted(point for point in varied if point.rsplit(".", 1)[-1] not in plain)
    for some in [*_halves(left), *([point] for point in left)]:
        if not set(some) <= plain and failing(plain | set(some)):
            plain |= set(some)
    return frozenset(point for point in left if point not in plain)


def _halves(items: list[str]) -> list[list[str]]:
    """Large parts first: most decisions have nothing to do with a failure."""
    parts: list[list[str]] = []
    size = len(items) // 2
    while size > 1:
        parts += [items[start : start + size] for start in range(0, len(items), size)]
        size //= 2
    return parts


def without(body: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name not in names}
