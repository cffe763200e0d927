"""Fields of flows and runs in words: times, schedules, frequencies, the error that matters."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from aep_flow_mcp.platform.models.flows import Flow, LastRun, Schedule
from aep_flow_mcp.platform.models.runs import FlowRun, RunError
from aep_flow_mcp.platform.models.specs import ConnectionSpec, FlowSpec

UI_CLIENT = "exc_app"
"""The `createdClient` of what was made in the user interface."""


def utc(time: datetime | None) -> str | None:
    """ISO 8601 in UTC, whole seconds."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if time else None


def seconds(value: float | None) -> int | float | None:
    """Seconds with at most one decimal, whole ones as an int."""
    if value is None:
        return None
    rounded = round(value, 1)
    return int(rounded) if rounded.is_integer() else rounded


def mode_of(flow: Flow, spec: FlowSpec | None, connector: ConnectionSpec | None = None) -> str | None:
    """batch or streaming: as the flow spec says, else the outer connector, else by the flow itself."""
    if spec and spec.frequency:
        return spec.frequency.casefold()
    if connector and connector.frequency:
        return connector.frequency.casefold()
    return "batch" if flow.schedule or flow.audiences else None


def schedule_words(flow: Flow, mode: str | None, *, now: datetime) -> str | None:
    """When the flow runs, for a person; None when nothing says so."""
    if flow.schedule and flow.schedule.every:
        return _scheduled(flow.schedule, now=now)
    if flow.audiences:
        return "per audience"
    return "continuous" if mode == "streaming" else None


def _scheduled(schedule: Schedule, *, now: datetime) -> str:
    number, unit = schedule.every or (0, "once")
    unit = unit.rstrip("s")
    words = "once"
    if number:
        words = f"every {unit}" if number == 1 else f"every {number} {unit}s"
    if schedule.export_mode:
        words += f", {schedule.export_mode.replace('_', ' ').lower()}"
    if schedule.start_time:
        verb = "starts" if schedule.start_time > now else "since"
        words += f" at {utc(schedule.start_time)}" if number == 0 else f", {verb} {utc(schedule.start_time)}"
    if schedule.end_time:
        words += f", {'ended' if schedule.end_time <= now else 'ends'} {utc(schedule.end_time)}"
    return words + (", with backfill" if schedule.backfill else "")


def audience_schedule(selector: dict[str, Any]) -> str | None:
    """The schedule inside one audience selector, such as "daily at 05:00 UTC, from 2024-05-01"."""
    schedule = selector.get("schedule")
    if not isinstance(schedule, dict):
        return None
    words = str(schedule.get("frequency") or "").replace("_", " ").lower() or "unknown"
    if str(schedule.get("triggerType") or "").upper() == "AFTER_SEGMENT_EVAL":
        words += " after audience evaluation"
    elif schedule.get("startTime"):
        words += f" at {schedule['startTime']} UTC"
    if schedule.get("startDate"):
        words += f", from {schedule['startDate']}"
    if schedule.get("endDate"):
        words += f" to {schedule['endDate']}"
    return words


def last_run_words(last: LastRun) -> str:
    """What a flow says about its last run: its state in Adobe's word, and when."""
    started = f", started {utc(last.started_at)}" if last.started_at else ""
    ended = f", ended {utc(last.completed_at)}" if last.completed_at else ""
    return f"{last.state or 'no state'}{started}{ended}"


_CAUSES = ("activity details", "activity", "run", "failed records")


def root_error(run: FlowRun) -> RunError | None:
    """The error that says most: below an activity where there is one; the run's own is often a summary."""
    failing = [error for error in run.errors if error.place in _CAUSES]
    return min(failing, key=lambda error: _CAUSES.index(error.place), default=None)


def error_words(error: RunError | None, *, limit: int = 160) -> str | None:
    """Code and message in one short piece."""
    if error is None:
        return None
    text = ": ".join(part for part in (error.code, error.message) if part)
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def client_words(client: str | None) -> str | None:
    """Who sent the request that created something: the user interface has a technical name."""
    return f"user interface ({client})" if client == UI_CLIENT else client


def distinct_errors(run: FlowRun) -> list[RunError]:
    """The errors of a run, each once: an activity and its record summary often repeat each other."""
    known: dict[tuple[str | None, str | None, int | None], RunError] = {}
    for error in run.errors:
        known.setdefault((error.code, error.message, error.count), error)
    return list(known.values())


def failing_errors(run: FlowRun) -> list[RunError]:
    """The distinct errors of a run without its skips and warnings."""
    return [error for error in distinct_errors(run) if error.place in _CAUSES]
