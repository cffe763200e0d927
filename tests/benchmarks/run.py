"""`make bench`: a table on stdout and `bench-results.json`. Every speed is a ratio within this run."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import anyio

from aep_flow_mcp.surface.snapshot import load_cards
from benchmarks import calls, faultrun, startup, tokens, verifying

CALLS: dict[str, dict[str, Any]] = {
    "get_server_info": {},
    "list_flows": {},
    "list_runs": {},
    "list_connections": {},
    "list_connection_specs": {},
    "list_flow_specs": {},
    "pipeline_health": {"window": "24h"},
    "find_flows": {"query": "loyalty"},
}


async def _faults() -> dict[str, Any]:
    outcome = await faultrun.fault_run()
    return {
        "calls": outcome.calls,
        "right": outcome.right,
        "clear_errors": sum(outcome.errors.values()),
        "wrong": len(outcome.wrong),
        "leaked_tasks": outcome.leaked_tasks,
        "memory_first_mb": outcome.memory_mb[0],
        "memory_last_mb": outcome.memory_mb[-1],
    }


def main() -> None:
    results: dict[str, Any] = {
        "startup": anyio.run(startup.measure),
        "get_flow": anyio.run(calls.get_flow_overhead),
        "describe_flow": anyio.run(calls.describe_flow_rounds),
        "requests_per_call": anyio.run(calls.requests_per_call, CALLS),
        "tokens": tokens.measure(load_cards()),
        "audit_log": verifying.measure(),
        "fault_run": anyio.run(_faults),
    }
    for name, rows in results.items():
        print(f"\n{name}")
        for key, value in rows.items():
            print(f"  {key:<28} {value}")
    Path("bench-results.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
