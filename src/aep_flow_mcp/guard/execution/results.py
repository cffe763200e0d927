"""What a write tool answers with."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr

from aep_flow_mcp.guard.changes.canonical import shown, visible


class Status(StrEnum):
    """How a write ended. Nothing was sent for `declined`, `cancelled`, `needs_confirmation`, `refused`, `unchanged`."""

    DONE = "done"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    NEEDS_CONFIRMATION = "needs_confirmation"
    REFUSED = "refused"
    UNCHANGED = "unchanged"
    FAILED = "failed"
    UNKNOWN = "unknown"
    PARTLY = "partly"


class Touched(BaseModel):
    """One object that was created, updated, deleted or acted upon."""

    model_config = ConfigDict(frozen=True)

    did: str
    id: str | None = None
    etag: str | None = None


class WriteResult(BaseModel):
    """What happened. `not_undone`: for `partly` and `unknown`, what exists or may exist all the same. `dependents`:
    what uses the object, where a preview names only the first few."""

    model_config = ConfigDict(frozen=True)

    status: Status
    message: str
    sandbox: str | None = None
    done: list[Touched] = Field(default_factory=list)
    changes: list[str] = Field(default_factory=list)
    not_undone: list[str] = Field(default_factory=list)
    dependents: list[str] = Field(default_factory=list)
    data: dict[str, Any] | None = None
    preview: str | None = None
    confirmation_id: str | None = None
    next_step: str | None = None

    _view: tuple[str, Callable[[], Any]] | None = PrivateAttr(default=None)

    def beside(self, name: str, made: Callable[[], Any]) -> WriteResult:
        """The same, with what an app shows besides, under a name of `_meta`."""
        self._view = (name, made)
        return self

    @property
    def is_error(self) -> bool:
        """Whether the call has to be reported as failed."""
        return self.status in (Status.REFUSED, Status.FAILED, Status.UNKNOWN, Status.PARTLY)

    def text(self) -> str:
        """The same in as few words as it takes."""
        lines = [f"{self.status.value}: {self.message}"]
        lines += [f"- {_touched(one)}" for one in self.done]
        lines += [f"  {visible(change)}" for change in self.changes]
        if self.not_undone:
            lines.append("What is left:" if self.status is Status.PARTLY else "What exists, or may exist:")
            lines += [f"- {visible(line)}" for line in self.not_undone]
        if self.preview:
            lines += ["Preview:", self.preview]
        if self.data:
            lines.append(f"answer: {shown(self.data, limit=8_000)}")
        if self.confirmation_id:
            lines.append(f"confirmation_id: {self.confirmation_id}")
        if self.next_step:
            lines.append(self.next_step)
        return "\n".join(lines)


def _touched(one: Touched) -> str:
    parts = [visible(one.did)]
    if one.id:
        parts.append(f"id {visible(one.id)}")
    if one.etag:
        parts.append(f"etag {visible(one.etag)}")
    return ", ".join(parts)
