"""Reading connection specs and flow specs, and what can be explored and configured through them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from .answers import items_of, model_of
from .filters import compile_filters, compile_order
from .models.common import ApiModel, to_bool, to_int
from .models.explore import Exploration, ExploreQuery
from .models.neighbours import Dataset
from .models.specs import ConnectionSpec, FlowSpec
from .paging import Page, all_items
from .reader_core import PAGE_LIMIT, Filters, Order, ReaderCore, check_limit
from .urls import FLOW_SERVICE, Param, invalid, join_path
from .wire.large import holding

S = TypeVar("S", bound=ApiModel)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigsQuery:
    """What to list of a connection spec: the defaults ask for the datasets that can be exported."""

    output_type: str = "activationDatasets"
    output_field: str = "datasets"
    limit: int = 20
    properties: Sequence[str] = ()

    def params(self) -> list[Param]:
        pairs = [
            ("outputType", self.output_type),
            ("outputField", self.output_field),
            ("limit", str(check_limit(self.limit))),
        ]
        return [*pairs, ("properties", ",".join(self.properties))] if self.properties else pairs


class ReadsSpecs(ReaderCore):
    """Specs are cached: they change with Adobe's releases, not with anybody's work."""

    async def list_connection_specs(self, filters: Filters = None) -> list[ConnectionSpec]:
        """All connection specs, from every page."""
        return await self._specs(ConnectionSpec, "connectionSpecs", filters)

    async def get_connection_spec(self, connection_spec_id: str) -> ConnectionSpec:
        return await self._spec(ConnectionSpec, "connectionSpecs", connection_spec_id)

    async def list_flow_specs(self, filters: Filters = None) -> list[FlowSpec]:
        """All flow specs, from every page."""
        return await self._specs(FlowSpec, "flowSpecs", filters)

    async def get_flow_spec(self, flow_spec_id: str) -> FlowSpec:
        return await self._spec(FlowSpec, "flowSpecs", flow_spec_id)

    def listed_specs(self) -> tuple[Sequence[ConnectionSpec], Sequence[FlowSpec]]:
        """Both lists as far as somebody has read them lately; nothing is asked for them."""
        kept = self.client.specs.kept
        lists = [kept((collection, self.sandbox, ())) for collection in ("connectionSpecs", "flowSpecs")]
        return lists[0] or (), lists[1] or ()

    async def search_flow_specs(
        self,
        query_string: str,
        *,
        limit: int = 20,
        orderby: Order = None,
        cursor: str | None = None,
        projection_fields: Sequence[str] = (),
        group_by: str | None = None,
    ) -> Page[FlowSpec]:
        """Search by the service's query string (Adobe documents no grammar); limit is 1 to 1000."""
        body = {
            "queryString": query_string,
            "orderby": compile_order(orderby),
            "projectionFields": ",".join(projection_fields),
            "groupByProperty": group_by,
        }
        return await self._search(FlowSpec, "flowSpecs", body, limit=limit, cursor=cursor)

    async def explore_connection(self, connection_id: str, query: ExploreQuery) -> Exploration:
        """What is at a place of a source, or the schema and first rows of a file or table."""
        return await self._explore(join_path(f"{FLOW_SERVICE}/connections", connection_id, "explore"), query)

    async def explore_connection_spec(self, connection_spec_id: str, query: ExploreQuery) -> Exploration:
        """The same for a source that needs no account (the Data Landing Zone)."""
        path = join_path(f"{FLOW_SERVICE}/connectionSpecs", connection_spec_id, "explore")
        return await self._explore(path, query)

    async def connection_configs(self, connection_id: str) -> Page[dict[str, Any]]:
        """What a connection can be configured with; the entries' shape depends on the connector."""
        path = join_path(f"{FLOW_SERVICE}/connections", connection_id, "configs")
        objects, skipped = items_of(await self._data(path), path)
        return Page(objects, None, skipped)

    async def connection_spec_configs(
        self, connection_spec_id: str, query: ConfigsQuery | None = None, *, cursor: str | None = None
    ) -> Page[Dataset]:
        """A page of a spec's configs, by default of the datasets that can be exported."""
        path = join_path(f"{FLOW_SERVICE}/connectionSpecs", connection_spec_id, "configs")
        asked = query or ConfigsQuery()
        resumed = self._query(path, asked.params(), cursor)
        start = [] if resumed.position else [("start", "0")]
        data = await self._data(path, [*resumed.all_params, *start])
        objects, skipped = items_of(data, path)
        info = data.get("pageInfo") if isinstance(data, dict) else None
        info = info if isinstance(info, dict) else {}
        more = to_bool(info.get("hasNext"))
        return self._offset_page(
            resumed,
            [model_of(Dataset, item, path) for item in objects],
            skipped=skipped,
            # Not every documented answer has pageInfo; without it a full page means that there may be more.
            more=more if more is not None else len(objects) + skipped >= asked.limit,
            total=to_int(info.get("total")),
        )

    def forget_specs(self) -> None:
        """Read specs afresh from now on."""
        self.client.specs.drop()

    async def _explore(self, path: str, query: ExploreQuery) -> Exploration:
        problem = query.problem()
        if problem:
            raise invalid(problem)
        return Exploration.read(await self._data(path, query.params()))

    async def _spec(self, model: type[S], collection: str, spec_id: str) -> S:
        key = (collection, self.sandbox, spec_id)
        return await self.client.specs.get(key, lambda: self._one(model, collection, spec_id))

    async def _specs(self, model: type[S], collection: str, filters: Filters) -> list[S]:
        params = tuple(compile_filters(filters))

        async def fetch_page(cursor: str | None) -> Page[S]:
            # They belong to the cache, and not to the call that happens to fetch them.
            with holding():
                return await self._page(model, self._query(f"{FLOW_SERVICE}/{collection}", params, cursor))

        async def fetch() -> tuple[S, ...]:
            return tuple([spec async for spec in all_items(fetch_page, cap=PAGE_LIMIT * 100)])

        return list(await self.client.specs.get((collection, self.sandbox, params), fetch))
