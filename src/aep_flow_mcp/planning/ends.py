"""The changes that source and target connections have in common."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

from aep_flow_mcp.gathering.unread import Unread
from aep_flow_mcp.guard.changes.canonical import shown
from aep_flow_mcp.guard.changes.change import Change
from aep_flow_mcp.guard.changes.kinds import Kind
from aep_flow_mcp.guard.changes.naming import LISTED, NAME, Named
from aep_flow_mcp.pipelines.checks.connections import check_params, check_source, check_target
from aep_flow_mcp.pipelines.checks.outcome import Checked
from aep_flow_mcp.planning import dependents, objects
from aep_flow_mcp.planning.objects import Operations, Params, PatchOp, compact
from aep_flow_mcp.planning.patched import checked_ops, same_field
from aep_flow_mcp.platform.concurrency import together
from aep_flow_mcp.platform.errors import PlatformError
from aep_flow_mcp.platform.models.common import to_texts
from aep_flow_mcp.platform.models.specs import ConnectionSpec, FlowSpec, NamedSpec
from aep_flow_mcp.platform.reader import FlowReader


@dataclass(frozen=True)
class End:
    """One of the two ends of a flow. `check` takes the connector, the params, whether there is an account, and the
    flow spec where it is known; `part` is what the connector declares of this end."""

    kind: Kind
    uses: str
    used_by: Callable[[FlowReader, str, Unread], Awaitable[list[str]]]
    check: Callable[[ConnectionSpec, Params | None, bool, FlowSpec | None], Checked]
    part: Callable[[ConnectionSpec], NamedSpec | None]


SOURCE = End(
    Kind.SOURCE_CONNECTION,
    "Reads through it",
    dependents.of_source_connection,
    lambda spec, params, has_base, flow: check_source(spec, params=params, has_base=has_base, flow_spec=flow),
    lambda spec: spec.source_spec,
)
TARGET = End(
    Kind.TARGET_CONNECTION,
    "Writes through it",
    dependents.of_target_connection,
    lambda spec, params, _, flow: check_target(spec, params=params, flow_spec=flow),
    lambda spec: spec.target_spec,
)


async def create(
    aep: FlowReader,
    end: End,
    *,
    name: str,
    spec_id: str,
    account_id: str | None = None,
    params: Params | None = None,
    data: Params | None = None,
    description: str | None,
    draft: bool = False,
    flow_spec: FlowSpec | None = None,
    warnings: Iterable[str] = (),
    names: Iterable[Named] = (),
) -> Change:
    """A Change that creates a source or target connection, after its connector's own checks."""
    told = list(warnings)
    spec = await objects.connector(aep, spec_id, told)
    checked = end.check(spec, params, account_id is not None, flow_spec) if spec else Checked(params)
    sent = objects.sendable(checked, told)
    account = await objects.account_for(aep, account_id, spec, told)
    body = compact(
        name=name,
        description=description,
        baseConnectionId=account_id,
        data=data,
        params=sent,
        connectionSpec=objects.spec_ref(spec_id, spec),
    )
    return Change.create(
        end.kind,
        body,
        secret_keys=spec.secret_pointers if spec else (),
        params={"mode": "draft"} if draft else None,
        warnings=told,
        names=(*names, *objects.called(("account", account), ("connector", spec))),
    )


async def update(
    aep: FlowReader, end: End, object_id: str, operations: list[PatchOp], etag: str | None
) -> Change:
    """A Change that patches one, after its connector's own checks, and names the flows that use it."""
    unread = Unread()
    used = await end.used_by(aep, object_id, unread)
    warnings = list(unread.notes)

    checked = partial(checked_params, aep, end, warnings=warnings)
    return await objects.update(
        aep, end.kind, object_id, operations, etag, checked=checked, warnings=warnings, used=(end.uses, used)
    )


async def checked_params(
    aep: FlowReader,
    end: End,
    item: dict[str, Any],
    ops: Operations,
    *,
    warnings: list[str],
    called: Callable[[str], str] = same_field,
) -> Operations:
    """Operations on a stored connection after its connector's own checks of the params."""
    if not any(op["path"].startswith("/params") for op in ops):
        return ops
    spec = await objects.spec_for_update(aep.get_connection_spec, objects.spec_id_of(item), warnings)
    if spec is None:
        return ops
    return checked_ops(item, ops, {"params": _params_of(end, spec)}, warnings, called=called)


async def delete(aep: FlowReader, end: End, object_id: str, *, delete_anyway: bool) -> Change:
    """A Change that deletes one.

    Raises:
        PlanError: flows use it, and nobody said to go on.
    """
    item = await objects.stored(aep, end.kind, object_id)
    unread = Unread()
    lines = await end.used_by(aep, object_id, unread)
    dependents.refuse_if_used(f"The {end.kind.value}", lines, unread, delete_anyway=delete_anyway)
    return Change.delete(end.kind, item, dependents=lines, warnings=unread.notes)


async def ends_by_name(aep: FlowReader, flow: Params) -> list[str]:
    """`source connection "Loyalty" (id)` for both ends of a flow; without the name where it cannot be read."""

    async def one(what: str, get: Callable[[str], Awaitable[Any]], object_id: str) -> str:
        try:
            name = (await get(object_id)).name
        except PlatformError:
            name = None
        return f"{what} {shown(name, limit=NAME)} ({object_id})" if name else f"{what} {object_id}"

    ends: tuple[tuple[Kind, Callable[[str], Awaitable[Any]], str], ...] = (
        (Kind.SOURCE_CONNECTION, aep.get_source_connection, "sourceConnectionIds"),
        (Kind.TARGET_CONNECTION, aep.get_target_connection, "targetConnectionIds"),
    )
    return await together(
        [
            partial(one, kind.value, get, object_id)
            for kind, get, member in ends
            for object_id in to_texts(flow.get(member))[:LISTED]
        ]
    )


def _params_of(end: End, spec: ConnectionSpec) -> Callable[[Any], Checked]:
    return lambda value: check_params(end.part(spec), value or {}, flow_spec=None, whose=spec.name)
