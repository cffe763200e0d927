"""What the connectors of some objects declare secret, from the cached catalogue."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

import anyio
from pydantic import BaseModel

from aep_flow_mcp.platform.errors import PlatformError
from aep_flow_mcp.platform.reader import FlowReader
from aep_flow_mcp.platform.redaction.masking import Known

MOST = 20
"""Connectors whose specs are read for one answer; a page of more kinds is masked by names beyond that."""


async def declared_secrets(aep: FlowReader, item: BaseModel | Mapping[str, Any] | list[Any]) -> Known:
    """By the ids of the connection specs that the object names, at any depth.

    A spec that cannot be read is left out: then names decide.
    """
    found: dict[str, frozenset[str]] = {}

    async def read(spec_id: str) -> None:
        try:
            found[spec_id] = (await aep.get_connection_spec(spec_id)).secret_pointers
        except PlatformError:
            return

    async with anyio.create_task_group() as group:
        for spec_id in islice(dict.fromkeys(_spec_ids(item)), MOST):
            group.start_soon(read, spec_id)
    return found


def _spec_ids(item: object) -> Iterator[str]:
    if isinstance(item, BaseModel):
        spec_id = getattr(item, "spec_id", None)
        if isinstance(spec_id, str) and spec_id:
            yield spec_id
    elif isinstance(item, Mapping):
        spec = item.get("connectionSpec")
        spec_id = spec.get("id") if isinstance(spec, Mapping) else spec
        if isinstance(spec_id, str) and spec_id:
            yield spec_id
        for inner in item.values():
            yield from _spec_ids(inner)
    elif isinstance(item, list):
        for inner in item:
            yield from _spec_ids(inner)
