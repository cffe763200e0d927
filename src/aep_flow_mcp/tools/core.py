"""The server about itself, and one flow with everything around it."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

import anyio
from mcp.server.mcpserver import Context
from pydantic import BaseModel, Field

from aep_flow_mcp import __version__
from aep_flow_mcp.app import App
from aep_flow_mcp.insight.description import describe
from aep_flow_mcp.insight.shapes import FlowDescription
from aep_flow_mcp.platform.errors import PlatformError
from aep_flow_mcp.platform.models.neighbours import Sandbox
from aep_flow_mcp.settings import Settings
from aep_flow_mcp.tools.answers import Answer
from aep_flow_mcp.tools.dependencies import AppState, Reader, current_reader
from aep_flow_mcp.tools.describe import gather_flow
from aep_flow_mcp.tools.params import FlowId
from aep_flow_mcp.tools.registry import Toolset, read_tool
from aep_flow_mcp.tools.times import now

PATIENCE = 5.0
"""Seconds that the question for the sandbox's type may take: what the settings say does not wait longer."""

LastRuns = Annotated[int, Field(ge=1, le=50)]


class SandboxInfo(BaseModel):
    """A sandbox that tools may name. `type` is what Adobe says, None where it could not be asked."""

    name: str
    type: str | None = None
    state: str | None = None


class ServerInfo(Answer):
    """How this server is set up. `connection` is `ok`, or the sentence that says what is wrong and how to fix it.

    Nothing in here is a secret.
    """

    version: str
    mode: str
    connection: str
    sandbox: str | None = None
    sandbox_type: str | None = None
    other_sandboxes: list[SandboxInfo] = Field(default_factory=list)
    platform_host: str | None = None
    organisation: str | None = None
    client_id: str | None = None
    authentication: str
    read_only: bool
    approval: str
    production_writes: bool
    toolsets: list[str]
    tools: list[str] = Field(default_factory=list)
    excluded_tools: list[str] = Field(default_factory=list)
    audit_log: bool
    log_level: str


@read_tool("core")
async def get_server_info(app: AppState, ctx: Context) -> ServerInfo:  # type: ignore[type-arg]
    """This server's sandbox and its type, sign-in state, and what it may write. Works without credentials."""
    settings = app.settings
    connection, sandboxes = await _reach(ctx)
    types = {sandbox.name: sandbox for sandbox in sandboxes}
    sandbox, *others = settings.all_sandboxes or (None,)
    config = app.config
    credentials = config.credentials
    return ServerInfo(
        version=__version__,
        mode="emulator (invented data, nothing reaches Adobe)" if app.emulated else "Adobe",
        connection=connection,
    )
