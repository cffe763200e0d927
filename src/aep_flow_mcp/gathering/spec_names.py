"""The specs that a page of objects names, read beside the page: rows would otherwise show ids only."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar, cast

from aep_flow_mcp.platform.concurrency import together
from aep_flow_mcp.platform.errors import PlatformError
from aep_flow_mcp.platform.models.specs import ConnectionSpec, FlowSpec

T = TypeVar("T")
SpecT = TypeVar("SpecT", ConnectionSpec, FlowSpec)


async def with_specs(
    fetch: Callable[[], Awaitable[T]], list_specs: Callable[[], Awaitable[Sequence[SpecT]]], *, lacking: str
) -> tuple[T, dict[str, SpecT], str | None]:
    """What `fetch` gives, the specs by id, and a note where these could not be read.

    lacking: what the answer is then without, such as "Connector names". The specs are cached, so they cost a
    request only now and then. A page without names is better than no page.
    """

    async def specs() -> tuple[dict[str, SpecT], str | None]:
        try:
            found = await list_specs()
        except PlatformError as error:
            return {}, f"{lacking} could not be read: {error}"
        return {spec.id: spec for spec in found}, None

    calls: list[Callable[[], Awaitable[Any]]] = [fetch, specs]
    page, (known, note) = await together(calls)
    return cast(T, page), known, note
