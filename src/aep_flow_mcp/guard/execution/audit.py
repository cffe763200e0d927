"""The audit log: JSON lines, appended, never rewritten; without secrets; for its owner alone.

A declined, cancelled, refused or failed attempt is one line. An approved one has several with the same `attempt`:
one that says so before anything is sent, one for each step that another follows, with the id of what it created,
and one that says how it ended. A log that cannot be written refuses the write.

Each line holds the hash of the one before it (chain.py), whoever wrote that one.
"""

from __future__ import annotations

import os
import secrets
import stat
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Any

import anyio
import anyio.to_thread

from aep_flow_mcp.guard.execution.chain import NEW, NOTHING, Onto, sealed
from aep_flow_mcp.guard.execution.locking import lock_file
from aep_flow_mcp.guard.execution.processes import process_name
from aep_flow_mcp.guard.execution.tail import onto
from aep_flow_mcp.platform.redaction.values import Redactor

WITHIN = 10.0
"""Seconds within which a line has to be on the disk."""
_ROOM = 65_536
"""Bytes that have to be free at the start."""
STREAM = Path("-")
"""In the place of a file: the standard output, for whoever collects what a container prints."""


class AuditError(Exception):
    """The log cannot be written; the message names the setting, and nothing may be sent."""


class Audit:
    """Appends to one file, to the standard output, or to nothing when neither is configured.

    replica: what this server is called in each line; the host and the process where it has no name.
    """

    def __init__(
        self,
        path: Path | None,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        redactor: Redactor | None = None,
        replica: str | None = None,
    ) -> None:
        self.path = path
        self.replica = replica or process_name()
        self._redactor = redactor or Redactor()
        self._now = now

    @property
    def streams(self) -> bool:
        """Whether it goes to the standard output, so that it cannot be read again."""
        return self.path == STREAM

    @staticmethod
    def attempt() -> str:
        """A name for one attempt, to join its lines."""
        return secrets.token_hex(8)

    def check(self) -> None:
        """Make sure, before anything is served, that lines can be appended; the file is made if it is not there.

        Raises:
            AuditError: they cannot.
        """
        if self.path is None or self.streams:
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
        at = self._now().strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        stamped = {"time": at, "replica": self.replica, **known}
        try:
            with anyio.fail_after(WITHIN):
                await anyio.to_thread.run_sync(
                    _print if self.streams else _append, self.path, stamped, abandon_on_cancel=True
                )
        except OSError as error:  # TimeoutError is one
            raise _error(error) from error


def _append(path: Path, entry: Mapping[str, Any]) -> None:
    """One write in append mode: lines of several processes do not mix.

    Alone, since where the file ends is read before: another's line half on its way looks like one that was cut off,
    and two that go on from the same line are no chain.
    """
    descriptor = _alone(path)
    try:
        end = onto(descriptor, path)
        line = end.lead + sealed(entry, end)[0]
        if os.write(descriptor, line) != len(line):
            raise OSError(None, "the disk is full")
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _alone(path: Path) -> int:
    """The file, opened and locked. It may be moved away, for the next one, while its lock is waited for."""
    for _ in range(10):
        descriptor = _opened(path)
        try:
            lock_file(descriptor, within=WITHIN / 2)
            if os.path.samestat(os.fstat(descriptor), os.stat(path)):
                return descriptor
        except FileNotFoundError:
            pass
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)
    raise OSError(None, "it is moved away again and again")


class _Printed:
    """The chain on the standard output of this process, which begins with it: what was printed cannot be read.

    A process has one standard output, whatever shares the process.
    """

    def __init__(self) -> None:
        self.lock = Lock()
        self.end = Onto(NOTHING, begins=NEW)


_PRINTED = _Printed()


def _print(_: Path, entry: Mapping[str, Any]) -> None:
    with _PRINTED.lock:
        line, own = sealed(entry, _PRINTED.end)
        rest = line
        while rest:
            rest = rest[os.write(1, rest) :]
        _PRINTED.end = Onto(own)


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
