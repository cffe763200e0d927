"""Flows: what reads from where, writes where, and when."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from functools import partial
from typing import Annotated

from mcp.server.mcpserver.exceptions import ToolError
from pydantic import Field

from aep_flow_mcp.answers.flows import FlowRow, flows_listed
from aep_flow_mcp.answers.listing import Detail, Turn, counted, with_total
from aep_flow_mcp.answers.text import Listing, Record, Whole
from aep_flow_mcp.answers.whole import ONE, whole
from aep_flow_mcp.gathering.conditions import where
from aep_flow_mcp.gathering.finding import exact_flow_id
from aep_flow_mcp.gathering.histories.sifted import sifted
from aep_flow_mcp.platform.filters import FilterLike
from aep_flow_mcp.platform.models.flows import Flow, FlowKind
from aep_flow_mcp.platform.paging import Page
from aep_flow_mcp.platform.reader import FlowReader
from aep_flow_mcp.platform.urls import FLOW_SERVICE
from aep_flow_mcp.surface.dependencies import Reader
from aep_flow_mcp.surface.params import Cursor, Filters, FlowRef, Limit, OrderBy
from aep_flow_mcp.surface.registry import read_tool


class FlowState(StrEnum):
    """The states that a flow rests in; others pass within minutes (`filters` can ask for them)."""

    ENABLED = "enabled"
    DISABLED = "disabled"
    DRAFT = "draft"


_KIND_FLAGS = {FlowKind.SOURCE: "isSourceFlow", FlowKind.DESTINATION: "isDestinationFlow"}

Ids = str | list[str] | None
"""One id, or several of which any may be the one."""


@read_tool("flows")
async def list_flows(
    aep: Reader,
    name: str | None = None,
    state: FlowState | None = None,
    kind: FlowKind | None = None,
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
            **({f"inheritedAttributes.properties.{_KIND_FLAGS[kind]}": True} if kind in _KIND_FLAGS else {}),
            "flowSpec.id": flow_spec_id,
            "sourceConnectionIds[]": source_connection_id,
            "targetConnectionIds[]": target_connection_id,
            "transformations[].params.mappingId": mapping_set_id,
        },
        filters,
    )
    if kind is FlowKind.INTERNAL and count_only:
        raise ToolError("The API counts no internal flows: list them, or see find_flows with kind=internal.")
    if count_only:
        return counted(await aep.count_flows(asked))
    lister = partial(_internal, aep) if kind is FlowKind.INTERNAL else aep.list_flows
    found = await flows_listed(aep, lister, asked, Turn(limit, order_by, cursor, detail))
    if kind is FlowKind.INTERNAL:
        return found
    return await with_total(found, partial(aep.count_flows, asked), cursor=cursor)


async def _internal(
    aep: FlowReader, asked: Sequence[FilterLike], *, limit: int, orderby: str | None, cursor: str | None
) -> Page[Flow]:
    """Flows between Platform's own stores: the API has no flag for them."""
    return await sifted(
        aep.list_flows,
        asked,
        lambda flow: flow.kind is FlowKind.INTERNAL,
        limit=limit,
        orderby=orderby,
        cursor=cursor,
    )


@read_tool("flows")
async def get_flow(aep: Reader, flow: FlowRef) -> Record:
    """A flow as stored, with its ETag. describe_flow explains it."""
    flow_id = await exact_flow_id(aep, flow)
    stored = await aep.get_object("flows", flow_id)
    return whole(stored, path=f"{FLOW_SERVICE}/flows/{flow_id}", select=ONE)


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
    return await flows_listed(aep, aep.search_flows, query, Turn(limit, order_by, cursor, detail))
