"""What is asked of a collection: filters, order, projection."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..json_types import JsonObject

_ANY_CASE = frozenset({"metrics.statusSummary.status", "lastRunDetails.state"})
"""Adobe's pages filter on `failed` and on `Failed`."""

COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
"""The inequalities a filter may ask for."""


@dataclass(frozen=True, slots=True)
class Filter:
    """`path` compared by `op` (==, >, >=, <, <=) with one of `values`."""

    path: str
    op: str
    values: tuple[str, ...]

    def accepts(self, value: Any) -> bool:
        """Whether one stored value passes. Lists and objects never do."""
        if value is None or isinstance(value, (dict, list)):
            return False
        if self.op == "==":
            return self._equals(value)
        number = as_number(value)
        if number is None:
            return False
        return COMPARISONS[self.op](number, self.number)

    @property
    def number(self) -> float | int:
        """What an inequality compares with. A filter whose value is no number is refused when it is parsed."""
        return as_number(self.values[0]) or 0

    def _equals(self, value: Any) -> bool:
        if isinstance(value, bool):
            return ("true" if value else "false") in self.values
        if isinstance(value, (int, float)):
            return any(as_number(text) == value for text in self.values)
        if self.path in _ANY_CASE:
            return str(value).casefold() in {text.casefold() for text in self.values}
        return str(value) in self.values

    @property
    def indexable(self) -> bool:
        """Whether equality of plain text is all it asks."""
        return self.op == "==" and self.path not in _ANY_CASE and "[]" not in self.path


@dataclass(frozen=True, slots=True)
class Query:
    """Filters are joined by AND. `order` is a sequence of (path, descending)."""

    filters: tuple[Filter, ...] = ()
    order: tuple[tuple[str, bool], ...] = ()
    projection: tuple[str, ...] = ()


def values_at(row: JsonObject, path: str) -> Iterator[Any]:
    """Every value that a filter path reaches; a list needs `[]` on its segment."""
    yield from _reach(row, path.split("."))


def _reach(value: Any, keys: Sequence[str]) -> Iterator[Any]:
    if not keys:
        yield value
        return
    key = keys[0]
    is_list = key.endswith("[]")
    if not isinstance(value, dict):
        return
    inner = value.get(key.removesuffix("[]"))
    if is_list and isinstance(inner, list):
        for item in inner:
            yield from _reach(item, keys[1:])
    elif not is_list and not isinstance(inner, list):
        yield from _reach(inner, keys[1:])


def as_number(value: Any) -> float | int | None:
    """A number, or text that is one; None for all else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, float)):
        return value
    try:
        return int(value)
    except (TypeError, ValueError):
        pass
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if number == number and abs(number) != float("inf") else None
