"""What a person needs of a request besides its JSON: names, times, rows of a mapping, fields one by one. Pure."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from aep_flow_mcp.guard.changes.canonical import JSON, dotted, leaves, shown
from aep_flow_mcp.guard.changes.naming import Named
from aep_flow_mcp.guard.changes.steps import REF_KEY
from aep_flow_mcp.guard.changes.whole import whole

_EPOCH = {10: 1, 13: 1000}
"""Digits of epoch seconds and milliseconds, and how many of them make a second."""
_TIMES = 20
_NAMES = 30
_ROWS = "mappings"
_SOURCES = ("source", "sourceAttribute")
_TARGETS = ("destination", "destinationXdmPath")
_KIND = "sourceType"


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a mapping set. All are JSON on one line; `more`: what it has besides, empty for nothing."""

    source: str
    target: str
    kind: str
    more: str = ""

    @property
    def line(self) -> str:
        """`"first_name" -> "person.name.firstName" (ATTRIBUTE)`."""
        more = f" {self.more}" if self.more else ""
        return f"{self.source} -> {self.target} ({self.kind}){more}"


@dataclass(frozen=True, slots=True)
class Field:
    """A value of a body; `note`: what an id is called, or the time that a number is."""

    name: str
    value: str
    note: str = ""


def rows_of(value: JSON) -> tuple[Row, ...] | None:
    """The rows of a mapping set's body; None where it has none, or something that is no row."""
    rows = value.get(_ROWS) if isinstance(value, dict) else None
    if not isinstance(rows, list) or not rows:
        return None
    found = [_row(row) for row in rows]
    return tuple(row for row in found if row is not None) if all(found) else None


def by_target(*bodies: JSON) -> tuple[JSON, ...]:
    """Bodies of a mapping set with their rows by the field that each fills, so that a row more among them is one
    difference; as they are where the rows do not tell it, or two fill one field."""
    found = [_keyed(body) for body in bodies]
    return bodies if None in found else tuple(found)


def _keyed(body: JSON) -> JSON:
    rows = body.get(_ROWS) if isinstance(body, dict) else None
    if not isinstance(rows, list):
        return None
    keyed = {row.get(_TARGETS[0]): row for row in rows if isinstance(row, dict)}
    told = len(keyed) == len(rows) and all(isinstance(target, str) for target in keyed)
    return {**body, _ROWS: keyed} if told else None


def without_rows(value: JSON, count: int) -> JSON:
    """The body of a mapping set whose rows are shown beside it."""
    return {**value, _ROWS: "(the row above)" if count == 1 else f"(the {count} rows above)"}


def fields_of(value: JSON, names: Iterable[Named], *, but_rows: bool) -> tuple[Field, ...]:
    """Every value of a body by the way to it, with what a person calls it."""
    by_id = {one.id: one for one in names}
    return tuple(
        Field(dotted(way), whole(leaf), _note(way, leaf, by_id))
        for way, leaf in leaves(value)
        if not (but_rows and way and way[0] == _ROWS)
    )


def names_in(value: JSON, names: Iterable[Named]) -> tuple[str, ...]:
    """`sourceConnectionIds[0] is source connection "Loyalty"` for every id that has a name."""
    by_id = {one.id: one for one in names}
    found = [
        f"{dotted(way)} is {by_id[leaf].words}"
        for way, leaf in leaves(value)
        if isinstance(leaf, str) and leaf in by_id
    ]
    more = len(found) - _NAMES
    return (*found[:_NAMES], *([f"and {more} more"] if more > 0 else []))


def times_in(value: JSON, *, but: Container[str] = ()) -> tuple[str, ...]:
    """What is a time by its name and its size, as people write times. but: fields that were told already."""
    found = ((dotted(way), time_of(str(way[-1]), leaf)) for way, leaf in leaves(value) if way)
    return tuple(_first(f"{field} is {moment}" for field, moment in found if moment and field not in but))


def _first(lines: Iterator[str]) -> list[str]:
    return [line for line, _ in zip(lines, range(_TIMES), strict=False)]


def _note(way: tuple[str | int, ...], leaf: JSON, by_id: dict[str, Named]) -> str:
    if way and way[-1] == REF_KEY:
        return "what an earlier step creates"
    if isinstance(leaf, str) and leaf in by_id:
        return by_id[leaf].words
    return time_of(str(way[-1]), leaf) if way else ""


def time_of(name: str, value: object) -> str:
    """`2026-01-31T08:00:00Z` for epoch seconds or milliseconds in a field that is called a time; else nothing."""
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    if not (name.casefold().endswith("time") and text.isascii() and text.isdecimal() and len(text) in _EPOCH):
        return ""
    moment = datetime.fromtimestamp(int(text) // _EPOCH[len(text)], UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def _row(row: JSON) -> Row | None:
    if not isinstance(row, dict):
        return None
    source = next((name for name in _SOURCES if name in row), None)
    target = next((name for name in _TARGETS if name in row), None)
    if source is None or target is None:
        return None
    others = {name: item for name, item in row.items() if name not in (source, target, _KIND)}
    kind = row.get(_KIND)
    return Row(
        source=whole(row[source]),
        target=whole(row[target]),
        kind=shown(kind).strip('"') if _KIND in row else "no sourceType",
        more=whole(others) if others else "",
    )
