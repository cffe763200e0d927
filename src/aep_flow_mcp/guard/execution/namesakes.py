"""Whether somebody else created an object of the same name at the same time, which no ETag tells.

Names are how documents find their pipelines, so that two of one name would be nobody's. The service takes both: each of
two who create at once looks before and after, and the younger object is taken back.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from aep_flow_mcp.guard.changes.kinds import Kind
from aep_flow_mcp.guard.changes.steps import Step
from aep_flow_mcp.guard.execution.look import Looker
from aep_flow_mcp.platform.errors import PlatformError
from aep_flow_mcp.platform.models.common import lives


@dataclass(frozen=True, slots=True)
class Found:
    """What the look after a creation showed. older: the other object stays, and this one has to go."""

    sentence: str
    older: bool


def sooner(step: Step, living: Collection[str], own: Collection[str]) -> str | None:
    """Why a step is not sent any more: of its name is now what was not there when it was planned. None: nothing is.

    living: ids of what has the name now. own: ids of what this Change created.
    """
    if step.namesakes is None or step.creates is None:
        return None
    others = sorted({*living} - {*own} - step.namesakes)
    if not others:
        return None
    return f"Since it was planned, somebody else created a {step.creates.value} of this name: {', '.join(others)}."


async def found_beside(
    looker: Looker, step: Step, kind: Kind, own_id: str, own: Collection[str]
) -> Found | None:
    """What somebody else created in the moment between the look before and this one; None where nothing is seen.

    own: ids of what this Change created before.
    """
    try:
        listed = [item for item in await looker.newest(kind, dict(step.lookup)) if lives(item.get("state"))]
    except PlatformError as error:
        told = f"Whether somebody else created a {kind.value} of this name at the same time could not be read: {error}"
        return Found(told, older=False)
    mine = next((item for item in listed if item.get("id") == own_id), {"id": own_id})
    known = {own_id, *own, *(step.namesakes or ())}
    others = sorted((item for item in listed if str(item.get("id")) not in known), key=_age)
    if not others:
        return None
    other = str(others[0]["id"])
    if _age(others[0]) < _age(mine):
        told = (
            f"Somebody else created a {kind.value} of this name a moment earlier ({other}): "
            f"this one ({own_id}) is taken back."
        )
        return Found(told, older=True)
    told = (
        f"Somebody else created a {kind.value} of this name a moment later ({other}). This one ({own_id}) stays: "
        f"see that the other one goes, and that nothing is loaded twice."
    )
    return Found(told, older=False)


def _age(item: dict[str, Any]) -> tuple[float, str]:
    """Both see the same order. What is not listed yet is the younger one."""
    created = item.get("createdAt")
    try:
        at = float(created) if isinstance(created, int | float | str) else math.inf
    except ValueError:
        at = math.inf
    return at, str(item.get("id"))
