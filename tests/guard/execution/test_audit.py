"""The audit log: a line for each attempt, two for one that was approved; without it nothing is sent."""

from __future__ import annotations

import json
import os
import stat
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import anyio
import pytest

from aep_flow_mcp.emulator import FaultRule
from aep_flow_mcp.guard.execution import audit as audit_module
from aep_flow_mcp.guard.execution.audit import Audit, AuditError
from aep_flow_mcp.guard.execution.chain import Onto
from aep_flow_mcp.guard.execution.locking import lock_file
from aep_flow_mcp.guard.execution.tail import onto
from guard.bed import NO, YES, Bed, Person

MakeBed = Callable[..., Bed]
Lines = Callable[[], list[dict[str, Any]]]


async def test_lines_are_appended(audit_file: Path, audit_text: Callable[[], str]) -> None:
    await Audit(audit_file).write({"event": "earlier"})
    earlier = audit_text()
    audit = Audit(audit_file, now=lambda: datetime(2026, 3, 2, 9, 0, 0, 5, tzinfo=UTC), replica="blue")
    await audit.write({"event": "declined", "text": "a\nb\u2028c"})
    assert audit_text().startswith(earlier)
    line = json.loads(audit_text().splitlines()[1])
    assert line.pop("prev") == json.loads(earlier)["hash"]
    assert len(line.pop("hash")) == 64
    assert line == {
        "time": "2026-03-02T09:00:00.000005Z",
        "replica": "blue",
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


def test_a_line_that_was_cut_off_does_not_swallow_the_next(audit_file: Path) -> None:
    audit_file.write_bytes(b'{"event":"app')
    anyio.run(Audit(audit_file).write, {"event": "declined"})
    cut_off, whole = audit_file.read_text().splitlines()
    assert cut_off == '{"event":"app'
    assert json.loads(whole)["event"] == "declined"


async def test_where_the_file_ends_is_looked_at_by_one_writer_at_a_time(
    audit_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reader that comes in the middle of another's line would take it for one that was cut off."""
    looking: list[int] = []
    together: list[int] = []

    def slow_look(descriptor: int, path: Path) -> Onto:
        looking.append(descriptor)
        time.sleep(0.002)
        together.append(len(looking))
        found = onto(descriptor, path)
        looking.remove(descriptor)
        return found

    monkeypatch.setattr(audit_module, "onto", slow_look)
    async with anyio.create_task_group() as group:
        for number in range(12):
            group.start_soon(Audit(audit_file).write, {"number": number})
    assert together == [1] * 12


def test_a_log_that_another_process_keeps_locked_is_refused_in_time(
    audit_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_module, "WITHIN", 0.05)
    with audit_file.open("ab") as other:
        lock_file(other.fileno(), within=0)
        with pytest.raises(AuditError, match="AEP_MCP_AUDIT_LOG"):
            anyio.run(Audit(audit_file).write, {"event": "declined"})
    assert audit_file.read_bytes() == b""
    anyio.run(Audit(audit_file).write, {"event": "declined"})
    assert json.loads(audit_file.read_text())["event"] == "declined"


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
    approved, step, done = audit()
    assert approved["attempt"] == step["attempt"] == done["attempt"]
    assert (step["event"], step["id"]) == ("step", result.data["done"][0]["id"])
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
    undone = ["approved", "step", "undoing"]
    assert [line["event"] for line in audit()] == [
        *("declined", *undone, "undone", "failed"),
        *(*undone, "partly"),
    ]
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


@pytest.mark.parametrize("mode", [0o644, 0o666, 0o640, 0o604, 0o700])
def test_a_file_that_others_may_read_is_made_its_owners(audit_file: Path, mode: int) -> None:
    audit_file.write_text('{"event":"earlier"}\n')
    audit_file.chmod(mode)
    anyio.run(Audit(audit_file).write, {"event": "declined"})
    assert stat.S_IMODE(audit_file.stat().st_mode) & 0o077 == 0
    audit_file.chmod(0o644)
    Audit(audit_file).check()
    assert stat.S_IMODE(audit_file.stat().st_mode) == 0o600


def test_the_check_makes_the_file_and_writes_nothing(audit_file: Path) -> None:
    Audit(audit_file).check()
    assert audit_file.read_bytes() == b""
    assert stat.S_IMODE(audit_file.stat().st_mode) == 0o600


def test_a_file_whose_mode_cannot_be_changed_is_refused(
    audit_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def not_ours(*_: Any) -> None:
        raise PermissionError(1, "Operation not permitted")

    audit_file.touch(0o644)
    audit_file.chmod(0o644)
    monkeypatch.setattr(os, "fchmod", not_ours)
    with pytest.raises(AuditError, match="0600"):
        Audit(audit_file).check()
    with pytest.raises(AuditError, match="0600"):
        anyio.run(Audit(audit_file).write, {"event": "declined"})
    assert audit_file.read_bytes() == b""


@pytest.mark.parametrize("bad", ["pipe", "read pipe", "folder", "/dev/full", "/dev/null"])
@pytest.mark.parametrize("mode", ["ask", "none"])
async def test_nothing_is_sent_when_the_log_is_no_file(
    make_bed: MakeBed, tmp_path: Path, mode: str, bad: str
) -> None:
    path, reader = Path(bad) if bad.startswith("/") else tmp_path / "log", None
    if bad == "folder":
        path.mkdir()
    elif bad.endswith("pipe"):
        os.mkfifo(path)
        reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK) if bad == "read pipe" else None
    with pytest.raises(AuditError, match="not a regular file"):
        Audit(path).check()
    bed = make_bed(mcp_approval=mode, audit=path)
    result = await bed.call("make_connection", {"name": "n"}, person=Person(YES))
    assert result.status == "refused"
    assert "AEP_MCP_AUDIT_LOG" in result.text
    assert bed.writes == []
    if reader is not None:
        os.close(reader)


@pytest.mark.parametrize("line", [1, 2])
async def test_a_step_is_not_sent_when_the_one_before_cannot_be_written_down(
    make_bed: MakeBed, monkeypatch: pytest.MonkeyPatch, line: int
) -> None:
    """The disk is full from that line of the attempt on."""
    bed, written = make_bed(mcp_approval="none"), []
    original = os.write

    def full(descriptor: int, data: bytes) -> int:
        if b'"attempt"' in data:
            written.append(data)
            if len(written) >= line:
                raise OSError(28, "No space left on device")
        return original(descriptor, data)

    monkeypatch.setattr(os, "write", full)
    before = set(bed.stored("connections"))
    result = await bed.call("make_export", {"name": "Orders"})
    assert result.status == ("refused" if line == 1 else "failed"), result.text
    assert "AEP_MCP_AUDIT_LOG" in result.text
    assert [method for method, _ in bed.sent] == ([] if line == 1 else ["POST", "DELETE"])
    assert set(bed.stored("connections")) == before


def test_a_full_disk_is_seen_at_the_start(audit_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = os.statvfs(audit_file.parent)
    monkeypatch.setattr(os, "statvfs", lambda _: os.statvfs_result((*found[:4], 0, *found[5:])))
    with pytest.raises(AuditError, match="full"):
        Audit(audit_file).check()


def test_a_line_that_was_cut_off_does_not_take_the_next_one_with_it(audit_file: Path) -> None:
    audit_file.write_text('{"event":"appro')
    anyio.run(Audit(audit_file).write, {"event": "declined"})
    first, second = audit_file.read_text().splitlines()
    assert first == '{"event":"appro'
    assert json.loads(second)["event"] == "declined"
