"""The changes that source and target connections have in common."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aep_flow_mcp.guard.changes.change import Change
from aep_flow_mcp.guard.changes.kinds import Kind
from aep_flow_mcp.pipelines.checks import Problem, check_source, check_target
from aep_flow_mcp.planning import dependents, objects
from aep_flow_mcp.planning.objects import Params, PatchOp, compact
from aep_flow_mcp.platform.models.specs import ConnectionSpec
from aep_flow_mcp.platform.reader import FlowReader


@dataclass(frozen=True)
class End:
    """One of the two ends of a flow. `check` takes the connector, the params, and whether there is an account."""

    kind: Kind
    uses: str
    used_by: Callable[[FlowReader, str], Awaitable[list[str]]]
    check: Callable[[ConnectionSpec, Params | None, bool], list[Problem]]


SOURCE = End(
    Kind.SOURCE_CONNECTION,
    "Reads through it",
    dependents.of_source_connection,
    lambda spec, params, has_base: check_source(spec, params=params, has_base=has_base),
)
TARGET = End(
    Kind.TARGET_CONNECTION,
    "Writes through it",
    dependents.of_target_connection,
    lambda spec, params, _: check_target(spec, params=params),
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
) -> Change:
    """A Change that creates a source or target connection, after its connector's own checks."""
    spec = await objects.connector(aep, spec_id)
    objects.refuse(end.check(spec, params, account_id is not None))
    await objects.check_account(aep, account_id, spec)
    body = compact(
        name=name,
        description=description,
        baseConnectionId=account_id,
        data=data,
        params=params,
        connectionSpec=objects.spec_ref(spec),
    )
    return Change.create(
        end.kind, body, secret_keys=spec.secret_pointers, params={"mode": "draft"} if draft else None
    )


async def update(
    aep: FlowReader, end: End, object_id: str, operations: list[PatchOp], etag: str | None
) -> Change:
    """A Change that patches one, and names the flows that use it."""
    warnings = [f"{end.uses}: {line}" for line in await end.used_by(aep, object_id)]
    return await objects.update(aep, end.kind, object_id, operations, etag, warnings=warnings)


async def delete(aep: FlowReader, end: End, object_id: str, *, delete_anyway: bool) -> Change:
    """A Change that deletes one.

    Raises:
        PlanError: flows use it, and nobody said to go on.
    """
    item = await objects.stored(aep, end.kind, object_id)
    lines = await end.used_by(aep, object_id)
    dependents.refuse_if_used(f"The {end.kind.value}", lines, delete_anyway=delete_anyway)
    return Change.delete(end.kind, item, dependents=lines)
