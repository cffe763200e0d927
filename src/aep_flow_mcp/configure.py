"""`aep-flow-mcp configure HOST`: put this server into the configuration of an MCP host.

What else the file holds stays, and so does what a person set in the entry itself; the file as it was before the first
time is kept beside it. No secret is ever written: credentials go in as the path of a file (AEP_CONFIG_FILE), not as
values.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

from aep_flow_mcp.environment import cleaned

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
_RENEWED = frozenset({"AEP_CONFIG_FILE", "AEP_SANDBOX", "AEP_SANDBOXES", "AEP_PLATFORM_URL", "AEP_IMS_URL"})
"""Of these, the ones that the shell may change in an entry that has them. The others say what may be done, so what
stands in the entry stays: running the command again never loosens anything."""
_PATHS = ("AEP_CONFIG_FILE", "AEP_MCP_AUDIT_LOG")


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


def server_entry(
    host: Host, *, emulator: bool, environ: Mapping[str, str], env_file: Path | None = None
) -> dict[str, Any]:
    """How a host starts this server: this Python, so that it works without anything on the path.

    Hosts start it inside the opened project, so Python must not look for modules there (-P).
    """
    arguments = ["-P", "-m", "aep_flow_mcp", "serve", *(["--emulator"] if emulator else [])]
    if env_file is not None:
        arguments += ["--env-file", str(env_file.expanduser().resolve())]
    values = {} if emulator else {name: cleaned(environ.get(name)) for name in _KEPT}
    kept = {name: value for name, value in values.items() if value}
    for name in _PATHS:
        if name in kept:
            kept[name] = str(Path(kept[name]).expanduser().resolve())
    entry: dict[str, Any] = {"command": sys.executable, "args": arguments}
    if host is Host.VSCODE:
        entry = {"type": "stdio", **entry}
    return {**entry, "env": kept} if kept else entry


def renewed(present: dict[str, Any], entry: dict[str, Any]) -> dict[str, Any]:
    """An entry that is there already, with what is written anew; everything that a person set in it stays.

    Raises:
        ConfigureError: what is there is no entry.
    """
    env = present.get("env", {})
    if not isinstance(env, dict) or not isinstance(present.get("args", []), list):
        raise ConfigureError(f"{SERVER_NAME} in it has args or an env of another kind: correct that first.")
    fresh = entry.get("env", {})
    both = {**fresh, **env, **{name: fresh[name] for name in _RENEWED & fresh.keys()}}
    started = {"command": entry["command"], "args": [*entry["args"], *_further(present.get("args", []))]}
    how = started if _is_ours(present) else {}
    return {**entry, **present, **how, **({"env": both} if both else {})}


def _is_ours(entry: dict[str, Any]) -> bool:
    """Whether the entry starts this server directly, and not through something that a person put there."""
    arguments = entry.get("args", [])
    return "aep_flow_mcp" in arguments or Path(str(entry.get("command", ""))).stem in ("", "aep-flow-mcp")


def _further(arguments: list[Any]) -> list[Any]:
    """What a person added behind `serve`."""
    given = iter(arguments[arguments.index("serve") + 1 :] if "serve" in arguments else [])
    found = []
    for argument in given:
        if argument == "--env-file":
            next(given, None)
        elif argument != "--emulator":
            found.append(argument)
    return found


def merged(host: Host, present: dict[str, Any], entry: dict[str, Any]) -> dict[str, Any]:
    """The host's configuration with this server in it, everything else as it was.

    Raises:
        ConfigureError: the list of servers, or the entry of this one, is there and is not an object.
    """
    key = _key(host)
    servers = present.get(key, {})
    if not isinstance(servers, dict):
        raise ConfigureError(f"{key} in it is not an object: correct that first.")
    before = servers.get(SERVER_NAME)
    if before is not None and not isinstance(before, dict):
        raise ConfigureError(f"{SERVER_NAME} in it is not an object: correct that first.")
    return {**present, key: {**servers, SERVER_NAME: renewed(before, entry) if before else entry}}


def _key(host: Host) -> str:
    return "servers" if host is Host.VSCODE else "mcpServers"


def configure(host: Host, *, emulator: bool, only_print: bool, env_file: Path | None = None) -> str:
    """Write the configuration, or only show the entry; says what was written and what is still missing.

    Raises:
        ConfigureError: the present file is not JSON, or cannot be written.
    """
    entry = server_entry(host, emulator=emulator, environ=os.environ, env_file=env_file)
    if only_print:
        # The entry alone: the file may hold the tokens of other servers.
        return _json({_key(host): {SERVER_NAME: entry}})
    path = config_path(host, home=Path.home(), folder=Path.cwd(), environ=os.environ, platform=sys.platform)
    before = _read(path)
    whole = merged(host, before, entry)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        backup = _keep_first(path)
        _replace(path, _json(whole))
    except OSError as error:
        raise ConfigureError(
            f"{path} cannot be written ({error.strerror}). --print shows what belongs into it."
        ) from None
    return (
        "\n".join(_report(host, path, backup, whole[_key(host)][SERVER_NAME], entry, emulator=emulator))
        + "\n"
    )


def _json(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _keep_first(path: Path) -> Path | None:
    """Copy the file as it was before this command first touched it; a copy that is there already is that one."""
    kept = path.with_name(path.name + ".before-aep-flow-mcp")
    if not path.exists():
        return None
    try:
        descriptor = os.open(kept, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return kept
    with os.fdopen(descriptor, "wb") as copy:
        copy.write(path.read_bytes())
    return kept


def _replace(path: Path, text: str) -> None:
    """Write all of it or nothing, to where a link leads; who may read the file stays as it was."""
    target = path.resolve()
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            os.chmod(name, target.stat().st_mode & 0o7777)
        os.replace(name, target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _report(
    host: Host,
    path: Path,
    backup: Path | None,
    written: dict[str, Any],
    fresh: dict[str, Any],
    *,
    emulator: bool,
) -> list[str]:
    """What was written, what stayed, and what is missing; names of variables, never values."""
    env, new = written.get("env", {}), fresh.get("env", {})
    lines = [f"Wrote the entry {SERVER_NAME} to {path}. Restart {host.value}."]
    if backup:
        lines.append(f"The file as it was before the first time is kept as {backup.name}.")
    lines.append(f"It starts: {' '.join(map(str, [written.get('command', ''), *written.get('args', [])]))}")
    set_now = [name for name in env if env[name] == new.get(name)]
    stayed = [name for name in env if name not in set_now]
    others = [key for key in written if key not in fresh and key != "env"]
    if set_now:
        lines.append(f"Set in its env from this shell: {', '.join(set_now)}.")
    if stayed or others:
        lines.append(f"Kept as they stood in the entry: {', '.join([*stayed, *others])}.")
    differing = [name for name in stayed if name in new]
    if differing:
        lines.append(
            f"This shell has another value for {', '.join(differing)}: edit the file if that one is meant."
        )
    return [*lines, *_missing(env, emulator=emulator)]


def _read(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    try:
        present = json.loads(path.read_text(encoding="utf-8-sig") or "{}")
    except (OSError, ValueError):
        raise ConfigureError(f"{path} cannot be read as JSON: correct it first, or use --print.") from None
    if not isinstance(present, dict):
        raise ConfigureError(f"{path} does not hold a JSON object.")
    return present


def _missing(env: Mapping[str, Any], *, emulator: bool) -> list[str]:
    if emulator:
        return ["It runs on the built-in emulator."]
    wanted = [name for name in ("AEP_CONFIG_FILE", "AEP_SANDBOX") if not env.get(name)]
    return [f"Not set, so add to its env or configure again with: {', '.join(wanted)}."] if wanted else []
