"""Whether two values mean the same to the API, and what differs between two documents. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_ABSENT = object()


def same(one: Any, other: Any) -> bool:
    """Whether two values are equal as the service gives them back: numbers and booleans may be text, and what is null
    is as good as absent."""
    if one is other:
        return True
    if type(one) is type(other) is str:  # most of what is compared, and what the tests below are slow for
        return bool(one == other)
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return all(same(value, other.get(name)) for name, value in one.items()) and all(
            name in one or value is None for name, value in other.items()
        )
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, Mapping | list | tuple) or isinstance(other, Mapping | list | tuple):
        return False
    return bool(_text(one) == _text(other))


def without_nulls(value: Any) -> Any:
    """A value without members that are null: they say no more than absent ones, and specs refuse them in a new object.
    Items of lists stay where they are."""
    if isinstance(value, Mapping):
        return {name: without_nulls(item) for name, item in value.items() if item is not None}
    return [without_nulls(item) for item in value] if isinstance(value, list) else value


def _text(scalar: Any) -> Any:
    if isinstance(scalar, str) or scalar is None:
        return scalar
    if isinstance(scalar, float) and scalar.is_integer():
        scalar = int(scalar)
    if isinstance(scalar, bool):
        return "true" if scalar else "false"
    if isinstance(scalar, int):
        return int.__repr__(scalar)
    if isinstance(scalar, float):
        return json.dumps(scalar)
    return scalar  # a reference to what does not exist yet


@dataclass(frozen=True)
class Difference:
    """A field of a document; None for a value that is not there."""

    field: str
    before: Any
    after: Any


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Difference]:
    """What differs between two documents, field by field; rows of a mapping by the field that they fill."""
    return list(_differ("", before, after))


def _differ(path: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Difference]:
    for name in dict.fromkeys((*before, *after)):
        one, other = before.get(name), after.get(name)
        if same(one or None, other or None):
            continue
        where = f"{path}.{name}" if path else name
        if isinstance(one, Mapping | None) and isinstance(other, Mapping | None):
            yield from _differ(where, one or {}, other or {})
        elif where == "mapping":
            yield from _rows(one or [], other or [])
        else:
            yield Difference(where, one, other)


def _rows(before: list[Any], after: list[Any]) -> Iterator[Difference]:
    one, other = _by_field(before), _by_field(after)
    found = [
        Difference(f"mapping.{field}", _filled(one.get(field)), _filled(other.get(field)))
        for field in dict.fromkeys((*one, *other))
        if not same(one.get(field), other.get(field))
    ]
    yield from found or [Difference("mapping", "another order of rows", "this order of rows")]


def _by_field(rows: list[Any]) -> dict[str, Any]:
    return {str(row.get("field")): row for row in rows if isinstance(row, Mapping)}


def _filled(row: Mapping[str, Any] | None) -> Any:
    """What fills the field: the source alone where there is no more to it."""
    if row is None:
        return None
    rest = {name: value for name, value in row.items() if name != "field"}
    return rest["source"] if set(rest) == {"source"} else rest
