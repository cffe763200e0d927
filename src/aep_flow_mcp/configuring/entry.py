"""The entry that starts this server, and what of an entry stays when it is written again. No secret is ever in it."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from aep_flow_mcp.configuring.hosts import SERVER_NAME, Host
from aep_flow_mcp.configuring.problems import ConfigureError
from aep_flow_mcp.environment import EnvFileError, cleaned, read_env_file, url_problem

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
_URLS = ("AEP_PLATFORM_URL", "AEP_IMS_URL")
_HELD_BACK = (
    "AEP_CLIENT_ID",
    "AEP_CLIENT_SECRET",
    "AEP_ORG_ID",
    "AEP_ACCESS_TOKEN",
    "AEP_CLIENT_KEY_PASSWORD",
)
OF_A_PROFILE = frozenset(
    {
        *(name for name in _HELD_BACK if name != "AEP_CLIENT_KEY_PASSWORD"),
        *(f"{name}_FILE" for name in _HELD_BACK if name != "AEP_CLIENT_KEY_PASSWORD"),
        *("AEP_SCOPES", "AEP_CONFIG_FILE", "AEP_SANDBOX", "AEP_SANDBOXES", *_URLS),
    }
)
"""What a profile says alone, so that the server does not start with one of these beside AEP_PROFILE."""

_OTHER_CODE = ("PYTHON", "LD_", "DYLD_")
"""What begins so can have a program run the code of whoever wrote it: kept in no file."""
_OF_A_PROJECT = frozenset(
    {
        *("AEP_SANDBOX", "AEP_SANDBOXES", "AEP_MCP_TOOLSETS", "AEP_MCP_TOOLS", "AEP_MCP_EXCLUDE_TOOLS"),
        *("AEP_MCP_DISCOVERY", "AEP_MCP_SCHEMAS"),
    }
)
"""What a project's own file may say where the shell is silent: it sends nothing elsewhere and allows nothing more."""
_MEMBERS_OF_A_PROJECT: Mapping[str, type | tuple[type, ...]] = {
    **dict.fromkeys(("disabled", "enabled"), bool),
    **dict.fromkeys(("timeout", "startup_timeout_sec", "tool_timeout_sec"), (int, float)),
    "tools": list,
    "description": str,
}
_TRUE, _FALSE = (
    frozenset({"true", "1", "yes", "on", "t", "y"}),
    frozenset({"false", "0", "no", "off", "f", "n"}),
)
_STRICTNESS = {"none": 0, "two-step": 1, "ask": 2, "human": 3, "browser": 3}
"""Of AEP_MCP_APPROVAL. `two-step` asks no person where `ask` would."""


def carried(environ: Mapping[str, str]) -> dict[str, str]:
    """The variables of this shell as they are written into an entry.

    Raises:
        ConfigureError: one of them is a URL that may hold a secret, or that the server would not take.
    """
    values = {name: cleaned(environ.get(name)) for name in _KEPT}
    kept = {name: value for name, value in values.items() if value}
    for name in _URLS:
        if name in kept and (problem := url_problem(name, kept[name])):
            raise ConfigureError(problem)
    for name in _PATHS:
        if name in kept:
            kept[name] = str(Path(kept[name]).expanduser().resolve())
    return kept


def held_back(environ: Mapping[str, str]) -> list[str]:
    """The names of this shell's secrets, and of what belongs to them, that are not written."""
    named = [name for name in environ if name in _HELD_BACK or name.startswith("AEP_SECRET_")]
    return sorted(name for name in named if cleaned(environ[name]))


def said_in(env_file: Path | None) -> frozenset[str]:
    """The names of what a file of settings says.

    Raises:
        ConfigureError: it is not there, or is none.
    """
    if env_file is None:
        return frozenset()
    try:
        said = read_env_file(env_file.expanduser())
    except EnvFileError as error:
        raise ConfigureError(str(error)) from None
    return frozenset(name.upper() for name, value in said.items() if cleaned(value))


def check_profile(names: Iterable[str]) -> None:
    """That nothing stands beside a profile which the profile says.

    Raises:
        ConfigureError: something does; the server would not start.
    """
    said = {name.upper() for name in names}
    both = sorted(said & OF_A_PROFILE) if "AEP_PROFILE" in said else []
    if both:
        raise ConfigureError(
            f"{', '.join(both)} would stand beside AEP_PROFILE, and a profile says all of that itself: remove one of "
            "the two, from this shell or from the entry."
        )


