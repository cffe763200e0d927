"""What all reading has in common: one object, a page, all pages, a count."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel

from .answers import count_of, items_of, model_of, next_href, one_of
from .filters import FilterLike, compile_filters, compile_order
from .models.common import to_int
from .paging import POSITION, Page, Query, all_items, encode_cursor, leads_back, next_page, page_start
from .urls import FLOW_SERVICE, Param, Params, invalid, join_path
from .wire.bodies import MOST_BYTES, MOST_OF_ONE, WHOLE, Form

if TYPE_CHECKING:
    from .transport import PlatformClient
    from .wire.outcome import Answer

M = TypeVar("M", bound=BaseModel)
T = TypeVar("T")

Filters = Iterable[FilterLike] | FilterLike | None
Order = str | Sequence[str] | None

PAGE_LIMIT = 100
SEARCH_LIMIT = 1_000
_UNDER_WAY_S = 0.03
"""When a request has been sent, with others that were begun together with it, over connections that were opened."""


class ReaderCore:
    """Reads below one sandbox. `sandbox` is None when none is configured; then every call says so."""

    def __init__(self, client: PlatformClient, sandbox: str | None = None) -> None:
        self.client = client
        self.sandbox = sandbox or client.config.sandbox

    async def _data(
        self,
        path: str,
        params: Params | None = None,
        headers: Mapping[str, str] | None = None,
        model: type[BaseModel] | None = None,
    ) -> Any:
        """The data of an answer. model: what will be made of it."""
        with _built_meanwhile(model):
            return (await self._get(path, params, headers, within=MOST_OF_ONE)).data

    async def _get(
        self,
        path: str,
        params: Params | None = None,
        headers: Mapping[str, str] | None = None,
        within: int = MOST_BYTES,
        form: Form = WHOLE,
    ) -> Answer:
        return await self.client.request_json(
            "GET", path, params=params, headers=headers, sandbox=self.sandbox, within=within, form=form
        )

    async def _one(self, model: type[M], collection: str, object_id: str) -> M:
        path = join_path(f"{FLOW_SERVICE}/{collection}", object_id)
        return model_of(model, one_of(await self._data(path, model=model), path), path)

    async def _list(
        self,
        model: type[M],
        collection: str,
        filters: Filters,
        *,
        limit: int,
        orderby: Order,
        cursor: str | None,
    ) -> Page[M]:
        return await self._page(model, self._asked(collection, filters, limit, orderby, cursor))

    def _asked(
        self, collection: str, filters: Filters, limit: int, orderby: Order, cursor: str | None
    ) -> Query:
        """The query of a list."""
        params = [*compile_filters(filters), ("limit", str(check_limit(limit)))]
        order = compile_order(orderby)
        if order:
            params.append(("orderby", order))
        return self._query(f"{FLOW_SERVICE}/{collection}", params, cursor)

    def _all(
        self, model: type[M], collection: str, filters: Filters, *, orderby: Order, cap: int | None
    ) -> AsyncIterator[M]:
        # A cap below a full page is one small request.
        limit = PAGE_LIMIT if cap is None else max(1, min(cap, PAGE_LIMIT))

        async def fetch(cursor: str | None) -> Page[M]:
            return await self._list(model, collection, filters, limit=limit, orderby=orderby, cursor=cursor)

        return all_items(fetch, cap=cap)

    async def _count(self, collection: str, filters: Filters) -> int:
        path = f"{FLOW_SERVICE}/{collection}"
        return count_of(await self._data(path, [*compile_filters(filters), ("count", "true")]), path)

    async def _search(
        self,
        model: type[M],
        collection: str,
        body: Mapping[str, str | None],
        *,
        limit: int,
        cursor: str | None,
    ) -> Page[M]:
        """One page of a search: a POST that only reads, so it is repeated like a GET."""
        asked = {name: value for name, value in body.items() if value}
        path = f"{FLOW_SERVICE}/{collection}/search"
        query = self._query(path, list(asked.items()), cursor)
        answer = await self.client.request_json(
            "POST",
            path,
            params=query.position,
            json={**asked, "limit": check_limit(limit, SEARCH_LIMIT)},
            sandbox=self.sandbox,
            retry=True,
        )
        return self._read_page(model, query, answer)

    async def _page(self, model: type[M], query: Query, headers: Mapping[str, str] | None = None) -> Page[M]:
        with _built_meanwhile(model):
            answer = await self._get(query.path, query.all_params, headers)
        return self._read_page(model, query, answer)

    def _query(self, path: str, params: Iterable[Param], cursor: str | None = None) -> Query:
        return Query(path, tuple(params), self.sandbox).resumed(cursor)

    def _read_page(self, model: type[M], query: Query, answer: Answer) -> Page[M]:
        data = answer.data
        objects, skipped = items_of(data, query.path)
        items = [model_of(model, item, query.path) for item in objects]
        return self._paged(query, items, skipped, data)

    def _paged(self, query: Query, items: list[T], skipped: int, data: Any) -> Page[T]:
        """The page of a list answer around its items."""
        href = next_href(data)
        following = next_page(
            href, query.all_params, self.client.config.platform_url, self.client.redactor.text
        )
        cursor = None
        if following is not None:
            asked = {name for name, _ in query.params if name not in POSITION}
            cursor = encode_cursor(query, [pair for pair in following if pair[0] not in asked])
        total = to_int(data.get("count")) if isinstance(data, dict) else None
        return Page(items, cursor, skipped, total, leads_back(href, query.all_params))

    def _offset_page(
        self, query: Query, items: list[M], *, skipped: int, more: bool, total: int | None
    ) -> Page[M]:
        """A page of a service that pages by `start` and `limit`."""
        seen = len(items) + skipped
        cursor = encode_cursor(query, [("start", str(page_start(query) + seen))]) if more and seen else None
        return Page(items, cursor, skipped, total)


@contextmanager
def _built_meanwhile(model: type[BaseModel] | None) -> Iterator[None]:
    """Models are built when they are first needed; better while the answer is on its way than after it."""
    if model is None or model.__pydantic_complete__:
        yield
        return
    building = asyncio.get_running_loop().call_later(_UNDER_WAY_S, model.model_rebuild)
    try:
        yield
    finally:
        building.cancel()


def check_limit(limit: int, maximum: int = PAGE_LIMIT) -> int:
    """`limit` if the service takes it.

    Raises:
        PlatformError: (invalid)
    """
    if isinstance(limit, bool) or not 1 <= limit <= maximum:
        raise invalid(f"limit is {limit}; it can be 1 to {maximum}.", hint="Use next_cursor to get more")
    return limit
