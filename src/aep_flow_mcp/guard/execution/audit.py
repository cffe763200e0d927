"""The audit log: JSON lines, appended, never rewritten; without secrets; for its owner alone.

A declined, cancelled, refused or failed attempt is one line. An approved one has several with the same `attempt`:
one that says so before anything is sent, one for each step that another follows, with the id of what it created,
and one that says how it ended. A log that cannot be written refuses the write.
"""

from __future__ import annotations

import json
import os
import secrets
import stat
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread

from aep_flow_mcp.guard.execution.locking import lock_file
from aep_flow_mcp.platform.redaction.values import Redactor

WITHIN = 10.0
"""Seconds within which a line has to be on the disk."""
_ROOM = 65_536
"""Bytes that have to be free at the start."""


class AuditError(Exception):
    """The log cannot be written; the message names the setting, and nothing may be sent."""


class Audit:
    """Appends to one file, or to nothing when no file is configured."""

    def __init__(
        self,
        path: Path | None,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        redactor: Redactor | None = None,
    ) -> None:
        self.path = path
        self._redactor = redactor or Redactor()
        self._now = now

    @staticmethod
    def attempt() -> str:
        """A name for one attempt, to join its lines."""
        return secrets.token_hex(8)

    def check(self) -> None:
        """Make sure, before anything is served, that lines can be appended; the file is made if it is not there.

        Raises:
            AuditError: they cannot.
        """
        if self.path is None:
            return
        try:
            os.close(_opened(self.path))
            if _free(self.path) < _ROOM:
                raise OSError(None, "the disk is full")
        except OSError as error:
            raise _error(error) from error

    async def write(self, entry: Mapping[str, Any]) -> None:
        """Append one line and wait until it is on the disk.

        Raises:
            AuditError: it could not be written.
        """
        if self.path is None:
            return
        known = self._redactor.value(dict(entry))
        stamped = {"time": self._now().strftime("%Y-%m-%dT%H:%M:%S.%fZ"), **known}
        line = json.dumps(stamped, ensure_ascii=True, separators=(",", ":")) + "\n"
        try:
            with anyio.fail_after(WITHIN):
                await anyio.to_thread.run_sync(
                    _append, self.path, line.encode("ascii"), abandon_on_cancel=True
                )
        except OSError as error:  # TimeoutError is one
            raise _error(error) from error


def _append(path: Path, line: bytes) -> None:
    """One write in append mode: lines of several processes do not mix.

    Alone, since where the file ends is read before: another's line half on its way looks like one that was cut off.
    """
    descriptor = _opened(path)
    try:
        lock_file(descriptor, within=WITHIN / 2)
        if not _ends_a_line(descriptor):
            line = b"\n" + line
        if os.write(descriptor, line) != len(line):
            raise OSError(None, "the disk is full")
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _opened(path: Path) -> int:
    """The file, opened to append. A pipe without a reader would block, and a device keeps nothing.

    Raises:
        OSError: it is no regular file, others may read it and that cannot be changed, or it cannot be opened.
    """
    if path.exists() and not path.is_file():
        raise OSError(None, "it is not a regular file")
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT
    for name in ("O_CLOEXEC", "O_NONBLOCK", "O_NOCTTY", "O_BINARY"):
        flags |= getattr(os, name, 0)
    descriptor = os.open(path, flags, 0o600)
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise OSError(None, "it is not a regular file")
        if found.st_mode & 0o077:
            _narrow(descriptor)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _narrow(descriptor: int) -> None:
    if sys.platform == "win32":
        return  # There the folder says who may read, and modes say nothing.
    try:
        os.fchmod(descriptor, 0o600)
    except OSError as error:
        why = error.strerror or "unknown"
        raise OSError(None, f"others may use it, and its mode cannot be made 0600 ({why})") from error


def _ends_a_line(descriptor: int) -> bool:
    """Whether a new line begins where the file ends; it does not after a line that was cut off."""
    if os.fstat(descriptor).st_size == 0:
        return True
    os.lseek(descriptor, -1, os.SEEK_END)
    return os.read(descriptor, 1) == b"\n"


def _free(path: Path) -> int:
    if sys.platform == "win32":
        import shutil

        return shutil.disk_usage(path.parent).free
    found = os.statvfs(path)
    return found.f_bavail * found.f_frsize


def _error(error: OSError) -> AuditError:
    if isinstance(error, TimeoutError) and error.errno is None:
        reason = f"no answer from the disk within {WITHIN:g} seconds"
    else:
        reason = error.strerror or type(error).__name__
    return AuditError(
        f"The audit log (AEP_MCP_AUDIT_LOG) cannot be written: {reason}. It takes a file on a disk with room, which "
        "this process owns."
    )
