"""The commands. Starts fast: each command imports what it needs when it runs."""

from __future__ import annotations

import gc
import logging
import os
import sys
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from enum import StrEnum
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from aep_flow_mcp import code_command
from aep_flow_mcp.audit_command import audit_app
from aep_flow_mcp.command_settings import EnvFile, settings_by_profile, stop
from aep_flow_mcp.command_settings import emulator_settings as emulator_settings
from aep_flow_mcp.credentials.command import credentials_app

if TYPE_CHECKING:
    from aep_flow_mcp.emulator import EmulatorOptions, Variants
    from aep_flow_mcp.server import FlowServer
    from aep_flow_mcp.serving.signing_in.parts import SignIn
    from aep_flow_mcp.settings import Settings
    from aep_flow_mcp.snapshot_command import StandIn

app = typer.Typer(
    name="aep-flow-mcp",
    help="An MCP server for the data pipelines of Adobe Experience Platform.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

app.add_typer(audit_app, name="audit")
app.add_typer(credentials_app, name="credentials")
for command in (code_command.export, code_command.plan, code_command.apply, code_command.drift):
    app.command()(command)

Profile = Annotated[
    list[str] | None,
    typer.Option(
        "--profile", help="A profile of the file of profiles; again for more, or all.", show_default=False
    ),
]


SnapshotFile = Annotated[
    Path | None,
    typer.Option("--snapshot", help="Answer from this file of the command snapshot.", show_default=False),
]


_COLLECT_AFTER = (10_000, 20, 20)
"""Objects that are made between two collections, and collections between two of what has grown old. With Python's own
numbers a sweep over thousands of flows spends a fifth of its time on looking for garbage that is not there. This is for
a process of our own: a server inside of somebody's program changes nothing there."""


class Transport(StrEnum):
    """How clients reach the server."""

    STDIO = "stdio"
    HTTP = "http"


@app.callback()
def _commands(profile: Profile = None) -> None:
    """An MCP server for the data pipelines of Adobe Experience Platform."""
    if profile:
        os.environ["AEP_PROFILE"] = ",".join(profile)  # as if it had been set: each command reads it there


@app.command()
def version() -> None:
    """Print the version."""
    from aep_flow_mcp import __version__

    print(__version__)


@app.command()
def serve(
    emulator: Annotated[bool, typer.Option("--emulator", help="Answer from the built-in emulator.")] = False,
    transport: Annotated[
        Transport, typer.Option(help="stdio, or http with --host and --port.")
    ] = Transport.STDIO,
    host: Annotated[str, typer.Option(help="For http: the address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="For http: the port; the endpoint is /mcp.")] = 8000,
    snapshot: SnapshotFile = None,
    env_file: EnvFile = None,
    profile: Profile = None,
) -> None:
    """Run the MCP server."""
    copy = _opened(snapshot)
    by_profile = _by_profile(emulator=emulator or copy is not None, env_file=env_file, profile=profile)
    settings = next(iter(by_profile.values()))
    if copy is not None:
        settings = copy.settings(settings)
        by_profile = {"": settings}
    from aep_flow_mcp.logs import configure_logging

    configure_logging(settings.mcp_log_level)
    gc.set_threshold(*_COLLECT_AFTER)
    sign_in = _sign_in(settings, host, port) if transport is Transport.HTTP else None
    server = _server(settings, emulator=emulator, copy=copy, profiles=by_profile, sign_in=sign_in)
    configure_logging(settings.mcp_log_level, server.app.redactor)
    _warn_if_unattended(by_profile)
    _prepare_audit_log(settings)
    from aep_flow_mcp.serving.running import serve_stdio

    with copy.time() if copy else nullcontext():
        if transport is Transport.STDIO:
            serve_stdio(server)
        else:
            _serve_http(server, settings, host=host, port=port, sign_in=sign_in)


def _sign_in(settings: Settings, host: str, port: int) -> SignIn | None:
    from aep_flow_mcp.serving.listening import sign_in
    from aep_flow_mcp.settings import SettingsError

    try:
        return sign_in(settings, host, port)
    except SettingsError as error:
        stop(str(error))


def _serve_http(
    server: FlowServer, settings: Settings, *, host: str, port: int, sign_in: SignIn | None = None
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
        streamable_http_path="/mcp",
        transport_security=http_security(settings, host, port),
    )


def _prepare_audit_log(settings: Settings) -> None:
    """Stop if it cannot be written; say what an earlier process was cut off in."""
    if settings.mcp_audit_log is None:
        return
    import anyio

    from aep_flow_mcp.guard.execution.audit import Audit, AuditError
    from aep_flow_mcp.guard.execution.unfinished import report

    audit = Audit(settings.mcp_audit_log)
    try:
        audit.check()
        for sentence in anyio.run(report, audit):
            # At any log level: it is about what happened to data.
            logging.getLogger(__name__).critical(sentence)
    except AuditError as error:
        stop(str(error))


def _warn_if_unattended(by_profile: dict[str, Settings]) -> None:
    from aep_flow_mcp.settings import ApprovalMode

    for profile, settings in by_profile.items():
        if settings.mcp_approval is not ApprovalMode.NONE:
            return  # the guard is only imported when there is something to say
        from aep_flow_mcp.guard import unattended_warning

        warning = unattended_warning(settings)
        if warning:
            # At any log level: it is about what happens to data.
            logging.getLogger(__name__).critical(f"Profile {profile}: {warning}" if profile else warning)


def _settings(*, emulator: bool, env_file: Path | None, profile: list[str] | None = None) -> Settings:
    """The settings of a command that is about one organisation."""
    by_profile = _by_profile(emulator=emulator, env_file=env_file, profile=profile)
    if len(by_profile) > 1:
        stop(f"This command takes one profile: name it with --profile, one of {', '.join(by_profile)}.")
    return next(iter(by_profile.values()))


def _by_profile(*, emulator: bool, env_file: Path | None, profile: list[str] | None) -> dict[str, Settings]:
    from aep_flow_mcp.settings import SettingsError

    try:
        return settings_by_profile(emulator=emulator, env_file=env_file, names=profile or ())
    except SettingsError as error:
        stop(str(error))


def _server(
    settings: Settings,
    *,
    emulator: bool,
    copy: StandIn | None = None,
    profiles: dict[str, Settings] | None = None,
    sign_in: SignIn | None = None,
) -> FlowServer:
    from aep_flow_mcp.server import build_server
    from aep_flow_mcp.settings import SettingsError

    callers: Any = {"auth": sign_in.auth, "token_verifier": sign_in.tokens} if sign_in else {}
    try:
        if copy is not None:
            return build_server(
                settings, transport=copy.transport, emulated=True, snapshot=copy.words, **callers
            )
        transport = emulator_transport if emulator else None
        return build_server(settings, transport=transport, emulated=emulator, profiles=profiles, **callers)
    except SettingsError as error:
        stop(str(error))


def _opened(
    path: Path | None,
    *,
    options: EmulatorOptions | None = None,
    clock: Callable[[], datetime] | None = None,
) -> StandIn | None:
    """The snapshot that stands in for Adobe, if one is named."""
    if path is None:
        return None
    from aep_flow_mcp.snapshot_command import SnapshotFailed, stand_in

    try:
        return stand_in(path, options, clock)
    except SnapshotFailed as error:
        stop(str(error))


@app.command()
def snapshot(
    file: Annotated[Path, typer.Argument(help="The file to write.")],
    sandbox: Annotated[str | None, typer.Option(help="One of the configured ones; else the first.")] = None,
    days: Annotated[int, typer.Option(help="Runs of this many days.")] = 30,
    pseudonyms: Annotated[
        bool, typer.Option("--pseudonyms", help="Replace names, people and places.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file.")] = False,
    emulator: Annotated[bool, typer.Option("--emulator", help="Read the built-in emulator.")] = False,
    env_file: EnvFile = None,
    profile: Profile = None,
) -> None:
    """Read a sandbox into one file, without credentials and records, to rehearse on (serve --snapshot FILE)."""
    from aep_flow_mcp.snapshot_command import SnapshotFailed, take

    settings = _settings(emulator=emulator, env_file=env_file, profile=profile)
    transport = emulator_transport if emulator else None
    try:
        take(
            settings,
            file,
            sandbox=sandbox,
            days=days,
            pseudonyms=pseudonyms,
            force=force,
            transport=transport,
        )
    except SnapshotFailed as error:
        stop(str(error))


def emulator_transport() -> Any:
    """An HTTP transport that ends in an emulator inside this process."""
    from aep_flow_mcp.emulator import Emulator, EmulatorOptions
    from aep_flow_mcp.emulator.asgi import EmulatorTransport

    return EmulatorTransport(Emulator(EmulatorOptions()))


@app.command()
def emulator(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port; 0 takes a free one.")] = 8080,
    seed: Annotated[int, typer.Option(help="Same seed, same organisation.")] = 7,
    latency: Annotated[float, typer.Option(help="Seconds that every answer waits.")] = 0.0,
    flows: Annotated[int, typer.Option(help="Add this many generated flows (with --runs).")] = 0,
    runs: Annotated[int, typer.Option(help="Add this many generated runs (with --flows).")] = 0,
    variant: Annotated[list[str] | None, typer.Option(help="NAME=VALUE: another documented answer.")] = None,
    now: Annotated[str | None, typer.Option(help="An ISO 8601 time at which the clock stands still.")] = None,
    snapshot: SnapshotFile = None,
) -> None:
    """Run the emulated Flow Service alone, for any HTTP client."""
    import uvicorn

    from aep_flow_mcp.emulator import Emulator, EmulatorOptions, Scale

    scale = Scale(flows=flows, runs=runs) if flows or runs else None
    options = EmulatorOptions(seed=seed, latency=latency, scale=scale, variants=_variants(variant))
    clock = _standing_clock(now) if now else None
    copy = _opened(snapshot, options=options, clock=clock)
    emulated = copy.emulated if copy else Emulator(replace(options, clock=clock) if clock else options)
    if copy:
        print(f"This is a {copy.words}.", file=sys.stderr)
    print(f"Flow Service emulator on http://{host}:{port} (IMS: /ims/token/v3)", file=sys.stderr)
    uvicorn.run(emulated.app, host=host, port=port, log_level="warning")


def _standing_clock(text: str) -> Callable[[], datetime]:
    """A clock that shows one time; without a time zone it is UTC."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        stop(f"--now takes an ISO 8601 time such as 2026-03-02T09:00:00Z, not {text!r}.")
    at = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return lambda: at


def _variants(given: list[str] | None) -> Variants:
    """The switches of `--variant NAME=VALUE`; a wrong one stops with what there is."""
    from dataclasses import fields
    from typing import get_args, get_type_hints

    from aep_flow_mcp.emulator import Variants

    hints = get_type_hints(Variants)
    known = {field.name: get_args(hints[field.name]) for field in fields(Variants)}
    chosen: dict[str, Any] = {}
    for item in given or []:
        name, _, value = item.partition("=")
        if name not in known:
            stop(f"--variant takes one of: {', '.join(known)}.")
        fitting = [choice for choice in known[name] if str(choice) == value]
        if not fitting:
            stop(f"--variant {name} takes one of: {', '.join(map(str, known[name]))}.")
        chosen[name] = fitting[0]
    return Variants(**chosen)


@app.command()
def demo() -> None:
    """Ask the server real questions about an emulated organisation, over stdio, and show the answers."""
    from aep_flow_mcp.demo import run_demo

    sys.exit(run_demo())


@app.command()
def doctor(
    emulator: Annotated[
        bool, typer.Option("--emulator", help="Check the built-in emulator instead.")
    ] = False,
    env_file: EnvFile = None,
    profile: Profile = None,
) -> None:
    """Check the configuration: settings, credentials, token, sandbox, permissions, writes. Exits 1 with the fixes."""
    from aep_flow_mcp.doctor import failed, run_doctor
    from aep_flow_mcp.settings import SettingsError

    try:
        by_profile = settings_by_profile(emulator=emulator, env_file=env_file, names=profile or ())
    except SettingsError as error:
        sys.exit(failed("settings", str(error)))
    sys.exit(run_doctor(by_profile, transport=emulator_transport if emulator else None))


@app.command()
def configure(
    host: Annotated[
        str | None, typer.Argument(help="Without one, the hosts are listed.", show_default=False)
    ] = None,
    emulator: Annotated[bool, typer.Option("--emulator", help="Start it on the built-in emulator.")] = False,
    only_print: Annotated[
        bool, typer.Option("--print", help="Only print the entry; read and write nothing.")
    ] = False,
    remove: Annotated[bool, typer.Option("--remove", help="Take the entry out again.")] = False,
    scope: Annotated[
        str | None,
        typer.Option(
            help="user (the default, but for claude-code) or project: the file of this folder.",
            show_default=False,
        ),
    ] = None,
    env_file: EnvFile = None,
) -> None:
    """Put this server into the configuration of an MCP host, with the AEP_ variables of this shell but no secret."""
    from aep_flow_mcp.configuring.command import answered
    from aep_flow_mcp.configuring.problems import ConfigureError

    try:
        said = answered(
            host, remove=remove, only_print=only_print, emulator=emulator, scope=scope, env_file=env_file
        )
    except ConfigureError as error:
        stop(str(error))
    print(said, end="")


def main() -> None:
    """The command `aep-flow-mcp`."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # A console of an old code page cannot show every name: it shows the number of such a character.
            stream.reconfigure(errors="backslashreplace")
    app()
