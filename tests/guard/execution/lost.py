"""What the tests of lost and late answers share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aep_flow_mcp.guard.changes.change import Change
from aep_flow_mcp.guard.changes.kinds import Kind
from aep_flow_mcp.surface.registry import write_tool
from guard.bed import Bed

MakeBed = Callable[..., Bed]
CREATE = r"^POST /data/foundation/flowservice/connections$"
TARGET = r"^POST /data/foundation/flowservice/targetConnections$"
DELETE = r"^DELETE /data/foundation/flowservice/"
PATCH = r"^PATCH /data/foundation/flowservice/"
ACTION = r"^POST .*/action$"


@write_tool("runs")
async def rerun(run_id: str, flow_id: str) -> Change:
    """Repeat a run."""
    return Change.action(Kind.RUN, run_id, "re-trigger", creates=Kind.RUN, lookup={"flowId": flow_id})


def described(flow: dict[str, Any]) -> dict[str, Any]:
    """The arguments that give a flow a description."""
    operation = {"op": "add", "path": "/description", "value": "mine"}
    return {"flow_id": flow["id"], "operations": [operation]}


def unattended(make_bed: MakeBed) -> Bed:
    return make_bed(mcp_approval="none")


def named(bed: Bed, kind: str, name: str) -> list[dict[str, Any]]:
    return [row for row in bed.stored(kind).values() if row.get("name") == name]


ADOBE = {"type": "http://ns.adobe.com/aep/errors/FLOW-2200-500", "detail": "no"}
