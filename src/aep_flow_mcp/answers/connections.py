"""What rows of accounts, source and target connections have in common."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel

from aep_flow_mcp.answers.listing import Detail, Turn, listed_with_specs
from aep_flow_mcp.answers.present import moment
from aep_flow_mcp.answers.text import Listing, Whole
from aep_flow_mcp.gathering.finding import names_of
from aep_flow_mcp.gathering.unread import Unread
from aep_flow_mcp.platform.models.connections import Connection, SourceConnection, TargetConnection
from aep_flow_mcp.platform.models.specs import ConnectionSpec
from aep_flow_mcp.platform.paging import Page
from aep_flow_mcp.platform.reader import FlowReader

ItemT = TypeVar("ItemT", bound=BaseModel)
EndT = TypeVar("EndT", SourceConnection, TargetConnection)
RowT = TypeVar("RowT", bound=BaseModel)
NAMED_BY: Mapping[str, str] = {"connection_spec_id": "connector"}
"""What rows of these say by name (see `answers.text.table`)."""
END_NAMED_BY: Mapping[str, str] = {**NAMED_BY, "base_connection_id": "account"}
"""Likewise rows of sources and targets."""
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


async def ends_listed(
    aep: FlowReader,
    lister: Callable[..., Awaitable[Page[EndT]]],
    asked: Any,
    turn: Turn,
    row: Callable[[EndT, Connectors, Mapping[str, str]], RowT],
) -> Listing[RowT | Whole]:
    """A page of sources or targets, with the names of their connectors and accounts."""
    accounts: dict[str, str] = {}
    unread = Unread()

    async def with_accounts(asked: Any, **turned: Any) -> Page[EndT]:
        page = await lister(asked, **turned)
        if turn.detail is not Detail.FULL:
            ids = (item.base_id for item in page.items if item.base_id)
            accounts.update(await names_of(aep.list_connections, ids, "The accounts' names", unread))
        return page

    found = await connections_listed(
        aep, with_accounts, asked, turn, lambda item, connectors: row(item, connectors, accounts)
    )
    return found.model_copy(update={"note": " ".join(filter(None, [found.note, unread.note])) or None})


def end_fields(
    item: SourceConnection | TargetConnection, connectors: Connectors, accounts: Mapping[str, str]
) -> dict[str, Any]:
    """The fields that a row of a source and of a target has."""
    own = {"account": accounts.get(item.base_id or ""), "base_connection_id": item.base_id}
    return common_fields(item, connectors) | own


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
