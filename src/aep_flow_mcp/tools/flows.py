"""Flows: what reads from where, writes where, and when."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, Field

from aep_flow_mcp.insight.shapes import Problem
from aep_flow_mcp.insight.words import frequency_of, utc
from aep_flow_mcp.platform.concurrency import together
from aep_flow_mcp.platform.models.flows import Flow, FlowKind
from aep_flow_mcp.platform.models.runs import RunStatus
from aep_flow_mcp.platform.models.specs import FlowSpec
from aep_flow_mcp.platform.paging import Page
from aep_flow_mcp.platform.reader import FlowReader
from aep_flow_mcp.platform.urls import FLOW_SERVICE
from aep_flow_mcp.tools.answers import Listing, Record, Whole
from aep_flow_mcp.tools.bounded import whole
from aep_flow_mcp.tools.dependencies import Reader
from aep_flow_mcp.tools.describe import found
from aep_flow_mcp.tools.listing import counted, listed, where
from aep_flow_mcp.tools.params import Cursor, Detail, Filters, FlowId, Limit, OrderBy
from aep_flow_mcp.tools.registry import read_tool


class FlowState(StrEnum):
    """The states that a flow rests in; others pass within minutes (`filters` can ask for them)."""

    ENABLED = "enabled"
    DISABLED = "disabled"
    DRAFT = "draft"


class EndKind(StrEnum):
    """What the API can tell flows apart by; the internal ones are neither."""

    SOURCE = "source"
    DESTINATION = "destination"


_KIND_FLAGS = {EndKind.SOURCE: "isSourceFlow", EndKind.DESTINATION: "isDestinationFlow"}

Ids = str | list[str] | None
"""One id, or several of which any may be the one."""


class FlowRow(BaseModel):
    """A flow in a list. `last_run` is the status of the last run, which may still have lost records."""

    id: str
    name: str | None = None
    state: str | None = None
    kind: FlowKind
    frequency: str | None = None
    last_run: RunStatus | None = None
    last_run_at: str | None = None


@read_tool("flows")
async def list_flows(
    aep: Reader,
    name: str | None = None,
    state: FlowState | None = None,
    kind: EndKind | None = None,
    flow_spec_id: str | None = None,
    source_connection_id: Ids = None,
    target_connection_id: Ids = None,
    mapping_set_id: Ids = None,
    filters: Filters = None,
    order_by: OrderBy = None,
    limit: Limit = 20,
    cursor: Cursor = None,
    detail: Detail = Detail.SUMMARY,
    count_only: bool = False,
) -> Listing[FlowRow | Whole]:
    """List or count flows; all arguments must hold, names match exactly. find_flows finds by part of a
    name or dataset; pipeline_health tells what is wrong."""
    asked = where(
        {
            "name": name,
            "state": state,
            **({f"inheritedAttributes.properties.{_KIND_FLAGS[kind]}": True} if kind else {}),
            "flowSpec.id": flow_spec_id,
            "sourceConnectionIds[]": source_connection_id,
            "targetConnectionIds[]": target_connection_id,
            "transformations[].params.mappingId": mapping_set_id,
        },
        filters,
    )
    if count_only:
        return counted(await aep.count_flows(asked))
    page, specs, note = await with_flow_specs(
        aep, lambda: aep.list_flows(asked, limit=limit, orderby=order_by, cursor=cursor)
    )
    return listed(page, lambda flow: flow_row(flow, specs), detail, note=note)


@read_tool("flows")
async def get_flow(aep: Reader, flow_id: FlowId) -> Record:
    """A flow as stored, with its ETag. describe_flow explains it."""
    return whole(await aep.get_flow(flow_id), path=f"{FLOW_SERVICE}/flows/{flow_id}")


@read_tool("flows")
async def search_flows(
    aep: Reader,
    query: Annotated[str, Field(min_length=1, description="e.g. state==enabled&name==Orders")],
    order_by: OrderBy = None,
    limit: Limit = 20,
    cursor: Cursor = None,
    detail: Detail = Detail.SUMMARY,
) -> Listing[FlowRow | Whole]:
    """Adobe's undocumented search. Prefer find_flows or list_flows."""
    page, specs, note = await with_flow_specs(
        aep, lambda: aep.search_flows(query, limit=limit, orderby=order_by, cursor=cursor)
    )
    return listed(page, lambda flow: flow_row(flow, specs), detail, note=note)


async def with_flow_specs(
    aep: FlowReader, fetch: Callable[[], Awaitable[Page[Flow]]]
) -> tuple[Page[Flow], dict[str, FlowSpec], str | None]:
    """A page of flows, the flow specs by id, and a note where these could not be read.

    The specs are cached and asked for beside the page. A list without frequencies is better than no list.
    """
    calls: list[Callable[[], Awaitable[Any]]] = [fetch, lambda: found(aep.list_flow_specs)]
    page, specs = await together(calls)
    if isinstance(specs, Problem):
        return page, {}, f"Flow specs: {specs.value}, so some frequencies are not known."
    return page, {spec.id: spec for spec in specs}, None


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
