"""Answers a `Query` over a collection quickly: what the seed holds is filtered and sorted once per query.

A result is a sequence of entries: an int is a position in the seeded rows, a str the id of a written
object. Seeded rows never change, so their part of a result is kept for good (as long as there is room);
the few written objects are put in their places by bisection.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from functools import total_ordering
from typing import Any

from ..json_types import JsonObject
from .query import COMPARISONS, Filter, Query, values_at
from .store import Collection

Entry = int | str
_KEPT_ENTRIES = 1_000_000


@total_ordering
class _Descending:
    """A sort key turned round."""

    __slots__ = ("key",)

    def __init__(self, key: Any) -> None:
        self.key = key

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Descending) and bool(self.key == other.key)

    def __lt__(self, other: _Descending) -> bool:
        return bool(other.key < self.key)

    __hash__ = None  # type: ignore[assignment]


class Selector:
    """Query results over one collection, with a bounded memory of earlier ones."""

    def __init__(self, collection: Collection, *, default_order: tuple[tuple[str, bool], ...]) -> None:
        self.collection = collection
        self.default_order = default_order
        self._seeded: OrderedDict[Any, list[int]] = OrderedDict()
        self._results: OrderedDict[Any, Sequence[Entry]] = OrderedDict()
        self._indexes: dict[str, dict[str, list[int]]] = {}
        self._rankings: dict[str, tuple[Sequence[int], Sequence[int]] | None] = {}

    def select(self, query: Query) -> tuple[int, Sequence[Entry]]:
        """The revision of the collection, and the entries of the result at this revision, in order."""
        order = self._order(query)
        revision = self.collection.revision
        key = (query.filters, order, revision)
        result = self._results.get(key)
        if result is None:
            seeded = self._seeded_part(query.filters, order)
            result = self._with_written(seeded, query.filters, order)
            _keep(self._results, key, result)
        else:
            self._results.move_to_end(key)
        return revision, result

    def recall(self, query: Query, revision: int) -> Sequence[Entry] | None:
        """The result of an earlier revision, if it is still known."""
        return self._results.get((query.filters, self._order(query), revision))

    def seeded(self, query: Query) -> Sequence[int]:
        """Positions of the seeded rows that match, in order, whether or not they were replaced since."""
        return self._seeded_part(query.filters, self._order(query))

    def row(self, entry: Entry) -> JsonObject | None:
        """The object as it is now; None when it was deleted since."""
        return self.collection.get(self.id_of(entry))

    def id_of(self, entry: Entry) -> str:
        return self.collection.base.ids()[entry] if isinstance(entry, int) else entry

    def _order(self, query: Query) -> tuple[tuple[str, bool], ...]:
        """Newest first where nothing else is asked; specs have no times and keep to their names."""
        return query.order or self.default_order

    def _seeded_part(self, filters: tuple[Filter, ...], order: tuple[tuple[str, bool], ...]) -> list[int]:
        known = self._seeded.get((filters, order))
        if known is not None:
            self._seeded.move_to_end((filters, order))
            return known
        positions: Iterable[int] = range(len(self.collection.base))
        for one in sorted(filters, key=self._cost):
            positions = self._passing(one, positions)
        found = self._sorted(list(positions), order)
        _keep(self._seeded, (filters, order), found)
        return found

    def _cost(self, one: Filter) -> int:
        """Cheap filters first: an index, a column, then whole rows."""
        if self.collection.base.column(one.path) is None:
            return 2
        return 0 if one.indexable else 1

    def _passing(self, one: Filter, positions: Iterable[int]) -> Iterable[int]:
        base = self.collection.base
        column = base.column(one.path)
        if column is None:
            ids = base.ids()
            return [at for at in positions if _passes(base.get(ids[at]), one)]
        if one.indexable and isinstance(positions, range):
            index = self._index(one.path, column)
            if index is not None:
                found = [at for value in dict.fromkeys(one.values) for at in index.get(value, ())]
                return sorted(found)
        if one.op != "==" and (ranking := self._ranking(one.path, column)) is not None:
            if isinstance(positions, range):
                return _within(one, *ranking)
            compare, limit = COMPARISONS[one.op], one.number
            return [at for at in positions if column[at] is not None and compare(column[at], limit)]
        accepts = one.accepts
        return [at for at in positions if accepts(column[at])]

    def _ranking(self, path: str, column: Sequence[Any]) -> tuple[Sequence[int], Sequence[int]] | None:
        """The values of a column of whole numbers from the least to the greatest, and their positions."""
        if path not in self._rankings:
            held = [at for at, value in enumerate(column) if value is not None]
            if all(type(column[at]) is int for at in held):
                held.sort(key=column.__getitem__)
                self._rankings[path] = array("q", [column[at] for at in held]), array("q", held)
            else:
                self._rankings[path] = None
        return self._rankings[path]

    def _index(self, path: str, column: Sequence[Any]) -> dict[str, list[int]] | None:
        """Positions by value, for columns of text."""
        known = self._indexes.get(path)
        if known is None:
            known = {}
            for at, value in enumerate(column):
                if isinstance(value, str):
                    known.setdefault(value, []).append(at)
                elif value is not None:
                    return None
            self._indexes[path] = known
        return known

    def _sorted(self, positions: list[int], order: tuple[tuple[str, bool], ...]) -> list[int]:
        """Sorted from the least to the most significant key; each sort is stable."""
        if len(positions) < 2:
            return positions
        ids = self.collection.base.ids()
        positions.sort(key=ids.__getitem__)
        for path, descending in reversed(order):
            column = self.collection.base.column(path)
            if column is None:
                keys = {at: _sortable(_first(self._seeded_row(at), path)) for at in positions}
                positions.sort(key=keys.__getitem__, reverse=descending)
            elif all(isinstance(column[at], int) for at in positions):
                positions.sort(key=column.__getitem__, reverse=descending)
            else:
                keys = {at: _sortable(column[at]) for at in positions}
                positions.sort(key=keys.__getitem__, reverse=descending)
        return positions

    def _seeded_row(self, at: int) -> JsonObject:
        return self.collection.base.get(self.collection.base.ids()[at]) or {}

    def _with_written(
        self, seeded: list[int], filters: tuple[Filter, ...], order: tuple[tuple[str, bool], ...]
    ) -> Sequence[Entry]:
        collection = self.collection
        if not collection.written and not collection.hidden:
            return seeded
        result: list[Entry] = list(seeded)
        if collection.hidden:
            ids, hidden = collection.base.ids(), collection.hidden
            result = [at for at in seeded if ids[at] not in hidden]
        fresh = [id for id, row in collection.written.items() if all(_passes(row, one) for one in filters)]
        if len(fresh) * 20 > len(result):
            keys = {entry: self._key(entry, order) for entry in [*result, *fresh]}
            return sorted(keys, key=keys.__getitem__)
        for id in fresh:
            at = bisect_left(result, self._key(id, order), key=lambda entry: self._key(entry, order))
            result.insert(at, id)
        return result

    def _key(self, entry: Entry, order: tuple[tuple[str, bool], ...]) -> tuple[Any, ...]:
        keys: list[Any] = []
        for path, descending in order:
            key = _sortable(self._value(entry, path))
            keys.append(_Descending(key) if descending else key)
        keys.append(self.id_of(entry))
        return tuple(keys)

    def _value(self, entry: Entry, path: str) -> Any:
        if isinstance(entry, int):
            column = self.collection.base.column(path)
            return column[entry] if column is not None else _first(self._seeded_row(entry), path)
        return _first(self.collection.written[entry], path)


def _within(one: Filter, values: Sequence[int], positions: Sequence[int]) -> Sequence[int]:
    """The positions whose values, in ascending order, pass an inequality."""
    limit = one.number
    match one.op:
        case ">":
            return positions[bisect_right(values, limit) :]
        case ">=":
            return positions[bisect_left(values, limit) :]
        case "<":
            return positions[: bisect_left(values, limit)]
        case _:
            return positions[: bisect_right(values, limit)]


def _passes(row: JsonObject | None, one: Filter) -> bool:
    return row is not None and any(one.accepts(value) for value in values_at(row, one.path))


def _first(row: JsonObject, path: str) -> Any:
    return next(values_at(row, path), None)


def _sortable(value: Any) -> tuple[int, Any]:
    """Values of different types in one order: numbers, text, then what has no order or is absent."""
    if isinstance(value, (int, float)):
        return (0, value)
    if isinstance(value, str):
        return (1, value)
    return (2, 0)


def _keep(memory: OrderedDict[Any, Any], key: Any, entries: Sequence[Entry]) -> None:
    """Remember, and forget the oldest once too many entries are held."""
    memory[key] = entries
    held = sum(len(kept) for kept in memory.values())
    while len(memory) > 1 and (held > _KEPT_ENTRIES or len(memory) > 512):
        _, oldest = memory.popitem(last=False)
        held -= len(oldest)
