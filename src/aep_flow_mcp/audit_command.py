"""The commands that read the audit log."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aep_flow_mcp.command_settings import EnvFile, of_the_process, stop

if TYPE_CHECKING:
    from aep_flow_mcp.guard.execution.verifying import Finding, Verdict

audit_app = typer.Typer(help="Read the audit log.", no_args_is_help=True)


@audit_app.callback()
def _audit() -> None:
    """Read the audit log."""


@audit_app.command()
def unfinished(
    file: Annotated[Path | None, typer.Argument(help="The log; AEP_MCP_AUDIT_LOG if left out.")] = None,
    env_file: EnvFile = None,
) -> None:
    """List writes that were begun and have no end in the log, with what they left or may have left."""
    from aep_flow_mcp.guard.execution.processes import may_still_run
    from aep_flow_mcp.guard.execution.unfinished import read_unfinished

    # The log is one for all profiles, so that none has to be named, or to be there.
    path = file or _configured(env_file)
    if path is None:
        stop("audit unfinished takes a FILE, or AEP_MCP_AUDIT_LOG.")
    try:
        found = read_unfinished(path)
    except OSError as error:
        stop(f"The audit log {path} cannot be read: {error.strerror or type(error).__name__}.")
    for attempt in found.attempts:
        running = " Its process still runs." if may_still_run(attempt.process) else ""
        print(f"{attempt.sentence()}{running}")
    if not found.attempts:
        print("Every attempt in the log has an end.")
    if found.unreadable:
        print(f"{found.unreadable} line(s) of the log could not be read.")


@audit_app.command()
def verify(
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="FILE...", help="The log, or its files, oldest first; AEP_MCP_AUDIT_LOG if left out."
        ),
    ] = None,
    last: Annotated[
        str | None,
        typer.Option(
            "--last", metavar="HASH", help="A last hash that was noted elsewhere: it has to be in the log."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    env_file: EnvFile = None,
) -> None:
    """Find lines of the log that were changed, removed, inserted or put elsewhere. Exits 1 if there are any."""
    from aep_flow_mcp.guard.execution.verifying import verify as verified

    configured = None if files else _configured(env_file)
    paths = files or ([configured] if configured else [])
    if not paths:
        stop("audit verify takes a FILE, or AEP_MCP_AUDIT_LOG.")
    noted = last.strip().lower() if last is not None else None
    if noted is not None and not re.fullmatch("[0-9a-f]{64}", noted):
        stop("--last takes a hash as audit verify prints it: 64 hexadecimal digits.")
    try:
        found = verified(paths, noted=noted)
    except OSError as error:
        of = error.filename or ", ".join(map(str, paths))
        stop(f"The audit log {of} cannot be read: {error.strerror or type(error).__name__}.")
    print(json.dumps(found.as_json()) if as_json else "\n".join(_said(found, several=len(paths) > 1)))
    raise typer.Exit(0 if found.good else 1)


def _said(found: Verdict, *, several: bool) -> list[str]:
    """The lines of the answer."""

    def line(finding: Finding) -> str:
        of = f"{finding.file}, " if several else ""
        return f"{of}line {finding.line}: {finding.what}." if finding.line else f"{of}{finding.what}."

    said = [*map(line, found.problems), *map(line, found.notes)]
    if not found.good:
        return [
            *said,
            f"{len(found.problems)} finding(s) in {found.lines} line(s): this is not what was written.",
        ]
    if found.last is None:
        return said
    began = f", the chain from line {found.first} on" if found.first != 1 else ""
    return [*said, f"{found.lines} line(s) are as they were written{began}.", f"Last hash: {found.last}"]


def _configured(env_file: Path | None) -> Path | None:
    """The file that the settings name; what went to the standard output is in no file that is known here."""
    path = of_the_process(env_file).mcp_audit_log
    return None if path == Path("-") else path
