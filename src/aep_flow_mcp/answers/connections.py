"""What rows of accounts, source and target connections have in common."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel

from aep_flow_mcp.answers.listing import Turn, listed_with_specs
from aep_flow_mcp.answers.present import moment
from aep_flow_mcp.answers.text import Listing, Whole
from aep_flow_mcp.platform.models.connections import Connection, SourceConnection, TargetConnection
from aep_flow_mcp.platform.models.specs import ConnectionSpec
from aep_flow_mcp.platform.paging import Page
from aep_flow_mcp.platform.reader import FlowReader

ItemT = TypeVar("ItemT", bound=BaseModel)
RowT = TypeVar("RowT", bound=BaseModel)
NAMED_BY: Mapping[str, str] = {"connection_spec_id": "connector"}
"""What rows of these say by name (see `answers.text.table`)."""
Connectors = Mapping[str, ConnectionSpec]
"""Connection specs by id."""


async def connections_listed(
    aep: FlowReader,
    lister: Callable[..., Awaitable[Page[ItemT]]],
    asked: Any,
    turn: Turn,
    row: Callable[[ItemT, Connectors], RowT],
) -> Listing[RowT | Whole]:
    """A page of accounts, sources or targets, with the names of their connectors."""
    return await listed_with_specs(
        lister, asked, turn, list_specs=aep.list_connection_specs, lacking="Connector names", row=row
    )


def common_fields(
    item: Connection | SourceConnection | TargetConnection, connectors: Connectors
) -> dict[str, Any]:
    """The fields that a row of each of the three has."""
    spec = connectors.get(item.spec_id or "")
    return {
        "id": item.id,
        "name": item.name,
        "state": item.state,
        "connector": spec.shown_name if spec else None,
        "connection_spec_id": item.spec_id,
        "updated_at": moment(item.updated_at),
    }
