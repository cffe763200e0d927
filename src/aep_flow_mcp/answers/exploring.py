"""What explore tools have in common: their parameters, their answer, and a bound on folders of any size."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from aep_flow_mcp.answers.rows import NOTES, RowsShown, rows_of
from aep_flow_mcp.answers.text import Answer, clean
from aep_flow_mcp.gathering.asked import AskedError
from aep_flow_mcp.platform.concurrency import together
from aep_flow_mcp.platform.errors import PlatformError
from aep_flow_mcp.platform.models.explore import (
    Column,
    Exploration,
    ExploreItem,
    ExplorePreview,
    ExploreQuery,
    FileType,
    ObjectType,
)
from aep_flow_mcp.platform.redaction.texts import redact_text

PREVIEW_ROWS = 10
"""Rows of data in an answer; a look at the data, not a download of it."""
_CELL_LENGTH = 200
_MAX_COLUMNS = 400
_CELL_PARTS = 20
_CELL_ITEMS = 3
_COLUMNS_ROOM = 14_000
_ROWS_ROOM = 8_000
_ENTRIES_ROOM = 22_000
_ENTRY_OVERHEAD = 30
_DIGITS = 10
_COLUMNS_OF_ONE = 60
FEW_FILES = 8
"""Files of a folder whose columns are read in one call."""


Compression = Literal["bzip2", "gzip", "deflate", "zipDeflate", "tarGzip", "tar"]
Encoding = Literal["UTF-8", "ISO-8859-1"]
Path = Annotated[str | None, Field(description="path or table of an earlier answer")]
Entries = Annotated[int, Field(ge=1, le=500)]


class Entry(BaseModel):
    """A folder, file or table. `more` is what else the connector says of it, such as size and time of change."""

    type: str | None = None
    name: str | None = None
    path: str | None = None
    can_preview: bool | None = None
    more: str | None = None
    columns: list[str] | None = None


class ColumnRow(BaseModel):
    """A column; what is inside one of hierarchical data follows it with its path: `address.city`, `items[].sku`."""

    name: str | None = None
    type: str | None = None
    xdm_type: str | None = None


class Explored(Answer):
    """`entries` of a root or folder, or the `columns` and first `rows` of a file or table; `total` of either."""

    entries: list[Entry] | None = None
    total: int | None = None
    next_cursor: str | None = None
    format: str | None = None
    properties: dict[str, Any] | None = None
    columns: list[ColumnRow] | None = None
    rows: list[dict[str, Any]] | None = None
    note: str | None = None


def question(
    object_type: ObjectType,
    object: str | None,
    *,
    file_type: FileType | None = None,
    preview: bool | None = None,
    column_delimiter: str | None = None,
    compression: Compression | None = None,
    encoding: Encoding | None = None,
    determine_properties: bool = False,
    filters: dict[str, Any] | None = None,
    source_params: dict[str, Any] | None = None,
) -> ExploreQuery:
    """What to ask an explore endpoint. A path without an object type means a folder when it ends in a slash.

    Raises:
        AskedError: the service would refuse it; the message says which argument to change.
    """
    if object_type == "root" and object:
        object_type = "folder" if object.endswith("/") else "file"
    if object_type == "folder" and object and not object.endswith("/"):
        object += "/"
    query = ExploreQuery(
        object_type=object_type,
        object=object or None,
        file_type=file_type,
        preview=preview,
        column_delimiter=column_delimiter,
        compression_type=compression,
        encoding=encoding,
        determine_properties=determine_properties,
        filters=filters,
        source_params=source_params,
    )
    problem = query.problem()
    if problem:
        raise AskedError(problem)
    return query


def explored(found: Exploration, *, cursor: str | None, limit: int, shown: RowsShown) -> Explored:
    """The answer to an explore question; of a folder, `limit` entries from `cursor` on; of a file, its columns.

    shown: how the rows of a file or table are shown.
    """
    if cursor and not (cursor.isascii() and cursor.isdecimal() and len(cursor) < _DIGITS):
        raise AskedError(
            "This is not a cursor of this tool. Use one from an earlier answer, or leave it out."
        )
    start = int(cursor or 0)
    if found.preview is not None:
        return _preview(found.preview, start=start, shown=shown)
    total = len(found.items)
    if start and start >= total:
        raise AskedError(f"This cursor leads past the end: there are {total} entries.")
    entries = _fitting([_entry(item) for item in found.items[start : start + limit]])
    end = start + len(entries)
    return Explored(
        entries=entries,
        total=total,
        next_cursor=str(end) if end < total else None,
        note=_folder_note(total, start, end),
    )


def _fitting(entries: list[Entry]) -> list[Entry]:
    """As many entries as one answer can show, at least one: what is cut off must be in the next piece."""
    room = _ENTRIES_ROOM
    for count, entry in enumerate(entries):
        room -= len(entry.name or "") + len(entry.path or "") + _ENTRY_OVERHEAD
        if room < 0:
            return entries[: max(count, 1)]
    return entries


def _folder_note(total: int, start: int, end: int) -> str | None:
    if total == 0:
        return "Nothing in here."
    return f"{end - start} of {total} entries. More: call again with cursor={end}." if end < total else None


def _entry(item: ExploreItem) -> Entry:
    known = {"type", "name", "path", "canPreview", "canFetchSchema"}
    told = {
        name: value
        for name, value in (item.model_extra or {}).items()
        if name not in known and isinstance(value, str | int | float) and not isinstance(value, bool)
    }
    more = ", ".join(f"{name} {_short(value)}" for name, value in list(told.items())[:_CELL_PARTS])
    return Entry(
        type=item.type, name=item.name, path=item.path, can_preview=item.can_preview, more=more or None
    )


async def with_columns(answer: Explored, read: Callable[[Entry], Awaitable[Exploration]]) -> Explored:
    """A folder with the columns of each of its files, where there are few; a file that cannot be read says why.

    read: explores one file.
    """
    files = [entry for entry in answer.entries or [] if entry.type == "file"]
    if len(files) > FEW_FILES:
        note = f"Columns are read of at most {FEW_FILES} files; here are {len(files)}."
        return answer.model_copy(update={"note": " ".join(filter(None, (answer.note, note)))})

    async def columns(entry: Entry) -> list[str]:
        try:
            found = await read(entry)
        except PlatformError as error:
            return [f"(not read: {error.kind.value})"]
        names = [column.name or "" for column in found.preview.all_columns] if found.preview else []
        more = [f"… {len(names) - _COLUMNS_OF_ONE} more"] if len(names) > _COLUMNS_OF_ONE else []
        return names[:_COLUMNS_OF_ONE] + more

    read_columns = await together([partial(columns, entry) for entry in files])
    of = {entry.path: names for entry, names in zip(files, read_columns, strict=True)}
    entries = [
        entry.model_copy(update={"columns": of[entry.path]}) if entry.type == "file" else entry
        for entry in answer.entries or []
    ]
    return answer.model_copy(update={"entries": entries})


def file_type_of(path: str) -> FileType:
    """The format that a file's name says; delimited where it says none."""
    name = path.casefold()
    return (
        "json"
        if name.endswith((".json", ".jsonl"))
        else "parquet"
        if name.endswith(".parquet")
        else "delimited"
    )


