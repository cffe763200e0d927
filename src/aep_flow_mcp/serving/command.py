"""What the command `serve` is made of: each part of a server that a setting asks for, or the sentence that stops it."""

from __future__ import annotations

import logging
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from aep_flow_mcp.command_settings import emulator_transport, stop

if TYPE_CHECKING:
    from aep_flow_mcp.replicas import Shared
    from aep_flow_mcp.server import FlowServer
    from aep_flow_mcp.serving.signing_in.parts import SignIn
    from aep_flow_mcp.serving.telemetry import Telemetry
    from aep_flow_mcp.settings import Settings
    from aep_flow_mcp.snapshot_command import StandIn


class Transport(StrEnum):
    """How clients reach the server."""

    STDIO = "stdio"
    HTTP = "http"


def telemetry_of(settings: Settings, *, over_http: bool) -> Telemetry | None:
    """What is counted and traced; nothing is imported where nothing is asked for."""
    if not settings.mcp_traces and (settings.mcp_metrics_port is None or not over_http):
        return None
    from aep_flow_mcp.serving.telemetry import telemetry
    from aep_flow_mcp.settings import SettingsError

    try:
        return telemetry(settings, over_http=over_http)
    except SettingsError as error:
        stop(str(error))


def sign_in_of(settings: Settings, host: str, port: int, *, over_http: bool) -> SignIn | None:
    """How callers sign in, over HTTP; on stdio the server belongs to who started it."""
    if not over_http and settings.mcp_approvers == "caller":
        return None
    from aep_flow_mcp.serving.listening import check_approvers, sign_in
    from aep_flow_mcp.settings import SettingsError

    try:
        if not over_http:
            check_approvers(settings, over_http=False)
        return sign_in(settings, host, port)
    except SettingsError as error:
        stop(str(error))


def shared_of(settings: Settings, transport: Transport) -> Shared | None:
    """What replicas have in common; over stdio a process has one client, and none."""
    if not settings.replicated and transport is Transport.STDIO:
        return None
    from aep_flow_mcp.replicas import shared
    from aep_flow_mcp.settings import SettingsError

    try:
        found = shared(settings)
    except SettingsError as error:
        stop(str(error))
    if found is None or transport is Transport.HTTP:
        return found
    logging.getLogger(__name__).warning(
        "AEP_MCP_REDIS_URL is for servers over HTTP: over stdio this process keeps what outlives a call by itself."
    )
    return None


def serve_over_http(
    server: FlowServer,
    settings: Settings,
    *,
    host: str,
    port: int,
    sign_in: SignIn | None = None,
    telemetry: Telemetry | None = None,
) -> None:
    from aep_flow_mcp.serving.listening import check_address, http_security
    from aep_flow_mcp.serving.running import serve_http
    from aep_flow_mcp.settings import SettingsError

    try:
        warning = check_address(settings, host)
    except SettingsError as error:
        stop(str(error))
    if warning:
        logging.getLogger(__name__).critical(warning)
    serve_http(
        server,
        host=host.strip("[]"),
        port=port,
        sign_in=sign_in,
        telemetry=telemetry,
        streamable_http_path="/mcp",
        transport_security=http_security(settings, host, port),
    )


def prepare_audit_log(settings: Settings, transport: Transport) -> None:
    """Stop if it cannot be written; say what an earlier process was cut off in."""
    if settings.mcp_audit_log is None:
        return
    import anyio

    from aep_flow_mcp.guard.execution.audit import Audit, AuditError
    from aep_flow_mcp.guard.execution.unfinished import report

    audit = Audit(settings.mcp_audit_log, replica=settings.mcp_replica)
    if audit.streams and transport is Transport.STDIO:
        stop(
            "AEP_MCP_AUDIT_LOG=- is the standard output, which over stdio belongs to the protocol: name a file, or "
            "serve over HTTP."
        )
    try:
        audit.check()
        for sentence in anyio.run(report, audit):
            # At any log level: it is about what happened to data.
            logging.getLogger(__name__).critical(sentence)
    except AuditError as error:
        stop(str(error))


def warn_if_unattended(by_profile: dict[str, Settings]) -> None:
    from aep_flow_mcp.settings import ApprovalMode

    for profile, settings in by_profile.items():
        if settings.mcp_approval is not ApprovalMode.NONE:
            return  # the guard is only imported when there is something to say
        from aep_flow_mcp.guard import unattended_warning

        warning = unattended_warning(settings)
        if warning:
            # At any log level: it is about what happens to data.
            logging.getLogger(__name__).critical(f"Profile {profile}: {warning}" if profile else warning)


def server_of(
    settings: Settings,
    *,
    emulator: bool,
    copy: StandIn | None = None,
    profiles: dict[str, Settings] | None = None,
    sign_in: SignIn | None = None,
    telemetry: Telemetry | None = None,
    shared: Shared | None = None,
) -> FlowServer:
    from aep_flow_mcp.server import build_server
    from aep_flow_mcp.settings import SettingsError

    callers: Any = dict(sign_in.for_server) if sign_in else {}
    if telemetry is not None:
        callers["observer"] = telemetry.observer
    callers["shared"] = shared
    try:
        if copy is not None:
            return build_server(
                settings, transport=copy.transport, emulated=True, snapshot=copy.words, **callers
            )
        transport = emulator_transport if emulator else None
        return build_server(settings, transport=transport, emulated=emulator, profiles=profiles, **callers)
    except SettingsError as error:
        stop(str(error))
