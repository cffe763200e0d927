"""Read-only rows in API shape, as the seed hands them over.

A collection of some hundred objects is a list of dicts (`ListRows`). A generated organisation has
hundreds of thousands of runs, so `Rows` lets a seed answer from columns and build a dict only for
the rows that a page returns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from ..json_types import JsonObject


class Rows(Protocol):
    """Immutable rows with a unique `id` each."""

    def __len__(self) -> int: ...

    def ids(self) -> Sequence[str]:
        """Every id, in a fixed order."""
        ...

    def get(self, id: str) -> JsonObject | None:
        """The row with this id in API shape, or None. The caller must not change it."""
        ...

    def column(self, path: str) -> Sequence[Any] | None:
        """The values at a dotted path, aligned with `ids()` (None where a row has none).

        None when the path cannot be answered without building rows.
        """
        ...


class ListRows:
    """Rows kept as a list of dicts; a column is extracted once and remembered."""

    def __init__(self, rows: Sequence[JsonObject]) -> None:
        self._by_id: dict[str, JsonObject] = {row["id"]: row for row in rows}
        self._ids: list[str] = list(self._by_id)
        self._columns: dict[str, list[Any]] = {}

    def __len__(self) -> int:
        return len(self._ids)

    def ids(self) -> Sequence[str]:
        return self._ids

    def get(self, id: str) -> JsonObject | None:
        return self._by_id.get(id)

    def column(self, path: str) -> Sequence[Any] | None:
        if "[]" in path:
            return None
        known = self._columns.get(path)
        if known is None:
            keys = path.split(".")
            known = self._columns[path] = [_dig(row, keys) for row in self._by_id.values()]
        return known


class MappingRows:
    """Rows of a mapping by id, which may build its values when asked. It has no columns."""

    def __init__(self, rows: Mapping[str, JsonObject]) -> None:
        self._rows = rows
        self._ids: list[str] | None = None

    def __len__(self) -> int:
        return len(self._rows)

    def ids(self) -> Sequence[str]:
        if self._ids is None:
            self._ids = list(self._rows)
        return self._ids

    def get(self, id: str) -> JsonObject | None:
        return self._rows.get(id)

    def column(self, path: str) -> Sequence[Any] | None:  # noqa: ARG002 - the signature of Rows
        return None


def _dig(row: JsonObject, keys: Sequence[str]) -> Any:
    value: Any = row
    for key in keys:
        if not isinstance(value, dict):
            return None
        value = value.get(key)
    return value
