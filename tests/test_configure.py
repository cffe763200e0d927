"""A host's configuration gains this server and keeps everything else; no secret goes in."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from aep_flow_mcp.configure import ConfigureError, Host, config_path, configure, merged, server_entry


@pytest.fixture(autouse=True)
def _own_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("host", "platform", "ends"),
    [
        (Host.CLAUDE_DESKTOP, "linux", ".config/Claude/claude_desktop_config.json"),
        (Host.CLAUDE_DESKTOP, "darwin", "Library/Application Support/Claude/claude_desktop_config.json"),
        (Host.CLAUDE_DESKTOP, "win32", "roaming/Claude/claude_desktop_config.json"),
        (Host.CLAUDE_CODE, "linux", "project/.mcp.json"),
        (Host.CURSOR, "linux", ".cursor/mcp.json"),
        (Host.VSCODE, "linux", "project/.vscode/mcp.json"),
    ],
)
def test_where_each_host_keeps_it(host: Host, platform: str, ends: str) -> None:
    path = config_path(
        host, home=Path("/h"), folder=Path("/h/project"), environ={"APPDATA": "/h/roaming"}, platform=platform
    )
    assert path.as_posix() == f"/h/{ends}"


def test_no_secret_is_carried_over() -> None:
    environ = {
        "AEP_CLIENT_SECRET": "p8e-secret",
        "AEP_ACCESS_TOKEN": "eyJtoken",
        "AEP_SECRET_KEY": "value",
        "AEP_CONFIG_FILE": "~/creds.json",
        "AEP_SANDBOX": "dev",
        "AEP_MCP_ALLOW_PRODUCTION_WRITES": "true",
    }
    entry = server_entry(Host.CURSOR, emulator=False, environ=environ)
    assert set(entry["env"]) == {"AEP_CONFIG_FILE", "AEP_SANDBOX"}
    assert Path(entry["env"]["AEP_CONFIG_FILE"]).is_absolute()
    assert "env" not in server_entry(Host.CURSOR, emulator=True, environ=environ)


def test_the_rest_of_the_file_stays(tmp_path: Path) -> None:
    path = tmp_path / "home" / ".cursor" / "mcp.json"
    path.parent.mkdir(parents=True)
    before = {"mcpServers": {"other": {"command": "x"}}, "theme": "dark"}
    path.write_text(json.dumps(before))
    said = configure(Host.CURSOR, emulator=True, only_print=False)
    after = json.loads(path.read_text())
    assert after["theme"] == "dark"
    assert after["mcpServers"]["other"] == {"command": "x"}
    assert after["mcpServers"]["aep-flow"]["args"] == [
        "-P",
        "-m",
        "aep_flow_mcp",
        "serve",
        "--emulator",
    ]
    assert json.loads(path.with_name("mcp.json.before-aep-flow-mcp").read_text()) == before
    assert str(path) in said


def test_print_writes_nothing(tmp_path: Path) -> None:
    shown = json.loads(configure(Host.VSCODE, emulator=True, only_print=True))
    assert shown["servers"]["aep-flow"]["type"] == "stdio"
    assert list(tmp_path.rglob("mcp.json")) == []


@pytest.mark.parametrize("content", ["{not json", "[]"])
def test_a_file_that_is_not_understood_is_not_touched(tmp_path: Path, content: str) -> None:
    path = tmp_path / ".mcp.json"
    path.write_text(content)
    with pytest.raises(ConfigureError, match=r"\.mcp\.json"):
        configure(Host.CLAUDE_CODE, emulator=True, only_print=False)
    assert path.read_text() == content


def test_a_list_of_servers_that_is_none() -> None:
    with pytest.raises(ConfigureError, match="mcpServers"):
        merged(Host.CURSOR, {"mcpServers": []}, {})


HAND_MADE = {
    "command": "/somewhere/python",
    "args": ["-m", "aep_flow_mcp", "serve", "--transport", "http"],
    "env": {"AEP_MCP_READ_ONLY": "true", "AEP_MCP_APPROVAL": "human", "AEP_SANDBOX": "dev", "MY_OWN": "x"},
    "disabled": True,
    "alwaysAllow": ["list_flows"],
}


def written(path: Path, document: dict[str, object]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def test_run_again_keeps_what_a_person_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path / "home" / ".cursor" / "mcp.json", {"mcpServers": {"aep-flow": HAND_MADE}})
    monkeypatch.setenv("AEP_SANDBOX", " 'stage' ")
    monkeypatch.setenv("AEP_MCP_READ_ONLY", "false")
    said = configure(Host.CURSOR, emulator=False, only_print=False)
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
    path = written(tmp_path / ".mcp.json", {"mcpServers": {"aep-flow": own}})
    configure(Host.CLAUDE_CODE, emulator=False, only_print=False)
    assert json.loads(path.read_text())["mcpServers"]["aep-flow"] == own


def test_the_emulator_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    readme = {"command": "aep-flow-mcp", "args": ["serve", "--emulator"]}
    path = written(tmp_path / ".mcp.json", {"mcpServers": {"aep-flow": readme}})
    monkeypatch.setenv("AEP_SANDBOX", "dev")
    configure(Host.CLAUDE_CODE, emulator=False, only_print=False, env_file=tmp_path / "aep.env")
    entry = json.loads(path.read_text())["mcpServers"]["aep-flow"]
    assert entry["args"][-3:] == ["serve", "--env-file", str(tmp_path / "aep.env")]


def test_the_first_copy_is_kept(tmp_path: Path) -> None:
    path = written(tmp_path / ".mcp.json", {"first": True})
    configure(Host.CLAUDE_CODE, emulator=True, only_print=False)
    configure(Host.CLAUDE_CODE, emulator=True, only_print=False)
    copy = path.with_name(".mcp.json.before-aep-flow-mcp")
    assert json.loads(copy.read_text()) == {"first": True}
    assert sorted(item.name for item in tmp_path.iterdir()) == [".mcp.json", copy.name]


def test_print_shows_the_entry_alone(tmp_path: Path) -> None:
    written(tmp_path / ".mcp.json", {"mcpServers": {"other": {"env": {"TOKEN": "ghp-of-another"}}}})
    shown = configure(Host.CLAUDE_CODE, emulator=True, only_print=True)
    assert "ghp-of-another" not in shown
    assert list(json.loads(shown)["mcpServers"]) == ["aep-flow"]


def test_a_link_and_its_permissions_stay(tmp_path: Path) -> None:
    target = written(tmp_path / "dotfiles" / "mcp.json", {})
    target.chmod(0o600)
    link = tmp_path / ".mcp.json"
    link.symlink_to(target)
    configure(Host.CLAUDE_CODE, emulator=True, only_print=False)
    assert link.is_symlink()
    assert "aep-flow" in target.read_text()
    assert target.stat().st_mode & 0o777 == 0o600


def test_a_write_that_breaks_off_leaves_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path / ".mcp.json", {"first": True})

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("aep_flow_mcp.configure.os.fsync", full)
    with pytest.raises(ConfigureError, match="No space left"):
        configure(Host.CLAUDE_CODE, emulator=True, only_print=False)
    assert json.loads(path.read_text()) == {"first": True}
    assert not [item for item in tmp_path.iterdir() if item.name.startswith("..mcp.json")]
