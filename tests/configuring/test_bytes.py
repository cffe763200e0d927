"""Every host over files as people leave them: what is not ours keeps every byte, and goes back to what it was."""

from __future__ import annotations

import stat
from functools import partial
from pathlib import Path

import pytest

from aep_flow_mcp.configuring.command import configured, removed
from aep_flow_mcp.configuring.hosts import HOSTS, SERVER_NAME, Host, Scope
from aep_flow_mcp.configuring.problems import ConfigureError
from configuring.files import BEFORE, BOM, BROKEN, WITHOUT_SERVERS, bytes_before, only_put_in, parsed
from configuring.places import place_of

LOCAL = [host for host in HOSTS.values() if not host.remote]
CASES = [
    pytest.param(host, text, mark, windows, id=f"{host.name}-{name}{'-bom' * mark}{'-crlf' * windows}")
    for host in LOCAL
    for name, text in BEFORE[host.format].items()
    for mark in (False, True)
    for windows in (False, True)
]


@pytest.mark.parametrize(("host", "text", "mark", "windows"), CASES)
def test_put_in_and_taken_out(own_home: Path, host: Host, text: str, mark: bool, windows: bool) -> None:
    path = place_of(host)
    path.parent.mkdir(parents=True, exist_ok=True)
    before = bytes_before(host, text, mark=mark, windows=windows)
    path.write_bytes(before)
    path.chmod(0o640)
    configured(host, emulator=True)
    after = path.read_bytes()
    assert only_put_in(before, after) or "{}" in text
    assert after.startswith(BOM) == mark
    if windows and b"\n" in before:
        assert after.count(b"\n") == after.count(b"\r\n")
    was, document = parsed(host.format, before), parsed(host.format, after)
    entry = document[host.key].pop(SERVER_NAME)
    assert entry[host.word("args")][-2:] == ["serve", "--emulator"]
    assert {**was, host.key: was.get(host.key, {})} == document
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert path.with_name(path.name + ".before-aep-flow-mcp").read_bytes() == before
    path.with_name(path.name + ".before-aep-flow-mcp").unlink()  # Else the copy is what is put back.
    removed(host)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("host", "text"), [(host, text) for host in LOCAL for text in WITHOUT_SERVERS[host.format]]
)
def test_without_a_list_of_servers(own_home: Path, host: Host, text: str) -> None:
    path = place_of(host)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    configured(host, emulator=True)
    document = parsed(host.format, path.read_bytes())
    assert document[host.key][SERVER_NAME][host.word("args")][-1] == "--emulator"
    assert document.get("z") == (1 if "z" in text else None)
    removed(host)
    assert path.read_text(encoding="utf-8") == text, "the first copy is put back"


@pytest.mark.parametrize("host", LOCAL, ids=lambda host: host.name)
def test_no_file_and_no_folder(own_home: Path, host: Host) -> None:
    path = place_of(host)
    assert not path.parent.exists() or host.name == "claude-code"
    configured(host, emulator=True)
    assert list(parsed(host.format, path.read_bytes())) == [host.key]
    again = path.read_bytes()
    assert "nothing was written" in configured(host, emulator=True)
    assert path.read_bytes() == again
    assert [item.name for item in path.parent.iterdir() if item.is_file()] == [path.name]
    removed(host)
    assert SERVER_NAME.encode() not in path.read_bytes()
    assert "There is no entry" in removed(host)


@pytest.mark.parametrize(
    ("host", "text", "line", "column"),
    [(host, *case) for host in LOCAL for case in BROKEN[host.format]],
)
def test_a_broken_file_is_left_alone(own_home: Path, host: Host, text: str, line: int, column: int) -> None:
    path = place_of(host)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    for command in (partial(configured, host, emulator=True), partial(removed, host)):
        with pytest.raises(ConfigureError) as caught:
            command()
        assert f"{path} is not {host.format.upper()}, line {line}, column {column}: " in str(caught.value)
    assert path.read_text() == text
    assert [item.name for item in path.parent.iterdir() if item.is_file()] == [path.name]


@pytest.mark.parametrize("host", LOCAL, ids=lambda host: host.name)
def test_links_read_only_files_and_folders(own_home: Path, tmp_path: Path, host: Host) -> None:
    path = place_of(host)
    path.parent.mkdir(parents=True, exist_ok=True)
    target = tmp_path / "project" / "dotfiles" / path.name  # in the project, as one host's file is of it
    target.parent.mkdir()
    before = bytes_before(host, next(iter(BEFORE[host.format].values())), mark=False, windows=False)
    target.write_bytes(before)
    path.symlink_to(target)
    target.chmod(0o400)
    with pytest.raises(ConfigureError, match=r"read-only and was left as it is"):
        configured(host, emulator=True)
    assert target.read_bytes() == before
    target.chmod(0o600)
    assert f"{path} (which leads to {target})" in configured(host, emulator=True)
    assert path.is_symlink()
    assert SERVER_NAME.encode() in target.read_bytes()
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    removed(host)
    assert path.is_symlink()
    assert target.read_bytes() == before
    beside = sorted(item.name for item in target.parent.iterdir())
    assert beside == [path.name, f"{path.name}.before-aep-flow-mcp"], "no half-written file beside it"
    assert not path.with_name(f"{path.name}.before-aep-flow-mcp").exists()


@pytest.mark.parametrize("host", LOCAL, ids=lambda host: host.name)
def test_what_a_person_set_stays_with_its_comments(
    own_home: Path, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = place_of(host)
    monkeypatch.setenv("AEP_SANDBOX", "dev")
    configured(host, emulator=False)
    comment = "// mine" if host.format == "json" else "# mine"
    text = path.read_text()
    at = text.index("dev") + len('dev"' if host.format != "yaml" else "dev")
    path.write_text(f"{text[:at]} {comment}{text[at:]}")
    monkeypatch.setenv("AEP_SANDBOX", "stage")
    monkeypatch.setenv("AEP_MCP_READ_ONLY", "true")
    configured(host, emulator=False)
    assert comment in path.read_text()
    env = parsed(host.format, path.read_bytes())[host.key][SERVER_NAME][host.word("env")]
    assert env == {"AEP_SANDBOX": "stage", "AEP_MCP_READ_ONLY": "true"}
    monkeypatch.setenv("AEP_MCP_READ_ONLY", "false")
    configured(host, emulator=False)
    env = parsed(host.format, path.read_bytes())[host.key][SERVER_NAME][host.word("env")]
    assert env["AEP_MCP_READ_ONLY"] == "true"


@pytest.mark.parametrize("host", [host for host in LOCAL if host.project], ids=lambda host: host.name)
def test_the_file_of_a_project(own_home: Path, host: Host) -> None:
    said = configured(host, emulator=True, scope=Scope.PROJECT)
    assert host.project is not None
    path = Path.cwd() / host.project
    assert str(path) in said
    assert SERVER_NAME in parsed(host.format, path.read_bytes())[host.key]
