"""Adobe's audit log: who did what to which object, and when."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from aep_flow_mcp.answers.listing import Detail, listed
from aep_flow_mcp.answers.text import Listing, Whole
from aep_flow_mcp.gathering import times
from aep_flow_mcp.gathering.observed.changes import events_about, filters_of
from aep_flow_mcp.gathering.times import Window
from aep_flow_mcp.insight.words import utc
from aep_flow_mcp.platform.models.kept import AuditEvent
from aep_flow_mcp.surface.dependencies import AppState, Reader
from aep_flow_mcp.surface.params import Cursor, Limit, Since, Until
from aep_flow_mcp.surface.registry import read_tool

_NAMED = 5
_NOTHING = (
    "Adobe's log has no such event. It answers for 90 days, and has its own words for actions and types."
)

Words = Annotated[str | None, Field(description="Create, Update, Disable, ...; several with commas")]
Type = Annotated[
    str | None, Field(description='"Source Data Flow", "Destination", "Source Account", "Dataset"')
]


class AuditRow(BaseModel):
    """One event. `result` says whether it was allowed, and how it ended."""

    at: str | None = None
    user: str | None = None
    action: str | None = None
    result: str | None = None
    type: str | None = None
    name: str | None = None
    id: str | None = None


@read_tool("flows")
async def list_audit_events(
    app: AppState,
    aep: Reader,
    object: Annotated[str | None, Field(description="id or name")] = None,
    user: Annotated[str | None, Field(description="e-mail address")] = None,
    action: Words = None,
    asset_type: Type = None,
    since: Since = None,
    until: Until = None,
    limit: Limit = 20,
    cursor: Cursor = None,
    detail: Detail = Detail.SUMMARY,
) -> Listing[AuditRow | Whole]:
    """Who created, changed, switched off or deleted a flow, account, dataset or schema, and when: Adobe's audit log, 90
    days, newest first. What a flow is like now: describe_flow."""
    window = Window(since, until, cursor, at=times.now())
    page = await events_about(
        app,
        aep,
        object,
        filters_of(user=user, action=action, kind=asset_type, since=window.since, until=window.until),
        limit=limit,
        cursor=window.cursor,
        now=times.now(),
    )
    return listed(window.page(page), _row, detail, note=None if page.items else _NOTHING)


def _row(event: AuditEvent) -> AuditRow:
    about = event.named
    names = [name for one in about[:_NAMED] if (name := one.asset_name or one.asset_id)]
    more = f" and {len(about) - _NAMED} more" if len(about) > _NAMED else ""
    return AuditRow(
        at=utc(event.timestamp),
        user=event.user,
        action=event.action,
        result=", ".join(event.results) or None,
        type=event.asset_type,
        name=(", ".join(names) + more) or None,
        id=event.asset_id,
    )
