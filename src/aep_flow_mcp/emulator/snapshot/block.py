"""One block of a snapshot: shapes, and columns of values. An object is put together when it is asked for."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from ..json_types import JsonObject


class Block:
    """`ids` are those of the objects, in order. `known` are the ids that stand in columns as `[number]`."""

    def __init__(self, data: bytes, known: Sequence[str]) -> None:
        held = json.loads(data.decode("utf-8", "surrogatepass"))
        self.ids: list[str] = held["ids"]
        self._known = known
        self._columns: list[list[Any]] = [[], *held["columns"]]
        self._shapes: list[Any] = held["shapes"]
        order = held["order"]
        self._order: list[int] = order if len(order) == len(self.ids) else order[:1] * len(self.ids)
        self._within: list[int] = []
        """Of each object: the how-manyeth of its shape it is."""
        counts = [0] * len(self._shapes)
        for shape in self._order:
            self._within.append(counts[shape])
            counts[shape] += 1

    def row(self, at: int) -> JsonObject:
        """The object at a position, made anew each time."""
        made: JsonObject = self._built(self._shapes[self._order[at]], at)
        return made

    def values(self, keys: Sequence[str]) -> list[Any]:
        """What each object holds under a chain of names; None where there is nothing, a list or an object."""
        nodes = [_node(shape, keys) for shape in self._shapes]
        found = []
        for at, shape in enumerate(self._order):
            node = nodes[shape]
            found.append(None if node is None else self._built(node, at))
        return found

    def _built(self, node: Any, at: int) -> Any:
        if isinstance(node, int):
            return self._value(node, at)
        if isinstance(node, dict):
            return {name: self._built(inner, at) for name, inner in node.items()}
        kind, *parts = node
        if kind == "array":
            return [self._built(inner, at) for inner in parts]
        if kind == "same":
            return parts[0]
        if kind == "after":
            return self._value(parts[0], at) + self._value(parts[1], at)
        return "".join(part if isinstance(part, str) else str(self._value(part, at)) for part in parts)

    def _value(self, column: int, at: int) -> Any:
        if column == 0:
            return self.ids[at]
        value = self._columns[column][self._within[at]]
        return self._known[value[0]] if isinstance(value, list) else value


def _node(shape: Any, keys: Sequence[str]) -> Any:
    node = shape
    for key in keys:
        node = node.get(key) if isinstance(node, dict) else None
    if isinstance(node, dict) or (isinstance(node, list) and node[0] == "array"):
        return None
    return node
