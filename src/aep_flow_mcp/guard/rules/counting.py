"""How many changes somebody has made today under a rule, over restarts and replicas.

In the store that replicas share, where there is one; else in the audit log, which all processes of one machine share.
Who is counted writes first and looks afterwards how many were there before: two at once never get one place.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, Protocol

import anyio.to_thread

from aep_flow_mcp.guard.execution.audit import Audit, AuditError
from aep_flow_mcp.guard.execution.chain import AFTER, link_of
from aep_flow_mcp.guard.execution.tail import after_rotation
from aep_flow_mcp.store.kept import Store, StoreDown, TooMany

_LIFE = 60 * 60 * 50.0
"""Seconds: no day of a time zone is longer, with what a clock may be wrong."""
_EVENT = "counted"
_FILES = 10
"""Files of a rotated log in which today is looked for."""


class CountError(Exception):
    """It cannot be counted, so that nothing is allowed; the sentence says why."""


class Counts(Protocol):
    """Changes by rule, person and day. Both methods raise CountError."""

    async def used(self, rule: str, who: str, day: date) -> int:
        """How many there are."""

    async def take(self, rule: str, who: str, day: date, limit: int) -> bool:
        """Count one more, if there are fewer than `limit`; whether it was."""


class NoCounts:
    """Where nothing outlives the process."""

    async def used(self, *_: object) -> int:
        raise CountError(
            "it has a_day, and nothing that outlives this process counts: set AEP_MCP_AUDIT_LOG to a file, or "
            "AEP_MCP_REDIS_URL"
        )

    async def take(self, *_: object) -> bool:
        return await self.used() > 0


class StoreCounts:
    """In a store: an entry for each change, in a room for each rule, person and day."""

    def __init__(self, store: Store, room: str) -> None:
        self._store = store
        self._room = room

    async def used(self, rule: str, who: str, day: date) -> int:
        try:
            return await self._store.count(self._of(rule, who, day))
        except StoreDown as error:
            raise CountError(str(error)) from error

    async def take(self, rule: str, who: str, day: date, limit: int) -> bool:
        room, own = self._of(rule, who, day), secrets.token_hex(8)
        try:
            if await self._store.count(room) >= limit:
                return False
            await self._store.put(room, own, b"1", _LIFE, per_owner=1_000_000, total=1_000_000)
            if await self._store.count(room) <= limit:
                return True
            await self._store.take(room, own)
        except (StoreDown, TooMany) as error:
            raise CountError(str(error)) from error
        return False

    def _of(self, rule: str, who: str, day: date) -> str:
        whole = json.dumps([rule, who, day.isoformat()])
        return f"{self._room}:{hashlib.sha256(whole.encode()).hexdigest()[:32]}"


class LogCounts:
    """In the audit log: a line for each change, in the order in which they were written."""

    def __init__(self, audit: Audit, path: Path) -> None:
        self._audit = audit
        self._path = path

    async def used(self, rule: str, who: str, day: date) -> int:
        return len(await self._lines(rule, who, day))

    async def take(self, rule: str, who: str, day: date, limit: int) -> bool:
        if await self.used(rule, who, day) >= limit:
            return False
        own = Audit.attempt()
        count = {"rule": rule, "of": _hashed(who), "day": day.isoformat()}
        try:
            await self._audit.write({"attempt": own, "event": _EVENT, "count": count})
        except AuditError as error:
            raise CountError(str(error)) from error
        return own in (await self._lines(rule, who, day))[:limit]

    async def _lines(self, rule: str, who: str, day: date) -> list[str]:
        """The names of the attempts, oldest first."""
        wanted = {"rule": rule, "of": _hashed(who), "day": day.isoformat()}
        try:
            return await anyio.to_thread.run_sync(lambda: list(_found(self._path, wanted)))
        except OSError as error:
            raise CountError(
                f"the audit log cannot be read: {error.strerror or type(error).__name__}"
            ) from error


def _found(path: Path, wanted: dict[str, str]) -> Iterator[str]:
    files = [path]
    while len(files) < _FILES and (former := _former(files[-1])) is not None and former not in files:
        files.append(former)
    if not path.exists():  # It was moved away, and nothing was written since.
        files.remove(path)
    mark = f'"event":"{_EVENT}"'.encode()
    for file in reversed(files):
        with file.open("rb") as lines:
            for line in lines:
                if mark in line:
                    entry = _entry(line)
                    if entry.get("count") == wanted:
                        yield str(entry.get("attempt"))


def _entry(line: bytes) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _former(path: Path) -> Path | None:
    """The file that this one goes on from, or that its first line will go on from, if it is there."""
    begins = None
    if path.exists():
        with path.open("rb") as file:
            link = link_of(file.readline().removesuffix(b"\n"))
        begins = link.begins if link is not None else None
    if not path.exists() or path.stat().st_size == 0:
        begins = after_rotation(path).begins
    if begins is None or not begins.startswith(AFTER):
        return None
    former = path.with_name(Path(begins.removeprefix(AFTER)).name)
    return former if former.is_file() else None


def _hashed(who: str) -> str:
    return hashlib.sha256(who.encode("utf-8", "surrogatepass")).hexdigest()[:32]
