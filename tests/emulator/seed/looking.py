"""How tests look into a seed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from aep_flow_mcp.emulator.seed import SandboxSeed

Json = dict[str, Any]


def by_id(rows: Iterable[Json]) -> dict[str, Json]:
    return {row["id"]: row for row in rows}


def runs_of(sandbox: SandboxSeed, flow_id: str) -> list[Json]:
    """The runs of a flow, oldest first."""
    column = sandbox.runs.column("flowId")
    assert column is not None
    ids = sandbox.runs.ids()
    found = [sandbox.runs.get(ids[at]) for at, held in enumerate(column) if held == flow_id]
    return [run for run in found if run is not None]


def status(run: Mapping[str, Any]) -> str:
    return str(run["metrics"]["statusSummary"]["status"])


def error_codes(value: Any) -> list[str]:
    """Every `code` anywhere below a value, in order."""
    if isinstance(value, Mapping):
        own = [value["code"]] if isinstance(value.get("code"), str) else []
        return own + [code for inner in value.values() for code in error_codes(inner)]
    if isinstance(value, list):
        return [code for inner in value for code in error_codes(inner)]
    return []
