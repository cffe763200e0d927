"""A pipeline changed in words: its rhythm, path, options and mapping, in one step."""

from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from typing import Annotated, Any

from pydantic import Field

from aep_flow_mcp.answers.schedules import schedule_cell
from aep_flow_mcp.gathering import times
from aep_flow_mcp.gathering.finding import exact_flow_id
from aep_flow_mcp.guard.changes.change import Change
from aep_flow_mcp.insight.schedule import Timetable
from aep_flow_mcp.insight.words import utc
from aep_flow_mcp.planning import mapping_rows
from aep_flow_mcp.planning.pipeline_edit import edit
from aep_flow_mcp.planning.pipeline_wanted import Wanted
from aep_flow_mcp.platform.concurrency import together
from aep_flow_mcp.platform.models.flows import Flow
from aep_flow_mcp.platform.reader import FlowReader
from aep_flow_mcp.surface.dependencies import Reader
from aep_flow_mcp.surface.pipeline_arguments import Pair
from aep_flow_mcp.surface.registry import write_tool
from aep_flow_mcp.surface.write_params import Description

Words = Annotated[str | None, Field(max_length=1_000)]
Flows = Annotated[
    Annotated[str, Field(min_length=1)] | Annotated[list[str], Field(min_length=1, max_length=20)],
    Field(description="id or name; or several"),
]
_TELLING = timedelta(hours=1)
"""Of a shorter period the next run passes while somebody reads the question."""


@write_tool("pipelines", destructive=True, idempotent=True)
async def change_pipeline(
    aep: Reader,
    flow: Flows,
    name: Annotated[str | None, Field(min_length=1, max_length=255)] = None,
    description: Description = None,
    every: Annotated[Words, Field(description="6 hours, daily at 05:00")] = None,
    start_time: Words = None,
    end_time: Words = None,
    path: Annotated[str | None, Field(min_length=1, max_length=1_000)] = None,
    error_diagnostics: bool | None = None,
    tolerated_percent: Annotated[float | None, Field(ge=0, le=100, description="bad rows")] = None,
    add_fields: Annotated[list[Pair] | None, Field(max_length=1_000)] = None,
    remove_fields: Annotated[list[str] | None, Field(max_length=1_000, description="XDM paths")] = None,
) -> Change:
    """Change pipelines in words: all or nothing. Says beforehand what the service refuses, and the way round."""
    wanted = Wanted(
        name=name,
        description=description,
        every=every,
        start_time=start_time,
        end_time=end_time,
        path=path,
        error_diagnostics=error_diagnostics,
        tolerated_percent=tolerated_percent,
        add_fields=[mapping_rows.Pair(pair.source, pair.target) for pair in add_fields or ()],
        remove_fields=remove_fields or (),
    )
    ids = [await exact_flow_id(aep, one) for one in ([flow] if isinstance(flow, str) else flow)]
    return await edit(aep, ids, wanted, words=in_words, follow=partial(how_they_stand, aep, ids))


def in_words(flow: Flow) -> str:
    """`every 6 hours, next run 2026-03-02T12:00Z`, by the schedule."""
    now = times.now()
    table = Timetable.read(flow.schedule)
    often = schedule_cell(table, (), now=now) or "without a schedule"
    upcoming = next_run(flow)
    telling = table is not None and (table.step is None or table.step >= _TELLING)
    return f"{often}, next run {upcoming}" if upcoming and telling else often


def next_run(flow: Flow) -> str | None:
    """When the next run is due by the schedule; None where none is, or the flow is not enabled."""
    now, table = times.now(), Timetable.read(flow.schedule)
    if table is None or (flow.state or "").casefold() != "enabled":
        return None
    at = table.first
    if at <= now:
        if table.step is None:
            return None
        at += table.step * -((at - now) // table.step)
    return utc(at) if table.end is None or at < table.end else None


async def how_they_stand(aep: FlowReader, ids: list[str], _: Mapping[str, str]) -> Mapping[str, Any]:
    """The state of each flow, and when it runs next.

    Raises:
        PlatformError: it cannot be read.
    """
    flows = await together([partial(aep.get_flow, one) for one in dict.fromkeys(ids)])
    return {
        "flows": [
            {
                "flow": flow.id,
                "name": flow.name,
                "state": flow.state,
                "schedule": schedule_cell(Timetable.read(flow.schedule), (), now=times.now()),
                "next_run": next_run(flow),
            }
            for flow in flows
        ]
    }
