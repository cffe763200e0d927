"""Reading flows and their runs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from .filters import compile_order
from .models.flows import Flow
from .models.runs import FlowRun
from .paging import Page
from .reader_core import Filters, Order, ReaderCore


class ReadsFlows(ReaderCore):
    """Flows and runs; arguments as in ReadsConnections."""

    async def list_flows(
        self, filters: Filters = None, *, limit: int = 20, orderby: Order = None, cursor: str | None = None
    ) -> Page[Flow]:
        return await self._list(Flow, "flows", filters, limit=limit, orderby=orderby, cursor=cursor)

    def iter_flows(
        self, filters: Filters = None, *, orderby: Order = None, cap: int | None = None
    ) -> AsyncIterator[Flow]:
        return self._all(Flow, "flows", filters, orderby=orderby, cap=cap)

    async def count_flows(self, filters: Filters = None) -> int:
        return await self._count("flows", filters)

    async def get_flow(self, flow_id: str) -> Flow:
        return await self._one(Flow, "flows", flow_id)

    async def search_flows(
        self,
        query_string: str,
        *,
        limit: int = 20,
        orderby: Order = None,
        cursor: str | None = None,
        projection_fields: Sequence[str] = (),
    ) -> Page[Flow]:
        """Search by the service's query string (Adobe documents no grammar); limit is 1 to 1000."""
        body = {
            "queryString": query_string,
            "orderby": compile_order(orderby),
            "projectionFields": ",".join(projection_fields),
        }
        return await self._search(Flow, "flows", body, limit=limit, cursor=cursor)

    async def list_runs(
        self, filters: Filters = None, *, limit: int = 20, orderby: Order = None, cursor: str | None = None
    ) -> Page[FlowRun]:
        return await self._list(FlowRun, "runs", filters, limit=limit, orderby=orderby, cursor=cursor)

    def iter_runs(
        self, filters: Filters = None, *, orderby: Order = None, cap: int | None = None
    ) -> AsyncIterator[FlowRun]:
        return self._all(FlowRun, "runs", filters, orderby=orderby, cap=cap)

    async def count_runs(self, filters: Filters = None) -> int:
        return await self._count("runs", filters)

    async def get_run(self, run_id: str) -> FlowRun:
        return await self._one(FlowRun, "runs", run_id)
