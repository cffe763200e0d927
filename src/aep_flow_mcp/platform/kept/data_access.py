"""Data Access: the files of a batch, and of what it left out and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ..answers import items_of, model_of, next_href, unexpected
from ..models.kept import FileEntry
from ..reader_core import PAGE_LIMIT, ReaderCore
from ..urls import DATA_ACCESS, Param, join_path
from ..wire.bodies import FileStart

Place = Literal["files", "failed", "meta"]
"""What came in, the chunks of a batch that failed, and what a batch tells of itself (`row_errors`, `input_files`)."""


@dataclass(frozen=True, slots=True)
class FileList:
    """The files at a place; `more` where there are others than these."""

    files: list[FileEntry]
    more: bool


class DataAccess(ReaderCore):
    """Reads the Data Access API. All raise PlatformError."""

    async def list_files(self, batch_id: str, place: Place, path: str | None = None) -> FileList:
        """The first hundred files of a batch at a place, or in a folder of its meta data.

        Adobe keeps diagnostics for 30 days.
        """
        where = _where(batch_id, place)
        data = await self._data(where, [*_named(path), ("limit", str(PAGE_LIMIT))])
        objects, skipped = items_of(_listed(data, where), where)
        files = [model_of(FileEntry, item, where) for item in objects]
        return FileList(files, next_href(data) is not None or len(files) + skipped >= PAGE_LIMIT)

    async def read_file(self, batch_id: str, place: Place, path: str, *, most: int) -> FileStart:
        """At most `most` bytes of a file, from its beginning; what is longer is not read to its end."""
        answer = await self.client.read_start(
            _where(batch_id, place), params=_named(path), sandbox=self.sandbox, most=most
        )
        start: FileStart = answer.data
        return start


def _where(batch_id: str, place: Place) -> str:
    return f"{join_path(f'{DATA_ACCESS}/batches', batch_id)}/{place}"


def _named(path: str | None) -> list[Param]:
    return [] if path is None else [("path", path)]


def _listed(data: Any, path: str) -> Any:
    if isinstance(data, Mapping):
        if "data" in data:
            return data["data"] or []
        raise unexpected(path, "a list under `data` was expected")
    return data
