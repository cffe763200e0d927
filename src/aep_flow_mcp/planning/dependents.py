"""What depends on an object, in lines that a person reads before it is removed or its credentials change."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from functools import partial
from typing import Any

from aep_flow_mcp.gathering.unread import Unread
from aep_flow_mcp.guard.changes.canonical import shown
from aep_flow_mcp.guard.changes.naming import LISTED, NAME
from aep_flow_mcp.guard.changes.steps import PlanError
from aep_flow_mcp.platform.concurrency import together
from aep_flow_mcp.platform.filters import Condition, Filter
from aep_flow_mcp.platform.models.connections import SourceConnection, TargetConnection
from aep_flow_mcp.platform.models.flows import Flow
from aep_flow_mcp.platform.reader import FlowReader

_UNKNOWN = "what uses this is not known, or not all of it"


async def flows_with(aep: FlowReader, condition: Condition) -> list[Flow]:
    """Every flow that fulfils a condition, over all pages."""
    return [flow async for flow in aep.iter_flows(filters=[condition])]


async def of_source_connection(aep: FlowReader, source_id: str, unread: Unread) -> list[str]:
    """The flows that read through a source connection, as far as they may be read."""
    return await _flows_through(aep, Filter("sourceConnectionIds[]").eq(source_id), unread)


async def of_target_connection(aep: FlowReader, target_id: str, unread: Unread) -> list[str]:
    """The flows that write through a target connection, likewise."""
    return await _flows_through(aep, Filter("targetConnectionIds[]").eq(target_id), unread)


async def of_connection(aep: FlowReader, connection_id: str, unread: Unread) -> list[str]:
    """Flows, source and target connections that use an account, likewise."""
    uses = Filter("baseConnectionId").eq(connection_id)
    sources: list[SourceConnection] = []
    targets: list[TargetConnection] = []
    flows: dict[str, Flow] = {}

    async def gather(items: AsyncIterator[Any], into: list[Any]) -> None:
        into.extend([item async for item in items])

    async def gather_flows(end: str) -> None:
        path = Filter(f"inheritedAttributes.{end}[].baseConnection.id")
        flows.update({flow.id: flow for flow in await flows_with(aep, path.eq(connection_id))})

    def helpful(what: str, call: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
        return partial(unread.read, what, call, None, so=_UNKNOWN)

    await together(
        [
            helpful(
                "The source connections",
                partial(gather, aep.iter_source_connections(filters=[uses]), sources),
            ),
            helpful(
                "The target connections",
                partial(gather, aep.iter_target_connections(filters=[uses]), targets),
            ),
            helpful("The flows", partial(gather_flows, "sourceConnections")),
            helpful("The flows", partial(gather_flows, "targetConnections")),
        ]
    )
    lines = flow_lines(sorted(flows.values(), key=lambda flow: (flow.name or "", flow.id)))
    lines += [f"source connection {_named(item)}" for item in _ordered(sources)]
    return lines + [f"target connection {_named(item)}" for item in _ordered(targets)]


async def _flows_through(aep: FlowReader, condition: Condition, unread: Unread) -> list[str]:
    return flow_lines(await unread.read("The flows", partial(flows_with, aep, condition), (), so=_UNKNOWN))


def flow_lines(flows: Sequence[Flow]) -> list[str]:
    """A line a flow: name, id, state."""
    return [f"flow {_named(flow)}, {flow.state or 'state unknown'}" for flow in flows]


def refuse_if_used(what: str, lines: list[str], unread: Unread, *, delete_anyway: bool) -> None:
    """Refuse to delete what others need, or may need: the service deletes it without asking.

    Raises:
        PlanError: with the list, unless told to go on.
    """
    if delete_anyway:
        return
    if lines:
        more = f"; and {len(lines) - LISTED} more" if len(lines) > LISTED else ""
        raise PlanError(
            f"{what} is used by: {'; '.join(lines[:LISTED])}{more}. "
            "Remove those first, or call again with delete_anyway=true."
        )
    if unread.note:
        raise PlanError(f"{unread.note} To delete it all the same, call again with delete_anyway=true.")


def _named(item: Any) -> str:
    """A name of the organisation, quoted and bounded, and the id."""
    return f"{shown(item.name, limit=NAME)} ({item.id})" if item.name else f"(no name) ({item.id})"


def _ordered(items: Sequence[Any]) -> list[Any]:
    return sorted(items, key=lambda item: (item.name or "", item.id))
