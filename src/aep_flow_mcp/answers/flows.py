"""Flows and their runs as rows of a list."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from pydantic import BaseModel

from aep_flow_mcp.answers.listing import Turn, listed_with_specs
from aep_flow_mcp.answers.text import Listing, Whole
from aep_flow_mcp.insight.shapes import RunRow, run_row
from aep_flow_mcp.insight.words import mode_of, utc
from aep_flow_mcp.platform.models.flows import Flow, FlowKind
from aep_flow_mcp.platform.models.runs import FlowRun, RunStatus
from aep_flow_mcp.platform.models.specs import FlowSpec
from aep_flow_mcp.platform.paging import Page
from aep_flow_mcp.platform.reader import FlowReader


class FlowRow(BaseModel):
    """A flow in a list. `last_run` is the status of the last run, which may still have lost records."""

    id: str
    name: str | None = None
    state: str | None = None
    kind: FlowKind
    mode: str | None = None
    last_run: RunStatus | None = None
    last_run_at: str | None = None


class FlowRunRow(RunRow):
    """A run in a list over several flows."""

    flow_id: str | None = None


async def flows_listed(
    aep: FlowReader, lister: Callable[..., Awaitable[Page[Flow]]], asked: Any, turn: Turn
) -> Listing[FlowRow | Whole]:
    """A page of flows, with the modes that their flow specs tell."""
    return await listed_with_specs(
        lister, asked, turn, list_specs=aep.list_flow_specs, lacking="Some modes", row=flow_row
    )


def flow_row(flow: Flow, specs: Mapping[str, FlowSpec]) -> FlowRow:
    """A flow as one row."""
    last = flow.last_run
    return FlowRow(
        id=flow.id,
        name=flow.name,
        state=flow.state,
        kind=flow.kind,
        mode=mode_of(flow, specs.get(flow.spec_id or "")),
        last_run=last.status if last else None,
        last_run_at=utc(last.started_at) if last else None,
    )


def flow_run_row(run: FlowRun, *, tell_flow: bool) -> FlowRunRow:
    """A run as one row; its flow's id only where it does not go without saying."""
    return FlowRunRow(**dict(run_row(run)), flow_id=run.flow_id if tell_flow else None)
