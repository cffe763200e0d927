"""What changed in a sandbox outside of the files: which fields, by whom, when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from aep_flow_mcp.documents.same import Difference
from aep_flow_mcp.documents.text import Document, Problem
from aep_flow_mcp.filing.kept import LastState
from aep_flow_mcp.gathering.observed.changes import filters_of
from aep_flow_mcp.insight.words import utc
from aep_flow_mcp.planning.as_code.inventory import Renamed
from aep_flow_mcp.planning.as_code.whole import Action, Entry, Kept, plan_documents
from aep_flow_mcp.platform.concurrency import together
from aep_flow_mcp.platform.errors import PlatformError
from aep_flow_mcp.platform.models.common import to_time
from aep_flow_mcp.platform.models.kept import AuditEvent
from aep_flow_mcp.platform.reader import FlowReader

Json = dict[str, Any]
EVENTS = 20
"""Entries of the audit log for one flow."""


@dataclass
class Drift:
    """One pipeline that is no longer as its file says. side: `sandbox`, `file`, or `both` where nothing tells which.

    differences: from what the file says to what is there. events: who did what, and when, newest first.
    """

    name: str
    file: str
    side: str
    what: str
    differences: list[Difference] = field(default_factory=list)
    events: list[str] = field(default_factory=list)


@dataclass
class Drifts:
    """Everything that differs, and what could not be compared."""

    sandbox: str
    found: list[Drift] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def outside(self) -> list[Drift]:
        """What changed in the sandbox, or may have."""
        return [one for one in self.found if one.side != "file"]


async def drifted(
    aep: FlowReader,
    documents: Sequence[Document],
    states: Mapping[str, LastState],
    *,
    renamed: Renamed | None = None,
) -> Drifts:
    """Compare a sandbox with the documents, and with how they were left. Reads only.

    Raises:
        PlatformError: the flows or the specs could not be read.
    """
    kept = Kept({key: state.flow for key, state in states.items()})
    plan = await plan_documents(aep, documents, kept=kept, renamed=renamed)
    result = Drifts(plan.sandbox, notes=list(plan.notes))
    differing = [entry for entry in plan.entries if entry.differences or entry.action is not Action.NONE]
    # Why something cannot be applied is no drift; that it could not be compared has to be told.
    result.problems = [one for entry in plan.entries if not entry.differences for one in entry.problems]
    result.found = [_drift(entry, states.get(entry.key)) for entry in differing]
    await together(
        [
            partial(_who, aep, one, entry, states.get(entry.key), result.notes)
            for one, entry in zip(result.found, differing, strict=True)
            if one.side != "file"
        ]
    )
    return result


def _drift(entry: Entry, state: LastState | None) -> Drift:
    there = [Difference(one.field, one.after, one.before) for one in entry.differences]
    if entry.flow is None:
        gone = state is not None
        what = "is not there any more" if gone else "was never applied"
        return Drift(entry.name, entry.file, "sandbox" if gone else "file", what)
    if state is None:
        return Drift(entry.name, entry.file, "both", "differs; on which side it changed is not known", there)
    parts = [part for part, etag in entry.etags.items() if etag != state.etags.get(part)]
    if not parts:
        return Drift(entry.name, entry.file, "file", "was changed in the file and not applied yet", there)
    by = ", ".join(parts)
    return Drift(
        entry.name, entry.file, "sandbox", f"was changed in the sandbox ({by}) since {state.at}", there
    )


async def _who(aep: FlowReader, one: Drift, entry: Entry, state: LastState | None, notes: list[str]) -> None:
    """Who did it: Adobe's audit log, else what the flow says of its last change."""
    flow_id = entry.flow["id"] if entry.flow else state.flow if state else None
    since = to_time(state.at) if state else None
    conditions = [
        f"assetId=={flow_id}",
        *filters_of(user=None, action=None, kind=None, since=since, until=None),
    ]
    try:
        page = await aep.audit_log.list_events(conditions, limit=EVENTS)
        one.events = [_event(event) for event in page.items]
    except PlatformError as error:
        sentence = (
            f"Who changed what is told by the flows alone: the audit log cannot be read ({error.kind.value})."
        )
        if sentence not in notes:
            notes.append(sentence)
    if not one.events and entry.flow is not None:
        at = utc(to_time(entry.flow.get("updatedAt")))
        one.events = [
            f"{at or 'at an unknown time'} last changed by {entry.flow.get('updatedBy') or 'nobody named'}"
        ]


def _event(event: AuditEvent) -> str:
    at = utc(event.timestamp) or "at an unknown time"
    return f"{at} {event.action or 'changed'} by {event.user or 'nobody named'}"
