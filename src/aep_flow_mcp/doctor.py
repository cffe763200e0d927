"""`aep-flow-mcp doctor`: is the configuration right, and if not, what is the fix? One line a check."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import anyio

from aep_flow_mcp.app import App, TransportFactory
from aep_flow_mcp.platform.errors import ErrorKind, PlatformError

if TYPE_CHECKING:
    from aep_flow_mcp.settings import Settings


def run_doctor(settings: Settings, *, transport: TransportFactory | None = None) -> int:
    """Print the checks; 0 when all hold, 1 with the fix at the first one that does not."""
    return anyio.run(_examine, settings, transport)


async def _examine(settings: Settings, transport: TransportFactory | None) -> int:
    app = App(settings, transport=transport)
    checks: list[tuple[str, Callable[[App], Awaitable[str]]]] = [
        ("credentials", _credentials),
        ("token", _token),
        ("sandbox", _sandbox),
        ("permissions", _permissions),
    ]
    try:
        for name, check in checks:
            try:
                print(app.redactor.text(f"ok    {name}: {await check(app)}"))
            except (PlatformError, ValueError) as error:
                print(app.redactor.text(f"FAIL  {name}: {error}"))
                return 1
    finally:
        await app.aclose()
    return 0


async def _credentials(app: App) -> str:
    config = app.client.config
    if config.credentials is None:
        raise ValueError(
            "none found. Set AEP_CLIENT_ID, AEP_CLIENT_SECRET, AEP_ORG_ID and AEP_SCOPES, or AEP_CONFIG_FILE to the "
            "JSON file from Adobe Developer Console."
        )
    if not app.settings.all_sandboxes:
        raise ValueError("AEP_SANDBOX is not set. There is no default: name the sandbox to work in.")
    kind = "an access token" if app.settings.access_token else "OAuth server-to-server"
    return f"{kind}, organisation {config.credentials.org_id}"


async def _token(app: App) -> str:
    await app.client.sign_in()
    return (
        f"obtained from {app.settings.ims_url}"
        if not app.settings.access_token
        else "AEP_ACCESS_TOKEN, as given"
    )


async def _sandbox(app: App) -> str:
    parts = []
    for name in app.settings.all_sandboxes:
        sandbox = await app.reader(name).neighbours.get_sandbox(name)
        parts.append(f"{name} is {sandbox.state or 'there'}, type {sandbox.type or 'unknown'}")
    return "; ".join(parts)


async def _permissions(app: App) -> str:
    reader = app.reader()
    flows = await reader.list_flows(limit=1)
    seen = ["flows can be read" if flows.items else "flows can be read (there are none)"]
    probes: list[tuple[str, Callable[[], Awaitable[object]]]] = [
        ("connections", lambda: reader.list_connections(limit=1)),
        ("connection specs", reader.list_connection_specs),
        ("datasets", lambda: reader.neighbours.list_datasets(limit=1)),
        ("the landing zone", lambda: reader.neighbours.landing_zone("user_drop_zone")),
    ]
    for what, probe in probes:
        try:
            await probe()
        except PlatformError as error:
            if error.kind not in (ErrorKind.PERMISSION, ErrorKind.NOT_FOUND):
                raise
            seen.append(f"{what} cannot ({error.code or error.kind})")
        else:
            seen.append(f"{what} can")
    return ", ".join(seen)
