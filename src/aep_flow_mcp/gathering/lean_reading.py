"""Pages of runs and of flows as facts, for the questions that look at thousands of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from pydantic import RootModel

from aep_flow_mcp.gathering.sweeps.sweep import PAGE
from aep_flow_mcp.insight.facts import FlowFacts, RunFacts
from aep_flow_mcp.insight.lean import flow_facts, run_facts
from aep_flow_mcp.platform.filters import FilterLike
from aep_flow_mcp.platform.paging import Page
from aep_flow_mcp.platform.reader import FlowReader
from aep_flow_mcp.platform.reader_core import ReaderCore
from aep_flow_mcp.platform.wire.large import holding

F = TypeVar("F")


class RawObject(RootModel[dict[str, Any]]):
    """An object of a list as it came."""


class LeanReader(ReaderCore):
    """Reads as `FlowReader` does, in the same sandbox over the same client, but keeps only facts."""

    def __init__(self, aep: FlowReader) -> None:
        super().__init__(aep.client, aep.sandbox)

    async def list_runs(
        self, filters: Sequence[FilterLike], order: str | None, cursor: str | None
    ) -> Page[RunFacts]:
        return await self._facts("runs", run_facts, filters, order, cursor)

    async def list_flows(
        self, filters: Sequence[FilterLike], order: str | None, cursor: str | None
    ) -> Page[FlowFacts]:
        return await self._facts("flows", flow_facts, filters, order, cursor)

    async def count_runs(self, filters: Sequence[FilterLike]) -> int:
        return await self._count("runs", list(filters))

    async def _facts(
        self,
        collection: str,
        read: Callable[[dict[str, Any]], F],
        filters: Sequence[FilterLike],
        order: str | None,
        cursor: str | None,
    ) -> Page[F]:
        # Whatever the call as a whole reads, of this page no more than facts are left.
        with holding():
            page = await self._list(
                RawObject, collection, list(filters), limit=PAGE, orderby=order, cursor=cursor
            )
            return Page(
                [read(item.root) for item in page.items], page.next_cursor, page.skipped_nulls, page.total
            )
