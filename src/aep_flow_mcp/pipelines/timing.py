"""The schedule of a wish, asked for, and checked against the flow spec."""

from __future__ import annotations

from typing import Any

from aep_flow_mcp.platform.models.specs import FlowSpec

from . import schedules, wellknown
from .checks.flows import check_schedule
from .checks.outcome import Checked, Problem
from .desk import Desk, argument_of, given
from .schedules import Rhythm
from .wish import StartState

IMPORT_RHYTHMS = ("once", "15 minutes", "1 hour", "1 day", "1 week")
EXPORT_RHYTHMS = ("once", "3 hours", "6 hours", "9 hours", "12 hours", "1 day")
_ARGUMENTS = ("every", "start_time", "end_time", "backfill")


def ingestion(desk: Desk, spec: FlowSpec) -> dict[str, Any] | None:
    """`scheduleParams` of a source flow; None when there is to be none, or something is not clear yet."""
    return _schedule(desk, spec, IMPORT_RHYTHMS, export=False)


def export(desk: Desk, spec: FlowSpec, *, required: bool = True) -> dict[str, Any] | None:
    """`scheduleParams` of an export; one of audiences need not have any (`required` False)."""
    if not required and not _said(desk):
        return None
    declared = spec.schedule_spec.properties if spec.schedule_spec else {}
    periodic = "frequency" in declared and "timeUnit" not in declared
    params = _schedule(desk, spec, EXPORT_RHYTHMS, export=not periodic)
    if params and "endTime" not in params and desk.wish.every and not _once(desk):
        desk.warn("The export has no end_time: it goes on until somebody stops it.")
    return params


def described(desk: Desk, spec: FlowSpec, schedule: dict[str, Any] | None) -> str:
    """When the flow runs first, in words; nothing while the wish is not clear."""
    if not desk.clear:
        return ""
    if desk.wish.state is not StartState.ENABLED:
        return f"It is left as {desk.wish.state.value}, so nothing runs yet."
    start = schedules.parse_time(desk.wish.start_time or "")
    if schedule and start is not None:
        rhythm = schedules.parse_rhythm(desk.wish.every or "")
        often = "once" if rhythm is None or rhythm.unit == "once" else _every(rhythm)
        return f"Runs {often}, first at {schedules.show_time(start)}; the run appears some minutes later."
    if _streams(desk, spec):
        return "It has no schedule: data flows as it arrives."
    return "It has no schedule, and its flow spec declares none: give every and start_time if it shall run by itself."


def _schedule(desk: Desk, spec: FlowSpec, offered: tuple[str, ...], *, export: bool) -> dict[str, Any] | None:
    """A flow spec that declares no schedule takes one all the same, when one is wished."""
    if (spec.schedule_spec is None or not spec.schedule_spec.spec) and not _said(desk):
        return None
    wish = desk.wish
    rhythm, start = _rhythm(desk, offered), _time(desk, "start_time", wish.start_time)
    end = _time(desk, "end_time", wish.end_time) if wish.end_time is not None else None
    if rhythm is None or start is None:
        return None
    if export:
        params = given(
            **schedules.export_rhythm(rhythm),
            startTime=start,
            endTime=end,
            folderNameTemplate=wellknown.EXPORT_FOLDER,
            backfill=wish.backfill,
        )
    else:
        params = schedules.ingestion_params(rhythm, start, end=end, backfill=wish.backfill)
    checked = check_schedule(spec, params, now=desk.findings.now)
    sent: dict[str, Any] = desk.take(_of_one_argument(desk, checked) if export else checked)
    return sent


def _of_one_argument(desk: Desk, checked: Checked) -> Checked:
    """Unit, interval and mode of an export all come from `every`: one sentence says what is wrong with them."""
    about = [problem for problem in checked.problems if argument_of(problem.field) == "every"]
    if not about:
        return checked
    rest = tuple(problem for problem in checked.problems if problem not in about)
    why = " ".join(map(str, about))
    told = f"{desk.wish.every}: the flow spec refuses it. Documented: {', '.join(EXPORT_RHYTHMS)}. ({why})"
    return Checked(checked.value, (*rest, Problem("every", f"{told}.")), checked.notes)


def _said(desk: Desk) -> bool:
    return any(getattr(desk.wish, name) is not None for name in _ARGUMENTS)


def _streams(desk: Desk, spec: FlowSpec) -> bool:
    """Whether a spec says so: the flow's own, else the connector's, or that it lists no runs."""
    if spec.frequency is not None:
        return spec.frequency == "streaming"
    return desk.spec.frequency == "streaming" or not spec.has_runs


def _once(desk: Desk) -> bool:
    rhythm = schedules.parse_rhythm(desk.wish.every or "")
    return rhythm is not None and rhythm.unit == "once"


def _every(rhythm: Rhythm) -> str:
    return f"every {rhythm.unit}" if rhythm.count == 1 else f"every {rhythm.count} {rhythm.unit}s"


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
