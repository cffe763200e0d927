"""`aep-flow-mcp configure HOST`: put this server into the configuration of an MCP host, show that, or take it out.

What else the file holds stays to the byte, and so does what a person set in the entry itself; the file as it was
before the first time is kept beside it. No secret is ever written: credentials go in as the path of a file
(AEP_CONFIG_FILE), not as values.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from aep_flow_mcp.configuring.editing import Editor, editor_of, found, with_entry, without_entry
from aep_flow_mcp.configuring.entry import (
    carried,
    check_profile,
    held_back,
    of_other_code,
    renewed,
    renewed_of_project,
    said_in,
    server_entry,
)
from aep_flow_mcp.configuring.files import HostFile, opened, replaced
from aep_flow_mcp.configuring.hosts import HOSTS, SERVER_NAME, Host, Scope, located, system_of
from aep_flow_mcp.configuring.problems import BrokenText, ConfigureError, OtherShape
from aep_flow_mcp.environment import url_problem

_REMOTE = (
    "{title} starts no program on this machine and reads no file, so there is nothing to write: it reaches servers "
    "over HTTPS. Run `aep-flow-mcp serve --transport http` behind something that ends TLS, with AEP_MCP_AUTH=oidc so "
    "that its users sign in (docs/team.md), name it in AEP_MCP_ALLOWED_HOSTS, and give {title} the address, ending in "
    "/mcp ({source}).\n"
)
_SHOWN = re.compile(r"AEP_\w+_URL|AEP_MCP_(?:APPROVAL|AUTH\w*)", re.IGNORECASE)
"""Kept variables whose values are told: they say where credentials go, and who may do what."""
_CREDENTIAL = re.compile(
    r"AEP_(?:CONFIG_FILE|CLIENT_SECRET|CLIENT_SECRET_FILE|ACCESS_TOKEN|ACCESS_TOKEN_FILE)"
)


def answered(
    name: str | None,
    *,
    remove: bool,
    only_print: bool,
    emulator: bool,
    scope: str | None,
    env_file: Path | None,
) -> str:
    """What the command says to these words of the command line, after it did what they ask.

    Raises:
        ConfigureError: it cannot be done; files are as they were.
    """
    if scope is not None and scope not in list(Scope):
        raise ConfigureError(f"--scope takes one of: {', '.join(Scope)}.")
    if remove and only_print:
        raise ConfigureError("--remove and --print exclude each other.")
    if name is None:
        if remove or only_print or emulator:
            raise ConfigureError("configure takes a HOST; alone, it lists them.")
        return hosts_listed()
    host, asked = host_named(name), Scope(scope) if scope else None
    if remove:
        return removed(host, scope=asked)
    if only_print:
        return shown(host, emulator=emulator, env_file=env_file, scope=asked)
    return configured(host, emulator=emulator, env_file=env_file, scope=asked)


def host_named(name: str) -> Host:
    """The host of this name.

    Raises:
        ConfigureError: there is none; the message lists them.
    """
    if name not in HOSTS:
        raise ConfigureError(f"configure takes one of: {', '.join(HOSTS)}.")
    return HOSTS[name]


def hosts_listed() -> str:
    """The hosts, each with the file that would be written here."""
    lines = []
    for host in HOSTS.values():
        path = None if host.remote else _path(host, None)
        lines.append(f"{host.name:<15} {host.title}: {path or 'over HTTPS, no file'}")
    return "\n".join(lines) + "\n"


def shown(host: Host, *, emulator: bool, env_file: Path | None = None, scope: Scope | None = None) -> str:
    """What belongs into the host's file, the entry alone: the file may hold the tokens of other servers.

    Raises:
        ConfigureError: a value of the shell is not one that the server would take, or there is no such file.
    """
    if host.remote:
        return _REMOTE.format(title=host.title, source=host.source)
    _path(host, scope)
    entry = server_entry(host, emulator=emulator, environ=os.environ, env_file=env_file)
    if not emulator:
        check_profile([*entry.get(host.word("env"), {}), *said_in(env_file)])
    return with_entry(editor_of(host.format), "", host.path, entry)


def configured(
    host: Host, *, emulator: bool, env_file: Path | None = None, scope: Scope | None = None
) -> str:
    """Write the configuration; says what was written, what stayed, and what is still missing.

    Raises:
        ConfigureError: the present file is not of its format, or cannot be written; it is as it was. So too where
            the entry of a project's file holds what others may have put there, or the server would refuse to start.
    """
    if host.remote:
        return _REMOTE.format(title=host.title, source=host.source)
    in_file = said_in(env_file)
    fresh = server_entry(host, emulator=emulator, environ=os.environ, env_file=env_file)
    editor, file = editor_of(host.format), _opened(host, scope)
    before = _present(editor, host, file)
    entry = _brought_up(host, file, before, fresh, scope) if before else fresh
    env_ = host.word("env")
    if not emulator:
        check_profile([*entry.get(env_, {}), *in_file])
    gone = of_other_code(host, before) if before else []
    try:
        text = with_entry(editor, file.text, host.path, entry, dropped=[(env_, name) for name in gone])
    except OtherShape as error:
        raise _of_another_kind(file, error) from None
    changed = file.raw is None or text != file.text
    backup = replaced(file, text) if changed else None
    said = [f"Wrote the entry {SERVER_NAME} to {file.said}. Restart {host.title}."]
    if not changed:
        said = [f"The entry {SERVER_NAME} in {file.said} is as it should be: nothing was written."]
    if backup:
        said.append(f"The file as it was before the first time is kept as {backup.name}.")
    if gone:
        said.append(f"Taken out of its {env_}, as it can have other code run: {_listed(gone)}.")
    told = _report(host, entry, fresh, emulator=emulator, in_file=in_file)
    return "\n".join([*said, *told, *_elsewhere(editor, host, file.path)]) + "\n"


def _brought_up(
    host: Host, file: HostFile, before: dict[str, Any], fresh: dict[str, Any], scope: Scope | None
) -> dict[str, Any]:
    """The entry that is there with what is written anew.

    Raises:
        ConfigureError: it is one of a project's file, and not as this command would have written it.
    """
    if (scope or host.scope) is Scope.USER:
        return renewed(host, before, fresh)
    entry, strange = renewed_of_project(host, before, fresh, carried(os.environ))
    if strange:
        raise ConfigureError(
            f"The entry {SERVER_NAME} in {file.said} holds what this shell does not say, and others may have written "
            f"the file of a project: {_listed(strange)}. Nothing was written. Take that out by hand, or the whole "
            "entry with --remove --scope project, and run this again."
        )
    return entry


def _listed(names: Iterable[object]) -> str:
    """What a file says, in words: it may hold anything, and a terminal takes some of it for commands."""
    texts = ("".join(sign if sign.isprintable() else "?" for sign in str(name)) for name in names)
    return ", ".join(text if len(text) <= 100 else f"{text[:99]}…" for text in texts)


def removed(host: Host, *, scope: Scope | None = None) -> str:
    """Take the entry out of the host's file; says what was done.

    Raises:
        ConfigureError: the present file is not of its format, or cannot be written; it is as it was.
    """
    if host.remote:
        return f"{host.title} reads no file of this machine: remove the server in {host.title} itself.\n"
    editor, file = editor_of(host.format), _opened(host, scope)
    if _present(editor, host, file) is None:
        return f"There is no entry {SERVER_NAME} in {file.said}: nothing was written.\n"
    text = _as_before(editor, host, file)
    if text is None:
        try:
            text = without_entry(editor, file.text, host.path)
        except OtherShape as error:
            raise _of_another_kind(file, error) from None
    backup = replaced(file, text)
    kept = f" The file as it was before the first time is kept as {backup.name}." if backup else ""
    return f"Removed the entry {SERVER_NAME} from {file.said}. Restart {host.title}.{kept}\n"


def _elsewhere(editor: Editor, host: Host, written: Path) -> list[str]:
    """The host's other file, where it has this server too: hosts start both, or take the project's."""
    said = []
    for scope in Scope:
        try:
            file = _opened(host, scope)
            if file.path != written and found(editor.read(file.text), host.path) is not None:
                said.append(
                    f"{file.path} has an entry {SERVER_NAME} too: --remove --scope {scope} takes it out."
                )
        except (ConfigureError, BrokenText, OtherShape):
            continue
    return said


def _opened(host: Host, scope: Scope | None) -> HostFile:
    """The host's file; that of a project is one of this folder, wherever its links lead."""
    in_project = (scope or host.scope) is Scope.PROJECT
    return opened(_path(host, scope), within=Path.cwd() if in_project else None)


