"""Whole lists of a sandbox, read side by side and kept small: flows, ends, accounts, datasets."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeVar

from aep_flow_mcp.gathering.lean_reading import LeanReader
from aep_flow_mcp.gathering.progress import Progress
from aep_flow_mcp.gathering.sweeps.sweep import PAGE, Crew, Fetch, Sweep
from aep_flow_mcp.insight.facts import FlowFacts
from aep_flow_mcp.insight.lean.flows import flow_facts, showing
from aep_flow_mcp.insight.windows import epoch_ms
from aep_flow_mcp.platform.filters import FilterLike
from aep_flow_mcp.platform.models.common import Stored
from aep_flow_mcp.platform.models.flows import Flow
from aep_flow_mcp.platform.models.neighbours import Dataset, SchemaSummary
from aep_flow_mcp.platform.paging import Page, all_items
from aep_flow_mcp.platform.reader import FlowReader

S = TypeVar("S", bound=Stored)
MOST_DATASETS = 20_000


@dataclass(frozen=True, slots=True)
class Reading:
    """What one question reads with: the crew is shared by all its lists, the progress counts for all of them."""

    aep: FlowReader
    now: datetime
    progress: Progress
    crew: Crew

    @classmethod
    def of(cls, aep: FlowReader, *, now: datetime, progress: Progress | None = None) -> Reading:
        return cls(aep, now, progress or Progress(), Crew(aep.client.config.max_concurrency))


class _Created(Protocol):
    """Whatever says when it was created."""

    @property
    def created_at(self) -> datetime | None: ...


C = TypeVar("C", bound=_Created)


async def read_all(
    reading: Reading, lister: Callable[..., Awaitable[Page[S]]], take: Callable[[S], None]
) -> None:
    """Hand every object of a list to `take`. `lister` is one of the reader's `list_` methods.

    When the time is up after a part, `reading.progress.cut` says so.

    Raises:
        PlatformError: a page could not be read.
    """

    async def fetch(filters: Sequence[FilterLike], order: str | None, cursor: str | None) -> Page[S]:
        return await lister(list(filters), limit=PAGE, orderby=order, cursor=cursor)

    await _swept(reading, fetch, take, (), what=lister.__name__.removeprefix("list_").replace("_", " "))


async def read_flows(
    reading: Reading,
    *,
    conditions: Sequence[FilterLike] = (),
    aside: Callable[[Flow], None] | None = None,
) -> dict[str, FlowFacts]:
    """The facts of every flow (that fulfils the conditions), by id. aside: is shown those that have audiences."""
    found: dict[str, FlowFacts] = {}

    def take(flow: FlowFacts) -> None:
        found[flow.id] = flow

    await _swept(
        reading,
        LeanReader(reading.aep, showing(aside) if aside else flow_facts).list_flows,
        take,
        conditions,
        what="flows",
    )
    return found


async def _swept(
    reading: Reading,
    fetch: Fetch[C],
    take: Callable[[C], None],
    conditions: Sequence[FilterLike],
    *,
    what: str,
) -> None:
    async def counted(filters: Sequence[FilterLike], order: str | None, cursor: str | None) -> Page[C]:
        page = await fetch(filters, order, cursor)
        reading.progress.done += len(page.items)
        return page

    sweep: Sweep[C] = Sweep(
        fetch=counted,
        path="createdAt",
        time_of=lambda item: item.created_at,
        take=take,
        crew=reading.crew,
        conditions=conditions,
    )
    await sweep.run(0, epoch_ms(reading.now), open_end=True)
    if sweep.cut:
        reading.progress.cut.add(what)


async def read_datasets(aep: FlowReader) -> dict[str, Dataset]:
    """Every dataset by id. Catalog pages by offset, one page after the other; a sandbox has some hundred."""

    async def fetch(cursor: str | None) -> Page[Dataset]:
        return await aep.neighbours.list_datasets(limit=PAGE, cursor=cursor)

    return {dataset.id: dataset async for dataset in all_items(fetch, cap=MOST_DATASETS)}


async def read_schema_titles(aep: FlowReader) -> dict[str, str]:
    """The title of every schema of the organisation, by its `$id`."""

    async def fetch(cursor: str | None) -> Page[SchemaSummary]:
        return await aep.neighbours.list_schemas(limit=PAGE, cursor=cursor)

    return {schema.id: schema.title or schema.id async for schema in all_items(fetch, cap=MOST_DATASETS)}


async def read_connectors(aep: FlowReader) -> dict[str, str]:
    """The names of the connectors, by connection spec id (cached by the client)."""
    return {spec.id: spec.name or spec.id for spec in await aep.list_connection_specs()}


def collector(into: dict[str, Any], value: Callable[[Any], Any]) -> Callable[[Any], None]:
    """A `take` that keeps `value(item)` by the item's id."""

    def take(item: Any) -> None:
        into[item.id] = value(item)

    return take
