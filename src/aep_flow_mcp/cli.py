"""The commands. Starts fast: each command imports what it needs when it runs."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

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

audit_app = typer.Typer(help="Read the audit log.", no_args_is_help=True)
app.add_typer(audit_app, name="audit")

EMULATOR_URL = "https://emulator.invalid"
"""Where the emulator inside the process is said to be; nothing ever resolves it."""


EnvFile = Annotated[
    Path | None,
    typer.Option(
        "--env-file", help="Also read settings from this file; the environment wins.", show_default=False
    ),
]
"""An option and no variable: hosts start servers inside projects, and a project must not be able to name it."""


SnapshotFile = Annotated[
    Path | None,
    typer.Option("--snapshot", help="Answer from this file of the command snapshot.", show_default=False),
]


class Transport(StrEnum):
    """How clients reach the server."""

    STDIO = "stdio"
    HTTP = "http"


@app.callback()
def _commands() -> None:
    """An MCP server for the data pipelines of Adobe Experience Platform."""


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
) -> None:
    """Run the MCP server."""
    copy = _opened(snapshot)
    settings = _settings(emulator=emulator or copy is not None, env_file=env_file)
    if copy is not None:
        settings = copy.settings(settings)
    from aep_flow_mcp.logs import configure_logging

    configure_logging(settings.mcp_log_level)
    sign_in = _sign_in(settings, host, port) if transport is Transport.HTTP else None
    server = _server(settings, emulator=emulator, copy=copy, sign_in=sign_in)
    configure_logging(settings.mcp_log_level, server.app.redactor)
    _warn_if_unattended(settings)
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
        _stop(str(error))


def _serve_http(
    server: FlowServer, settings: Settings, *, host: str, port: int, sign_in: SignIn | None = None
) -> None:
    from aep_flow_mcp.serving.listening import check_address, http_security
    from aep_flow_mcp.serving.running import serve_http
    from aep_flow_mcp.settings import SettingsError

    try:
        warning = check_address(settings, host)
    except SettingsError as error:
        _stop(str(error))
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
        _stop(str(error))


def _warn_if_unattended(settings: Settings) -> None:
    from aep_flow_mcp.settings import ApprovalMode

    if settings.mcp_approval is not ApprovalMode.NONE:
        return  # the guard is only imported when there is something to say
    from aep_flow_mcp.guard import unattended_warning

    warning = unattended_warning(settings)
    if warning:
        # At any log level: it is about what happens to data.
        logging.getLogger(__name__).critical(warning)


def emulator_settings(*, env_file: Path | None = None, **overrides: Any) -> Settings:
    """The environment's settings with the emulator in Adobe's place: sandbox dev, no credentials needed."""
    from aep_flow_mcp.settings import Settings, read_settings

    asked = read_settings(env_file=env_file, **overrides)
    return Settings.model_construct(
        **{
            **dict(asked),
            "client_id": "emulator-client",
            "client_secret": _secret("emulator-secret"),
            "org_id": "0123456789ABCDEF01234567@AdobeOrg",
            "access_token": None,
            "config_file": None,
            "sandbox": asked.sandbox or "dev",
            "platform_url": EMULATOR_URL,
            "ims_url": EMULATOR_URL,
        }
    )


def _secret(text: str) -> Any:
    from pydantic import SecretStr

    return SecretStr(text)


def _settings(*, emulator: bool, env_file: Path | None) -> Settings:
    from aep_flow_mcp.settings import SettingsError

    try:
        return _read(emulator=emulator, env_file=env_file)
    except SettingsError as error:
        _stop(str(error))


def _read(*, emulator: bool, env_file: Path | None) -> Settings:
    from aep_flow_mcp.settings import read_settings

    named = env_file.expanduser() if env_file else None
    return emulator_settings(env_file=named) if emulator else read_settings(env_file=named)


def _server(
    settings: Settings, *, emulator: bool, copy: StandIn | None = None, sign_in: SignIn | None = None
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
        return build_server(settings, transport=transport, emulated=emulator, **callers)
    except SettingsError as error:
        _stop(str(error))


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
        _stop(str(error))


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
) -> None:
    """Read a sandbox into one file, without credentials and records, to rehearse on (serve --snapshot FILE)."""
    from aep_flow_mcp.snapshot_command import SnapshotFailed, take

    settings = _settings(emulator=emulator, env_file=env_file)
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
        _stop(str(error))


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
        _stop(f"--now takes an ISO 8601 time such as 2026-03-02T09:00:00Z, not {text!r}.")
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
            _stop(f"--variant takes one of: {', '.join(known)}.")
        fitting = [choice for choice in known[name] if str(choice) == value]
        if not fitting:
            _stop(f"--variant {name} takes one of: {', '.join(map(str, known[name]))}.")
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
) -> None:
    """Check the configuration: settings, credentials, token, sandbox, permissions, writes. Exits 1 with the fixes."""
    from aep_flow_mcp.doctor import failed, run_doctor
    from aep_flow_mcp.settings import SettingsError

    try:
        settings = _read(emulator=emulator, env_file=env_file)
    except SettingsError as error:
        sys.exit(failed("settings", str(error)))
    sys.exit(run_doctor(settings, transport=emulator_transport if emulator else None))


@app.command()
def configure(
    host: Annotated[str, typer.Argument(help="claude-desktop, claude-code, cursor or vscode.")],
    emulator: Annotated[bool, typer.Option("--emulator", help="Start it on the built-in emulator.")] = False,
    only_print: Annotated[
        bool, typer.Option("--print", help="Only print the entry; read and write nothing.")
    ] = False,
    env_file: EnvFile = None,
) -> None:
    """Put this server into the configuration of an MCP host, with the AEP_ variables of this shell but no secret."""
    from aep_flow_mcp.configure import ConfigureError, Host
    from aep_flow_mcp.configure import configure as write

    if host not in list(Host):
        _stop(f"configure takes one of: {', '.join(Host)}.")
    try:
        print(write(Host(host), emulator=emulator, only_print=only_print, env_file=env_file), end="")
    except ConfigureError as error:
        _stop(str(error))


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

    path = file or _settings(emulator=False, env_file=env_file).mcp_audit_log
    if path is None:
        _stop("audit unfinished takes a FILE, or AEP_MCP_AUDIT_LOG.")
    try:
        found = read_unfinished(path)
    except OSError as error:
        _stop(f"The audit log {path} cannot be read: {error.strerror or type(error).__name__}.")
    for attempt in found.attempts:
        running = " Its process still runs." if may_still_run(attempt.process) else ""
        print(f"{attempt.sentence()}{running}")
    if not found.attempts:
        print("Every attempt in the log has an end.")
    if found.unreadable:
        print(f"{found.unreadable} line(s) of the log could not be read.")


def _stop(sentence: str) -> NoReturn:
    print(f"aep-flow-mcp: {sentence}", file=sys.stderr)
    sys.exit(2)


def main() -> None:
    """The command `aep-flow-mcp`."""
    app()
