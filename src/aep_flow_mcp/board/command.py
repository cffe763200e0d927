"""The command `board`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from aep_flow_mcp.command_settings import EnvFile, emulator_transport, settings_by_profile, stop

if TYPE_CHECKING:
    from aep_flow_mcp.server import FlowServer


def board(
    out: Annotated[
        Path | None, typer.Option("--out", help="Write one file for a mail or a ticket, and end.")
    ] = None,
    window: Annotated[
        str, typer.Option(help='"24h", "yesterday", "last 7 days" or "<time>/<time>".')
    ] = "24h",
    timezone: Annotated[str, typer.Option(help="For days and hours, such as Europe/Berlin.")] = "UTC",
    port: Annotated[int, typer.Option(help="The port on this machine; 0 takes a free one.")] = 0,
    emulator: Annotated[bool, typer.Option("--emulator", help="Show the built-in emulator.")] = False,
    env_file: EnvFile = None,
) -> None:
    """Show the health of pipelines in a browser of this machine, or write it into one file. It only reads."""
    import anyio

    server = _server(emulator=emulator, env_file=env_file)
    asked = {"window": window, "timezone": timezone}
    if out is None:
        anyio.run(_serve, server, asked, port)
    else:
        anyio.run(_write, server, asked, out)


def _server(*, emulator: bool, env_file: Path | None) -> FlowServer:
    from aep_flow_mcp.server import build_server
    from aep_flow_mcp.settings import SettingsError

    try:
        by_profile = settings_by_profile(emulator=emulator, env_file=env_file)
        if len(by_profile) > 1:
            stop(f"This command takes one profile: name it with --profile, one of {', '.join(by_profile)}.")
        settings = next(iter(by_profile.values())).model_copy(
            update={"mcp_read_only": True, "mcp_reveal_secrets": False}
        )
        return build_server(settings, transport=emulator_transport if emulator else None, emulated=emulator)
    except SettingsError as error:
        stop(str(error))


async def _write(server: FlowServer, asked: dict[str, Any], out: Path) -> None:
    import anyio

    from aep_flow_mcp.apps.pages import HEALTH
    from aep_flow_mcp.board.asking import asking
    from aep_flow_mcp.board.file import with_data

    async with asking(server) as client:
        result = await client.call("pipeline_health", asked)
    if result.get("isError"):
        stop(" ".join(part.get("text", "") for part in result["content"]))
    try:
        await anyio.Path(out).write_text(with_data(HEALTH, asked, result), encoding="utf-8")
    except OSError as error:
        stop(f"{out} cannot be written: {error.strerror or error}.")
    print(out)


async def _serve(server: FlowServer, asked: dict[str, Any], port: int) -> None:
    import socket

    import uvicorn

    from aep_flow_mcp.board.serving import ADDRESS, Board, board_app

    try:
        listening = socket.create_server((ADDRESS, port))
    except OSError as error:
        stop(f"Port {port} cannot be listened on: {error.strerror or error}.")
    shown = Board(listening.getsockname()[1], views(asked))
    config = uvicorn.Config(
        board_app(shown, server), log_level="warning", access_log=False, server_header=False, lifespan="on"
    )
    print(f"Open this address in a browser of this machine; it works once:\n{shown.address}", flush=True)
    print("Ctrl-C ends it.", file=sys.stderr)
    await uvicorn.Server(config).serve(sockets=[listening])


def views(asked: dict[str, Any]) -> list[dict[str, Any]]:
    """What the page offers; `asks` is the argument that the person fills in."""
    return [
        {"app": "health", "title": "Health", "tool": "pipeline_health", "arguments": asked},
        {
            "app": "lineage",
            "title": "Lineage",
            "tool": "trace_lineage",
            "arguments": {},
            "asks": "object",
            "hint": "A flow, dataset, account or connection, by id or name",
        },
        {
            "app": "timeline",
            "title": "Runs",
            "tool": "diagnose_flow",
            "arguments": {},
            "asks": "flow",
            "hint": "A flow, by id or name",
        },
    ]