def _path(host: Host, scope: Scope | None) -> Path:
    path = located(
        host,
        scope or host.scope,
        home=str(Path.home()),
        folder=str(Path.cwd()),
        environ=os.environ,
        system=system_of(sys.platform),
    )
    if path is None:
        raise ConfigureError(f"{host.title} has no file of a {scope}: leave --scope out.")
    return Path(path)


def _present(editor: Editor, host: Host, file: HostFile) -> dict[str, Any] | None:
    """The entry that is there.

    Raises:
        ConfigureError: the file is not of its format, or holds something else where the entry belongs.
    """
    try:
        present = found(editor.read(file.text), host.path)
    except BrokenText as error:
        raise ConfigureError(
            f"{file.path} is not {host.format.upper()}, {error}. It was left as it is: correct that first, or put in "
            "what --print shows."
        ) from None
    except OtherShape as error:
        raise _of_another_kind(file, error) from None
    if present is not None and not isinstance(present, dict):
        raise _of_another_kind(file, OtherShape(SERVER_NAME))
    return present


def _of_another_kind(file: HostFile, error: OtherShape) -> ConfigureError:
    name = str(error) or "what it holds"
    return ConfigureError(
        f"In {file.path}, {name} is not an object that this command can edit. It was left as it is: correct that "
        "first, or put in what --print shows."
    )


