"""The few flows that an answer about many shows, looked at further back than its windows reach."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from aep_flow_mcp.gathering.flow_parts import found
from aep_flow_mcp.gathering.histories.look_back import begun_before
from aep_flow_mcp.gathering.lean_reading import LeanReader
from aep_flow_mcp.gathering.run_status import STARTED_PATH
from aep_flow_mcp.insight.rhythm.usual import usual_duration
from aep_flow_mcp.insight.shapes import Problem
from aep_flow_mcp.insight.streaks.streak import FAILING, Streak
from aep_flow_mcp.platform.concurrency import together
from aep_flow_mcp.platform.filters import Filter
from aep_flow_mcp.platform.reader import FlowReader

MOST_FLOWS = 5
"""So many flows are looked at for either reason."""
USUAL_RUNS = 30
"""The usual duration of a flow is that of so many runs."""
_REQUESTS = 6


@dataclass(slots=True)
class CloserLook:
    """What was found, by flow id: the `streaks` of failing flows, the `usual` seconds of a run.

    A flow that could not be looked at is left out.
    """

    streaks: dict[str, Streak] = field(default_factory=dict)
    usual: dict[str, float] = field(default_factory=dict)


async def look_closer(
    aep: FlowReader, *, failing: Iterable[str], known_since: datetime, timed: Iterable[str], before: datetime
) -> CloserLook:
    """Read on, side by side: since when each of `failing` fails, of which no run since `known_since` was good, and how
    long the runs of each of `timed` took that started before `before`."""
    look = CloserLook()

    async def keep(into: dict[str, Any], id: str, call: Callable[[], Awaitable[Any]]) -> None:
        value = await found(call)
        if value is not None and not isinstance(value, Problem):
            into[id] = value

    streaks: Mapping[str, Any] = {
        id: partial(begun_before, aep, id, FAILING, known_since, requests=_REQUESTS) for id in failing
    }
    usual: Mapping[str, Any] = {id: partial(_usual, aep, id, before) for id in timed}
    calls = [partial(keep, look.streaks, id, call) for id, call in streaks.items()]
    calls += [partial(keep, look.usual, id, call) for id, call in usual.items()]
    await together(calls)
    return look


async def _usual(aep: FlowReader, flow_id: str, before: datetime) -> float | None:
    asked = [Filter("flowId").eq(flow_id), Filter(STARTED_PATH).lt(before)]
    page = await LeanReader(aep).list_runs(asked, f"-{STARTED_PATH}", None, limit=USUAL_RUNS)
    return usual_duration(page.items)
