"""Start times that have passed: an anchor of a rhythm in a document, which the service takes no more. Pure.

The service refuses an import whose start lies in the past (1360-400), and lets nobody change the start of one that has
begun (1366-400). So a start that has passed means the next time that keeps the rhythm.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aep_flow_mcp.documents.format import Pipeline, Schedule
from aep_flow_mcp.documents.members import period_of, schedule_params, seconds_of

AHEAD = 900
"""Seconds from now to the first run of what is created: an approval takes its time."""


def started_anew(schedule: Mapping[str, Any], *, now: float) -> dict[str, Any]:
    """`scheduleParams` of an import that is created now, first at the next time that its rhythm gives."""
    start, period = seconds_of(schedule.get("startTime")), period_of(schedule)
    if start is None or period is None or start > now:
        return dict(schedule)
    if period == 0:
        return {**schedule, "startTime": (int(now) // AHEAD + 2) * AHEAD}
    rounds = -((start - int(now) - AHEAD) // period)
    return {**schedule, "startTime": start + max(rounds, 1) * period}


def kept_start(said: Mapping[str, Any], there: Mapping[str, Any]) -> dict[str, Any]:
    """`scheduleParams` as a document says them, with the stored start where both mean the same rhythm."""
    start, stored = seconds_of(said.get("startTime")), seconds_of(there.get("startTime"))
    period = period_of(said)
    if start is None or stored is None or stored < start or period is None:
        return dict(said)
    if period == 0 or (stored - start) % period == 0:
        return {**said, "startTime": there["startTime"]}
    return dict(said)


def kept_words(document: Mapping[str, Any], said: Pipeline) -> dict[str, Any]:
    """A document of what is there, with what an existing one says in other words that mean the same: its start, where
    that is the anchor of the same rhythm; and without what the existing one leaves open."""
    made = dict(document)
    old = said.schedule
    now = made.get("schedule")
    if old is not None and old.start and isinstance(now, Mapping) and now.get("start"):
        params = schedule_params(Schedule.model_validate({**now, "start": old.start}), export=False)
        there = schedule_params(Schedule.model_validate(now), export=False)
        if kept_start(params, there).get("startTime") == there.get("startTime"):
            made["schedule"] = {**now, "start": old.start}
    if said.names is None:
        made.pop("names", None)
    if said.state is None:
        made.pop("state", None)
    return made