def _as_before(editor: Editor, host: Host, file: HostFile) -> str | None:
    """What the file said before the first time, if all that differs is what this command put in."""
    first = file.first_text()
    try:
        if first is None or found(editor.read(first), host.path) is not None:
            return None
        entry = found(editor.read(file.text), host.path)
        return first if with_entry(editor, first, host.path, entry) == file.text else None
    except (BrokenText, OtherShape):
        return None


def _report(
    host: Host,
    written: dict[str, Any],
    fresh: dict[str, Any],
    *,
    emulator: bool,
    in_file: frozenset[str] = frozenset(),
) -> list[str]:
    """What it starts, what stayed, and what is missing; values only of what decides who may do what, and where."""
    env, new = written.get(host.word("env"), {}), fresh.get(host.word("env"), {})
    command = [written.get(host.word("command"), ""), *written.get(host.word("args"), [])]
    lines = [f"It starts: {' '.join(_listed([word]) for word in command)}"]
    set_now = [name for name in env if env[name] == new.get(name)]
    stayed = [name for name in env if name not in set_now]
    others = [key for key in written if key not in fresh and key != host.word("env")]
    if set_now:
        lines.append(f"Set in its {host.word('env')} from this shell: {', '.join(set_now)}.")
    if stayed or others:
        kept = [*(_with_value(name, env[name]) for name in stayed), *others]
        lines.append(f"Kept as they stood in the entry: {_listed(kept)}.")
    differing = [name for name in stayed if name in new]
    if differing:
        lines.append(
            f"This shell has another value for {', '.join(differing)}: edit the file if that one is meant."
        )
    if emulator:
        return [*lines, "It runs on the built-in emulator."]
    return [*lines, *_missing({name for name in env if env[name]} | in_file), *_not_taken()]


def _with_value(name: str, value: object) -> str:
    if not _SHOWN.fullmatch(name):
        return name
    if name.upper().endswith("_URL") and url_problem(name, str(value)):
        return f"{name} (which is no plain URL)"
    return f"{name}={value}"


def _missing(names: set[str] | frozenset[str]) -> list[str]:
    """What the server does not work without; a profile says all of that."""
    if "AEP_PROFILE" in names:
        return []
    credentials = any(map(_CREDENTIAL.fullmatch, names))
    wanted = [] if credentials else ["AEP_CONFIG_FILE"]
    wanted += [] if names & {"AEP_SANDBOX", "AEP_SANDBOXES"} else ["AEP_SANDBOX"]
    return [f"Not set, so add to its env or configure again with: {', '.join(wanted)}."] if wanted else []


def _not_taken() -> list[str]:
    names = held_back(os.environ)
    if not names:
        return []
    return [
        f"This shell has {_listed(names)}, which no host's file is given: put Adobe's credentials into the file that "
        "AEP_CONFIG_FILE names, a secret into a file of its own (AEP_CLIENT_SECRET_FILE) or into the keyring "
        "(`aep-flow-mcp credentials set`), and configure again."
    ]
