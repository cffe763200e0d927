"""Whatever is done to a log that was written is found, at its line; and the command that says so."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import anyio
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from aep_flow_mcp.guard.execution.audit import Audit
from aep_flow_mcp.guard.execution.chain import NEW, NOTHING, Onto, sealed
from aep_flow_mcp.guard.execution.verifying import Verdict, verify

OLD = b'{"time":"2026-03-02T09:00:00.000000Z","event":"declined"}\n'
TORN = b'{"prev":"'

texts = st.text(max_size=12)
entries = st.lists(
    st.dictionaries(st.sampled_from(["event", "title", "message"]), texts, min_size=1), min_size=3, max_size=9
)
many = hypothesis_settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def chain(given: list[dict[str, Any]]) -> list[bytes]:
    """The lines of a log without anything before it."""
    onto, lines = Onto(NOTHING, begins=NEW), []
    for number, entry in enumerate(given):
        line, own = sealed({"number": number, **entry}, onto)
        onto = Onto(own)
        lines.append(line)
    return lines


def found_in(path: Path, lines: list[bytes] | bytes, **noted: str) -> Verdict:
    path.write_bytes(lines if isinstance(lines, bytes) else b"".join(lines))
    return verify([path], **noted)


def at(found: Verdict) -> set[int]:
    """The lines of which something is said."""
    assert not found.good
    return {problem.line for problem in found.problems}


def line_at(lines: list[bytes], position: int) -> int:
    """The number of the line that holds the byte at a position."""
    for number, line in enumerate(lines, 1):
        position -= len(line)
        if position < 0:
            return number
    raise AssertionError(position)


@given(entries, st.data())
@many
def test_any_changed_byte_is_found(tmp_path: Path, given: list[dict[str, Any]], data: st.DataObject) -> None:
    lines = chain(given)
    whole = bytearray(b"".join(lines))
    position = data.draw(st.integers(0, len(whole) - 1))
    whole[position] ^= data.draw(st.integers(1, 255))
    assert min(at(found_in(tmp_path / "log", bytes(whole)))) == line_at(lines, position)


@given(entries, st.data())
@many
def test_any_byte_that_is_taken_out_is_found(
    tmp_path: Path, given: list[dict[str, Any]], data: st.DataObject
) -> None:
    lines = chain(given)
    whole = b"".join(lines)
    position = data.draw(st.integers(0, len(whole) - 1))
    found = found_in(tmp_path / "log", whole[:position] + whole[position + 1 :])
    assert min(at(found)) == line_at(lines, position)


@given(entries, st.data())
@many
def test_any_byte_that_is_put_in_is_found(
    tmp_path: Path, given: list[dict[str, Any]], data: st.DataObject
) -> None:
    lines = chain(given)
    whole = b"".join(lines)
    position = data.draw(st.integers(0, len(whole)))
    byte = bytes([data.draw(st.integers(0, 255))])
    first = min(at(found_in(tmp_path / "log", whole[:position] + byte + whole[position:])))
    # At its end a line is followed by another one, which it may be counted to.
    near = {line_at(lines, max(0, position - 1)), len(lines) + 1 if position == len(whole) else 0}
    assert first in near | {line_at(lines, min(position, len(whole) - 1))}


@given(entries, st.data())
@many
def test_any_removed_line_is_found(tmp_path: Path, given: list[dict[str, Any]], data: st.DataObject) -> None:
    """But for the last one, which takes a hash that was noted elsewhere."""
    lines = chain(given)
    number = data.draw(st.integers(0, len(lines) - 2))
    found = found_in(tmp_path / "log", lines[:number] + lines[number + 1 :])
    assert at(found) == {number + 1}
    assert "removed" in found.problems[0].what


@given(entries, st.data())
@many
def test_any_inserted_line_is_found(tmp_path: Path, given: list[dict[str, Any]], data: st.DataObject) -> None:
    """Made up, a copy of another line, or one that states what the line before it has for a hash."""
    lines = chain(given)
    number = data.draw(st.integers(0, len(lines) - 1))
    prev = json.loads(lines[number - 1])["hash"] if number else NOTHING
    onto = Onto(prev) if number else Onto(prev, begins=NEW)
    copied = data.draw(st.sampled_from(lines))
    inserted = data.draw(st.sampled_from([b"{}\n", b"\n", OLD, copied, sealed({"event": "forged"}, onto)[0]]))
    found = found_in(tmp_path / "log", [*lines[:number], inserted, *lines[number:]])
    # Of two lines that are the same, either may be the copy.
    same = {number + 2} if lines[number] == inserted else {number} if number and copied == inserted else set()
    assert at(found) & ({number + 1} | same)
    assert len(at(found)) == 1
    assert "inserted" in found.problems[0].what


@given(entries, st.data())
@many
def test_any_two_lines_that_are_swapped_are_found(
    tmp_path: Path, given: list[dict[str, Any]], data: st.DataObject
) -> None:
    lines = chain(given)
    one, other = sorted(
        data.draw(st.lists(st.integers(0, len(lines) - 1), min_size=2, max_size=2, unique=True))
    )
    lines[one], lines[other] = lines[other], lines[one]
    found = found_in(tmp_path / "log", lines)
    assert one + 1 in at(found)
    assert "order" in found.problems[0].what
    if other == one + 1:
        assert at(found) == {one + 1, other + 1}


@given(entries, st.data())
@many
def test_an_end_that_was_cut_off_is_found_against_a_noted_hash(
    tmp_path: Path, given: list[dict[str, Any]], data: st.DataObject
) -> None:
    lines = chain(given)
    noted = data.draw(st.integers(0, len(lines) - 1))
    noted_hash = json.loads(lines[noted])["hash"]
    assert found_in(tmp_path / "log", lines, noted=noted_hash).good, "lines that came later are no harm"
    kept = data.draw(st.integers(0, noted))
    found = found_in(tmp_path / "log", lines[:kept], noted=noted_hash)
    assert at(found) == {kept}
    assert "noted" in found.problems[0].what


@given(entries, st.integers(1, 4), st.data())
@many
def test_a_change_of_what_stood_before_the_chain_is_found(
    tmp_path: Path, given: list[dict[str, Any]], old: int, data: st.DataObject
) -> None:
    path = tmp_path / "log"
    path.write_bytes(OLD * old)
    for entry in given[:2]:
        anyio.run(Audit(path).write, entry)
    whole = bytearray(path.read_bytes())
    position = data.draw(st.integers(0, len(OLD) * old - 1))
    whole[position] ^= data.draw(st.integers(1, 255))
    found = found_in(path, bytes(whole))
    assert min(at(found)) == 1
    if (
        position < len(OLD) * old - 1
    ):  # Without its line feed the last of them runs into the first one of the chain.
        assert "before the chain" in found.problems[0].what


# --- the command ------------------------------------------------------------------------------------------


def command(*arguments: object, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    import os

    words = [sys.executable, "-m", "aep_flow_mcp", "audit", "verify", *map(str, arguments)]
    given = {name: value for name, value in os.environ.items() if not name.startswith("AEP_")}
    return subprocess.run(
        words, capture_output=True, text=True, timeout=60, check=False, env={**given, **(env or {})}
    )


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "audit.jsonl"
    path.write_bytes(b"".join(chain([{"event": "declined"}] * 20)))
    return path


def test_the_command_prints_what_a_person_notes_elsewhere(log: Path) -> None:
    said = command(log)
    assert said.returncode == 0, said.stderr
    count, last = said.stdout.splitlines()
    assert count == "20 line(s) are as they were written."
    noted = last.removeprefix("Last hash: ")
    assert noted == json.loads(log.read_bytes().splitlines()[-1])["hash"]
    assert command(log, "--last", noted).returncode == 0
    assert command(env={"AEP_MCP_AUDIT_LOG": str(log)}).stdout == said.stdout
    log.write_bytes(b"".join(log.read_bytes().splitlines(keepends=True)[:-1]))
    assert command(log).returncode == 0
    cut = command(log, "--last", noted)
    assert cut.returncode == 1
    assert cut.stdout.startswith("line 19: the hash that was noted is nowhere in it")


def test_the_command_names_the_line(log: Path) -> None:
    log.write_bytes(log.read_bytes().replace(b'"number":11', b'"number":12'))
    said = command(log)
    assert said.returncode == 1
    assert said.stdout.splitlines()[0].startswith("line 12: was changed")
    found = json.loads(command(log, "--json").stdout)
    assert (found["good"], found["lines"], found["chained"]) == (False, 20, 20)
    assert [(one["file"], one["line"]) for one in found["problems"]] == [(str(log), 12)]


def test_several_files_are_one_log(log: Path) -> None:
    lines = log.read_bytes().splitlines(keepends=True)
    older = log.rename(log.with_name("audit.jsonl.1"))
    anyio.run(Audit(log).write, {"event": "declined"})
    said = command(older, log)
    assert said.returncode == 0, said.stdout
    assert said.stdout.splitlines()[0] == "21 line(s) are as they were written."
    older.write_bytes(b"".join(lines[:3] + lines[4:]))
    said = command(older, log)
    assert said.stdout.startswith(f"{older}, line 4: goes on from a line that is not there")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["nowhere.jsonl"], "nowhere.jsonl cannot be read: No such file"),
        ([], "takes a FILE, or AEP_MCP_AUDIT_LOG"),
        (["log", "--last", "abc"], "64 hexadecimal digits"),
        (["."], "not a regular file"),
    ],
)
def test_what_it_cannot_do_is_said(arguments: list[str], sentence: str) -> None:
    said = command(*arguments)
    assert (said.returncode, said.stdout) == (2, "")
    assert sentence in said.stderr


def test_over_stdio_the_standard_output_is_no_log() -> None:
    import os

    words = [sys.executable, "-m", "aep_flow_mcp", "serve", "--emulator"]
    said = subprocess.run(
        words,
        env={**os.environ, "AEP_MCP_AUDIT_LOG": "-"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (said.returncode, said.stdout) == (2, "")
    assert "belongs to the protocol" in said.stderr
