"""Objects of one kind in little space: their shapes once, and their values column by column.

Thousands of runs differ in some ten numbers and ids. Written one after the other they take three times the space.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

JSON = Any
Node = Any
"""What stands in a shape: an object of nodes; `["array", node…]`; `["same", value]`; `["text", part or column…]`;
`["after", column, column]` (the sum); or the number of a column."""

_ID = re.compile(r"([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9A-HJKMNP-TV-Z]{26})")
_NUMBER = re.compile(r"(\d+)")
_MOMENT = 10**11
"""From here on a number is a time in milliseconds, most likely close to the object's others."""
_MOST_SHAPES = 0.25
"""Of the objects; more, and texts are kept whole."""


@dataclass
class _Shape:
    """A shape as found: its tree, whose leaves are slots, and the values of each slot, an object after the other."""

    tree: Node
    rows: list[list[JSON]] = field(default_factory=list)


def packed(ids: Sequence[str], objects: Sequence[JSON], known: Mapping[str, int]) -> bytes:
    """A block of objects with their ids. `known` gives the numbers of ids that are written as numbers in texts."""
    shapes, order = _shapes(objects, split=True)
    if len(shapes) > max(8, len(objects) * _MOST_SHAPES):
        shapes, order = _shapes(objects, split=False)
    columns = _Columns(known)
    columns.number(list(ids), fixed=True)
    members = [[at for at, shape in enumerate(order) if shape == number] for number in range(len(shapes))]
    trees = [
        _settled(shape, columns, [ids[at] for at in rows])
        for shape, rows in zip(shapes, members, strict=True)
    ]
    block = {"ids": list(ids), "order": _runs(order), "shapes": trees, "columns": columns.kept[1:]}
    return json.dumps(block, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


def _shapes(objects: Sequence[JSON], *, split: bool) -> tuple[list[_Shape], list[int]]:
    """The shapes of the objects, and which one each object has."""
    found: dict[str, int] = {}
    shapes: list[_Shape] = []
    order = []
    for one in objects:
        values: list[JSON] = []
        tree = _tree(one, values, split=split)
        key = json.dumps(tree, ensure_ascii=False)
        if key not in found:
            found[key] = len(shapes)
            shapes.append(_Shape(tree))
        shapes[found[key]].rows.append(values)
        order.append(found[key])
    return shapes, order


def _tree(value: JSON, values: list[JSON], *, split: bool) -> Node:
    """The value with its scalars taken out, in order."""
    if isinstance(value, dict):
        return {name: _tree(item, values, split=split) for name, item in value.items()}
    if isinstance(value, list):
        return ["array", *(_tree(item, values, split=split) for item in value)]
    if split and isinstance(value, str) and len(value) > 36 and _ID.search(value):
        return ["text", *_parts(value, values)]
    values.append(value)
    return len(values) - 1


def _parts(text: str, values: list[JSON]) -> list[str | int]:
    parts: list[str | int] = []
    for at, piece in enumerate(_ID.split(text)):
        for inner, part in enumerate([piece] if at % 2 else _NUMBER.split(piece)):
            if at % 2 or inner % 2:
                parts.append(len(values))
                values.append(part)
            elif part:
                parts.append(part)
    return parts


class _Columns:
    """The columns of a block; equal ones are kept once. Column 0 of a shape's rows are their ids."""

    def __init__(self, known: Mapping[str, int]) -> None:
        self._known = known
        self._numbers: dict[str, int] = {}
        self.kept: list[list[JSON]] = []

    def number(self, values: list[JSON], *, fixed: bool = False) -> int:
        """The number of a column with these values."""
        key = "" if fixed else json.dumps(values)
        if key not in self._numbers:
            self._numbers[key] = len(self.kept)
            self.kept.append(values)
        return self._numbers[key]

    def ids(self, values: list[JSON]) -> list[JSON]:
        """Ids that the file names elsewhere as `[number]`."""
        return [[self._known[one]] if one.__class__ is str and one in self._known else one for one in values]


def _settled(shape: _Shape, columns: _Columns, ids: list[str]) -> Node:
    """The tree with columns of the block in the place of slots."""
    slots = [list(values) for values in zip(*shape.rows, strict=True)]
    base: int | None = None
    based: list[int] = []
    settled: list[Node] = []
    for values in slots:
        if values == ids and all(type(one) is str for one in values):
            settled.append(0)
        elif len({(type(one), one) for one in values}) == 1 and len(values) > 1:
            settled.append(["same", values[0]])
        elif all(type(one) is int and one > _MOMENT for one in values):
            if base is None:
                base, based = columns.number(values), values
                settled.append(base)
            else:
                later = [one - first for one, first in zip(values, based, strict=True)]
                settled.append(["after", base, columns.number(later)])
        else:
            settled.append(columns.number(columns.ids(values)))
    return _placed(shape.tree, settled)


def _placed(tree: Node, settled: list[Node]) -> Node:
    if isinstance(tree, dict):
        return {name: _placed(item, settled) for name, item in tree.items()}
    if isinstance(tree, int):
        return settled[tree]
    if tree[0] == "array":
        return ["array", *(_placed(item, settled) for item in tree[1:])]
    parts: list[Node] = []
    for part in tree[1:]:
        one = part if isinstance(part, str) else settled[part]
        if isinstance(one, list):  # texts are never ["after"], so this is ["same", text]
            one = one[1]
        if isinstance(one, str) and parts and isinstance(parts[-1], str):
            parts[-1] += one
        else:
            parts.append(one)
    return ["text", *parts]


def _runs(order: list[int]) -> list[int]:
    """The shape of each object, or one number when they are all alike."""
    return order[:1] if len(Counter(order)) == 1 else order
