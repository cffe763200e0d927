"""How a step of a plan is taken back, and what the plan says where it cannot be."""

from __future__ import annotations

from typing import Any

from aep_flow_mcp.guard.changes.bodies import content_of
from aep_flow_mcp.guard.changes.change import Plan
from aep_flow_mcp.guard.changes.kinds import Kind
from aep_flow_mcp.guard.changes.steps import PlanError, Undo
from aep_flow_mcp.planning.patched import inverse

Json = dict[str, Any]


def patched_back(plan: Plan, kind: Kind, item: Json, ops: list[Json]) -> Undo | None:
    """The PATCH after which an object is as it was stored; None, with a warning, where that cannot be sent."""
    content = _content(plan, inverse(ops, item), "change", kind)
    if content is None:
        return None
    return Undo(method="PATCH", path=kind.path(item["id"]), content=content, use_etag=True)


def created_again(
    plan: Plan, kind: Kind, body: Json, *, lost: str, params: tuple[tuple[str, str], ...] = ()
) -> Undo | None:
    """The POST that creates a deleted object once more; None, with a warning, where that cannot be sent.

    lost: what is not as it was, as a clause. params: the query.
    """
    content = _content(plan, body, "deletion", kind)
    if content is None:
        return None
    return Undo(method="POST", path=kind.collection, content=content, params_again=params, lost=lost)


def _content(plan: Plan, body: object, deed: str, kind: Kind) -> str | None:
    """What is stored may be more than can be sent, such as half of a character in a name."""
    try:
        return content_of(body)
    except PlanError as error:
        plan.warn(f"The {deed} of the {kind.value} could not be taken back should a later step fail: {error}")
        return None
