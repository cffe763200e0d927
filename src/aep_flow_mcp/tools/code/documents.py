"""Pipelines as YAML documents: exported, planned, applied."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from aep_flow_mcp.answers.text import Answer
from aep_flow_mcp.documents.text import Read, read, told
from aep_flow_mcp.guard.changes.change import Change
from aep_flow_mcp.guard.changes.steps import NothingToDo, PlanError
from aep_flow_mcp.planning.as_code import telling
from aep_flow_mcp.planning.as_code.whole import WholePlan, export_documents, plan_documents
from aep_flow_mcp.platform.models.text import clean_text
from aep_flow_mcp.platform.reader import FlowReader
from aep_flow_mcp.surface.dependencies import Reader
from aep_flow_mcp.surface.registry import read_tool, write_tool

ROOM = 20_000
"""Characters of documents in one answer."""
TEXT = "documents"
"""What texts of a conversation are called where a place in them is told."""

Documents = Annotated[
    str, Field(description="YAML as export_pipelines gives it, edited; several after ---", max_length=200_000)
]
Names = Annotated[list[str] | None, Field(description="flow names; all without", max_length=200)]


class Exported(Answer):
    """Pipelines as YAML documents, and what was left out; `rest` names those that had no room."""

    verbatim = frozenset({"documents"})

    documents: str
    notes: list[str] = Field(default_factory=list)
    rest: list[str] = Field(default_factory=list)

    def text(self) -> str:
        """The documents as they are."""
        lines = [f"! {clean_text(note)}" for note in self.notes]
        if self.rest:
            lines.append(f"! No room here for: {clean_text(', '.join(self.rest))}. Ask for them by name.")
        return "\n".join([self.documents, *lines])


class WrongPlace(BaseModel):
    """Something wrong in a document: where, in which field, and the fix."""

    line: int
    column: int
    field: str
    message: str


class ChangePlan(Answer):
    """What documents would change; `problems` stand in the way of apply_changes."""

    summary: str
    changes: bool
    problems: list[WrongPlace] = Field(default_factory=list)
    plan: str

    def text(self) -> str:
        """The plan in words."""
        return self.plan


@read_tool("code")
async def export_pipelines(aep: Reader, names: Names = None) -> Exported:
    """Imports and exports as YAML documents by names, without ids and credentials: to show, compare, or edit for
    plan_changes."""
    pairs, notes = await export_documents(aep, names=names or (), with_ids=True)
    kept: list[str] = []
    rest: list[str] = []
    room = ROOM
    for flow, raised in pairs:
        document = told(raised.document)
        room -= len(document)
        if room < 0:
            rest.append(str(flow["name"]))
        else:
            kept.append(document)
    return Exported(documents="---\n".join(kept), notes=notes, rest=rest)


@read_tool("code")
async def plan_changes(aep: Reader, documents: Documents) -> ChangePlan:
    """What these documents would create or change, field by field; wrong ones with line and column. Writes nothing."""
    plan = await _planned(aep, documents)
    return ChangePlan(
        summary=plan.sentence,
        changes=plan.change is not None,
        problems=[
            WrongPlace(line=one.mark.line, column=one.mark.column, field=one.field, message=one.message)
            for one in plan.problems
        ],
        plan=telling.text_of(plan),
    )


@write_tool("code", destructive=True, idempotent=True)
async def apply_changes(aep: Reader, documents: Documents) -> Change:
    """Make the sandbox what these documents say, several pipelines at once: all or nothing. Deletes nothing."""
    plan = await _planned(aep, documents)
    if plan.problems:
        raise PlanError("Nothing can be applied before this is right:", *map(str, plan.problems))
    if plan.change is None:
        raise NothingToDo(f"Nothing to do. {plan.sentence}")
    return plan.change


async def _planned(aep: FlowReader, documents: str) -> WholePlan:
    found: Read = read(documents, TEXT)
    if found.problems:
        return WholePlan(aep.sandbox or "", problems=found.problems)
    if not found.documents:
        raise PlanError("documents: there is no document in this text.")
    return await plan_documents(aep, found.documents)
