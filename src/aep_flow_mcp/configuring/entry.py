"""The entry that starts this server, and what of an entry stays when it is written again. No secret is ever in it."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aep_flow_mcp.configuring.hosts import SERVER_NAME, Host
from aep_flow_mcp.configuring.problems import ConfigureError
from aep_flow_mcp.environment import cleaned

_KEPT = (
    "AEP_CONFIG_FILE",
    "AEP_CLIENT_ID_FILE",
    "AEP_CLIENT_SECRET_FILE",
    "AEP_ORG_ID_FILE",
    "AEP_ACCESS_TOKEN_FILE",
    "AEP_PROFILE",
    "AEP_PROFILES_FILE",
    "AEP_CA_BUNDLE",
    "AEP_CLIENT_CERT",
    "AEP_CLIENT_KEY",
    "AEP_CLIENT_KEY_PASSWORD_FILE",
    "AEP_SANDBOX",
    "AEP_SANDBOXES",
    "AEP_PLATFORM_URL",
    "AEP_IMS_URL",
    "AEP_MCP_READ_ONLY",
    "AEP_MCP_TOOLSETS",
    "AEP_MCP_DISCOVERY",
    "AEP_MCP_SCHEMAS",
    "AEP_MCP_TOOLS",
    "AEP_MCP_EXCLUDE_TOOLS",
    "AEP_MCP_APPROVAL",
    "AEP_MCP_AUDIT_LOG",
)
"""Variables that are carried over from the shell; those that hold or weaken a secret's protection are not."""
_RENEWED = frozenset({"AEP_CONFIG_FILE", "AEP_SANDBOX", "AEP_SANDBOXES", "AEP_PLATFORM_URL", "AEP_IMS_URL"})
"""Of these, the ones that the shell may change in an entry that has them. The others say what may be done, so what
stands in the entry stays: running the command again never loosens anything."""
_PATHS = (
    *(name for name in _KEPT if name.endswith("_FILE")),
    *("AEP_CA_BUNDLE", "AEP_CLIENT_CERT", "AEP_CLIENT_KEY", "AEP_MCP_AUDIT_LOG"),
)


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
    return host.shaped(sys.executable, arguments, kept)


def renewed(host: Host, present: dict[str, Any], entry: dict[str, Any]) -> dict[str, Any]:
    """An entry that is there already, with what is written anew; everything that a person set in it stays.

    Raises:
        ConfigureError: what is there is no entry.
    """
    env_, args_, command_ = host.word("env"), host.word("args"), host.word("command")
    env = present.get(env_) or {}
    if not isinstance(env, dict) or not isinstance(present.get(args_, []), list):
        raise ConfigureError(
            f"{SERVER_NAME} in it has {args_} or {env_} of another kind: correct that first."
        )
    fresh = entry.get(env_, {})
    both = {**fresh, **env, **{name: fresh[name] for name in _RENEWED & fresh.keys()}}
    started = {command_: entry[command_], args_: [*entry[args_], *_further(present.get(args_, []))]}
    how = started if _is_ours(present.get(command_, ""), present.get(args_, [])) else {}
    return {**entry, **present, **how, **({env_: both} if both else {})}


def _is_ours(command: object, arguments: list[Any]) -> bool:
    """Whether the entry starts this server directly, and not through something that a person put there."""
    return "aep_flow_mcp" in arguments or Path(str(command)).stem in ("", "aep-flow-mcp")


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
