"""Target connections: where a flow writes."""

from __future__ import annotations

from pydantic import BaseModel

from aep_flow_mcp.platform.models.connections import TargetConnection
from aep_flow_mcp.tools.answers import Listing, Record, Whole
from aep_flow_mcp.tools.connectors import with_connector_names
from aep_flow_mcp.tools.dependencies import Reader
from aep_flow_mcp.tools.listing import counted, listed, where
from aep_flow_mcp.tools.params import Cursor, Detail, Filters, Id, Limit, OrderBy
from aep_flow_mcp.tools.present import moment, record
from aep_flow_mcp.tools.registry import read_tool
from aep_flow_mcp.tools.source_connections import EndState


class TargetRow(BaseModel):
    """A target connection in a list; `writes` is its path at a destination."""

    id: str
    name: str | None = None
    state: str | None = None
    connector: str | None = None
    connection_spec_id: str | None = None
    base_connection_id: str | None = None
    dataset_id: str | None = None
    schema_id: str | None = None
    writes: str | None = None
    updated_at: str | None = None


@read_tool("connections")
async def list_target_connections(
    aep: Reader,
    name: str | None = None,
    connection_spec_id: str | None = None,
    base_connection_id: str | None = None,
    dataset_id: str | None = None,
    state: EndState | None = None,
    filters: Filters = None,
    order_by: OrderBy = None,
    limit: Limit = 20,
    cursor: Cursor = None,
    detail: Detail = Detail.SUMMARY,
    count_only: bool = False,
) -> Listing[TargetRow | Whole]:
    """List target connections: where flows write."""
    asked = where(
        {
            "name": name,
            "connectionSpec.id": connection_spec_id,
            "baseConnectionId": base_connection_id,
            "params.dataSetId": dataset_id,
            "state": state,
        },
        filters,
    )
    if count_only:
        return counted(await aep.count_target_connections(filters=asked))
    page, names, note = await with_connector_names(
        aep, lambda: aep.list_target_connections(filters=asked, limit=limit, orderby=order_by, cursor=cursor)
    )
    return listed(page, lambda item: _row(item, names), detail, note=note)


@read_tool("connections")
async def get_target_connection(aep: Reader, target_connection_id: Id) -> Record:
    """Where a flow writes: dataset, or destination parameters."""
    return record(await aep.get_target_connection(target_connection_id))


def _row(item: TargetConnection, names: dict[str, str]) -> TargetRow:
    return TargetRow(
        id=item.id,
        name=item.name,
        state=item.state,
        connector=names.get(item.spec_id or ""),
        connection_spec_id=item.spec_id,
        base_connection_id=item.base_id,
        dataset_id=item.dataset_id,
        schema_id=item.schema_id,
        writes=item.path,
        updated_at=moment(item.updated_at),
    )
