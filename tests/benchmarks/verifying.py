"""How long `audit verify` takes over a long log, and what the chain adds to writing a line."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import anyio

from aep_flow_mcp.guard.execution.audit import Audit
from aep_flow_mcp.guard.execution.chain import NEW, NOTHING, Onto, sealed
from aep_flow_mcp.guard.execution.verifying import verify

LINES = 100_000
_STEP = {"method": "PATCH", "path": "/data/foundation/flowservice/flows/0b4f0a4e", "did": "update flow"}
_ENTRY = {
    "time": "2026-03-02T09:00:00.000000Z",
    "replica": "flows-0",
    "event": "approved",
    "tool": "update_flow",
    "mode": "ask",
    "caller": 'http ["https://login.example.com","248289761001"]',
    "person": {"issuer": "https://login.example.com", "subject": "248289761001", "name": "Jane Doe"},
    "sandbox": "dev",
    "sandbox_type": "development",
    "title": "Update flow Loyalty members",
    "steps": [_STEP, _STEP],
    "digest": "0" * 64,
}


def measure(lines: int = LINES) -> dict[str, object]:
    """Seconds of a good log and of one with a changed line in the middle, and of a line that is written and synced."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "audit.jsonl"
        _write(path, lines)
        good, changed = _timed(path), None
        whole = path.read_bytes()
        path.write_bytes(whole.replace(b'"number":%d,' % (lines // 2), b'"number":%d,' % (lines // 2 + 1), 1))
        changed = _timed(path)
        begin = time.perf_counter()
        for _ in range(100):
            anyio.run(Audit(path).write, _ENTRY)
        written = (time.perf_counter() - begin) / 100
        return {
            "lines": lines,
            "megabytes": round(len(whole) / 1e6, 1),
            "verify_seconds": good,
            "verify_with_a_changed_line_seconds": changed,
            "goal_seconds": 5,
            "write_a_line_milliseconds": round(written * 1_000, 2),
        }


def _write(path: Path, lines: int) -> None:
    onto = Onto(NOTHING, begins=NEW)
    with path.open("wb") as file:
        for number in range(lines):
            line, own = sealed({"attempt": f"{number:016x}", "number": number, **_ENTRY}, onto)
            file.write(line)
            onto = Onto(own)


def _timed(path: Path) -> float:
    begin = time.perf_counter()
    verify([path])
    return round(time.perf_counter() - begin, 2)


if __name__ == "__main__":
    for name, value in measure().items():
        print(f"{name:<40} {value}")
