"""Source connections: what a flow reads."""

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
from aep_flow_mcp.gathering.finding import connection_id_of, connector_ids_of
from aep_flow_mcp.gathering.secret_fields import declared_secrets
from aep_flow_mcp.platform.models.connections import SourceConnection
from aep_flow_mcp.platform.urls import FLOW_SERVICE
from aep_flow_mcp.surface.dependencies import Reader
from aep_flow_mcp.surface.params import Cursor, EndState, Filters, Id, Limit, Named, OrderBy
from aep_flow_mcp.surface.registry import read_tool


class SourceRow(BaseModel):
    """A source connection in a list; `reads` is its path, table, or stream."""

    named_by: ClassVar[Mapping[str, str]] = END_NAMED_BY
    id: str
    name: str | None = None
    state: str | None = None
    connector: str | None = None
    connection_spec_id: str | None = None
    account: str | None = None
    base_connection_id: str | None = None
    format: str | None = None
    reads: str | None = None
    dataset_ids: list[str] | None = None
    updated_at: str | None = None


@read_tool("connections")
async def list_source_connections(
    aep: Reader,
    name: str | None = None,
    connector: Named = None,
    account: Named = None,
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
            "connectionSpec.id": await connector_ids_of(aep, connector) if connector else None,
            "baseConnectionId": await connection_id_of(aep, account) if account else None,
            "state": state,
        },
        filters,
    )
    if count_only:
        return counted(await aep.count_source_connections(filters=asked))
    turn = Turn(limit, order_by, cursor, detail)
    found = await ends_listed(aep, aep.list_source_connections, asked, turn, _row)
    return await with_total(found, partial(aep.count_source_connections, filters=asked), cursor=cursor)


@read_tool("connections")
async def get_source_connection(aep: Reader, source_connection_id: Id) -> Record:
    """What a flow reads: path or table, format, columns."""
    stored = await aep.get_object("sourceConnections", source_connection_id)
    known = await declared_secrets(aep, stored)
    return whole(
        stored, known=known, path=f"{FLOW_SERVICE}/sourceConnections/{source_connection_id}", select=ONE
    )


def _row(item: SourceConnection, connectors: Connectors, accounts: Mapping[str, str]) -> SourceRow:
    return SourceRow(
        **end_fields(item, connectors, accounts),
        format=item.data.format if item.data else None,
        reads=item.path,
        dataset_ids=item.dataset_ids or None,
    )
