"""How lines hang together: whoever writes them, after restarts, rotation and what was cut off."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import pytest

from aep_flow_mcp.guard.execution import tail
from aep_flow_mcp.guard.execution.audit import STREAM, Audit
from aep_flow_mcp.guard.execution.locking import lock_file
from aep_flow_mcp.guard.execution.verifying import Verdict, verify

Lines = Callable[[], list[dict[str, Any]]]
OLD = b'{"time":"2026-03-02T09:00:00.000000Z","event":"declined"}\n'


def write(path: Path, *numbers: int, replica: str | None = None) -> None:
    """A process that writes these lines."""
    for number in numbers:
        anyio.run(Audit(path, replica=replica).write, {"event": "declined", "number": number})


def foreign(data: bytes) -> str | None:
    """The verifier of docs/safety.md, which shares nothing with ours: the last hash; None of what it refuses."""
    page = (Path(__file__).resolve().parents[3] / "docs" / "safety.md").read_text("utf-8")
    code = next(block for block in page.split("```python\n") if block.startswith("import hashlib")).split(
        "```"
    )[0]
    known: dict[str, Any] = {}
    exec(code, known)
    try:
        return str(known["last_hash"](data))
    except ValueError:
        return None


def notes(found: Verdict) -> list[tuple[int, str]]:
    return [(note.line, note.what) for note in found.notes]


def test_each_line_holds_the_hash_of_the_one_before(audit_file: Path, audit: Lines) -> None:
    write(audit_file, 1, 2, 3)
    lines = audit()
    assert lines[0]["prev"] == "0" * 64
    assert lines[0]["begins"] == "new"
    assert [line["prev"] for line in lines[1:]] == [line["hash"] for line in lines[:-1]]
    found = verify([audit_file])
    assert found.good
    assert (found.lines, found.chained, found.first, found.last) == (3, 3, 1, lines[-1]["hash"])
    assert foreign(audit_file.read_bytes()) == found.last
    assert foreign(audit_file.read_bytes().replace(b'"number":2', b'"number":3')) is None


def test_processes_share_one_chain(audit_file: Path, audit: Lines) -> None:
    code = (
        "import sys, anyio; from pathlib import Path; from aep_flow_mcp.guard.execution.audit import Audit\n"
        "for number in range(40): anyio.run(Audit(Path(sys.argv[1])).write, {'number': number})"
    )
    running = [subprocess.Popen([sys.executable, "-c", code, str(audit_file)]) for _ in range(3)]
    assert [process.wait(timeout=120) for process in running] == [0, 0, 0]
    found = verify([audit_file])
    assert found.good, found.problems[:3]
    assert found.chained == 120
    assert len({line["replica"] for line in audit()}) == 3


async def test_writers_of_one_process_share_it_too(audit_file: Path) -> None:
    async with anyio.create_task_group() as group:
        for number in range(40):
            group.start_soon(Audit(audit_file).write, {"number": number, "padding": "x" * 20_000})
    assert verify([audit_file]).chained == 40
    assert verify([audit_file]).good


def test_a_log_of_a_former_version_is_gone_on_from(audit_file: Path, audit: Lines) -> None:
    audit_file.write_bytes(OLD * 5)
    write(audit_file, 1, 2)
    assert audit()[5]["begins"] == "here"
    assert audit()[5]["prev"] == hashlib.sha256(OLD * 5).hexdigest()
    found = verify([audit_file])
    assert found.good
    assert (found.first, found.chained, found.lines) == (6, 2, 7)
    assert notes(found)[0][0] == 6
    assert "5 line(s)" in notes(found)[0][1]
    audit_file.write_bytes(audit_file.read_bytes().replace(b"declined", b"approved", 1))
    (problem,) = verify([audit_file]).problems
    assert (problem.line, "lines 1 to 5" in problem.what) == (1, True)


def test_a_log_without_any_hash_proves_nothing(audit_file: Path) -> None:
    audit_file.write_bytes(OLD * 2)
    (problem,) = verify([audit_file]).problems
    assert "no chain" in problem.what


def test_an_empty_log_is_said_to_be_empty(audit_file: Path) -> None:
    audit_file.touch()
    assert verify([audit_file]).good
    assert notes(verify([audit_file])) == [(0, "the file is empty")]
    assert not verify([audit_file], noted="a" * 64).good


@pytest.mark.parametrize("old", [b"", OLD])
@pytest.mark.parametrize("torn", [b'{"event":"app', b"\0\0\0", b'{"prev":"' + b"0" * 64 + b'","ti'])
def test_a_line_that_was_cut_off_is_noted_by_the_next(audit_file: Path, old: bytes, torn: bytes) -> None:
    audit_file.write_bytes(old)
    write(audit_file, 1)
    before = len(audit_file.read_bytes().splitlines())
    with audit_file.open("ab") as file:
        file.write(torn)
    (problem,) = verify([audit_file]).problems
    assert (problem.line, problem.what.startswith("is cut off")) == (before + 1, True)
    write(audit_file, 2, 3)
    found = verify([audit_file])
    assert found.good, found.problems
    assert (
        before + 1,
        "was cut off while it was written (a process was killed, or the disk was full)",
    ) in notes(found)
    lines = audit_file.read_bytes().splitlines(keepends=True)
    assert json.loads(lines[before + 1])["torn"] == hashlib.sha256(torn).hexdigest()
    audit_file.write_bytes(b"".join([*lines[:before], b"{}\n", *lines[before + 1 :]]))
    assert [one.line for one in verify([audit_file]).problems] == [before + 1]
    audit_file.write_bytes(b"".join([*lines[:before], *lines[before + 1 :]]))
    (problem,) = verify([audit_file]).problems
    assert (problem.line, "removed" in problem.what) == (before + 1, True)


def test_a_log_that_begins_with_a_cut_off_line(audit_file: Path) -> None:
    audit_file.write_bytes(b'{"event":"app')
    write(audit_file, 1, 2)
    found = verify([audit_file])
    assert found.good, found.problems
    assert found.first == 2


def test_a_line_that_lacks_its_line_feed_alone_is_whole(audit_file: Path, audit: Lines) -> None:
    write(audit_file, 1)
    audit_file.write_bytes(audit_file.read_bytes()[:-1])
    (problem,) = verify([audit_file]).problems
    assert (problem.line, "line feed" in problem.what) == (1, True)
    write(audit_file, 2)
    assert verify([audit_file]).good
    assert "torn" not in audit()[1]


@pytest.mark.parametrize("name", ["audit.jsonl.1", "audit.jsonl-20260302"])
def test_after_rotation_the_chain_goes_on(audit_file: Path, audit: Lines, name: str) -> None:
    write(audit_file, 1, 2)
    last = audit()[-1]["hash"]
    older = audit_file.rename(audit_file.with_name(name))
    (audit_file.parent / f"{name}.gz").write_bytes(b"\x1f\x8bnothing that can be read")
    write(audit_file, 3)
    assert audit()[0]["prev"] == last
    assert audit()[0]["begins"] == f"after {name}"
    alone, both = verify([audit_file]), verify([older, audit_file])
    assert alone.good
    assert (1, f"goes on from {name}, whose last hash was {last}") in notes(alone)
    assert verify([audit_file], noted=last).good
    assert both.good
    assert (both.lines, both.chained) == (3, 3)
    older.write_bytes(older.read_bytes().splitlines(keepends=True)[0])
    (problem,) = verify([older, audit_file]).problems
    assert (problem.file, problem.line) == (str(audit_file), 1)


def test_of_several_older_files_the_newest_is_gone_on_from(audit_file: Path, audit: Lines) -> None:
    write(audit_file, 1)
    first = audit_file.rename(audit_file.with_name("audit.jsonl.1"))
    write(audit_file, 2)
    first = first.rename(audit_file.with_name("audit.jsonl.2"))
    second = audit_file.rename(audit_file.with_name("audit.jsonl.1"))
    os.utime(first, (1_000, 1_000))
    write(audit_file, 3)
    assert audit()[0]["begins"] == "after audit.jsonl.1"
    assert verify([first, second, audit_file]).good
    assert not verify([second, first, audit_file]).good


def test_a_file_that_begins_anew_does_not_go_on_from_another(audit_file: Path, tmp_path: Path) -> None:
    write(audit_file, 1)
    other = tmp_path / "other.jsonl"
    write(other, 2)
    (problem,) = verify([audit_file, other]).problems
    assert (problem.line, "of its own" in problem.what) == (1, True)


def test_who_waits_while_the_file_is_moved_away_writes_to_the_new_one(
    audit_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from aep_flow_mcp.guard.execution import audit as module

    write(audit_file, 1)
    older = audit_file.with_name("audit.jsonl.1")
    moved: list[bool] = []

    def meanwhile(descriptor: int, *, within: float) -> None:
        if not moved:
            moved.append(True)
            audit_file.rename(older)
        lock_file(descriptor, within=within)

    monkeypatch.setattr(module, "lock_file", meanwhile)
    write(audit_file, 2)
    assert len(older.read_bytes().splitlines()) == 1
    assert verify([older, audit_file]).good


def test_lines_without_hashes_far_behind_the_chain_begin_it_again(
    audit_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An older version that writes to the same file: that is found, and the writers go on."""
    monkeypatch.setattr(tail, "_FAR", 10_000)
    write(audit_file, 1)
    with audit_file.open("ab") as file:
        file.write(OLD)
    write(audit_file, 2)
    assert [(one.line, "inserted" in one.what) for one in verify([audit_file]).problems] == [(2, True)]
    with audit_file.open("ab") as file:
        file.write(OLD * 2_000)
    write(audit_file, 3, 4)
    found = verify([audit_file])
    assert found.problems[0].line == 2
    assert not found.good


def test_a_chain_on_the_standard_output(capfd: pytest.CaptureFixture[str]) -> None:
    code = (
        "import anyio; from pathlib import Path; from aep_flow_mcp.guard.execution.audit import Audit\n"
        "audits = [Audit(Path('-'), replica=name) for name in ('a', 'b')]\n"
        "for audit in audits: audit.check()\n"
        "for number in range(6): anyio.run(audits[number % 2].write, {'number': number})"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
    printed = capfd.readouterr().out
    assert foreign(printed.encode()) == json.loads(printed.splitlines()[-1])["hash"]
    assert [json.loads(line)["replica"] for line in printed.splitlines()] == ["a", "b"] * 3
    assert Audit(STREAM).streams


def test_replicas_with_files_of_their_own_have_chains_of_their_own(tmp_path: Path) -> None:
    for name in ("blue", "green"):
        write(tmp_path / f"{name}.jsonl", 1, 2, replica=name)
    for name in ("blue", "green"):
        found = verify([tmp_path / f"{name}.jsonl"])
        assert found.good
        assert found.chained == 2
        line = json.loads((tmp_path / f"{name}.jsonl").read_bytes().splitlines()[0])
        assert (line["replica"], line["begins"]) == (name, "new")
