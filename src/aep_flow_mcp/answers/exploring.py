"""What explore tools have in common: their parameters, their answer, and a bound on folders of any size."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from aep_flow_mcp.answers.text import Answer, clean
from aep_flow_mcp.gathering.asked import AskedError
from aep_flow_mcp.platform.models.explore import (
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
_ENTRIES_ROOM = 22_000
_ENTRY_OVERHEAD = 30


Compression = Literal["bzip2", "gzip", "deflate", "zipDeflate", "tarGzip", "tar"]
Encoding = Literal["UTF-8", "ISO-8859-1"]
Path = Annotated[str | None, Field(description="path or table, as an earlier answer gave it")]
Entries = Annotated[int, Field(ge=1, le=500)]
Start = Annotated[int, Field(ge=0)]


class Entry(BaseModel):
    """A folder, file or table."""

    type: str | None = None
    name: str | None = None
    path: str | None = None
    can_preview: bool | None = None


class ColumnRow(BaseModel):
    """A column, or a top-level property of hierarchical data."""

    name: str | None = None
    type: str | None = None
    xdm_type: str | None = None


class Explored(Answer):
    """`entries` of a root or folder, or the `columns` and first `rows` of a file or table."""

    entries: list[Entry] | None = None
    total: int | None = None
    next_start: int | None = None
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


def explored(found: Exploration, *, start: int, limit: int) -> Explored:
    """The answer to an explore question; of a folder, `limit` entries from `start` on."""
    if found.preview is not None:
        return _preview(found.preview)
    total = len(found.items)
    if start and start >= total:
        raise AskedError(f"start is past the end: there are {total} entries.")
    entries = _fitting([_entry(item) for item in found.items[start : start + limit]])
    end = start + len(entries)
    return Explored(
        entries=entries,
        total=total,
        next_start=end if end < total else None,
        note=_folder_note(total, end),
    )


def _fitting(entries: list[Entry]) -> list[Entry]:
    """As many entries as one answer can show, at least one: what is cut off must be in the next piece."""
    room = _ENTRIES_ROOM
    for count, entry in enumerate(entries):
        room -= len(entry.name or "") + len(entry.path or "") + _ENTRY_OVERHEAD
        if room < 0:
            return entries[: max(count, 1)]
    return entries


def _folder_note(total: int, end: int) -> str | None:
    if total == 0:
        return "Nothing in here."
    return f"{total - end} more: call again with start={end}." if end < total else None


def _entry(item: ExploreItem) -> Entry:
    return Entry(type=item.type, name=item.name, path=item.path, can_preview=item.can_preview)


def _preview(preview: ExplorePreview) -> Explored:
    columns = [
        ColumnRow(name=column.name, type=column.type, xdm_type=column.xdm_type or column.xdm.get("type"))
        for column in preview.columns
    ]
    rows = [{key: _short(value) for key, value in row.items()} for row in preview.data[:PREVIEW_ROWS]]
    notes = []
    if len(preview.data) > PREVIEW_ROWS:
        notes.append(f"{PREVIEW_ROWS} of {len(preview.data)} preview rows.")
    if len(columns) > _MAX_COLUMNS:
        notes.append(f"{_MAX_COLUMNS} of {len(columns)} columns.")
    return Explored(
        format=preview.format,
        properties=preview.properties or None,
        columns=columns[:_MAX_COLUMNS],
        rows=rows or None,
        note=" ".join(notes) or None,
    )


def _short(value: Any) -> Any:
    """A cell of a preview: long texts are cut, so that one document does not fill the answer."""
    if isinstance(value, str) and len(value) > _CELL_LENGTH:
        # Redacted first, cut afterwards: half a secret no longer looks like one.
        return clean(redact_text(value)[:_CELL_LENGTH]) + "…"
    return value
