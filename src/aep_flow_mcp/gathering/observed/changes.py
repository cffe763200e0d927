"""Who changed an object, from Adobe's audit log."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from aep_flow_mcp.gathering.asked import AskedError
from aep_flow_mcp.gathering.finding import flow_id_of
from aep_flow_mcp.gathering.memory import Memory
from aep_flow_mcp.insight.causes import Cause
from aep_flow_mcp.insight.diagnosis.diagnose import Diagnosis
from aep_flow_mcp.insight.words import utc
from aep_flow_mcp.platform.errors import PlatformError
from aep_flow_mcp.platform.models.kept import AuditEvent
from aep_flow_mcp.platform.paging import Page
from aep_flow_mcp.platform.reader import FlowReader

_ID = re.compile(r"[0-9a-fA-F]{24}|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_SPECIAL = frozenset(",=<>!")
LOOKED_AT = 20
"""Events of one flow among which the one is looked for that switched it off."""


def filters_of(
    *, user: str | None, action: str | None, kind: str | None, since: datetime | None, until: datetime | None
) -> list[str]:
    """The conditions of the audit log for what was asked; times in UTC."""
    asked = (("user", user), ("action", action), ("assetType", kind))
    found = [f"{name}=={value.strip()}" for name, value in asked if value]
    bounds = ((">", since), ("<", until))
    return found + [f"timestamp{sign}{utc(moment)}" for sign, moment in bounds if moment]


async def events_about(
    memory: Memory,
    aep: FlowReader,
    text: str | None,
    conditions: Sequence[str],
    *,
    limit: int,
    cursor: str | None,
    now: datetime,
) -> Page[AuditEvent]:
    """Events about an object by id or name, or about any.

    A name is looked for as it is; where the log has nothing of it, the flow is looked for that is meant.

    Raises:
        PlatformError: the log cannot be read.
    """
    if text is None:
        return await aep.audit_log.list_events(conditions, limit=limit, cursor=cursor)
    wanted = text.strip()
    if _ID.fullmatch(wanted):
        return await _of(aep, f"assetId=={wanted}", conditions, limit, cursor)
    # Commas and signs mean something in a filter, so a name with them is looked for by its id.
    plain = _SPECIAL.isdisjoint(wanted)
    found: Page[AuditEvent] = Page([], None, 0, 0)
    if plain and not _by_id(cursor):
        found = await _of(aep, f"assetName=={wanted}", conditions, limit, cursor)
    if found.items:
        return found
    try:
        id = await flow_id_of(memory, aep, wanted, now=now)
    except AskedError:
        if plain:
            return found
        raise
    page = await _of(aep, f"assetId=={id}", conditions, limit, _own(cursor))
    return page if page.next_cursor is None else _marked(page)


async def _of(
    aep: FlowReader, about: str, conditions: Sequence[str], limit: int, cursor: str | None
) -> Page[AuditEvent]:
    return await aep.audit_log.list_events([about, *conditions], limit=limit, cursor=cursor)


_MARK = "id."
"""Before the cursor of a list that was found by id where a name was asked for."""


def _by_id(cursor: str | None) -> bool:
    return cursor is not None and cursor.startswith(_MARK)


def _own(cursor: str | None) -> str | None:
    return cursor.removeprefix(_MARK) if cursor else cursor


def _marked(page: Page[AuditEvent]) -> Page[AuditEvent]:
    return replace(page, next_cursor=f"{_MARK}{page.next_cursor}")


async def who_disabled(aep: FlowReader, flow_id: str) -> str | None:
    """`switched off 2026-02-24T11:57:40Z by mira@example.com`: the last time, of a flow that is disabled now.

    None where the log does not tell, such as after 90 days.

    Raises:
        PlatformError: the log cannot be read.
    """
    page = await aep.audit_log.list_events([f"assetId=={flow_id}"], limit=LOOKED_AT)
    for event in page.items:
        if (event.action or "").casefold() == "disable" and "Deny" not in event.results:
            by = f" by {event.user}" if event.user else ""
            return f"switched off {utc(event.timestamp) or 'at an unknown time'}{by} (audit log)"
    return None


async def with_who(aep: FlowReader, diagnosis: Diagnosis, flow_id: str) -> Diagnosis:
    """The diagnosis; of a flow that is disabled, with who switched it off. It stands without the log, too."""
    if all(one.cause is not Cause.FLOW_DISABLED for one in diagnosis.findings):
        return diagnosis
    try:
        who = await who_disabled(aep, flow_id)
    except PlatformError as error:
        said = (f"who switched it off is not known: the audit log cannot be read ({error.kind.value})",)
        return _told(diagnosis, lambda evidence: (*evidence, *said))
    return _told(diagnosis, lambda evidence: (who, *evidence)) if who else diagnosis


def _told(diagnosis: Diagnosis, told: Callable[[tuple[str, ...]], tuple[str, ...]]) -> Diagnosis:
    findings = [
        replace(one, evidence=told(one.evidence)) if one.cause is Cause.FLOW_DISABLED else one
        for one in diagnosis.findings
    ]
    return replace(diagnosis, findings=tuple(findings))
