"""Reading connections, source connections and target connections."""

from __future__ import annotations

from collections.abc import AsyncIterator

from .answers import model_of
from .filters import compile_order
from .models.connections import Connection, SourceConnection, TargetConnection
from .models.specs import TestResult
from .paging import Page
from .reader_core import Filters, Order, ReaderCore
from .urls import FLOW_SERVICE, join_path


class ReadsConnections(ReaderCore):
    """For each kind: a page, all of them, how many, one by id.

    `filters` are conditions (or `path==value` strings) that must all hold; `limit` is 1 to 100; `orderby`
    names properties, `-` in front for descending; `cursor` is an earlier page's `next_cursor`; `cap` bounds
    how many items an iteration gives. All raise PlatformError.
    """

    async def list_connections(
        self, filters: Filters = None, *, limit: int = 20, orderby: Order = None, cursor: str | None = None
    ) -> Page[Connection]:
        return await self._list(
            Connection, "connections", filters, limit=limit, orderby=orderby, cursor=cursor
        )

    def iter_connections(
        self, filters: Filters = None, *, orderby: Order = None, cap: int | None = None
    ) -> AsyncIterator[Connection]:
        return self._all(Connection, "connections", filters, orderby=orderby, cap=cap)

    async def count_connections(self, filters: Filters = None) -> int:
        return await self._count("connections", filters)

    async def get_connection(self, connection_id: str) -> Connection:
        return await self._one(Connection, "connections", connection_id)

    async def test_connection(self, connection_id: str) -> bool:
        """Whether the connection's credentials work, tried now; a failure mostly comes as an error."""
        path = join_path(f"{FLOW_SERVICE}/connections", connection_id, "test")
        data = await self._data(path)
        found = model_of(TestResult, data if isinstance(data, dict) else {"result": data}, path)
        return found.result is True

    async def search_connections(
        self, query_string: str, *, limit: int = 20, orderby: Order = None, cursor: str | None = None
    ) -> Page[Connection]:
        """Search by the service's query string (Adobe documents no grammar); limit is 1 to 1000."""
        body = {"queryString": query_string, "orderby": compile_order(orderby)}
        return await self._search(Connection, "connections", body, limit=limit, cursor=cursor)

    async def list_source_connections(
        self, filters: Filters = None, *, limit: int = 20, orderby: Order = None, cursor: str | None = None
    ) -> Page[SourceConnection]:
        return await self._list(
            SourceConnection, "sourceConnections", filters, limit=limit, orderby=orderby, cursor=cursor
        )

    def iter_source_connections(
        self, filters: Filters = None, *, orderby: Order = None, cap: int | None = None
    ) -> AsyncIterator[SourceConnection]:
        return self._all(SourceConnection, "sourceConnections", filters, orderby=orderby, cap=cap)

    async def count_source_connections(self, filters: Filters = None) -> int:
        return await self._count("sourceConnections", filters)

    async def get_source_connection(self, source_connection_id: str) -> SourceConnection:
        return await self._one(SourceConnection, "sourceConnections", source_connection_id)

    async def list_target_connections(
        self, filters: Filters = None, *, limit: int = 20, orderby: Order = None, cursor: str | None = None
    ) -> Page[TargetConnection]:
        return await self._list(
            TargetConnection, "targetConnections", filters, limit=limit, orderby=orderby, cursor=cursor
        )

    def iter_target_connections(
        self, filters: Filters = None, *, orderby: Order = None, cap: int | None = None
    ) -> AsyncIterator[TargetConnection]:
        return self._all(TargetConnection, "targetConnections", filters, orderby=orderby, cap=cap)

    async def count_target_connections(self, filters: Filters = None) -> int:
        return await self._count("targetConnections", filters)

    async def get_target_connection(self, target_connection_id: str) -> TargetConnection:
        return await self._one(TargetConnection, "targetConnections", target_connection_id)