def _preview(preview: ExplorePreview, *, start: int, shown: RowsShown) -> Explored:
    """Columns from `start` on; the rows are in the first piece only."""
    everything = preview.all_columns
    if start and start >= len(everything):
        raise AskedError(f"This cursor leads past the end: there are {len(everything)} columns.")
    columns = _fitting_columns([_column(column) for column in everything[start : start + _MAX_COLUMNS]])
    end, notes = start + len(columns), []
    if end < len(everything):
        notes.append(f"{len(columns)} of {len(everything)} columns. More: call again with cursor={end}.")
    rows = [] if start else _rows(rows_of(preview.data[:PREVIEW_ROWS], shown))
    if preview.data and not start and NOTES[shown]:
        notes.append(str(NOTES[shown]))
    if rows and len(preview.data) > len(rows):
        notes.append(f"{len(rows)} of {len(preview.data)} preview rows.")
    return Explored(
        format=preview.format,
        total=len(everything) if end < len(everything) or start else None,
        next_cursor=str(end) if end < len(everything) else None,
        properties=preview.properties or None,
        columns=columns,
        rows=rows or None,
        note=" ".join(notes) or None,
    )


def _column(column: Column) -> ColumnRow:
    inner = column.xdm.get("type")
    xdm_type = column.xdm_type or (inner if isinstance(inner, str) else None)
    return ColumnRow(name=column.name, type=column.type, xdm_type=xdm_type)


def _fitting_columns(columns: list[ColumnRow]) -> list[ColumnRow]:
    """As many as leave room for rows, at least one."""
    room = _COLUMNS_ROOM
    for count, column in enumerate(columns):
        room -= len(column.name or "") + len(column.type or "") + len(column.xdm_type or "") + 10
        if room < 0:
            return columns[: max(count, 1)]
    return columns


def _rows(data: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The first rows that fit, at least one."""
    rows: list[dict[str, Any]] = []
    room = _ROWS_ROOM
    for row in data:
        short = {key: _short(value) for key, value in list(row.items())[:_MAX_COLUMNS]}
        room -= len(json.dumps(short, ensure_ascii=False, default=str))
        if room < 0 and rows:
            break
        rows.append(short)
    return rows


def _short(value: Any, depth: int = 4) -> Any:
    """A cell of a preview: long texts, long lists and deep objects are cut, so that one document does not fill the
    answer."""
    if isinstance(value, str) and len(value) > _CELL_LENGTH:
        # Redacted first, cut afterwards: half a secret no longer looks like one.
        return clean(redact_text(value)[:_CELL_LENGTH]) + "…"
    if isinstance(value, dict):
        kept = list(value.items())[:_CELL_PARTS] if depth else []
        short = {str(key): _short(inner, depth - 1) for key, inner in kept}
        return short | ({"…": f"{len(value) - len(kept)} more"} if len(value) > len(kept) else {})
    if isinstance(value, list):
        items = [_short(inner, depth - 1) for inner in value[:_CELL_ITEMS]] if depth else []
        return [*items, f"… {len(value) - len(items)} more"] if len(value) > len(items) else items
    return value
