"""Where a chain goes on: read from the end of the file at each line, since others write to it as well."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from aep_flow_mcp.guard.execution.chain import AFTER, HERE, NEW, NOTHING, Link, Onto, link_of, sha256
from aep_flow_mcp.guard.execution.locking import lock_file

_BLOCK = 8_192
_FAR = 1_048_576
"""Bytes from the end in which the last line of a chain is looked for."""

_PATIENCE = 2.0
"""Seconds for which a writer of the former file is waited for."""


def onto(descriptor: int, path: Path) -> Onto:
    """What the next line of a file goes on from; its writer has it alone.

    Raises:
        OSError: it cannot be read.
    """
    size = os.fstat(descriptor).st_size
    if size == 0:
        return after_rotation(path)
    start, data = size, b""
    while True:
        step = min(start, max(_BLOCK, len(data)))
        start -= step
        data = _read(descriptor, start, step) + data
        lines = data.split(b"\n")
        rest = lines.pop()
        last = link_of(rest)
        if last is not None and last.good:  # Only its line feed is missing.
            return Onto(last.hash, lead=b"\n")
        lead = b"\n" if rest else b""
        found = _last(lines)
        if found is not None:
            return Onto(found.hash, torn=sha256(rest) if rest else None, lead=lead)
        if start == 0 or len(data) >= _FAR:
            return Onto(_digest(descriptor, lead), begins=HERE, lead=lead)


def after_rotation(path: Path) -> Onto:
    """The first line of a file: it goes on from the newest one that has been moved away, as logrotate names them."""
    for former in _moved_away(path):
        found = last_link(former)
        if found is not None:
            return Onto(found.hash, begins=f"{AFTER}{former.name[:100]}")
    return Onto(NOTHING, begins=NEW)


def _moved_away(path: Path) -> list[Path]:
    """`audit.jsonl.1`, `audit.jsonl-20260302` and the like beside it, newest first."""
    starts = (f"{path.name}.", f"{path.name}-")
    try:
        beside = [each for each in path.parent.iterdir() if each.name.startswith(starts) and each.is_file()]
        return sorted(beside, key=lambda each: each.stat().st_mtime_ns, reverse=True)
    except OSError:
        return []


def last_link(path: Path) -> Link | None:
    """The last line of a chain near the end of a file; None where there is none, or it cannot be read.

    Raises:
        TimeoutError: who still writes to it does not end.
    """
    try:
        with path.open("rb") as file:
            lock_file(file.fileno(), within=_PATIENCE)
            file.seek(max(0, path.stat().st_size - _FAR))
            return _last(file.read(_FAR).split(b"\n"))
    except TimeoutError:
        raise
    except OSError:
        return None


def _last(lines: list[bytes]) -> Link | None:
    return next((link for line in reversed(lines) if (link := link_of(line)) is not None), None)


def _read(descriptor: int, start: int, length: int) -> bytes:
    os.lseek(descriptor, start, os.SEEK_SET)
    data = b""
    while len(data) < length:
        block = os.read(descriptor, length - len(data))
        if not block:
            raise OSError(None, "it became shorter while it was read")
        data += block
    return data


def _digest(descriptor: int, lead: bytes) -> str:
    """SHA-256 of all that is there, and of what ends it."""
    os.lseek(descriptor, 0, os.SEEK_SET)
    whole = hashlib.sha256()
    while block := os.read(descriptor, _FAR):
        whole.update(block)
    whole.update(lead)
    return whole.hexdigest()
