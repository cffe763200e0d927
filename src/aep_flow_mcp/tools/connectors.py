"""The names of connectors, for rows that would otherwise show a spec id only."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, cast

from aep_flow_mcp.platform.concurrency import together
from aep_flow_mcp.platform.errors import PlatformError
from aep_flow_mcp.platform.reader import FlowReader

T = TypeVar("T")


async def with_connector_names(
    aep: FlowReader, fetch: Callable[[], Awaitable[T]]
) -> tuple[T, dict[str, str], str | None]:
    """What `fetch` gives, connection spec id -> name, and a note where the names could not be read.

    The specs are cached, so this costs a request only now and then, and it runs beside `fetch`. A list
    without names is better than no list.
    """

    async def names() -> tuple[dict[str, str], str | None]:
        try:
            specs = await aep.list_connection_specs()
        except PlatformError as error:
            return {}, f"Connector names could not be read: {error}"
        return {spec.id: spec.name for spec in specs if spec.name}, None

    calls: list[Callable[[], Awaitable[Any]]] = [fetch, names]
    found, (known, note) = await together(calls)
    return cast(T, found), known, note
