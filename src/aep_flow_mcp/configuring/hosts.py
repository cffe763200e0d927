"""The hosts as data: which file each reads on each system, and what an entry looks like in it.

A place begins with `~` (the home folder), `%APPDATA%` (Windows), `$XDG_CONFIG_HOME` (`~/.config` unless it is set) or,
for a project, with neither. `source` is the page of the host's maker that says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import PurePath, PurePosixPath, PureWindowsPath
from typing import Any

from aep_flow_mcp.configuring.editing import Format

SERVER_NAME = "aep-flow"


class System(StrEnum):
    """The systems that hosts run on, as `sys.platform` calls them."""

    MACOS = "darwin"
    LINUX = "linux"
    WINDOWS = "win32"


class Scope(StrEnum):
    """Whose configuration: the user's, in every project, or that of the folder."""

    USER = "user"
    PROJECT = "project"


@dataclass(frozen=True)
class Host:
    """One host. `places` is its user's file by system; `moved` names a variable that stands for the begin of it."""

    name: str
    title: str
    source: str
    places: Mapping[System, str] = field(default_factory=dict)
    project: str | None = None
    scope: Scope = Scope.USER
    moved: tuple[str, str] | None = None
    format: Format = Format.JSON
    key: str = "mcpServers"
    first: Mapping[str, Any] = field(default_factory=dict)
    last: Mapping[str, Any] = field(default_factory=dict)
    renamed: Mapping[str, str] = field(default_factory=dict)

    @property
    def path(self) -> tuple[str, str]:
        """Where the entry stands in the document."""
        return (self.key, SERVER_NAME)

    @property
    def remote(self) -> bool:
        """Whether it reaches servers over the network only, so that there is no file to write."""
        return not self.places

    def word(self, name: str) -> str:
        """What it calls `command`, `args` or `env`."""
        return self.renamed.get(name, name)

    def shaped(self, command: str, args: list[str], env: Mapping[str, str]) -> dict[str, Any]:
        """An entry as it wants it; no `env` where there is nothing in it."""
        told = {self.word("env"): dict(env)} if env else {}
        return {**self.first, self.word("command"): command, self.word("args"): args, **told, **self.last}


def _everywhere(place: str) -> dict[System, str]:
    return dict.fromkeys(System, place)


def _by_system(*, macos: str, linux: str, windows: str) -> dict[System, str]:
    return {System.MACOS: macos, System.LINUX: linux, System.WINDOWS: windows}


