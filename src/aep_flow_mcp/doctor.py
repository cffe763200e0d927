"""`aep-flow-mcp doctor`: is the configuration right, and if not, what is the fix? One line a check, all of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING

import anyio

from aep_flow_mcp.app import App, TransportFactory
from aep_flow_mcp.platform.errors import ErrorKind, PlatformError

if TYPE_CHECKING:
    from aep_flow_mcp.settings import Settings

Check = Callable[[App], Awaitable[str]]


class Unwell(Exception):
    """A check does not hold; the message says why, and the fix."""


def run_doctor(by_profile: Mapping[str, Settings], *, transport: TransportFactory | None = None) -> int:
    """Print the checks of each profile; 0 when all hold, 1 when one does not: its line says the fix.

    by_profile: settings by the profile's name, which is empty where there are no profiles.
    """
    found = 0
    for name, settings in by_profile.items():
        if name:
            print(f"Profile {name}")
        found = max(found, anyio.run(_examine, settings, transport))
    return found


def failed(name: str, why: str) -> int:
    """Print the line of a check that does not hold; 1, for the exit."""
    print(f"FAIL  {name}: {why}")
    return 1


async def _examine(settings: Settings, transport: TransportFactory | None) -> int:
    app = App(settings, transport=transport)
    # What a check stands on: without it, it would only fail for the same reason once more.
    checks: list[tuple[str, Check, tuple[str, ...]]] = [
        ("credentials", _credentials, ()),
        ("token", _token, ("credentials",)),
        *([] if transport else [("network", _network, ("token",))]),
        ("sandbox", _sandbox, ("token",)),
        ("permissions", _permissions, ("token", "sandbox")),
        ("tools", _tools, ()),
        ("writes", _writes, ()),
        *([("audit log", _audit_log, ())] if settings.mcp_audit_log else []),
        *([("prompts", _prompts, ())] if settings.mcp_prompts_dir else []),
        *([("store", _store, ())] if not settings.keeps_sessions or settings.mcp_redis_url else []),
        *([("sign-in", _sign_in, ())] if settings.mcp_auth == "oidc" else []),
    ]
    unwell: set[str] = set()
    found = 0
    try:
        for name, check, needed in checks:
            broken = [each for each in needed if each in unwell]
            if broken:
                unwell.add(name)
                print(f"--    {name}: not checked, since {broken[0]} failed")
                continue
            try:
                print(app.redactor.text(f"ok    {name}: {await check(app)}"))
            except (PlatformError, ValueError, Unwell) as error:
                unwell.add(name)
                found = failed(name, app.redactor.text(str(error)))
    finally:
        await app.aclose()
    return found


async def _credentials(app: App) -> str:
    from aep_flow_mcp.platform.auth import HOW_TO_SIGN_IN

    config = app.client.config
    if config.credentials is None:
        raise Unwell(f"{config.credentials_problem or 'none found.'} {HOW_TO_SIGN_IN}.")
    kind = "an access token" if config.credentials.access_token else "OAuth server-to-server"
    return f"{kind}, organisation {config.credentials.org_id}"


async def _token(app: App) -> str:
    await app.client.sign_in()
    given = app.client.config.credentials and app.client.config.credentials.access_token
    return "an access token, as given" if given else f"obtained from {app.settings.ims_url}"


async def _network(app: App) -> str:
    """How IMS and Platform are reached. Who issued a certificate tells whether a proxy of the network answers."""
    config, egress = app.client.config, app.client.egress
    if egress is None:
        return "none is needed"
    given = config.credentials and config.credentials.access_token
    found = []
    for what, url in (*(() if given else (("IMS", config.token_url),)), ("Platform", config.platform_url)):
        issuer = await egress.issuer(url)
        found.append(
            f"{what} by {egress.used(url)}" + (f"; certificate issued by {issuer}" if issuer else "")
        )
    return ". ".join(found)


async def _sandbox(app: App) -> str:
    wanted = app.settings.all_sandboxes
    try:
        existing = {sandbox.name: sandbox for sandbox in await app.reader().neighbours.list_sandboxes()}
    except PlatformError as error:
        if error.kind is not ErrorKind.PERMISSION or not wanted:
            raise
        # A role may see a sandbox without seeing the list of them.
        existing = {name: await app.reader(name).neighbours.get_sandbox(name) for name in wanted}
    there = ", ".join(existing) or "none"
    if not wanted:
        raise Unwell(f"AEP_SANDBOX is not set, and none is guessed. Set it to one of: {there}.")
    wrong = [name for name in wanted if name not in existing]
    if wrong:
        raise Unwell(
            f"the credential may not use {', '.join(wrong)}, or there is none of that name. "
            f"Set AEP_SANDBOX (AEP_SANDBOXES) to what it may use: {there}."
        )
    found = [existing[name] for name in wanted]
    return "; ".join(
        f"{each.name} is {each.state or 'there'}, type {each.type or 'unknown'}" for each in found
    )


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


async def _tools(app: App) -> str:
    from aep_flow_mcp.surface.selection import refusals
    from aep_flow_mcp.surface.snapshot import load_cards

    cards = load_cards()
    listed = len(cards) - len(refusals(cards, app.settings))  # a misspelt toolset is a ValueError of its own
    return f"{listed} of {len(cards)} are listed"


async def _writes(app: App) -> str:
    settings = app.settings
    if settings.mcp_read_only:
        return "none: read-only is on (AEP_MCP_READ_ONLY)"
    production = (
        "can be written (AEP_MCP_ALLOW_PRODUCTION_WRITES is true)"
        if settings.mcp_allow_production_writes
        else "cannot be written (AEP_MCP_ALLOW_PRODUCTION_WRITES is false)"
    )
    asked = "nobody is asked" if settings.mcp_approval == "none" else "asked first"
    return (
        f"read-only is off; approval is {settings.mcp_approval} ({asked}); a production sandbox {production}"
    )


async def _audit_log(app: App) -> str:
    from aep_flow_mcp.guard.execution.audit import AuditError

    try:
        app.guard.audit.check()
    except AuditError as error:
        raise Unwell(str(error)) from error
    return str(app.settings.mcp_audit_log)


async def _prompts(app: App) -> str:
    from aep_flow_mcp.prompts import load_prompts

    return f"{len(load_prompts(app.settings.mcp_prompts_dir))}, with those in {app.settings.mcp_prompts_dir}"


async def _store(app: App) -> str:
    """Over HTTP: that the store of replicas answers."""
    from aep_flow_mcp.replicas import shared
    from aep_flow_mcp.store.kept import StoreDown

    found = shared(app.settings)
    if found is None or found.store is None:
        return "in memory: confirmations end with the process"
    for secret in found.secrets:
        app.redactor.learn(secret)
    try:
        await found.store.check()
    except StoreDown as error:
        raise Unwell(f"{error} Until it does, nothing is written over HTTP.") from None
    finally:
        await found.store.aclose()
    return f"answers; {len(found.keys)} keys open what is kept there"


async def _sign_in(app: App) -> str:
    """Over HTTP: that the settings fit together, and that the issuer publishes keys."""
    from aep_flow_mcp.serving.listening import sign_in

    here = "127.0.0.1", 8000
    found = sign_in(app.settings, *here)
    if found is None:
        return "off"
    from aep_flow_mcp.credentials.configured import way_to_others
    from aep_flow_mcp.serving.signing_in.documents import IssuerUnavailable, jwks_of
    from aep_flow_mcp.serving.signing_in.keys import checks_something

    try:
        keys = await jwks_of(app.settings.mcp_auth_issuer or "", way_to_others(app.settings))
    except IssuerUnavailable as error:
        raise Unwell(str(error)) from None
    usable = sum(map(checks_something, keys))
    if not usable:
        raise Unwell(f"none of the {len(keys)} keys of {app.settings.mcp_auth_issuer} can check a token.")
    audience = " or ".join(app.settings.mcp_auth_audience) or found.resource
    return (
        f"{app.settings.mcp_auth_issuer} has {usable} keys to check tokens with; their audience is {audience}"
    )
