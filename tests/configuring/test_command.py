"""A host's configuration gains this server, and no secret goes in; what stands in the entry stays."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from aep_flow_mcp.configuring.command import answered, configured, host_named, hosts_listed, removed, shown
from aep_flow_mcp.configuring.entry import server_entry
from aep_flow_mcp.configuring.hosts import HOSTS, Scope
from aep_flow_mcp.configuring.problems import ConfigureError
from configuring.files import parsed

CURSOR, CLAUDE_CODE, VSCODE = HOSTS["cursor"], HOSTS["claude-code"], HOSTS["vscode"]
pytestmark = pytest.mark.usefixtures("own_home")


def test_no_secret_is_carried_over() -> None:
    environ = {
        "AEP_CLIENT_SECRET": "p8e-secret",
        "AEP_ACCESS_TOKEN": "eyJtoken",
        "AEP_SECRET_KEY": "value",
        "AEP_CONFIG_FILE": "~/creds.json",
        "AEP_SANDBOX": "dev",
        "AEP_MCP_ALLOW_PRODUCTION_WRITES": "true",
    }
    for host in HOSTS.values():
        entry = server_entry(host, emulator=False, environ=environ)
        assert set(entry[host.word("env")]) == {"AEP_CONFIG_FILE", "AEP_SANDBOX"}
        assert Path(entry[host.word("env")]["AEP_CONFIG_FILE"]).is_absolute()
        assert host.word("env") not in server_entry(host, emulator=True, environ=environ)


def test_print_writes_nothing(tmp_path: Path) -> None:
    for host in HOSTS.values():
        said = shown(host, emulator=True)
        if not host.remote:
            entry = parsed(host.format, said.encode())[host.key]["aep-flow"]
            assert entry[host.word("command")] == sys.executable
    assert [item for item in tmp_path.rglob("*") if item.is_file()] == []


def test_a_list_of_servers_that_is_none(tmp_path: Path) -> None:
    for content, named in [
        ('{"mcpServers": []}', "mcpServers"),
        ('{"mcpServers": {"aep-flow": 1}}', "aep-flow"),
    ]:
        path = written(tmp_path / "project" / ".mcp.json", content)
        with pytest.raises(ConfigureError, match=f"{named} is not an object"):
            configured(CLAUDE_CODE, emulator=True)
        assert path.read_text() == content


def test_a_file_that_holds_no_object(tmp_path: Path) -> None:
    path = written(tmp_path / "project" / ".mcp.json", "[]")
    with pytest.raises(ConfigureError, match=r"\.mcp\.json, what it holds is not an object"):
        configured(CLAUDE_CODE, emulator=True)
    assert path.read_text() == "[]"


@pytest.mark.parametrize(
    ("raw", "why"), [("{}".encode("utf-16"), "UTF-16"), (b'{\n"a": "caf\xe9"}', "not UTF-8 text .line 2.")]
)
def test_another_encoding_is_left_alone(tmp_path: Path, raw: bytes, why: str) -> None:
    path = tmp_path / "project" / ".mcp.json"
    path.write_bytes(raw)
    with pytest.raises(ConfigureError, match=why):
        configured(CLAUDE_CODE, emulator=True)
    assert path.read_bytes() == raw


HAND_MADE = {
    "command": "/somewhere/python",
    "args": ["-m", "aep_flow_mcp", "serve", "--transport", "http"],
    "env": {"AEP_MCP_READ_ONLY": "true", "AEP_MCP_APPROVAL": "human", "AEP_SANDBOX": "dev", "MY_OWN": "x"},
    "disabled": True,
    "alwaysAllow": ["list_flows"],
}


def written(path: Path, document: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(document if isinstance(document, str) else json.dumps(document), encoding="utf-8")
    return path


def test_run_again_keeps_what_a_person_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path / "home" / ".cursor" / "mcp.json", {"mcpServers": {"aep-flow": HAND_MADE}})
    monkeypatch.setenv("AEP_SANDBOX", " 'stage' ")
    monkeypatch.setenv("AEP_MCP_READ_ONLY", "false")
    said = configured(CURSOR, emulator=False)
    entry = json.loads(path.read_text())["mcpServers"]["aep-flow"]
    assert entry["env"] == {
        "AEP_MCP_READ_ONLY": "true",
        "AEP_MCP_APPROVAL": "human",
        "AEP_SANDBOX": "stage",
        "MY_OWN": "x",
    }
    assert (entry["disabled"], entry["alwaysAllow"]) == (True, ["list_flows"])
    assert entry["command"] == sys.executable
    assert entry["args"] == ["-P", "-m", "aep_flow_mcp", "serve", "--transport", "http"]
    assert "Set in its env from this shell: AEP_SANDBOX." in said
    assert "another value for AEP_MCP_READ_ONLY" in said
    assert "disabled" in said


def test_a_start_of_a_persons_own_stays(tmp_path: Path) -> None:
    own = {"command": "docker", "args": ["run", "-i", "flows", "serve"], "env": {"AEP_SANDBOX": "dev"}}
    path = written(tmp_path / "home" / ".cursor" / "mcp.json", {"mcpServers": {"aep-flow": own}})
    configured(CURSOR, emulator=False)
    assert json.loads(path.read_text())["mcpServers"]["aep-flow"] == own


def test_the_emulator_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    readme = {"command": "aep-flow-mcp", "args": ["serve", "--emulator"]}
    path = written(tmp_path / "project" / ".mcp.json", {"mcpServers": {"aep-flow": readme}})
    monkeypatch.setenv("AEP_SANDBOX", "dev")
    (tmp_path / "aep.env").write_text("AEP_CONFIG_FILE=/c.json\n")
    assert "Not set" not in configured(CLAUDE_CODE, emulator=False, env_file=tmp_path / "aep.env")
    entry = json.loads(path.read_text())["mcpServers"]["aep-flow"]
    assert entry["args"][-3:] == ["serve", "--env-file", str(tmp_path / "aep.env")]


def test_the_first_copy_is_kept(tmp_path: Path) -> None:
    path = written(tmp_path / "project" / ".mcp.json", {"first": True})
    configured(CLAUDE_CODE, emulator=True)
    configured(CLAUDE_CODE, emulator=False)
    removed(CLAUDE_CODE)
    copy = path.with_name(".mcp.json.before-aep-flow-mcp")
    assert json.loads(copy.read_text()) == {"first": True}
    assert copy.stat().st_mode & 0o777 == 0o600
    assert sorted(item.name for item in path.parent.iterdir()) == [".mcp.json", copy.name]


def test_what_was_added_since_is_not_taken_back(tmp_path: Path) -> None:
    path = written(tmp_path / "project" / ".mcp.json", '{"z": 1}\n')
    configured(CLAUDE_CODE, emulator=True)
    path.write_text(path.read_text().replace('"z": 1', '"z": 2'))
    removed(CLAUDE_CODE)
    assert json.loads(path.read_text()) == {"z": 2, "mcpServers": {}}


def test_a_write_that_breaks_off_leaves_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path / "project" / ".mcp.json", {"first": True})

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("aep_flow_mcp.configuring.files.os.fsync", full)
    with pytest.raises(ConfigureError, match="No space left"):
        configured(CLAUDE_CODE, emulator=True)
    assert json.loads(path.read_text()) == {"first": True}
    assert not [item for item in path.parent.iterdir() if item.name.startswith("..mcp.json")]


def test_a_file_that_its_host_changes_meanwhile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path / "project" / ".mcp.json", {"first": True})
    monkeypatch.setattr(
        "aep_flow_mcp.configuring.files.os.fsync", lambda _: path.write_text('{"second": true}')
    )
    with pytest.raises(ConfigureError, match="changed by something else meanwhile"):
        configured(CLAUDE_CODE, emulator=True)
    assert json.loads(path.read_text()) == {"second": True}


def test_a_link_that_leads_to_itself(tmp_path: Path) -> None:
    link = tmp_path / "project" / ".mcp.json"
    link.symlink_to(link)
    with pytest.raises(ConfigureError, match="cannot be read"):
        configured(CLAUDE_CODE, emulator=True)


def test_the_hosts_are_listed() -> None:
    listed = hosts_listed().splitlines()
    assert [line.split()[0] for line in listed] == list(HOSTS)
    assert any(line.endswith("/.codex/config.toml") for line in listed)
    with pytest.raises(ConfigureError, match="configure takes one of: claude-desktop, claude-code"):
        host_named("emacs")


def test_chatgpt_is_told_of_and_nothing_is_written(tmp_path: Path) -> None:
    host = HOSTS["chatgpt"]
    assert "over HTTPS" in configured(host, emulator=True) == shown(host, emulator=True)
    assert "reads no file" in removed(host)
    assert [item for item in tmp_path.rglob("*") if item.is_file()] == []
    assert "AEP_MCP_AUTH=oidc" in shown(host, emulator=True)


def test_a_host_without_a_file_of_a_project() -> None:
    with pytest.raises(ConfigureError, match="no file of a project"):
        configured(HOSTS["claude-desktop"], emulator=True, scope=Scope.PROJECT)
    with pytest.raises(ConfigureError, match="no file of a project"):
        shown(HOSTS["windsurf"], emulator=True, scope=Scope.PROJECT)


def test_an_entry_in_the_other_file_is_told_of() -> None:
    """VS Code's was once written into the project without a word."""
    assert "too" not in configured(VSCODE, emulator=True, scope=Scope.PROJECT)
    assert "mcp.json has an entry aep-flow too: --remove --scope project" in configured(VSCODE, emulator=True)
    removed(VSCODE, scope=Scope.PROJECT)
    assert "too" not in configured(VSCODE, emulator=True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"scope": "team"}, "--scope takes one of: user, project"),
        ({"name": None, "remove": True}, "takes a HOST"),
        ({"only_print": True, "remove": True}, "exclude each other"),
        ({"name": "emacs"}, "configure takes one of"),
    ],
)
def test_words_that_do_not_fit(words: dict[str, Any], said: str) -> None:
    asked: dict[str, Any] = {
        "name": "cursor",
        "remove": False,
        "only_print": False,
        "emulator": False,
        "scope": None,
        "env_file": None,
    }
    with pytest.raises(ConfigureError, match=said):
        answered(**{**asked, **words})


def test_words_that_fit() -> None:
    asked: dict[str, Any] = {
        "remove": False,
        "only_print": False,
        "emulator": False,
        "scope": None,
        "env_file": None,
    }
    assert answered(None, **asked) == hosts_listed()
    assert answered("zed", **{**asked, "only_print": True}) == shown(HOSTS["zed"], emulator=False)
    assert answered("zed", **{**asked, "emulator": True, "scope": "project"}).startswith("Wrote the entry")
    assert answered("zed", **{**asked, "remove": True, "scope": "project"}).startswith("Removed the entry")


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() != 0, reason="only root gives files away")
def test_the_owner_stays(tmp_path: Path) -> None:
    path = written(tmp_path / "project" / ".mcp.json", "{}")
    os.chown(path, 1234, 1235)
    configured(CLAUDE_CODE, emulator=True)
    assert (path.stat().st_uid, path.stat().st_gid) == (1234, 1235)
