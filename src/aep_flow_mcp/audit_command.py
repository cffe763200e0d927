"""The commands that read the audit log."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from aep_flow_mcp.command_settings import EnvFile, of_the_process, stop

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
    from aep_flow_mcp.guard.execution.unfinished import may_still_run, read_unfinished

    # The log is one for all profiles, so that none has to be named, or to be there.
    path = file or of_the_process(env_file).mcp_audit_log
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
