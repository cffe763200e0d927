"""The audit log: JSON lines, appended, never rewritten; without secrets.

A declined, cancelled, refused or failed attempt is one line. An approved one is two with the same `attempt`: one
that says so before anything is sent, one that says how it ended. A log that cannot be written refuses the write.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import anyio.to_thread


class AuditError(Exception):
    """The log cannot be written; the message names the setting, and nothing may be sent."""


class Audit:
    """Appends to one file, or to nothing when no file is configured."""

    def __init__(self, path: Path | None, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._path = path
        self._now = now

    @staticmethod
    def attempt() -> str:
        """A name for one attempt, to join its lines."""
        return secrets.token_hex(8)

    async def write(self, entry: Mapping[str, Any]) -> None:
        """Append one line and wait until it is on the disk.

        Raises:
            AuditError: it could not be written.
        """
        if self._path is None:
            return
        stamped = {"time": self._now().strftime("%Y-%m-%dT%H:%M:%S.%fZ"), **entry}
        line = json.dumps(stamped, ensure_ascii=True, separators=(",", ":")) + "\n"
        try:
            await anyio.to_thread.run_sync(_append, self._path, line.encode("ascii"))
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise AuditError(f"The audit log (AEP_MCP_AUDIT_LOG) cannot be written: {reason}.") from error


def _append(path: Path, line: bytes) -> None:
    """One write in append mode: lines of several processes do not mix."""
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)
    try:
        if os.write(descriptor, line) != len(line):
            raise OSError(None, "the disk is full")
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