HOSTS: Mapping[str, Host] = {
    host.name: host
    for host in (
        Host(
            "claude-desktop",
            "Claude Desktop",
            "https://modelcontextprotocol.io/docs/develop/connect-local-servers",
            _by_system(
                macos="~/Library/Application Support/Claude/claude_desktop_config.json",
                linux="$XDG_CONFIG_HOME/Claude/claude_desktop_config.json",
                windows="%APPDATA%/Claude/claude_desktop_config.json",
            ),
        ),
        Host(
            "claude-code",
            "Claude Code",
            "https://code.claude.com/docs/en/mcp",
            _everywhere("~/.claude.json"),
            project=".mcp.json",
            # The user's file is rewritten by every running session, and its maker wants it edited by its own command.
            scope=Scope.PROJECT,
            moved=("CLAUDE_CONFIG_DIR", "~"),
        ),
        Host(
            "cursor",
            "Cursor",
            "https://cursor.com/docs/mcp",
            _everywhere("~/.cursor/mcp.json"),
            project=".cursor/mcp.json",
        ),
        Host(
            "vscode",
            "VS Code",
            "https://code.visualstudio.com/docs/agents/reference/mcp-configuration",
            _by_system(
                macos="~/Library/Application Support/Code/User/mcp.json",
                linux="$XDG_CONFIG_HOME/Code/User/mcp.json",
                windows="%APPDATA%/Code/User/mcp.json",
            ),
            project=".vscode/mcp.json",
            key="servers",
            first={"type": "stdio"},
        ),
        Host(
            "windsurf",
            "Windsurf",
            "https://docs.windsurf.com/windsurf/cascade/mcp",
            _everywhere("~/.codeium/windsurf/mcp_config.json"),
        ),
        Host(
            "devin-desktop",
            "Devin Desktop",
            "https://vaadin.com/docs/latest/building-apps/agentic-development/mcp/supported-tools/devin-desktop",
            _by_system(
                macos="~/.config/devin/mcp_config.json",
                linux="~/.config/devin/mcp_config.json",
                windows="%APPDATA%/devin/mcp_config.json",
            ),
            project=".devin/mcp_config.json",
        ),
        Host(
            "zed",
            "Zed",
            "https://zed.dev/docs/ai/mcp",
            _by_system(
                macos="~/.config/zed/settings.json",
                linux="$XDG_CONFIG_HOME/zed/settings.json",
                windows="%APPDATA%/Zed/settings.json",
            ),
            project=".zed/settings.json",
            key="context_servers",
        ),
        Host(
            "jetbrains",
            "JetBrains (Junie)",
            "https://www.jetbrains.com/help/junie/model-context-protocol-mcp.html",
            _everywhere("~/.junie/mcp/mcp.json"),
            project=".junie/mcp/mcp.json",
        ),
        Host(
            "codex",
            "Codex",
            "https://developers.openai.com/codex/config-reference/",
            _everywhere("~/.codex/config.toml"),
            project=".codex/config.toml",
            moved=("CODEX_HOME", "~/.codex"),
            format=Format.TOML,
            key="mcp_servers",
        ),
        Host(
            "gemini-cli",
            "Gemini CLI",
            "https://github.com/google-gemini/gemini-cli/blob/main/docs/tools/mcp-server.md",
            _everywhere("~/.gemini/settings.json"),
            project=".gemini/settings.json",
        ),
        Host(
            "copilot-cli",
            "GitHub Copilot CLI",
            "https://docs.github.com/en/copilot/how-tos/copilot-cli/customize-copilot/add-mcp-servers",
            _everywhere("~/.copilot/mcp-config.json"),
            project=".github/mcp.json",
            moved=("COPILOT_HOME", "~/.copilot"),
            first={"type": "local"},
            last={"tools": ["*"]},
        ),
        Host(
            "goose",
            "Goose",
            "https://block.github.io/goose/docs/guides/config-files",
            _by_system(
                macos="~/.config/goose/config.yaml",
                linux="$XDG_CONFIG_HOME/goose/config.yaml",
                windows="%APPDATA%/Block/goose/config/config.yaml",
            ),
            format=Format.YAML,
            key="extensions",
            first={"name": SERVER_NAME, "description": "Adobe Experience Platform data pipelines"},
            last={"enabled": True, "type": "stdio", "timeout": 300},
            renamed={"command": "cmd", "env": "envs"},
        ),
        Host("chatgpt", "ChatGPT", "https://developers.openai.com/api/docs/guides/custom-mcp-server"),
    )
}


def system_of(platform: str) -> System:
    """The system by `sys.platform`; what is neither macOS nor Windows keeps its files as Linux does."""
    return System(platform) if platform in set(System) else System.LINUX


def located(
    host: Host, scope: Scope, *, home: str, folder: str, environ: Mapping[str, str], system: System
) -> PurePath | None:
    """The file of a host, in the flavour of the system; None when it has none of that scope."""
    flavour = PureWindowsPath if system is System.WINDOWS else PurePosixPath
    if scope is Scope.PROJECT:
        return None if host.project is None else flavour(folder) / host.project
    place = host.places.get(system)
    if place is None:
        return None
    if host.moved is not None:
        variable, begin = host.moved
        elsewhere = environ.get(variable)
        if elsewhere:
            return flavour(elsewhere) / flavour(place).relative_to(flavour(begin))
    first, *rest = place.split("/")
    return _base(first, flavour(home), environ).joinpath(*rest)


def _base(first: str, home: PurePath, environ: Mapping[str, str]) -> PurePath:
    match first:
        case "%APPDATA%":
            return type(home)(environ.get("APPDATA") or home / "AppData" / "Roaming")
        case "$XDG_CONFIG_HOME":
            # https://specifications.freedesktop.org/basedir-spec: a relative one is to be ignored.
            set_to = type(home)(environ.get("XDG_CONFIG_HOME") or "")
            return set_to if set_to.is_absolute() else home / ".config"
    return home
