"""Pages of runs and of flows as facts, for the questions that look at thousands of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from pydantic import ValidationError

from aep_flow_mcp.gathering.sweeps.sweep import PAGE
from aep_flow_mcp.insight.facts import FlowFacts, RunFacts
from aep_flow_mcp.insight.lean import flow_facts, run_facts
from aep_flow_mcp.insight.lean.plain import Facts
from aep_flow_mcp.platform.answers import check_length, items_of, unexpected
from aep_flow_mcp.platform.filters import FilterLike
from aep_flow_mcp.platform.paging import Page, Query
from aep_flow_mcp.platform.reader import FlowReader
from aep_flow_mcp.platform.reader_core import ReaderCore
from aep_flow_mcp.platform.wire.bodies import UnboundedJson, read_json
from aep_flow_mcp.platform.wire.large import holding
from aep_flow_mcp.platform.wire.listings import LISTING, Listing

F = TypeVar("F")


class LeanReader(ReaderCore):
    """Reads as `FlowReader` does, in the same sandbox over the same client, but keeps only facts.

    facts_of_flows: how flows are read, where somebody else has to see some of them.
    """

    def __init__(self, aep: FlowReader, facts_of_flows: Facts[Any, FlowFacts] = flow_facts) -> None:
        super().__init__(aep.client, aep.sandbox)
        self._facts_of_flows = facts_of_flows

    async def list_runs(
        self, filters: Sequence[FilterLike], order: str | None, cursor: str | None, *, limit: int = PAGE
    ) -> Page[RunFacts]:
        return await self._facts(run_facts, self._asked("runs", filters, limit, order, cursor))

    async def list_flows(
        self, filters: Sequence[FilterLike], order: str | None, cursor: str | None
    ) -> Page[FlowFacts]:
        return await self._facts(self._facts_of_flows, self._asked("flows", filters, PAGE, order, cursor))

    async def count_runs(self, filters: Sequence[FilterLike]) -> int:
        return await self._count("runs", list(filters))

    async def count_flows(self, filters: Sequence[FilterLike] = ()) -> int:
        return await self._count("flows", list(filters))

    async def _facts(self, facts: Facts[Any, F], query: Query) -> Page[F]:
        # Whatever the call as a whole reads, of this page no more than facts are left.
        with holding():
            return await self._read_facts(facts, query)

    async def _read_facts(self, facts: Facts[Any, F], query: Query) -> Page[F]:
        answer = await self._get(query.path, query.all_params, form=LISTING)
        data = answer.data
        if isinstance(data, Listing):
            check_length(len(data.items), query.path)
            items = []
            for raw in data.items:
                fact = facts.of_json(raw)
                if fact is None:
                    item = _whole(bytes(raw), query.path)
                    if not isinstance(item, dict):
                        continue
                    fact = self._modelled(facts, item, query)
                items.append(fact)
            return self._paged(query, items, len(data.items) - len(items), data.envelope)
        whole, skipped = items_of(data, query.path)
        return self._paged(query, [self._modelled(facts, item, query) for item in whole], skipped, data)

    def _modelled(self, facts: Facts[Any, F], item: dict[str, Any], query: Query) -> F:
        try:
            return facts.modelled(item)
        except ValidationError as error:
            place = ".".join(str(part) for part in error.errors()[0]["loc"])
            raise unexpected(
                query.path, f"the field {place or 'at the top'} has a type that cannot be read"
            ) from None


def _whole(entry: bytes, path: str) -> Any:
    """One entry of a list, read within the bounds of a whole answer.

    Raises:
        PlatformError: (unexpected) it passes them, or is damaged.
    """
    try:
        return read_json(entry)
    except UnboundedJson as error:
        raise unexpected(path, f"{error}, and was not read") from None
    except ValueError:
        raise unexpected(path, "the JSON of an entry is damaged") from None
