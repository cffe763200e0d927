"""The file: a ZIP archive with a manifest and blocks, decoded one at a time."""

from __future__ import annotations

import json
import zipfile
import zlib
from array import array
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..json_types import JsonObject
from .block import Block

FORMAT = "aep-flow-mcp snapshot"
VERSION = 1
_NAMED = ("sourceConnections", "targetConnections", "flows")
_SPECS = ("connectionSpecs", "flowSpecs")
_KEPT_BLOCKS = 12
_TOGETHER = (
    *("flowId", "createdAt", "updatedAt", "metrics.statusSummary.status"),
    *("metrics.durationSummary.startedAtUTC", "metrics.durationSummary.completedAtUTC"),
)
"""Columns that questions about runs need together."""


class NoSnapshot(ValueError):
    """The file cannot be used; the message is one sentence that names it."""


class Archive:
    """A snapshot, opened. It keeps a few blocks decoded.

    Raises:
        NoSnapshot: the file is not there, cut off, something else, or of a later format.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._zip = zipfile.ZipFile(path)
            self.manifest: dict[str, Any] = json.loads(self._zip.read("manifest.json"))
            named = set(self._zip.namelist())
            is_ours = self.manifest["format"] == FORMAT
            version = self.manifest["version"]
            needed = [
                _member(kind, number)
                for kind, held in self.manifest["kinds"].items()
                for number in range(held["blocks"])
            ]
        except FileNotFoundError:
            raise NoSnapshot(f"{path} does not exist.") from None
        except OSError as error:
            raise NoSnapshot(f"{path} cannot be read: {error.strerror or error}.") from None
        except (zipfile.BadZipFile, zlib.error, KeyError, TypeError, ValueError, AttributeError):
            raise NoSnapshot(f"{path} is no snapshot of aep-flow-mcp, or was cut off.") from None
        if not is_ours or not set(needed) <= named:
            raise NoSnapshot(f"{path} is no snapshot of aep-flow-mcp, or was cut off.")
        if version != VERSION:
            raise NoSnapshot(f"{path} has the format {version}; this version reads {VERSION}: update it.")
        self._known: list[str] | None = None
        self._blocks: OrderedDict[tuple[str, int], Block] = OrderedDict()

    def count(self, kind: str) -> int:
        """How many blocks there are of a kind."""
        return int(self.manifest["kinds"].get(kind, {}).get("blocks", 0))

    def block(self, kind: str, number: int) -> Block:
        """One block, decoded."""
        key = (kind, number)
        if key not in self._blocks:
            known = () if kind in _SPECS else self._numbered()
            self._blocks[key] = Block(self._read(kind, number), known)
            while len(self._blocks) > _KEPT_BLOCKS:
                self._blocks.popitem(last=False)
        self._blocks.move_to_end(key)
        return self._blocks[key]

    def _numbered(self) -> Sequence[str]:
        """The ids that blocks name by number: of these kinds in this order, each once."""
        if self._known is None:
            found: dict[str, None] = {}
            for kind in _NAMED:
                for number in range(self.count(kind)):
                    found.update(dict.fromkeys(json.loads(self._read(kind, number))["ids"]))
            self._known = list(found)
        return self._known

    def _read(self, kind: str, number: int) -> bytes:
        try:
            return self._zip.read(_member(kind, number))
        except (zipfile.BadZipFile, zlib.error, OSError):
            raise NoSnapshot(f"{self.path} is damaged: {_member(kind, number)} cannot be read.") from None


def _member(kind: str, number: int) -> str:
    return f"{kind}/{number:05}.json"


class SnapshotRows:
    """The objects of one kind as `Rows`: ids and columns are kept once asked for, objects are made each time."""

    def __init__(self, archive: Archive, kind: str) -> None:
        self._archive = archive
        self._kind = kind
        self._ids: list[str] | None = None
        self._at: dict[str, int] = {}
        self._places: array[int] = array("q")
        """Of each id: its block, times a million, plus its position there."""
        self._columns: dict[str, Sequence[Any]] = {}

    def __len__(self) -> int:
        return len(self.ids())

    def ids(self) -> Sequence[str]:
        if self._ids is None:
            found: dict[str, int] = {}
            for number in range(self._archive.count(self._kind)):
                block = self._archive.block(self._kind, number)
                # What was written twice while the list was read: the later one.
                found.update({id: number * 1_000_000 + at for at, id in enumerate(block.ids)})
            self._ids, self._places = list(found), array("q", found.values())
            self._at = {id: at for at, id in enumerate(self._ids)}
        return self._ids

    def get(self, id: str) -> JsonObject | None:
        self.ids()
        at = self._at.get(id)
        if at is None:
            return None
        number, within = divmod(self._places[at], 1_000_000)
        return self._archive.block(self._kind, number).row(within)

    def column(self, path: str) -> Sequence[Any] | None:
        if "[]" in path:
            return None
        if path not in self._columns:
            self._columns |= self._read_columns([path, *_TOGETHER] if path in _TOGETHER else [path])
        return self._columns[path]

    def _read_columns(self, paths: list[str]) -> dict[str, Sequence[Any]]:
        """Several columns in one pass: decoding the blocks takes the time."""
        self.ids()
        columns: dict[str, list[Any]] = {path: [] for path in paths}
        seen: dict[str, str] = {}
        block = -1
        held: dict[str, list[Any]] = {}
        for place in self._places:
            number, within = divmod(place, 1_000_000)
            if number != block:
                decoded = self._archive.block(self._kind, number)
                block, held = number, {path: decoded.values(path.split(".")) for path in columns}
            for path, column in columns.items():
                value = held[path][within]
                # The same text again and again is one text.
                column.append(seen.setdefault(value, value) if isinstance(value, str) else value)
        return {path: _compact(column) for path, column in columns.items()}


def _compact(values: list[Any]) -> Sequence[Any]:
    if values and all(type(value) is int and -(2**63) <= value < 2**63 for value in values):
        return array("q", values)
    return values
