"""A snapshot in the making: a folder beside the file, from which an interrupted reading goes on."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from aep_flow_mcp.snapshots.shapes import packed

FORMAT = "aep-flow-mcp snapshot"
VERSION = 1
BLOCK = 1_000
"""Objects of one block."""
SPECS = ("connectionSpecs", "flowSpecs")
KINDS = (
    *SPECS,
    *("connections", "sourceConnections", "targetConnections", "flows"),
    *("runs", "dataSets", "mappingSets", "schemas"),
)
"""In the order in which the file holds them."""
NAMED = ("sourceConnections", "targetConnections", "flows")
"""Kinds whose ids stand in later blocks as numbers, in this order."""
_MOMENT = (2020, 1, 1, 0, 0, 0)
"""Of every member, so that the same content is the same file."""


class SnapshotError(Exception):
    """The snapshot cannot be taken; the message is one sentence."""


class Workplace:
    """`begun` are the circumstances of the reading (sandbox, window, salt); they stay when it goes on."""

    def __init__(self, target: Path) -> None:
        self.target = target
        self.folder = target.with_name(f".{target.name}.part")
        self._state = self.folder / "state.json"
        self._noted = self.folder / "mappings.json"
        self.begun: dict[str, Any] = {}
        self.progress: dict[str, dict[str, Any]] = {}
        self._known: dict[str, int] = {}

    def open(self, begun: dict[str, Any]) -> bool:
        """Make the folder or go on in it; whether it goes on.

        Raises:
            SnapshotError: the folder belongs to another question (another sandbox, other options), or cannot be made.
        """
        asked = {name: value for name, value in begun.items() if name != "taken_at"}
        if self._state.exists():
            try:
                held = json.loads(self._state.read_text("utf-8"))
                self.begun, self.progress = held["begun"], held["progress"]
            except (ValueError, KeyError, OSError):
                raise self._in_the_way("cannot be read") from None
            if {name: self.begun.get(name) for name in asked} != asked:
                raise self._in_the_way("was begun with other options")
            self._learn()
            return True
        try:
            self.folder.mkdir(mode=0o700, parents=False, exist_ok=True)
        except OSError as error:
            raise SnapshotError(f"{self.folder} cannot be made: {error.strerror}.") from None
        self._noted.unlink(missing_ok=True)
        self.begun = begun | {"salt": secrets.token_hex(32)}
        self.save()
        return False

    def _in_the_way(self, why: str) -> SnapshotError:
        return SnapshotError(f"{self.folder} holds an unfinished snapshot that {why}: remove that folder.")

    def of(self, kind: str) -> dict[str, Any]:
        """How far a kind is read: `blocks`, `objects`, `next` (where to go on), `done`."""
        return self.progress.setdefault(kind, {"blocks": 0, "objects": 0, "next": None, "done": False})

    def restart(self, kind: str) -> None:
        """Read a kind from its beginning."""
        self.progress.pop(kind, None)
        if kind in NAMED:
            self._learn()

    def keep(self, kind: str, pairs: list[tuple[str, Any]], *, following: Any, done: bool) -> None:
        """Write a block, then note that it is written and where the next one begins."""
        at = self.of(kind)
        if pairs:
            known = {} if kind in SPECS else self._known
            data = packed([id for id, _ in pairs], [item for _, item in pairs], known)
            self._write(self._block(kind, at["blocks"]), data)
            at["blocks"] += 1
            at["objects"] += len(pairs)
            if kind in NAMED:
                self._number([id for id, _ in pairs])
        at["next"], at["done"] = following, done
        self.save()

    def save(self) -> None:
        """Write down how far it is."""
        state = json.dumps({"begun": self.begun, "progress": self.progress})
        self._write(self._state, state.encode())

    def finish(self, about: dict[str, Any]) -> None:
        """Put the blocks into the file, whole or not at all, and remove the folder."""
        manifest = {
            "format": FORMAT,
            "version": VERSION,
            **about,
            "kinds": {
                kind: {name: value for name, value in at.items() if name in ("blocks", "objects", "missing")}
                for kind, at in self._read_kinds()
            },
        }
        temporary = self.folder / "file"
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
                for name, data in self._members(manifest):
                    archive.writestr(_info(name), data, compresslevel=9)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(self.target)
        # First what says that there is something to go on with: it is done, even if the rest stays lying there.
        self._state.unlink()
        shutil.rmtree(self.folder)

    def _members(self, manifest: dict[str, Any]) -> Iterator[tuple[str, bytes]]:
        yield "manifest.json", json.dumps(manifest, ensure_ascii=False, indent=1).encode()
        for kind, at in self._read_kinds():
            for number in range(at["blocks"]):
                yield f"{kind}/{number:05}.json", self._read(kind, number)

    def _read_kinds(self) -> Iterator[tuple[str, dict[str, Any]]]:
        yield from ((kind, self.progress[kind]) for kind in KINDS if kind in self.progress)

    def note(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Remember mapping sets (id, version) that are to be read; repeated ones are one."""
        held = [tuple(pair) for pair in self.noted()]
        merged = list(dict.fromkeys([*held, *pairs]))
        if len(merged) > len(held):
            self._write(self._noted, json.dumps(merged).encode())

    def noted(self) -> list[tuple[str, str]]:
        """What was noted so far."""
        if not self._noted.exists():
            return []
        return [(id, version) for id, version in json.loads(self._noted.read_text("utf-8"))]

    def _block(self, kind: str, number: int) -> Path:
        return self.folder / f"{kind}-{number:05}.z"

    def _read(self, kind: str, number: int) -> bytes:
        return zlib.decompress(self._block(kind, number).read_bytes())

    def _write(self, path: Path, data: bytes) -> None:
        if path.suffix == ".z":
            data = zlib.compress(data)
        temporary = path.with_name(f"{path.name}.new")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        temporary.replace(path)

    def _learn(self) -> None:
        self._known = {}
        for kind in NAMED:
            for number in range(self.progress.get(kind, {}).get("blocks", 0)):
                self._number(json.loads(self._read(kind, number))["ids"])

    def _number(self, ids: list[str]) -> None:
        for id in ids:
            self._known.setdefault(id, len(self._known))


def _info(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, _MOMENT)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = 0o600 << 16
    return info
