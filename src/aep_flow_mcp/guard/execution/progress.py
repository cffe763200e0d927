"""How far one attempt has come, written down while it happens: what is left when it is cut off, and by whom."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aep_flow_mcp.guard.changes.canonical import shown
from aep_flow_mcp.guard.changes.steps import Step
from aep_flow_mcp.guard.execution.audit import AuditError
from aep_flow_mcp.guard.execution.reconcile import Done
from aep_flow_mcp.guard.execution.results import Touched

Note = Callable[[str, Mapping[str, Any]], Awaitable[None]]
"""Appends a line with this event and these fields about the attempt.

Raises:
    AuditError: it could not be written.
"""


@dataclass(slots=True)
class Progress:
    """The steps that were carried out, newest last, and the one that is under way.

    note: where the steps are written down; nowhere when it is None.
    trouble: why something that had to be written down could not be.
    """

    note: Note | None = None
    finished: list[tuple[Step, Done]] = field(default_factory=list)
    under_way: Step | None = None
    trouble: str = ""
    _noted: int = 0

    async def begin(self, step: Step) -> None:
        """A step is about to be sent: the one before it is written down first.

        Raises:
            AuditError: it could not be, so nothing may be sent.
        """
        await self._note_steps()
        self.under_way = step

    def finish(self, step: Step, done: Done) -> None:
        """A step was carried out."""
        self.finished.append((step, done))
        self.under_way = None

    async def undoing(self, sentence: str) -> None:
        """The step under way did not happen, and what was done before it is taken back."""
        self.under_way = None
        try:
            await self._note_steps()
        except AuditError as error:
            self.trouble = str(error)
        await self._tell("undoing", {"message": sentence})

    async def undone(self, step: Step, done: Done) -> None:
        """A step was taken back."""
        self.finished.remove((step, done))
        await self._tell("undone", written(step, done))

    async def _note_steps(self) -> None:
        if self.note is None:
            return
        for step, done in self.finished[self._noted :]:
            await self.note("step", written(step, done))
            self._noted += 1

    async def _tell(self, event: str, fields: Mapping[str, Any]) -> None:
        """Undoing goes on even if it cannot be written down: what is left behind would be worse."""
        if self.note is None:
            return
        try:
            await self.note(event, fields)
        except AuditError as error:
            self.trouble = str(error)


def touched(step: Step, done: Done) -> Touched:
    """What a step has created, updated or deleted, for the answer."""
    return Touched(did=step.label, id=done.id or step.object_id, etag=done.etag)


def named(step: Step, done: Done) -> str:
    """The same as words, with the id."""
    object_id = done.id or step.object_id
    return f"{step.label} (id {shown(object_id, limit=120)})" if object_id else step.label


def written(step: Step, done: Done) -> dict[str, Any]:
    """The same for the audit log."""
    return {"step": step.key, "did": step.label, "id": done.id or step.object_id}
