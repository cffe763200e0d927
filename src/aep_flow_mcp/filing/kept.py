"""What was applied or exported last, by sandbox and document: a small file beside the pipelines, without secrets.

It says which flow a document is about where names do not, what the flow was like, and so on which side a difference
came about. Two who apply to one folder at once wait for each other.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from aep_flow_mcp.documents.text import Document
from aep_flow_mcp.filing.folder import KEPT, Folder, FolderError, text_of
from aep_flow_mcp.guard.execution.locking import lock_file

LOCK = ".aep-flow-lock"
WITHIN = 2.0
"""Seconds that are waited for another one who applies."""
FORMAT = 1


@dataclass(frozen=True)
class LastState:
    """A flow as it was left. etags: by part; under `mapping` a version. at: ISO 8601 in UTC."""

    flow: str
    name: str
    at: str
    etags: Mapping[str, str] = field(default_factory=dict)


@dataclass
class StateFile:
    """The states of one folder, of all its sandboxes."""

    folder: Folder
    sandboxes: dict[str, dict[str, LastState]] = field(default_factory=dict)

    @classmethod
    def of(cls, folder: Folder, documents: Sequence[Document] = ()) -> StateFile:
        """The file of a folder, by what its documents are called now; an empty one where there is none.

        Raises:
            FolderError: it is there, and cannot be read.
        """
        path = folder.path / KEPT
        if not path.exists():
            return cls(folder)
        try:
            said = json.loads(text_of(path))
            if said["format"] != FORMAT:
                raise FolderError(f"{path} is of a newer version of this program.")
            held = {
                sandbox: {key: LastState(**state) for key, state in states.items()}
                for sandbox, states in said["sandboxes"].items()
            }
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise FolderError(
                f"{path} cannot be read ({type(error).__name__}). Without it pipelines are found by their names: "
                "take it away, or restore it."
            ) from None
        return cls(folder, {sandbox: _as_they_stand(states, documents) for sandbox, states in held.items()})

    def of_sandbox(self, sandbox: str) -> dict[str, LastState]:
        """The states of a sandbox by document (`Document.key`)."""
        return self.sandboxes.get(sandbox, {})

    def keep(self, sandbox: str, states: Mapping[str, LastState], *, instead: bool = False) -> None:
        """Write down how documents were left; instead: forget the others of this sandbox.

        Raises:
            FolderError: it cannot be written.
        """
        held = {} if instead else dict(self.of_sandbox(sandbox))
        self.sandboxes[sandbox] = {**held, **states}
        said: dict[str, Any] = {
            "format": FORMAT,
            "sandboxes": {
                name: {key: _as_json(state) for key, state in sorted(states.items())}
                for name, states in sorted(self.sandboxes.items())
            },
        }
        text = json.dumps(said, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
        path = self.folder.path / KEPT
        if not path.exists() or text_of(path) != text:
            self.folder.write(KEPT, text)


def _as_they_stand(states: Mapping[str, LastState], documents: Sequence[Document]) -> dict[str, LastState]:
    """The states of a sandbox by what the documents are called now."""
    inside: dict[str, list[Document]] = {}
    for document in documents:
        inside.setdefault(document.file, []).append(document)
    by_file: dict[str, dict[str, LastState]] = {}
    for key, state in states.items():
        by_file.setdefault(_file_of(key), {})[key] = state
    found: dict[str, LastState] = {}
    for file, held in by_file.items():
        found |= _renumbered(file, held, inside.get(file, []))
    return found


def _file_of(key: str) -> str:
    """The file of a document's key."""
    file, _, number = key.rpartition("#")
    return file if file and number.isdecimal() else key


def _renumbered(
    file: str, states: Mapping[str, LastState], documents: Sequence[Document]
) -> dict[str, LastState]:
    """The states of one file by what its documents are called now. A document that goes away in front of others, or
    comes there, moves them to other numbers: the name that each was left with says which is which. One whose document
    is gone stays, under a number that no document has."""
    called = {state.name: key for key, state in states.items()}
    names = Counter(one.pipeline.pipeline for one in documents)
    if len(called) < len(states):
        called = {}  # names that tell nothing apart
    home = {
        one.key: called[one.pipeline.pipeline]
        for one in documents
        if one.pipeline.pipeline in called and names[one.pipeline.pipeline] == 1
    }
    taken = set(home.values())
    home |= {
        one.key: one.key
        for one in documents
        if one.key not in home and one.key in states and one.key not in taken
    }
    found = {key: states[before] for key, before in home.items()}
    here = {one.key for one in documents}
    free = (f"{file}#{number}" for number in count(1))
    for key in states.keys() - set(home.values()):
        place = key if key not in here else next(one for one in free if one not in here and one not in states)
        found[place] = states[key]
    return found


@contextmanager
def alone(folder: Folder) -> Iterator[None]:
    """While it is open, nobody else on this machine applies the folder.

    Raises:
        FolderError: somebody does.
    """
    path = folder.path / LOCK
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
    except OSError as error:
        raise FolderError(f"{path} cannot be written: {error.strerror or error}.") from None
    try:
        try:
            lock_file(descriptor, within=WITHIN)
        except TimeoutError:
            raise FolderError(
                f"{folder.path} is being applied by another process: nothing was sent."
            ) from None
        yield
    finally:
        os.close(descriptor)


def _as_json(state: LastState) -> dict[str, Any]:
    return {
        "flow": state.flow,
        "name": state.name,
        "at": state.at,
        "etags": dict(sorted(state.etags.items())),
    }
