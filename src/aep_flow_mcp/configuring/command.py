"""`aep-flow-mcp configure HOST`: put this server into the configuration of an MCP host, show that, or take it out.

What else the file holds stays to the byte, and so does what a person set in the entry itself; the file as it was
before the first time is kept beside it. No secret is ever written: credentials go in as the path of a file
(AEP_CONFIG_FILE), not as values.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aep_flow_mcp.configuring.editing import Editor, editor_of, found, with_entry, without_entry
from aep_flow_mcp.configuring.entry import renewed, server_entry
from aep_flow_mcp.configuring.files import HostFile, opened, replaced
from aep_flow_mcp.configuring.hosts import HOSTS, SERVER_NAME, Host, Scope, located, system_of
from aep_flow_mcp.configuring.problems import BrokenText, ConfigureError, OtherShape

_REMOTE = (
    "{title} starts no program on this machine and reads no file, so there is nothing to write: it reaches servers "
    "over HTTPS. Run `aep-flow-mcp serve --transport http` behind something that ends TLS and lets in only whom you "
    "mean, name it in AEP_MCP_ALLOWED_HOSTS, and give {title} the address, ending in /mcp ({source}).\n"
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
        return shown(host, emulator=emulator, env_file=env_file)
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


def shown(host: Host, *, emulator: bool, env_file: Path | None = None) -> str:
    """What belongs into the host's file, the entry alone: the file may hold the tokens of other servers."""
    if host.remote:
        return _REMOTE.format(title=host.title, source=host.source)
    entry = server_entry(host, emulator=emulator, environ=os.environ, env_file=env_file)
    return with_entry(editor_of(host.format), "", host.path, entry)


def configured(
    host: Host, *, emulator: bool, env_file: Path | None = None, scope: Scope | None = None
) -> str:
    """Write the configuration; says what was written, what stayed, and what is still missing.

    Raises:
        ConfigureError: the present file is not of its format, or cannot be written; it is as it was.
    """
    if host.remote:
        return _REMOTE.format(title=host.title, source=host.source)
    fresh = server_entry(host, emulator=emulator, environ=os.environ, env_file=env_file)
    editor, file = editor_of(host.format), opened(_path(host, scope))
    before = _present(editor, host, file)
    entry = renewed(host, before, fresh) if before else fresh
    try:
        text = with_entry(editor, file.text, host.path, entry)
    except OtherShape as error:
        raise _of_another_kind(file, error) from None
    changed = file.raw is None or text != file.text
    backup = replaced(file, text) if changed else None
    said = [f"Wrote the entry {SERVER_NAME} to {file.path}. Restart {host.title}."]
    if not changed:
        said = [f"The entry {SERVER_NAME} in {file.path} is as it should be: nothing was written."]
    if backup:
        said.append(f"The file as it was before the first time is kept as {backup.name}.")
    told = [*_report(host, entry, fresh, emulator=emulator), *_elsewhere(editor, host, file.path)]
    return "\n".join([*said, *told]) + "\n"


def removed(host: Host, *, scope: Scope | None = None) -> str:
    """Take the entry out of the host's file; says what was done.

    Raises:
        ConfigureError: the present file is not of its format, or cannot be written; it is as it was.
    """
    if host.remote:
        return f"{host.title} reads no file of this machine: remove the server in {host.title} itself.\n"
    editor, file = editor_of(host.format), opened(_path(host, scope))
    if _present(editor, host, file) is None:
        return f"There is no entry {SERVER_NAME} in {file.path}: nothing was written.\n"
    text = _as_before(editor, host, file)
    if text is None:
        try:
            text = without_entry(editor, file.text, host.path)
        except OtherShape as error:
            raise _of_another_kind(file, error) from None
    backup = replaced(file, text)
    kept = f" The file as it was before the first time is kept as {backup.name}." if backup else ""
    return f"Removed the entry {SERVER_NAME} from {file.path}. Restart {host.title}.{kept}\n"


def _elsewhere(editor: Editor, host: Host, written: Path) -> list[str]:
    """The host's other file, where it has this server too: hosts start both, or take the project's."""
    said = []
    for scope in Scope:
        try:
            file = opened(_path(host, scope))
            if file.path != written and found(editor.read(file.text), host.path) is not None:
                said.append(
                    f"{file.path} has an entry {SERVER_NAME} too: --remove --scope {scope} takes it out."
                )
        except (ConfigureError, BrokenText, OtherShape):
            continue
    return said


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


def _report(host: Host, written: dict[str, Any], fresh: dict[str, Any], *, emulator: bool) -> list[str]:
    """What it starts, what stayed, and what is missing; names of variables, never values."""
    env, new = written.get(host.word("env"), {}), fresh.get(host.word("env"), {})
    command = [written.get(host.word("command"), ""), *written.get(host.word("args"), [])]
    lines = [f"It starts: {' '.join(map(str, command))}"]
    set_now = [name for name in env if env[name] == new.get(name)]
    stayed = [name for name in env if name not in set_now]
    others = [key for key in written if key not in fresh and key != host.word("env")]
    if set_now:
        lines.append(f"Set in its {host.word('env')} from this shell: {', '.join(set_now)}.")
    if stayed or others:
        lines.append(f"Kept as they stood in the entry: {', '.join([*stayed, *others])}.")
    differing = [name for name in stayed if name in new]
    if differing:
        lines.append(
            f"This shell has another value for {', '.join(differing)}: edit the file if that one is meant."
        )
    return [*lines, *_missing(env, emulator=emulator)]


def _missing(env: Mapping[str, Any], *, emulator: bool) -> list[str]:
    if emulator:
        return ["It runs on the built-in emulator."]
    wanted = [name for name in ("AEP_CONFIG_FILE", "AEP_SANDBOX") if not env.get(name)]
    return [f"Not set, so add to its env or configure again with: {', '.join(wanted)}."] if wanted else []
