"""What the service will not change of a flow once its start time has passed, and where Adobe says so: one table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aep_flow_mcp.platform.models.common import to_bool, to_time
from aep_flow_mcp.platform.models.specs import FlowSpec

SOURCE = "help/sources/errors/sources-errors.md"
"""The page of AdobeDocs/experience-platform.en that declares these refusals."""


@dataclass(frozen=True, slots=True)
class Fixed:
    """A member of `scheduleParams` that stands still, in words, and the code of the refusal."""

    member: str
    words: str
    code: str


FIXED_ONCE_STARTED = (
    Fixed("startTime", "the start time", "1366-400"),
    Fixed("backfill", "backfill", "1404-400"),
    Fixed("frequency", "the frequency into once", "1403-400"),
)
"""Of source flows: those whose schedule has a `frequency`."""


def fixed_words() -> str:
    """The whole table in a sentence."""
    parts = ", ".join(f"{each.words} ({each.code})" for each in FIXED_ONCE_STARTED)
    return f"Once the start time has passed the service does not change: {parts}. Source: {SOURCE}."


def fixed_of_spec(spec: FlowSpec) -> str | None:
    """The sentence, for a flow spec whose schedules it is about."""
    declared = spec.schedule_spec.spec if spec.schedule_spec else None
    properties = declared.get("properties") if isinstance(declared, Mapping) else None
    return fixed_words() if isinstance(properties, Mapping) and "frequency" in properties else None


def started(schedule: Any, *, now: datetime) -> bool:
    """Whether a schedule is one of those that stand still by now."""
    start = to_time(schedule.get("startTime")) if isinstance(schedule, Mapping) else None
    return start is not None and start <= now and bool(schedule.get("frequency"))


def refused_changes(before: Any, after: Any, *, now: datetime) -> list[str]:
    """What of a change of `scheduleParams` the service is declared to refuse, a sentence each."""
    if not isinstance(after, Mapping) or not started(before, now=now):
        return []
    return [
        f"The start time has passed: the service refuses to change {each.words} ({each.code}, {SOURCE})."
        for each in FIXED_ONCE_STARTED
        if _changed(each.member, before.get(each.member), after.get(each.member))
    ]


def _changed(member: str, before: Any, after: Any) -> bool:
    match member:
        case "startTime":
            return to_time(before) != to_time(after)
        case "backfill":
            return to_bool(before) != to_bool(after)
    once = "once"
    return str(after).casefold() == once != str(before).casefold()
