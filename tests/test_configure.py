"""A host's configuration gains this server and keeps everything else; no secret goes in."""

from __future__ import annotations

import json
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
    assert after["mcpServers"]["aep-flow"]["args"] == ["-m", "aep_flow_mcp", "serve", "--emulator"]
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
