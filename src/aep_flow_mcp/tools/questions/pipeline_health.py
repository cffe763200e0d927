"""How pipelines did over a window of time, in one answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, tzinfo
from functools import partial
from typing import Annotated, Any

from mcp.server.mcpserver.exceptions import ToolError
from pydantic import Field

from aep_flow_mcp.answers.board import VIEW, board_view
from aep_flow_mcp.answers.health import PipelineHealth
from aep_flow_mcp.answers.health_report import LISTS, GroupBy, Report
from aep_flow_mcp.answers.pictures.board import board_picture
from aep_flow_mcp.answers.pieces import Pieces
from aep_flow_mcp.answers.progress import progress_of
from aep_flow_mcp.gathering import times
from aep_flow_mcp.gathering.health_scope import Asked, Scope, fill, read_scope
from aep_flow_mcp.gathering.histories.closer_look import MOST_FLOWS, CloserLook, look_closer
from aep_flow_mcp.gathering.memory import Memory
from aep_flow_mcp.gathering.remembered.runs import RememberedRuns
from aep_flow_mcp.gathering.side_by_side import asked_for
from aep_flow_mcp.gathering.sweeps.run_sweep import RunSweep
from aep_flow_mcp.gathering.whole_lists import Reading
from aep_flow_mcp.insight.health.board import Board
from aep_flow_mcp.insight.health.report import Health, Trend
from aep_flow_mcp.insight.rhythm.usual import FEWEST_RUNS
from aep_flow_mcp.insight.windows import Window, WindowError, parse_window, read_zone
from aep_flow_mcp.platform.concurrency import together
from aep_flow_mcp.platform.models.flows import FlowKind
from aep_flow_mcp.platform.reader import FlowReader
from aep_flow_mcp.surface.dependencies import AppState, Reader
from aep_flow_mcp.surface.params import Cursor, FlowRefs
from aep_flow_mcp.surface.registry import read_tool
from aep_flow_mcp.surface.showing import shows_apps

PATIENCE = 38.0
"""Seconds after which no further runs are read, so that the answer comes before a call has to end."""


Part = Annotated[str | None, Field(description="id or name")]


@read_tool("core")
async def pipeline_health(
    app: AppState,
    aep: Reader,
    window: Annotated[
        str, Field(description='"24h", "yesterday", "last 7 days" (calendar days) or "<time>/<time>"')
    ] = "24h",
    flow: FlowRefs | None = None,
    connector: Part = None,
    dataset: Part = None,
    kind: FlowKind | None = None,
    group_by: GroupBy | None = None,
    limit: Annotated[int, Field(ge=1, le=50)] = 5,
    timezone: str = "UTC",
    picture: bool = False,
    cursor: Cursor = None,
) -> PipelineHealth:
    """What ran, failed, lost records, slowed down or was overdue in a window, against the one before; errors with their
    meaning. For several flows or a period."""
    pieces = Pieces(cursor, LISTS, now=times.now())
    now = pieces.now
    zone, span = _span(window, timezone, now)
    asked = Asked(flows=tuple(asked_for(flow)), connector=connector, dataset=dataset, kind=kind)
    datasets = group_by is GroupBy.DATASET
    progress = progress_of("objects")
    reading = Reading.of(aep, now=now, progress=progress)
    if asked.limited:
        scope = await read_scope(app, reading, asked, datasets=datasets)
    else:
        scope = Scope(asked)
    drawn = Board(span, zone) if shows_apps() or picture else None
    health = Health(span, zone, wanted=scope.wants, by_day=group_by is GroupBy.DAY, board=drawn)
    calls: list[Callable[[], Awaitable[Any]]] = [partial(_read_runs, app, reading, health, scope)]
    if not asked.limited:
        calls.append(partial(fill, app, reading, scope, datasets=datasets))
    stopped = any(await together(calls))
    look = CloserLook() if stopped else await _look_closer(aep, health, pieces, limit)
    report = Report(health, scope, look, pieces, zone=timezone, top=limit, group_by=group_by)
    answer = report.answer(progress, stopped=stopped)
    if drawn is None:
        return answer
    view = partial(board_view, drawn, health, scope, now=now, zone=timezone, stopped=stopped)
    return answer.beside(view=(VIEW, view), picture=(lambda: board_picture(view())) if picture else None)


def _span(window: str, timezone: str, now: datetime) -> tuple[tzinfo, Window]:
    try:
        zone = read_zone(timezone)
        return zone, parse_window(window, now=now, zone=zone)
    except WindowError as error:
        raise ToolError(str(error)) from None


async def _read_runs(memory: Memory, reading: Reading, health: Health, scope: Scope) -> bool:
    """Read the runs of both windows; whether that was given up."""
    start, _ = health.window.before.milliseconds
    _, end = health.window.milliseconds
    progress, conditions = reading.progress, scope.conditions()

    def enough() -> bool:
        return progress.elapsed > PATIENCE

    if not conditions:
        remembered = memory.cache("remembered_runs", RememberedRuns)
        return await remembered.read(reading, health.add, start, end, enough=enough)
    sweep = RunSweep(
        reading.aep, health.add, reading.crew, conditions=conditions, progress=progress, enough=enough
    )
    await sweep.read(start, end)
    return sweep.stopped


async def _look_closer(aep: FlowReader, health: Health, pieces: Pieces, top: int) -> CloserLook:
    """Of the flows that will be shown: since when they fail, and how long they usually take."""
    failing = []
    for id, _ in pieces.part("failing", health.most_failing(), top)[:MOST_FLOWS]:
        since, good = health.failing_since(id)
        if since and not good:
            failing.append(id)
    slower = [item.flow_id for item in health.worse() if item.trend is Trend.SLOWER][:MOST_FLOWS]
    slow = [id for id in health.slowest()[:3] if health.flows[id].durations.count >= FEWEST_RUNS]
    return await look_closer(
        aep,
        failing=failing,
        known_since=health.window.before.start,
        timed=dict.fromkeys([*slower, *slow]),
        before=health.window.start,
    )