def server_entry(
    host: Host, *, emulator: bool, environ: Mapping[str, str], env_file: Path | None = None
) -> dict[str, Any]:
    """How a host starts this server: this Python, so that it works without anything on the path.

    Hosts start it inside the opened project, so Python must not look for modules there (-P).

    Raises:
        ConfigureError: a value of the shell is not one that the server would take.
    """
    arguments = ["-P", "-m", "aep_flow_mcp", "serve", *(["--emulator"] if emulator else [])]
    if env_file is not None:
        arguments += ["--env-file", str(env_file.expanduser().resolve())]
    return host.shaped(sys.executable, arguments, {} if emulator else carried(environ))


def renewed(host: Host, present: dict[str, Any], entry: dict[str, Any]) -> dict[str, Any]:
    """An entry of the user's own file, with what is written anew; everything that a person set in it stays, but for
    what `of_other_code` names.

    Raises:
        ConfigureError: what is there is no entry.
    """
    env_, args_, command_ = host.word("env"), host.word("args"), host.word("command")
    env, fresh = _env(host, present), entry.get(env_, {})
    both = {**fresh, **env, **{name: fresh[name] for name in _RENEWED & fresh.keys()}}
    both = {name: value for name, value in both.items() if not _is_of_other_code(name)}
    started = {command_: entry[command_], args_: [*entry[args_], *_further(present.get(args_, []))]}
    how = started if _is_ours(present.get(command_, ""), present.get(args_, [])) else {}
    return {**entry, **present, **how, **({env_: both} if both or env else {})}


def of_other_code(host: Host, present: dict[str, Any]) -> list[str]:
    """The variables of an entry that can have other code run."""
    return [name for name in _env(host, present) if _is_of_other_code(name)]


def renewed_of_project(
    host: Host, present: dict[str, Any], entry: dict[str, Any], shell: Mapping[str, str]
) -> tuple[dict[str, Any], list[str]]:
    """An entry of a project's file, which others may have written, with what is written anew; and what it holds that
    could send credentials elsewhere, run other code or allow more than this shell does: then it is not to be written.

    Raises:
        ConfigureError: what is there is no entry.
    """
    env_, args_, command_ = host.word("env"), host.word("args"), host.word("command")
    env, fresh = _env(host, present), entry.get(env_, {})
    stays = {name: value for name, value in env.items() if _may_stay(name, value, shell)}
    strange = [f"{env_} {name}" for name in env if name not in stays and name not in fresh]
    arguments = present.get(args_, [])
    if not _is_ours(present.get(command_, ""), arguments):
        strange.append(f"{command_} {present.get(command_, '')}")
    elif further := _further(arguments):
        strange.append(f"{args_} {' '.join(map(str, further))}")
    for key, value in present.items():
        kind = _MEMBERS_OF_A_PROJECT.get(key)
        known = key in (env_, args_, command_) or entry.get(key) == value or (key, value) == ("type", "stdio")
        if not known and not (kind and isinstance(value, kind)):
            strange.append(key)
    both = {**fresh, **stays}
    how = {command_: entry[command_], args_: entry[args_]}
    return {**entry, **present, **how, **({env_: both} if both or env else {})}, strange


def _may_stay(name: str, value: object, shell: Mapping[str, str]) -> bool:
    """Whether a variable of a project's file may say what it does: as this shell, or stricter than it."""
    said = (cleaned(str(value)) or "").lower().replace("_", "-")
    own = shell.get(name)
    if own is not None and value == own:
        return True
    if name == "AEP_MCP_READ_ONLY":
        return said in _TRUE or (own is None and said in _FALSE)
    if name == "AEP_MCP_APPROVAL":
        least = _STRICTNESS.get((own or "ask").lower().replace("_", "-"), 0)
        return _STRICTNESS.get(said, -1) >= max(least, _STRICTNESS["ask"])
    return name in _OF_A_PROJECT and own is None


def _is_of_other_code(name: str) -> bool:
    return name.upper().startswith(_OTHER_CODE)


def _env(host: Host, present: dict[str, Any]) -> dict[str, Any]:
    env_, args_ = host.word("env"), host.word("args")
    env = present.get(env_) or {}
    if not isinstance(env, dict) or not isinstance(present.get(args_, []), list):
        raise ConfigureError(
            f"{SERVER_NAME} in it has {args_} or {env_} of another kind: correct that first."
        )
    return env


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
        elif argument != "--emulator" and not str(argument).startswith("--env-file="):
            found.append(argument)
    return found
