"""The audit log: a line for each attempt, two for one that was approved; without it nothing is sent."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import anyio
import pytest

from aep_flow_mcp.emulator import FaultRule
from aep_flow_mcp.guard.execution.audit import Audit, AuditError
from guard.bed import NO, YES, Bed, Person

MakeBed = Callable[..., Bed]
Lines = Callable[[], list[dict[str, Any]]]


async def test_lines_are_appended(audit_file: Path, audit_text: Callable[[], str]) -> None:
    await Audit(audit_file).write({"event": "earlier"})
    earlier = audit_text()
    audit = Audit(audit_file, now=lambda: datetime(2026, 3, 2, 9, 0, 0, 5, tzinfo=UTC))
    await audit.write({"event": "declined", "text": "a\nb\u2028c"})
    assert audit_text().startswith(earlier)
    assert json.loads(audit_text().splitlines()[1]) == {
        "time": "2026-03-02T09:00:00.000005Z",
        "event": "declined",
        "text": "a\nb\u2028c",
    }


def test_only_the_owner_reads_it(audit_file: Path) -> None:
    anyio.run(Audit(audit_file).write, {"event": "declined"})
    assert stat.S_IMODE(audit_file.stat().st_mode) == 0o600


async def test_lines_of_many_writers_do_not_mix(audit_file: Path, audit_text: Callable[[], str]) -> None:
    async with anyio.create_task_group() as group:
        for number in range(40):
            group.start_soon(Audit(audit_file).write, {"number": number, "padding": "x" * 3_000})
    assert sorted(json.loads(line)["number"] for line in audit_text().splitlines()) == list(range(40))


def test_without_a_file_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    anyio.run(Audit(None).write, {"event": "declined"})
    assert list(tmp_path.iterdir()) == []


async def test_an_unwritable_log_is_an_error_that_names_the_setting(tmp_path: Path) -> None:
    with pytest.raises(AuditError, match="AEP_MCP_AUDIT_LOG"):
        await Audit(tmp_path / "no" / "such" / "folder").write({})


async def test_what_a_line_holds(make_bed: MakeBed, era: str, audit: Lines) -> None:
    bed = make_bed()
    result = await bed.call("make_export", {"name": "Orders"}, era=era, person=Person(YES))
    approved, done = audit()
    assert approved["attempt"] == done["attempt"]
    for line in (approved, done):
        assert line["tool"] == "make_export"
        assert line["mode"] == "ask"
        assert (line["sandbox"], line["sandbox_type"]) == ("dev", "development")
        assert [step["method"] for step in line["steps"]] == ["POST", "POST"]
        assert line["steps"][0]["path"] == "/data/foundation/flowservice/connections"
        assert len(line["digest"]) == 64
        assert line["time"].endswith("Z")
    assert done["ids"] == [one["id"] for one in result.data["done"]]


async def test_declined_failed_and_partly(make_bed: MakeBed, audit: Lines) -> None:
    bed = make_bed()
    await bed.call("make_export", {"name": "a"}, person=Person(NO))
    bed.emulator.faults.add(FaultRule("^POST .*/targetConnections$", "status", status=400))
    await bed.call("make_export", {"name": "b"}, person=Person(YES))
    bed.emulator.faults.add(FaultRule("^DELETE ", "status", status=403))
    await bed.call("make_export", {"name": "c"}, person=Person(YES))
    assert [line["event"] for line in audit()] == ["declined", "approved", "failed", "approved", "partly"]
    assert len(audit()[-1]["not_undone"]) == 1


@pytest.mark.parametrize("mode", ["ask", "none"])
async def test_nothing_is_sent_that_cannot_be_logged(
    make_bed: MakeBed, tmp_path: Path, era: str, mode: str
) -> None:
    bed = make_bed(mcp_approval=mode, audit=tmp_path / "nowhere" / "audit.jsonl")
    result = await bed.call("make_connection", {"name": "n"}, era=era, person=Person(YES))
    assert result.status == "refused"
    assert "AEP_MCP_AUDIT_LOG" in result.text
    assert bed.writes == []
