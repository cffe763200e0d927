"""Target connections: where a flow writes."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import ClassVar

from pydantic import BaseModel

from aep_flow_mcp.answers.connections import END_NAMED_BY, Connectors, end_fields, ends_listed
from aep_flow_mcp.answers.listing import Detail, Turn, counted, with_total
from aep_flow_mcp.answers.text import Listing, Record, Whole
from aep_flow_mcp.answers.whole import ONE, whole
from aep_flow_mcp.gathering.conditions import where
from aep_flow_mcp.gathering.finding import connection_id_of, connector_ids_of, dataset_ids_of
from aep_flow_mcp.gathering.secret_fields import declared_secrets
from aep_flow_mcp.platform.models.connections import TargetConnection
from aep_flow_mcp.platform.urls import FLOW_SERVICE
from aep_flow_mcp.surface.dependencies import Reader
from aep_flow_mcp.surface.params import Cursor, EndState, Filters, Id, Limit, Named, OrderBy
from aep_flow_mcp.surface.registry import read_tool


class TargetRow(BaseModel):
    """A target connection in a list; `writes` is its path at a destination."""

    named_by: ClassVar[Mapping[str, str]] = END_NAMED_BY
    id: str
    name: str | None = None
    state: str | None = None
    connector: str | None = None
    connection_spec_id: str | None = None
    account: str | None = None
    base_connection_id: str | None = None
    dataset_id: str | None = None
    schema_id: str | None = None
    writes: str | None = None
    updated_at: str | None = None


@read_tool("connections")
async def list_target_connections(
    aep: Reader,
    name: str | None = None,
    connector: Named = None,
    account: Named = None,
    dataset: Named = None,
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
            "connectionSpec.id": await connector_ids_of(aep, connector) if connector else None,
            "baseConnectionId": await connection_id_of(aep, account) if account else None,
            "params.dataSetId": await dataset_ids_of(aep, dataset) if dataset else None,
            "state": state,
        },
        filters,
    )
    if count_only:
        return counted(await aep.count_target_connections(filters=asked))
    turn = Turn(limit, order_by, cursor, detail)
    found = await ends_listed(aep, aep.list_target_connections, asked, turn, _row)
    return await with_total(found, partial(aep.count_target_connections, filters=asked), cursor=cursor)


@read_tool("connections")
async def get_target_connection(aep: Reader, target_connection_id: Id) -> Record:
    """Where a flow writes: dataset, or destination parameters."""
    stored = await aep.get_object("targetConnections", target_connection_id)
    known = await declared_secrets(aep, stored)
    return whole(
        stored, known=known, path=f"{FLOW_SERVICE}/targetConnections/{target_connection_id}", select=ONE
    )


def _row(item: TargetConnection, connectors: Connectors, accounts: Mapping[str, str]) -> TargetRow:
    return TargetRow(
        **end_fields(item, connectors, accounts),
        dataset_id=item.dataset_id,
        schema_id=item.schema_id,
        writes=item.path,
    )
