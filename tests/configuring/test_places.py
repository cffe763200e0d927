"""Where each host keeps its file on macOS, Linux and Windows: paths as those systems write them, computed on any."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PureWindowsPath

import pytest

from aep_flow_mcp.configuring.hosts import HOSTS, Scope, System, located, system_of

UNIX = {
    "claude-desktop": (
        "Library/Application Support/Claude/claude_desktop_config.json",
        ".config/Claude/claude_desktop_config.json",
    ),
    "claude-code": (".claude.json", ".claude.json"),
    "cursor": (".cursor/mcp.json", ".cursor/mcp.json"),
    "vscode": ("Library/Application Support/Code/User/mcp.json", ".config/Code/User/mcp.json"),
    "windsurf": (".codeium/windsurf/mcp_config.json", ".codeium/windsurf/mcp_config.json"),
    "devin-desktop": (".config/devin/mcp_config.json", ".config/devin/mcp_config.json"),
    "zed": (".config/zed/settings.json", ".config/zed/settings.json"),
    "jetbrains": (".junie/mcp/mcp.json", ".junie/mcp/mcp.json"),
    "codex": (".codex/config.toml", ".codex/config.toml"),
    "gemini-cli": (".gemini/settings.json", ".gemini/settings.json"),
    "copilot-cli": (".copilot/mcp-config.json", ".copilot/mcp-config.json"),
    "goose": (".config/goose/config.yaml", ".config/goose/config.yaml"),
}
ROAMING = {
    "claude-desktop": r"Claude\claude_desktop_config.json",
    "vscode": r"Code\User\mcp.json",
    "devin-desktop": r"devin\mcp_config.json",
    "zed": r"Zed\settings.json",
    "goose": r"Block\goose\config\config.yaml",
}
HOME = r"C:\Users\Zoë Müller"


def place(
    name: str, system: System, scope: Scope = Scope.USER, environ: Mapping[str, str] | None = None
) -> str | None:
    windows = system is System.WINDOWS
    found = located(
        HOSTS[name],
        scope,
        home=HOME if windows else "/h",
        folder=r"D:\project" if windows else "/project",
        environ=environ or {},
        system=system,
    )
    return None if found is None else str(found)


@pytest.mark.parametrize("name", UNIX)
def test_macos_and_linux(name: str) -> None:
    macos, linux = UNIX[name]
    assert place(name, System.MACOS) == f"/h/{macos}"
    assert place(name, System.LINUX) == f"/h/{linux}"
    moved = place(name, System.LINUX, environ={"XDG_CONFIG_HOME": "/xdg"})
    # Cursor's and others' do not follow it, and neither does Devin's, whose pages name ~/.config alone.
    follows = name in ("claude-desktop", "vscode", "zed", "goose")
    assert moved == (f"/xdg/{linux.removeprefix('.config/')}" if follows else f"/h/{linux}")
    assert place(name, System.LINUX, environ={"XDG_CONFIG_HOME": "relative"}) == f"/h/{linux}"


@pytest.mark.parametrize("name", UNIX)
def test_windows(name: str) -> None:
    in_home = "\\".join((HOME, *UNIX[name][1].split("/")))
    wanted = f"E:\\Roaming\\{ROAMING[name]}" if name in ROAMING else in_home
    assert place(name, System.WINDOWS, environ={"APPDATA": "E:\\Roaming"}) == wanted
    without = f"{HOME}\\AppData\\Roaming\\{ROAMING[name]}" if name in ROAMING else in_home
    assert place(name, System.WINDOWS) == place(name, System.WINDOWS, environ={"APPDATA": ""}) == without


@pytest.mark.parametrize(
    ("name", "variable", "file"),
    [
        ("codex", "CODEX_HOME", "config.toml"),
        ("copilot-cli", "COPILOT_HOME", "mcp-config.json"),
        ("claude-code", "CLAUDE_CONFIG_DIR", ".claude.json"),
    ],
)
def test_variables_that_move_a_file(name: str, variable: str, file: str) -> None:
    assert place(name, System.MACOS, environ={variable: "/elsewhere"}) == f"/elsewhere/{file}"
    assert place(name, System.WINDOWS, environ={variable: r"E:\there"}) == rf"E:\there\{file}"


def test_the_file_of_a_project() -> None:
    assert place("vscode", System.WINDOWS, Scope.PROJECT) == r"D:\project\.vscode\mcp.json"
    assert place("codex", System.LINUX, Scope.PROJECT) == "/project/.codex/config.toml"
    assert place("goose", System.LINUX, Scope.PROJECT) is None
    assert place("chatgpt", System.LINUX) is None


def test_every_host_is_known_on_every_system() -> None:
    local = {host.name for host in HOSTS.values() if not host.remote}
    assert local == set(UNIX)
    for name in local:
        for system in System:
            assert place(name, system) is not None
    assert [system_of(name) for name in ("darwin", "win32", "linux", "freebsd14", "cygwin")] == [
        System.MACOS,
        System.WINDOWS,
        System.LINUX,
        System.LINUX,
        System.LINUX,
    ]


def test_a_path_of_windows_in_every_format() -> None:
    """Backslashes and quotes are escaped as each format wants them, and come back as they were."""
    from aep_flow_mcp.configuring.editing import editor_of, with_entry
    from configuring.files import parsed

    command = str(PureWindowsPath(HOME, 'it\'s "x"', "new", "u0041", "python.exe"))
    for host in HOSTS.values():
        entry = host.shaped(command, ["-P", r"\\share\t"], {"AEP_CONFIG_FILE": command})
        text = with_entry(editor_of(host.format), "", host.path, entry)
        assert parsed(host.format, text.encode())[host.key]["aep-flow"] == entry
