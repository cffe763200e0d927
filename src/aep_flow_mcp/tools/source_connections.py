"""Source connections: what a flow reads."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel

from aep_flow_mcp.platform.models.connections import SourceConnection
from aep_flow_mcp.tools.answers import Listing, Record, Whole
from aep_flow_mcp.tools.connectors import with_connector_names
from aep_flow_mcp.tools.dependencies import Reader
from aep_flow_mcp.tools.listing import counted, listed, where
from aep_flow_mcp.tools.params import Cursor, Detail, Filters, Id, Limit, OrderBy
from aep_flow_mcp.tools.present import moment, record
from aep_flow_mcp.tools.registry import read_tool

EndState = Literal["enabled", "disabled", "draft"]


class SourceRow(BaseModel):
    """A source connection in a list; `reads` is its path, table, or stream."""

    id: str
    name: str | None = None
    state: str | None = None
    connector: str | None = None
    connection_spec_id: str | None = None
    base_connection_id: str | None = None
    format: str | None = None
    reads: str | None = None
    dataset_ids: list[str] | None = None
    updated_at: str | None = None


@read_tool("connections")
async def list_source_connections(
    aep: Reader,
    name: str | None = None,
    connection_spec_id: str | None = None,
    base_connection_id: str | None = None,
    state: EndState | None = None,
    filters: Filters = None,
    order_by: OrderBy = None,
    limit: Limit = 20,
    cursor: Cursor = None,
    detail: Detail = Detail.SUMMARY,
    count_only: bool = False,
) -> Listing[SourceRow | Whole]:
    """List source connections: what flows read."""
    asked = where(
        {
            "name": name,
            "connectionSpec.id": connection_spec_id,
            "baseConnectionId": base_connection_id,
            "state": state,
        },
        filters,
    )
    if count_only:
        return counted(await aep.count_source_connections(filters=asked))
    page, names, note = await with_connector_names(
        aep, lambda: aep.list_source_connections(filters=asked, limit=limit, orderby=order_by, cursor=cursor)
    )
    return listed(page, lambda item: _row(item, names), detail, note=note)


@read_tool("connections")
async def get_source_connection(aep: Reader, source_connection_id: Id) -> Record:
    """What a flow reads: path or table, format, columns."""
    return record(await aep.get_source_connection(source_connection_id))


def _row(item: SourceConnection, names: dict[str, str]) -> SourceRow:
    return SourceRow(
        id=item.id,
        name=item.name,
        state=item.state,
        connector=names.get(item.spec_id or ""),
        connection_spec_id=item.spec_id,
        base_connection_id=item.base_id,
        format=item.data.format if item.data else None,
        reads=item.path,
        dataset_ids=item.dataset_ids or None,
        updated_at=moment(item.updated_at),
    )
