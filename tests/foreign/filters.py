"""`property` conditions and orders, on objects as the service keeps them (Adobe's page on sorting and filtering)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from foreign.truth import Thing

_CONDITION = re.compile(r"(?P<path>[^=<>!~]+?)(?P<operator>==|>=|<=|!=|>|<)(?P<value>.*)", re.DOTALL)
_STATES = ("state", "metrics.statusSummary.status", "lastRunDetails.state")


class BadFilterError(ValueError):
    """No condition of the documented form."""


def matching(things: Iterable[Thing], conditions: Iterable[str]) -> list[Thing]:
    """The things for which every condition holds.

    Raises:
        BadFilterError: a condition cannot be read.
    """
    tests = [_read(condition) for condition in conditions]
    return [thing for thing in things if all(_holds(thing.kept, *test) for test in tests)]


def ordered(things: list[Thing], order: str | None) -> list[Thing]:
    """Sorted by one property, a minus before it for descending; what lacks it comes first."""
    if not order:
        return things
    path = order.split(",")[0]
    descending = path.startswith("-")
    path = path.lstrip("+- ")
    return sorted(things, key=lambda thing: _rank(next(_values(thing.kept, path), None)), reverse=descending)


def _read(condition: str) -> tuple[str, str, list[str]]:
    match = _CONDITION.fullmatch(condition)
    if match is None:
        raise BadFilterError(condition)
    value = match["value"]
    values = [value[1:-1]] if len(value) > 1 and value[0] == value[-1] == '"' else value.split(",")
    return match["path"], match["operator"], [item.strip('"') for item in values]


def _holds(kept: Any, path: str, operator: str, wanted: list[str]) -> bool:
    found = [value for value in _values(kept, path) if value is not None]
    if path in _STATES:
        found, wanted = [str(value).casefold() for value in found], [value.casefold() for value in wanted]
    if operator == "==":
        return any(_text(value) in wanted for value in found)
    if operator == "!=":
        return not any(_text(value) in wanted for value in found)
    return any(_compares(value, operator, wanted[0]) for value in found)


def _compares(value: Any, operator: str, wanted: str) -> bool:
    try:
        left, right = float(value), float(wanted)
    except (TypeError, ValueError):
        return False
    return {">": left > right, "<": left < right, ">=": left >= right, "<=": left <= right}[operator]


def _values(value: Any, path: str) -> Iterator[Any]:
    head, _, rest = path.partition(".")
    inner = value.get(head.removesuffix("[]")) if isinstance(value, dict) else None
    for each in inner if isinstance(inner, list) else [inner]:
        if rest:
            yield from _values(each, rest)
        else:
            yield each


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _rank(value: Any) -> tuple[int, float, str]:
    if value is None:
        return 0, 0.0, ""
    return (1, float(value), "") if isinstance(value, int | float) else (2, 0.0, str(value))
