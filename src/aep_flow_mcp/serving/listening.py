"""Who may reach a server over HTTP: on which addresses it starts, and which Host and Origin it answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aep_flow_mcp.platform.config import is_loopback
from aep_flow_mcp.settings import AuthMode, Settings, SettingsError

if TYPE_CHECKING:
    from mcp.server.transport_security import TransportSecuritySettings

_THIS_MACHINE = ("127.0.0.1", "localhost", "[::1]")
_EVERY_ADDRESS = ("0.0.0.0", "::", "[::]", "")  # noqa: S104  (compared with, not bound to)


def check_address(settings: Settings, host: str) -> str | None:
    """What has to be said loudly at start about listening on `host`; None where only this machine reaches it.

    Raises:
        SettingsError: others reach it, and nobody has said in so many words that they may without signing in.
    """
    if is_loopback(host.strip("[]")):
        return None
    if settings.mcp_auth is not AuthMode.NONE:
        raise SettingsError(
            f"--host {host} is reachable from other machines, and callers cannot sign in yet: everybody who reaches it "
            "would act with this server's credential. Listen on 127.0.0.1, or set AEP_MCP_AUTH=none to open it all the "
            "same (and AEP_MCP_ALLOWED_HOSTS to the names that clients use)."
        )
    names = ", ".join(allowed_hosts(settings, host))
    writes = (
        "only read" if settings.mcp_read_only else f"read and, with approval {settings.mcp_approval}, write"
    )
    return (
        f"AEP_MCP_AUTH is none and this server listens on {host or 'every address'}: EVERYBODY WHO REACHES IT can "
        f"{writes} with its credential, without signing in. It answers to these names: {names}."
    )


def allowed_hosts(settings: Settings, host: str) -> list[str]:
    """The names that `Host` may have: this machine's, the one listened on, those of AEP_MCP_ALLOWED_HOSTS."""
    own = [] if host in _EVERY_ADDRESS else [_bracketed(host)]
    return list(dict.fromkeys((*_THIS_MACHINE, *own, *settings.mcp_allowed_hosts)))


def http_security(settings: Settings, host: str, port: int) -> TransportSecuritySettings:
    """`Host` and `Origin` are checked on every address: a page in somebody's browser reaches what the browser reaches.

    A name without a port stands for any port, and for none, as clients send it on port 80. An origin is this
    server's own, or one of AEP_MCP_ALLOWED_ORIGINS as it stands; a request without `Origin` comes from no page.
    """
    from mcp.server.transport_security import TransportSecuritySettings

    names = allowed_hosts(settings, host)
    hosts = [form for name in names for form in ([name] if _has_port(name) else [name, f"{name}:*"])]
    origins = [
        f"http://{name}" + ("" if port in (80, 0) else f":{port}") for name in names if not _has_port(name)
    ]
    if port == 0:  # a free one, which is known only later
        origins += [f"{origin}:*" for origin in origins]
    return TransportSecuritySettings(
        enable_dns_rebinding_protection=True,
        allowed_hosts=hosts,
        allowed_origins=[*origins, *settings.mcp_allowed_origins],
    )


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host and not host.startswith("[") else host


def _has_port(name: str) -> bool:
    return ":" in name.rpartition("]")[2]
