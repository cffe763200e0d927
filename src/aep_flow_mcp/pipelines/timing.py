"""The schedule of a wish, asked for or checked against the flow spec."""

from __future__ import annotations

from typing import Any

from aep_flow_mcp.platform.models.specs import FlowSpec

from . import schedules, wellknown
from .checks import check_schedule
from .desk import Desk, given
from .schedules import Rhythm
from .wish import StartState

IMPORT_RHYTHMS = ("once", "15 minutes", "1 hour", "1 day", "1 week")
EXPORT_RHYTHMS = ("once", "3 hours", "6 hours", "9 hours", "12 hours", "1 day")


def ingestion(desk: Desk, spec: FlowSpec) -> dict[str, Any] | None:
    """`scheduleParams` of a source flow; None when the flow spec has no schedule or something is not clear yet."""
    if _none_taken(desk, spec):
        return None
    if desk.wish.end_time is not None:
        desk.refuse("end_time", "must be left out: an import has no end; disable the flow instead.")
    rhythm, start = _rhythm(desk, IMPORT_RHYTHMS), _time(desk, "start_time", desk.wish.start_time)
    if rhythm is None or start is None:
        return None
    params = schedules.ingestion_params(rhythm, start, desk.wish.backfill)
    desk.refuse_all(check_schedule(spec, params, now=desk.findings.now))
    return params


def export(desk: Desk, spec: FlowSpec) -> dict[str, Any] | None:
    """`scheduleParams` of a dataset export."""
    if _none_taken(desk, spec):
        return None
    wish = desk.wish
    if wish.backfill is not None:
        desk.refuse("backfill", "must be left out: the first export is a full one.")
    rhythm, start = _rhythm(desk, EXPORT_RHYTHMS), _time(desk, "start_time", wish.start_time)
    end = _time(desk, "end_time", wish.end_time) if wish.end_time is not None else None
    if rhythm is None or start is None:
        return None
    every = schedules.export_rhythm(rhythm)
    if every is None:
        desk.refuse("every", f"{wish.every}: an export runs {', '.join(EXPORT_RHYTHMS)}.")
        return None
    params = given(**every, startTime=start, endTime=end, folderNameTemplate=wellknown.EXPORT_FOLDER)
    desk.refuse_all(check_schedule(spec, params, now=desk.findings.now))
    if end is None and rhythm.unit != "once":
        desk.warn("The export has no end_time: it goes on until somebody stops it.")
    return params


def described(desk: Desk) -> str:
    """When the flow runs first, in words; nothing while the wish is not clear."""
    if not desk.clear:
        return ""
    if desk.wish.state is not StartState.ENABLED:
        return f"It is left as {desk.wish.state.value}, so nothing runs yet."
    start = schedules.parse_time(desk.wish.start_time or "")
    if start is None:
        return "It has no schedule: data flows as it arrives."
    rhythm = schedules.parse_rhythm(desk.wish.every or "")
    often = "once" if rhythm is None or rhythm.unit == "once" else _every(rhythm)
    return f"Runs {often}, first at {schedules.show_time(start)}; the run appears some minutes later."


def _every(rhythm: Rhythm) -> str:
    return f"every {rhythm.unit}" if rhythm.count == 1 else f"every {rhythm.count} {rhythm.unit}s"


def _none_taken(desk: Desk, spec: FlowSpec) -> bool:
    """A flow spec without a schedule takes none of its arguments."""
    if spec.schedule_spec is not None:
        return False
    for field in ("every", "start_time", "end_time", "backfill"):
        if getattr(desk.wish, field) is not None:
            desk.refuse(field, f"must be left out: {spec.name or 'this kind of flow'} has no schedule.")
    return True


def _rhythm(desk: Desk, offered: tuple[str, ...]) -> Rhythm | None:
    if desk.wish.every is None:
        desk.ask("every", "How often does it run?", choices=offered)
        return None
    rhythm = schedules.parse_rhythm(desk.wish.every)
    if rhythm is None:
        desk.refuse("every", f"{desk.wish.every} is no rhythm: write one such as {', '.join(offered)}.")
    return rhythm


def _time(desk: Desk, field: str, text: str | None) -> int | None:
    if text is None:
        choices = schedules.suggested_starts(desk.findings.now)
        desk.ask(field, "When does it start (UTC)?", type="time", choices=choices)
        return None
    found = schedules.parse_time(text)
    if found is None:
        desk.refuse(field, f"{text} is no time: write one such as 2026-01-31T08:00:00Z.")
    return found
