"""`aep-flow-mcp configure HOST`: put this server into the configuration of an MCP host.

What else the file holds stays; the file as it was is kept beside it. No secret is ever written: credentials go in as
the path of a file (AEP_CONFIG_FILE), not as values.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

SERVER_NAME = "aep-flow"
_KEPT = (
    "AEP_CONFIG_FILE",
    "AEP_SANDBOX",
    "AEP_SANDBOXES",
    "AEP_PLATFORM_URL",
    "AEP_IMS_URL",
    "AEP_MCP_READ_ONLY",
    "AEP_MCP_TOOLSETS",
    "AEP_MCP_TOOLS",
    "AEP_MCP_EXCLUDE_TOOLS",
    "AEP_MCP_APPROVAL",
    "AEP_MCP_AUDIT_LOG",
)
"""Variables that are carried over from the shell; those that hold or weaken a secret's protection are not."""


class Host(StrEnum):
    """The hosts whose configuration is known."""

    CLAUDE_DESKTOP = "claude-desktop"
    CLAUDE_CODE = "claude-code"
    CURSOR = "cursor"
    VSCODE = "vscode"


class ConfigureError(Exception):
    """The configuration cannot be written; the message says why."""


def config_path(host: Host, *, home: Path, folder: Path, environ: Mapping[str, str], platform: str) -> Path:
    """Where a host keeps its configuration: of the user, or of the project in `folder` (claude-code, vscode)."""
    match host:
        case Host.CLAUDE_CODE:
            return folder / ".mcp.json"
        case Host.VSCODE:
            return folder / ".vscode" / "mcp.json"
        case Host.CURSOR:
            return home / ".cursor" / "mcp.json"
    if platform == "darwin":
        base = home / "Library" / "Application Support"
    elif platform == "win32":
        base = Path(environ.get("APPDATA", home / "AppData" / "Roaming"))
    else:
        base = Path(environ.get("XDG_CONFIG_HOME", home / ".config"))
    return base / "Claude" / "claude_desktop_config.json"


def server_entry(host: Host, *, emulator: bool, environ: Mapping[str, str]) -> dict[str, Any]:
    """How a host starts this server: this Python, so that it works without anything on the path."""
    arguments = ["-m", "aep_flow_mcp", "serve", *(["--emulator"] if emulator else [])]
    kept = {} if emulator else {name: environ[name] for name in _KEPT if environ.get(name)}
    if "AEP_CONFIG_FILE" in kept:
        kept["AEP_CONFIG_FILE"] = str(Path(kept["AEP_CONFIG_FILE"]).expanduser().resolve())
    entry: dict[str, Any] = {"command": sys.executable, "args": arguments}
    if host is Host.VSCODE:
        entry = {"type": "stdio", **entry}
    return {**entry, "env": kept} if kept else entry


def merged(host: Host, present: dict[str, Any], entry: dict[str, Any]) -> dict[str, Any]:
    """The host's configuration with this server in it, everything else as it was.

    Raises:
        ConfigureError: the list of servers is there and is not an object.
    """
    key = "servers" if host is Host.VSCODE else "mcpServers"
    servers = present.get(key, {})
    if not isinstance(servers, dict):
        raise ConfigureError(f"{key} in it is not an object: correct that first.")
    return {**present, key: {**servers, SERVER_NAME: entry}}


def configure(host: Host, *, emulator: bool, only_print: bool) -> str:
    """Write the configuration, or only show it; says what was done and what is still missing.

    Raises:
        ConfigureError: the present file is not JSON, or cannot be written.
    """
    path = config_path(host, home=Path.home(), folder=Path.cwd(), environ=os.environ, platform=sys.platform)
    whole = merged(host, _read(path), server_entry(host, emulator=emulator, environ=os.environ))
    text = json.dumps(whole, indent=2, ensure_ascii=False) + "\n"
    if only_print:
        return text
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            shutil.copy2(path, path.with_name(path.name + ".before-aep-flow-mcp"))
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigureError(
            f"{path} cannot be written ({error.strerror}). --print shows what belongs into it."
        ) from None
    return f"Wrote {path}. Restart {host.value}.\n{_missing(emulator)}"


def _read(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    try:
        present = json.loads(path.read_text(encoding="utf-8") or "{}")
    except (OSError, ValueError):
        raise ConfigureError(f"{path} cannot be read as JSON: correct it first, or use --print.") from None
    if not isinstance(present, dict):
        raise ConfigureError(f"{path} does not hold a JSON object.")
    return present


def _missing(emulator: bool) -> str:
    if emulator:
        return "It runs on the built-in emulator.\n"
    wanted = [name for name in ("AEP_CONFIG_FILE", "AEP_SANDBOX") if not os.environ.get(name)]
    if not wanted:
        return ""
    return f"Not set, so add to its env or configure again with: {', '.join(wanted)}.\n"
