"""The server about itself."""

from __future__ import annotations

from urllib.parse import urlsplit

import anyio
from pydantic import BaseModel

from aep_flow_mcp import __version__
from aep_flow_mcp.answers.text import Answer
from aep_flow_mcp.callers import person
from aep_flow_mcp.platform.auth import HOW_TO_SIGN_IN
from aep_flow_mcp.platform.config import PlatformConfig
from aep_flow_mcp.platform.errors import PlatformError
from aep_flow_mcp.platform.models.neighbours import Sandbox
from aep_flow_mcp.platform.reader import FlowReader
from aep_flow_mcp.surface.dependencies import AppState, Reader
from aep_flow_mcp.surface.registry import Toolset, read_tool

_EMULATOR = "emulator: invented data, nothing reaches Adobe"
PATIENCE = 5.0
"""Seconds for asking Adobe about the sandboxes; what the settings say does not wait for longer."""


class SandboxRow(BaseModel):
    """A sandbox that tools may name; `type` and `state` are Adobe's, None where they could not be asked."""

    name: str
    type: str | None = None
    state: str | None = None


class ServerInfo(Answer):
    """How this server is set up; nothing in here is a secret.

    `connection` is `ok`, or the sentence that says what is wrong and how to put it right. `signed_in`: over HTTP, who
    calls and what they may do here; None where nobody signs in.
    """

    version: str
    mode: str
    platform_host: str | None = None
    connection: str
    authentication: str
    organisation: str | None = None
    client_id: str | None = None
    sandbox: str | None = None
    sandboxes: list[SandboxRow]
    read_only: bool
    approval: str
    production_writes: bool
    toolsets: list[str]
    further_tools: list[str]
    excluded_tools: list[str]
    audit_log: bool
    log_level: str
    signed_in: str | None = None


@read_tool("core")
async def get_server_info(app: AppState, aep: Reader) -> ServerInfo:
    """This server: sandboxes and their types, sign-in, what may be written. Works without credentials."""
    settings, config = app.settings, app.client.config
    connection, sandboxes = await _ask_adobe(aep, config)
    return ServerInfo(
        version=__version__,
        mode=app.snapshot or (_EMULATOR if app.emulated else "Adobe"),
        platform_host=urlsplit(config.platform_url).hostname,
        connection=connection,
        authentication=_authentication(config),
        organisation=config.credentials.org_id if config.credentials else None,
        client_id=config.credentials.client_id if config.credentials else None,
        sandbox=aep.sandbox,
        sandboxes=[_sandbox_row(name, sandboxes) for name in config.known_sandboxes],
        read_only=settings.mcp_read_only,
        approval=settings.mcp_approval.value,
        production_writes=settings.mcp_allow_production_writes,
        toolsets=list(settings.mcp_toolsets)
        or ([] if settings.mcp_tools else [toolset.value for toolset in Toolset]),
        further_tools=list(settings.mcp_tools),
        excluded_tools=list(settings.mcp_exclude_tools),
        audit_log=settings.mcp_audit_log is not None,
        log_level=settings.mcp_log_level.upper(),
        signed_in=_signed_in(),
    )


def _signed_in() -> str | None:
    someone = person()
    if someone is None:
        return None
    may = ", ".join(sorted(someone.abilities))
    return f"{someone.name or someone.subject} ({someone.subject} at {someone.issuer}): may {may}"


def _authentication(config: PlatformConfig) -> str:
    if config.credentials is None:
        return f"missing. {config.credentials_problem or ''} {HOW_TO_SIGN_IN}.".replace("  ", " ")
    if config.credentials.access_token is not None:
        return "access token from AEP_ACCESS_TOKEN"
    return "OAuth server-to-server"


async def _ask_adobe(aep: FlowReader, config: PlatformConfig) -> tuple[str, dict[str, Sandbox]]:
    """What `connection` says, and the sandboxes that the credential may use, by name."""
    if config.credentials is None:
        return "not tried, credentials are missing", {}
    found: list[Sandbox] | None = None
    with anyio.move_on_after(PATIENCE):
        try:
            found = await aep.neighbours.list_sandboxes()
        except PlatformError as error:
            return str(error), {}
    if found is None:
        return f"no answer within {PATIENCE:g} seconds", {}
    named = {sandbox.name: sandbox for sandbox in found}
    if aep.sandbox is None:
        return f"No sandbox is configured: set AEP_SANDBOX to one of {', '.join(named)}.", named
    if aep.sandbox not in named:
        return (
            f"The credential may not use sandbox {aep.sandbox}, or there is none of that name; "
            f"it may use: {', '.join(named) or 'none'}.",
            named,
        )
    return "ok", named


def _sandbox_row(name: str, known: dict[str, Sandbox]) -> SandboxRow:
    sandbox = known.get(name)
    return SandboxRow(
        name=name, type=sandbox.type if sandbox else None, state=sandbox.state if sandbox else None
    )
