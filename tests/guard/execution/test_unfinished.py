"""What the log tells about attempts that have no end."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from aep_flow_mcp.guard.execution.audit import Audit, AuditError
from aep_flow_mcp.guard.execution.processes import may_still_run, process_name
from aep_flow_mcp.guard.execution.unfinished import read_unfinished, report

STEPS = [
    {"method": "POST", "path": "/data/foundation/flowservice/connections", "did": 'create connection "A"'},
    {"method": "POST", "path": "/data/foundation/flowservice/flows", "did": 'create flow "A"'},
]
APPROVED = {"event": "approved", "tool": "create_pipeline", "sandbox": "dev", "title": "A", "steps": STEPS}
FIRST = {"event": "step", "step": "one", "did": 'create connection "A"', "id": "id-1"}
UNDOING = {"event": "undoing", "message": "no"}


def log(path: Path, *lines: dict[str, Any], attempt: str = "a") -> Path:
    with path.open("a") as file:
        for line in lines:
            file.write(json.dumps({"attempt": attempt, "time": "2026-03-02T09:00:00Z", **line}) + "\n")
    return path


@pytest.mark.parametrize("end", ["done", "failed", "unknown", "partly"])
def test_an_attempt_with_an_end_is_not_listed(audit_file: Path, end: str) -> None:
    assert read_unfinished(log(audit_file, APPROVED, FIRST, {"event": end})).attempts == []


@pytest.mark.parametrize("alone", ["declined", "cancelled", "refused"])
def test_what_was_never_approved_is_not_listed(audit_file: Path, alone: str) -> None:
    assert read_unfinished(log(audit_file, {"event": alone})).attempts == []


@pytest.mark.parametrize(
    ("lines", "created", "perhaps"),
    [
        ([APPROVED], [], 'create connection "A"'),
        ([APPROVED, FIRST], ['create connection "A" (id "id-1")'], 'create flow "A"'),
        ([APPROVED, FIRST, UNDOING], ['create connection "A" (id "id-1")'], None),
        ([APPROVED, FIRST, UNDOING, {**FIRST, "event": "undone"}], [], None),
    ],
)
def test_what_is_left_of_it(
    audit_file: Path, lines: list[dict[str, Any]], created: list[str], perhaps: str | None
) -> None:
    log(audit_file, APPROVED, FIRST, {"event": "done"}, attempt="another")
    (attempt,) = read_unfinished(log(audit_file, *lines)).attempts
    assert attempt.created == created
    assert (attempt.perhaps or "").split(" (POST")[0] == (perhaps or "")
    assert all(one in attempt.sentence() for one in created)


def test_lines_that_cannot_be_read_are_counted(audit_file: Path) -> None:
    audit_file.write_text('{"event":"appro\n[]\n\n{"attempt":1}\n')
    log(audit_file, APPROVED)
    found = read_unfinished(audit_file)
    assert (len(found.attempts), found.unreadable) == (1, 3)


async def test_a_start_tells_of_it_once_and_counts_it_afterwards(
    audit_file: Path, audit: Callable[[], list[dict[str, Any]]]
) -> None:
    log(audit_file, APPROVED, FIRST)
    first, counted = await report(Audit(audit_file))
    assert "id-1" in first
    assert counted.startswith("1 attempt(s)")
    assert audit()[-1]["event"] == "cut_off"
    assert await report(Audit(audit_file)) == [counted]
    assert len(audit()) == 3


async def test_an_attempt_of_a_process_that_runs_is_not_cut_off(audit_file: Path) -> None:
    parent = f"{socket.gethostname()} {os.getppid()} {_began(os.getppid())}".strip()
    log(audit_file, {**APPROVED, "process": parent})
    assert may_still_run(parent)
    assert await report(Audit(audit_file)) == []


@pytest.mark.parametrize("process", ["", "elsewhere 1 2", f"{socket.gethostname()} 999999999 1"])
def test_processes_that_are_gone_or_elsewhere(process: str) -> None:
    assert not may_still_run(process)
    assert not may_still_run(process_name())


async def test_a_log_that_is_a_pipe_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "log")
    with pytest.raises(AuditError, match="AEP_MCP_AUDIT_LOG"):
        await report(Audit(tmp_path / "log"))


def _began(number: int) -> str:
    stat = Path(f"/proc/{number}/stat")
    return stat.read_text().rpartition(")")[2].split()[19] if stat.exists() else ""
