"""Arguments for every tool of the surface: real ones where a tool writes, else made from what its schema asks."""

from __future__ import annotations

from typing import Any

from aep_flow_mcp.emulator.seed.scenarios import SCENARIOS
from aep_flow_mcp.surface.snapshot import load_cards
from tools.writing import CASES, World

_KINDS = {
    "flow_id": "flows",
    "run_id": "runs",
    "connection_id": "connections",
    "base_connection_id": "connections",
    "source_connection_id": "sourceConnections",
    "target_connection_id": "targetConnections",
    "connection_spec_id": "connectionSpecs",
    "flow_spec_id": "flowSpecs",
    "spec_id": "connectionSpecs",
}
_NAMED = {
    "flow": SCENARIOS["healthy"],
    "other": SCENARIOS["failing_credentials"] if "failing_credentials" in SCENARIOS else SCENARIOS["healthy"],
    "object": SCENARIOS["healthy"],
    "path": "/data/foundation/flowservice/flows",
}


def arguments_for(tool: str, world: World) -> dict[str, Any]:
    """Arguments that the tool takes; every required one."""
    if tool in CASES:
        return CASES[tool](world)
    card = next(card for card in load_cards() if card["name"] == tool)
    properties: dict[str, Any] = card["input"]["properties"]
    required = set(card["input"].get("required", ()))
    if tool == "diagnose_flow":
        required.add("flow")
    if tool == "compare_flows":
        required.add("other")
    return {name: _value(name, properties[name], world) for name in sorted(required)}


def _value(name: str, schema: dict[str, Any], world: World) -> Any:
    if name in _NAMED:
        return _NAMED[name]
    if name in _KINDS:
        return next(iter(world.all(_KINDS[name])))["id"]
    if "enum" in schema:
        return schema["enum"][0]
    kind = schema.get("type") or next((arm.get("type") for arm in schema.get("anyOf", ())), "string")
    return {"string": "loyalty", "integer": 1, "number": 1, "boolean": True, "array": [], "object": {}}[kind]
