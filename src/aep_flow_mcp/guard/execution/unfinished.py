"""Attempts of the audit log that were begun and never ended: a server was killed in the middle of them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aep_flow_mcp.guard.changes.canonical import shown, visible
from aep_flow_mcp.guard.execution.audit import Audit, AuditError
from aep_flow_mcp.guard.execution.processes import may_still_run
from aep_flow_mcp.guard.execution.results import Status

_ENDS = frozenset(Status)
_WORD = 300


@dataclass(slots=True)
class Attempt:
    """One approved attempt, as far as the log tells. Lists hold `{did, id}` of steps, in the order of their lines.

    process: who made it. reported: a later start has told of it.
    """

    approved: Mapping[str, Any]
    done: list[Mapping[str, Any]] = field(default_factory=list)
    undone: list[Mapping[str, Any]] = field(default_factory=list)
    undoing: bool = False
    reported: bool = False

    @property
    def process(self) -> str:
        return _text(self.approved.get("process"))

    @property
    def created(self) -> list[str]:
        """What was done and not taken back, a line each, newest last."""
        gone = {_text(one.get("step")) for one in self.undone}
        return [_step(one) for one in self.done if _text(one.get("step")) not in gone]

    @property
    def perhaps(self) -> str | None:
        """The request that was under way, or could have been: it may have been carried out."""
        if self.undoing:
            return None
        steps = self.approved.get("steps")
        number = len(self.done)
        if not isinstance(steps, list) or number >= len(steps) or not isinstance(steps[number], dict):
            return None
        step = steps[number]
        what = visible(_text(step.get("did"))) or "a step"
        return f"{what} ({_text(step.get('method'))} {visible(_text(step.get('path')))})"

    def sentence(self) -> str:
        """What is known of it, on one line."""
        said = self.approved
        where = f"{visible(_text(said.get('tool')))} in sandbox {visible(_text(said.get('sandbox')))}"
        parts = [
            f"Attempt {visible(_text(said.get('attempt')))} of {_text(said.get('time'))} has no end: {where},"
        ]
        parts.append(f"{visible(_text(said.get('title')))}.")
        if self.created:
            parts.append(f"Done and not undone: {'; '.join(self.created)}.")
            if self.undoing:
                parts.append("It was being undone, so some of it may be gone.")
        if self.perhaps:
            parts.append(f"May have happened: {self.perhaps}.")
        if not self.created and not self.perhaps:
            parts.append("Nothing is known to be left.")
        return " ".join(parts)


@dataclass(slots=True)
class Unfinished:
    """The attempts without an end, oldest first, and how many lines could not be read."""

    attempts: list[Attempt]
    unreadable: int = 0


def read_unfinished(path: Path) -> Unfinished:
    """Go through a log once; only attempts without an end are kept in memory.

    Raises:
        OSError: it cannot be read.
    """
    if path.exists() and not path.is_file():
        raise OSError(None, "it is not a regular file")
    begun: dict[str, Attempt] = {}
    result = Unfinished([])
    with path.open("rb") as lines:
        for entry in _entries(lines, result):
            _follow(begun, entry)
    result.attempts = list(begun.values())
    return result


async def report(audit: Audit) -> list[str]:
    """What a start has to say about attempts that were cut off, a sentence each; each is told of once.

    Raises:
        AuditError: the log cannot be read, or what was told cannot be written down.
    """
    if audit.path is None or audit.streams:
        return []
    try:
        found = read_unfinished(audit.path).attempts
    except OSError as error:
        raise AuditError(
            f"The audit log (AEP_MCP_AUDIT_LOG) cannot be read: {error.strerror or error}."
        ) from error
    cut_off = [attempt for attempt in found if not may_still_run(attempt.process)]
    fresh = [attempt for attempt in cut_off if not attempt.reported]
    for attempt in fresh:
        left = [*attempt.created, *([attempt.perhaps] if attempt.perhaps else [])]
        entry = {"attempt": attempt.approved["attempt"], "event": "cut_off", "message": attempt.sentence()}
        await audit.write({**entry, "not_undone": left})
    told = [f"{attempt.sentence()} Look before doing it again." for attempt in fresh]
    if cut_off:
        told.append(f"{len(cut_off)} attempt(s) have no end: `aep-flow-mcp audit unfinished` lists them.")
    return told


def _entries(lines: Any, result: Unfinished) -> Iterator[dict[str, Any]]:
    for line in lines:
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
        except (ValueError, RecursionError):
            result.unreadable += 1
            continue
        if isinstance(entry, dict) and isinstance(entry.get("attempt"), str):
            yield entry
        else:
            result.unreadable += 1


def _follow(begun: dict[str, Attempt], entry: dict[str, Any]) -> None:
    name, event = entry["attempt"], entry.get("event")
    if event == "approved":
        begun[name] = Attempt(entry)
    elif event in _ENDS:
        begun.pop(name, None)
    elif name in begun:
        attempt = begun[name]
        if event == "step":
            attempt.done.append(entry)
        elif event == "undone":
            attempt.undone.append(entry)
        elif event == "undoing":
            attempt.undoing = True
        elif event == "cut_off":
            attempt.reported = True


def _step(entry: Mapping[str, Any]) -> str:
    object_id = entry.get("id")
    did = visible(_text(entry.get("did")))
    return f"{did} (id {shown(object_id, limit=120)})" if isinstance(object_id, str) else did


def _text(value: object) -> str:
    return value[:_WORD] if isinstance(value, str) else ""
