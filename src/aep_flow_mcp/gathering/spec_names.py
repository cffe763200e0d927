"""The specs that a page of objects names, read beside the page: rows would otherwise show ids only."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar, cast

from aep_flow_mcp.gathering.unread import Unread
from aep_flow_mcp.platform.concurrency import together
from aep_flow_mcp.platform.models.specs import ConnectionSpec, FlowSpec

T = TypeVar("T")
SpecT = TypeVar("SpecT", ConnectionSpec, FlowSpec)


async def with_specs(
    fetch: Callable[[], Awaitable[T]],
    list_specs: Callable[[], Awaitable[Sequence[SpecT]]],
    *,
    lacking: str,
    so: str = "the rows are without them",
) -> tuple[T, dict[str, SpecT], str | None]:
    """What `fetch` gives, the specs by id, and a note where these could not be read.

    lacking, so: what the answer is then without, such as "Connector names", as `Unread.read` takes it. The specs are
    cached, so they cost a request only now and then. A page without names is better than no page.
    """

    unread = Unread()

    async def specs() -> Sequence[SpecT]:
        return await unread.read(lacking, list_specs, (), so=so)

    calls: list[Callable[[], Awaitable[Any]]] = [fetch, specs]
    page, found = await together(calls)
    return cast(T, page), {spec.id: spec for spec in found}, unread.note
