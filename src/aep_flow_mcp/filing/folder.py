"""The files of a folder: read with their places, written without losing what people wrote into them."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aep_flow_mcp.documents.text import (
    SCHEMA_FILE,
    Mark,
    Problem,
    Read,
    plain_values,
    read,
    rewritten,
    written,
)

SANDBOXES = "sandboxes.yaml"
KEPT = "aep-flow-state.json"
MOST_FILES = 5_000
MOST_BYTES = 4_000_000
_ENDINGS = (".yaml", ".yml")
_NAMES_OF = {"accounts": "account", "datasets": "dataset", "schemas": "schema"}
_RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)$")


class FolderError(Exception):
    """The folder cannot be used; the message says why."""


@dataclass
class Folder:
    """A folder with pipelines. `texts` are its files by name, as they were read."""

    path: Path
    texts: dict[str, str] = field(default_factory=dict)

    @classmethod
    def opened(cls, path: Path, *, make: bool = False) -> Folder:
        """The folder as it is now; only its own files, none of folders below it.

        Raises:
            FolderError: it is not there, or a file in it cannot be read.
        """
        try:
            if make:
                path.mkdir(parents=True, exist_ok=True)
            if not path.is_dir():
                raise FolderError(f"{path} is no folder.")
            names = sorted(
                each.name
                for each in path.iterdir()
                if each.suffix.casefold() in _ENDINGS and each.name != SANDBOXES
            )
        except OSError as error:
            raise FolderError(f"{path} cannot be used: {error.strerror or error}.") from None
        if len(names) > MOST_FILES:
            raise FolderError(f"{path} has {len(names)} files; {MOST_FILES} are read at most.")
        return cls(path, {name: text_of(path / name) for name in names})

    def read(self) -> Read:
        """Every document, and what is wrong in the others; a pipeline is in one document only."""
        found = Read()
        for name, text in self.texts.items():
            part = read(text, name)
            found.documents += part.documents
            found.problems += part.problems
        return found

    def renamed(self, sandbox: str) -> tuple[dict[str, dict[str, str]], list[Problem]]:
        """What `sandboxes.yaml` says is called otherwise in a sandbox: by kind, names here to names there."""
        path = self.path / SANDBOXES
        if not path.exists():
            return {}, []
        problems = Read()
        values = list(plain_values(text_of(path), SANDBOXES, problems))
        if problems.problems:
            return {}, problems.problems
        value, marks = values[0] if values else (None, {})
        wrong = _wrong_names(value)
        if wrong is not None:
            way, sentence = wrong
            return {}, [Problem(SANDBOXES, marks.get(way, Mark(1, 1)), ".".join(way), sentence)]
        said = (value or {}).get(sandbox) or {}
        return {_NAMES_OF[kind]: dict(pairs or {}) for kind, pairs in said.items()}, []

    def place_of(self, name: str) -> str:
        """A file name for a pipeline that has none yet."""
        used = {one.casefold() for one in self.texts}
        stem = slug(name)
        for number in range(1, 100_000):
            found = f"{stem}{f'-{number}' if number > 1 else ''}.yaml"
            if found.casefold() not in used:
                return found
        raise FolderError(f"{self.path} has too many files called {stem}.")

    def put(self, name: str, document: Mapping[str, Any], number: int | None = None) -> bool:
        """Write one document into a file, into the text that is there. Returns whether anything changed.

        Raises:
            FolderError: the file cannot be written.
        """
        before = self.texts.get(name)
        text = written(document) if before is None or number is None else rewritten(before, document, number)
        if text == before:
            return False
        self.write(name, text)
        self.texts[name] = text
        return True

    def write(self, name: str, text: str) -> None:
        """Replace a file as a whole or not at all.

        Raises:
            FolderError: it cannot be written.
        """
        target = self.path / name
        beside = target.with_name(f".{name}.new")
        try:
            beside.unlink(missing_ok=True)
            # Made anew: what is there under this name may be a link to something else.
            descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
            with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(target)
        except OSError as error:
            with suppress(OSError):
                beside.unlink(missing_ok=True)
            raise FolderError(f"{target} cannot be written: {error.strerror or error}.") from None

    def put_schema(self, schema: str) -> None:
        """Keep the schema beside the files, where editors look for it."""
        path = self.path / SCHEMA_FILE
        if not path.exists() or text_of(path) != schema:
            self.write(SCHEMA_FILE, schema)


def slug(name: str) -> str:
    """A name as a file can be called everywhere."""
    plain = unicodedata.normalize("NFKC", name).casefold()
    stem = re.sub(r"[^\w]+", "-", plain).strip("-_")[:60].strip("-_") or "pipeline"
    return f"{stem}-pipeline" if _RESERVED.match(stem) or stem == "sandboxes" else stem


def text_of(path: Path) -> str:
    """What a file says. A pipe or a device would keep us waiting, or never end.

    Raises:
        FolderError: it cannot be read, is too large, or no text.
    """
    try:
        if not path.is_file():
            raise FolderError(f"{path} is no regular file.")
        with path.open("rb") as file:
            raw = file.read(MOST_BYTES + 1)
        if len(raw) > MOST_BYTES:
            raise FolderError(f"{path} is larger than {MOST_BYTES // 1_000_000} MB.")
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FolderError(f"{path} is not UTF-8 (byte {error.start}).") from None
    except OSError as error:
        raise FolderError(f"{path} cannot be read: {error.strerror or error}.") from None


def _wrong_names(value: Any) -> tuple[tuple[str, ...], str] | None:
    """What of `sandboxes.yaml` is not as it has to be."""
    kinds = ", ".join(_NAMES_OF)
    if value is None:
        return None
    if not isinstance(value, Mapping):
        return (), "sandboxes with their names were expected."
    for sandbox, said in value.items():
        if said is not None and not isinstance(said, Mapping):
            return (sandbox,), f"takes {kinds}."
        for kind, pairs in (said or {}).items():
            if kind not in _NAMES_OF:
                return (sandbox, kind), f"is none of {kinds}."
            if pairs is not None and not (
                isinstance(pairs, Mapping) and all(isinstance(name, str) and name for name in pairs.values())
            ):
                return (sandbox, kind), "takes a name there for each name here."
    return None
