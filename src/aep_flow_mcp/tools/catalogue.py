"""Whole lists of a sandbox, read side by side and kept small: flows, ends, accounts, datasets."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any, Protocol, TypeVar

from aep_flow_mcp.insight.facts import FlowFacts
from aep_flow_mcp.insight.windows import epoch_ms
from aep_flow_mcp.platform.filters import FilterLike
from aep_flow_mcp.platform.models.common import Stored
from aep_flow_mcp.platform.models.neighbours import Dataset
from aep_flow_mcp.platform.paging import Page
from aep_flow_mcp.platform.reader import FlowReader
from aep_flow_mcp.tools.lean_reading import LeanReader
from aep_flow_mcp.tools.progress import Progress
from aep_flow_mcp.tools.sweep import PAGE, Fetch, Sweep

S = TypeVar("S", bound=Stored)
MOST_DATASETS = 20_000


async def read_all(
    lister: Callable[..., Awaitable[Page[S]]],
    take: Callable[[S], None],
    aep: FlowReader,
    *,
    now: datetime,
    progress: Progress | None = None,
    conditions: Sequence[FilterLike] = (),
) -> None:
    """Hand every object of a list to `take`. `lister` is one of the reader's `list_` methods.

    Raises:
        PlatformError: a page could not be read.
    """

    async def fetch(filters: Sequence[FilterLike], order: str | None, cursor: str | None) -> Page[S]:
        return await lister(list(filters), limit=PAGE, orderby=order, cursor=cursor)

    await _swept(fetch, take, aep, now=now, progress=progress, conditions=conditions)


class _Created(Protocol):
    """Whatever says when it was created."""

    @property
    def created_at(self) -> datetime | None: ...


C = TypeVar("C", bound=_Created)


async def _swept(
    fetch: Fetch[C],
    take: Callable[[C], None],
    aep: FlowReader,
    *,
    now: datetime,
    progress: Progress | None,
    conditions: Sequence[FilterLike],
) -> None:
    async def counted(filters: Sequence[FilterLike], order: str | None, cursor: str | None) -> Page[C]:
        page = await fetch(filters, order, cursor)
        if progress is not None:
            progress.done += len(page.items)
        return page

    sweep: Sweep[C] = Sweep(
        fetch=counted,
        path="createdAt",
        time_of=lambda item: item.created_at,
        take=take,
        workers=aep.client.config.max_concurrency,
        conditions=conditions,
    )
    await sweep.run(0, epoch_ms(now), open_end=True)


async def read_flows(
    aep: FlowReader,
    *,
    now: datetime,
    progress: Progress | None = None,
    conditions: Sequence[FilterLike] = (),
) -> dict[str, FlowFacts]:
    """The facts of every flow (that fulfils the conditions), by id."""
    found: dict[str, FlowFacts] = {}
    lean = LeanReader(aep)

    def take(flow: FlowFacts) -> None:
        found[flow.id] = flow

    await _swept(lean.list_flows, take, aep, now=now, progress=progress, conditions=conditions)
    return found


async def read_datasets(aep: FlowReader) -> dict[str, Dataset]:
    """Every dataset by id. Catalog pages by offset, one page after the other; a sandbox has some hundred."""
    found: dict[str, Dataset] = {}
    cursor: str | None = None
    while len(found) < MOST_DATASETS:
        page = await aep.neighbours.list_datasets(limit=PAGE, cursor=cursor)
        found.update({dataset.id: dataset for dataset in page.items})
        cursor = page.next_cursor
        if cursor is None:
            break
    return found


async def read_schema_titles(aep: FlowReader) -> dict[str, str]:
    """The title of every schema of the organisation, by its `$id`."""
    found: dict[str, str] = {}
    cursor: str | None = None
    while len(found) < MOST_DATASETS:
        page = await aep.neighbours.list_schemas(limit=PAGE, cursor=cursor)
        found.update({schema.id: schema.title or schema.id for schema in page.items})
        cursor = page.next_cursor
        if cursor is None:
            break
    return found


async def read_connectors(aep: FlowReader) -> dict[str, str]:
    """The names of the connectors, by connection spec id (cached by the client)."""
    return {spec.id: spec.name or spec.id for spec in await aep.list_connection_specs()}


def collector(into: dict[str, Any], value: Callable[[Any], Any]) -> Callable[[Any], None]:
    """A `take` that keeps `value(item)` by the item's id."""

    def take(item: Any) -> None:
        into[item.id] = value(item)

    return take
