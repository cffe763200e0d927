"""One flow with everything around it."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from aep_flow_mcp.answers.pieces import Pieces, as_it_is, without_cursors
from aep_flow_mcp.answers.text import InPieces, Several
from aep_flow_mcp.app import App
from aep_flow_mcp.gathering import times
from aep_flow_mcp.gathering.finding import flow_id_of
from aep_flow_mcp.gathering.flow_parts import gather_flow
from aep_flow_mcp.gathering.side_by_side import asked_for, side_by_side
from aep_flow_mcp.insight.description import describe
from aep_flow_mcp.insight.shapes import FlowDescription
from aep_flow_mcp.pipelines.fixed import fixed_words, started
from aep_flow_mcp.platform.reader import FlowReader
from aep_flow_mcp.surface.dependencies import AppState, Reader
from aep_flow_mcp.surface.params import Cursor, FlowRefs
from aep_flow_mcp.surface.registry import read_tool

SHOWN = {"audiences": 60, "attributes": 8, "problems": 30, "labels": 30}
"""Rows of the lists that may be long."""
LastRuns = Annotated[int, Field(ge=1, le=50)]


class DescribedFlow(FlowDescription, InPieces):
    """A flow, and in `fixed` what the service no longer changes of it."""

    fixed: str | None = None


class DescribedFlows(DescribedFlow, Several):
    """A flow, and further ones where several were asked for."""

    further: list[DescribedFlow] = Field(default_factory=list)


@read_tool("core")
async def describe_flow(
    app: AppState, aep: Reader, flow: FlowRefs, runs: LastRuns = 5, cursor: Cursor = None
) -> DescribedFlows:
    """All about one flow: connections, accounts, datasets, schema, mapping, audiences, schedule, last runs.
    Why it fails: diagnose_flow. By other words: find_flows."""
    wanted = asked_for(flow)
    answered = await side_by_side(wanted, lambda text: _described(app, aep, text, runs, cursor))
    first, *further = [without_cursors(each) if len(wanted) > 1 else each for each in answered.found]
    return DescribedFlows(**dict(first), further=further, unanswered=answered.unanswered)


async def _described(app: App, aep: FlowReader, flow: str, runs: int, cursor: str | None) -> DescribedFlow:
    pieces = Pieces(cursor, SHOWN)
    at = times.now()
    flow_id = await flow_id_of(app, aep, flow, now=at)
    parts = await gather_flow(aep, flow_id, runs=runs)
    schedule = parts.flow.schedule
    fixed = schedule is not None and started(schedule.model_dump(by_alias=True), now=at)
    told = describe(parts, now=at)
    shown: dict[str, Any] = {
        name: pieces.take(name, getattr(told, name), most, as_it_is) for name, most in SHOWN.items()
    }
    shown |= {"more": pieces.more, "cursors": pieces.cursors}
    if pieces.only:
        return DescribedFlow.model_validate({"id": flow_id, "name": told.name, **shown})
    return DescribedFlow.model_validate({**dict(told), **shown, "fixed": fixed_words() if fixed else None})
