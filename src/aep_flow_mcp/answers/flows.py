"""Flows and their runs as rows of a list."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from statistics import median
from typing import Any, ClassVar

from pydantic import BaseModel

from aep_flow_mcp.answers.listing import Turn, listed_with_specs
from aep_flow_mcp.answers.text import Listing, Whole
from aep_flow_mcp.insight.shapes import RunRow, run_row
from aep_flow_mcp.insight.words import frequency_of, seconds, utc
from aep_flow_mcp.platform.models.flows import Flow, FlowKind
from aep_flow_mcp.platform.models.runs import FlowRun, RunStatus
from aep_flow_mcp.platform.models.specs import FlowSpec
from aep_flow_mcp.platform.paging import Page
from aep_flow_mcp.platform.reader import FlowReader

FEWEST = 3
"""Runs from which on a median says what is usual."""


class FlowRow(BaseModel):
    """A flow in a list. `last_run` is the status of the last run, which may still have lost records."""

    id: str
    name: str | None = None
    state: str | None = None
    kind: FlowKind
    frequency: str | None = None
    last_run: RunStatus | None = None
    last_run_at: str | None = None


class FlowRunRow(RunRow):
    """A run in a list over several flows. `usual_s` is the median duration of the flow's runs in this list."""

    named_by: ClassVar[Mapping[str, str]] = {"flow_id": "flow"}
    flow: str | None = None
    flow_id: str | None = None
    usual_s: float | None = None


async def flows_listed(
    aep: FlowReader, lister: Callable[..., Awaitable[Page[Flow]]], asked: Any, turn: Turn
) -> Listing[FlowRow | Whole]:
    """A page of flows, with the frequencies that their flow specs tell."""
    return await listed_with_specs(
        lister, asked, turn, list_specs=aep.list_flow_specs, lacking="Some frequencies", row=flow_row
    )


def flow_row(flow: Flow, specs: Mapping[str, FlowSpec]) -> FlowRow:
    """A flow as one row."""
    last = flow.last_run
    return FlowRow(
        id=flow.id,
        name=flow.name,
        state=flow.state,
        kind=flow.kind,
        frequency=frequency_of(flow, specs.get(flow.spec_id or "")),
        last_run=last.status if last else None,
        last_run_at=utc(last.started_at) if last else None,
    )


def flow_run_row(
    run: FlowRun, *, names: Mapping[str, str] | None = None, usual: Mapping[str, float] | None = None
) -> FlowRunRow:
    """A run as one row; its flow only where it does not go without saying: equal names are told apart by id.

    names: flow id -> name. usual: flow id -> seconds.
    """
    if names is None or run.flow_id is None:
        return FlowRunRow(**dict(run_row(run)))
    name = names.get(run.flow_id)
    several = name is not None and list(names.values()).count(name) > 1
    return FlowRunRow(
        **dict(run_row(run)),
        flow=f"{name} ({run.flow_id})" if several else name,
        flow_id=run.flow_id,
        usual_s=(usual or {}).get(run.flow_id),
    )


def usual_durations(runs: Sequence[FlowRun]) -> dict[str, int | float]:
    """Flow id -> median seconds of its runs that succeeded; not of flows with fewer than `FEWEST` of them."""
    taken: dict[str, list[float]] = {}
    for run in runs:
        if run.flow_id and run.duration_s is not None and run.status is RunStatus.SUCCESS:
            taken.setdefault(run.flow_id, []).append(run.duration_s)
    medians = {id: seconds(median(each)) for id, each in taken.items() if len(each) >= FEWEST}
    return {id: value for id, value in medians.items() if value is not None}
