"""Who may reach a server over HTTP: on which addresses it starts, and which Host and Origin it answers."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from aep_flow_mcp.credentials.sources import SourceError, credential
from aep_flow_mcp.platform.config import is_loopback
from aep_flow_mcp.settings import ApprovalMode, Approvers, AuthMode, Settings, SettingsError

if TYPE_CHECKING:
    from mcp.server.transport_security import TransportSecuritySettings

    from aep_flow_mcp.serving.signing_in.parts import SignIn

_THIS_MACHINE = ("127.0.0.1", "localhost", "[::1]")
_OF_SIGN_IN = (
    *(
        "mcp_auth_issuer",
        "mcp_auth_audience",
        "mcp_auth_roles",
        "mcp_auth_roles_claim",
        "mcp_auth_person_claim",
    ),
    "mcp_auth_client_id",
)
"""Settings that mean something only where callers sign in."""
_EVERY_ADDRESS = ("0.0.0.0", "::", "[::]", "")  # noqa: S104  (compared with, not bound to)


def check_address(settings: Settings, host: str) -> str | None:
    """What has to be said loudly at start about listening on `host`; None where only this machine reaches it.

    Raises:
        SettingsError: others reach it, and nobody has said in so many words that they may without signing in.
    """
    if settings.mcp_auth is AuthMode.OIDC or is_loopback(host.strip("[]")):
        return None
    if settings.mcp_auth is not AuthMode.NONE:
        raise SettingsError(
            f"--host {host} is reachable from other machines, and callers do not sign in: everybody who reaches it "
            "would act with this server's credential. Set AEP_MCP_AUTH=oidc and AEP_MCP_AUTH_ISSUER so that they sign "
            "in, listen on 127.0.0.1, or set AEP_MCP_AUTH=none to open it all the same (and AEP_MCP_ALLOWED_HOSTS to "
            "the names that clients use)."
        )
    names = ", ".join(allowed_hosts(settings, host))
    writes = (
        "only read" if settings.mcp_read_only else f"read and, with approval {settings.mcp_approval}, write"
    )
    return (
        f"AEP_MCP_AUTH is none and this server listens on {host or 'every address'}: EVERYBODY WHO REACHES IT can "
        f"{writes} with its credential, without signing in. It answers to these names: {names}."
    )


def sign_in(settings: Settings, host: str, port: int) -> SignIn | None:
    """How callers sign in; None where they do not.

    Raises:
        SettingsError: half of what it takes is set, so somebody believes that callers sign in.
    """
    check_approvers(settings)
    if settings.mcp_auth is not AuthMode.OIDC:
        for name in _OF_SIGN_IN:
            if getattr(settings, name):
                said = settings.mcp_auth.value if settings.mcp_auth else "not set"
                raise SettingsError(f"AEP_{name.upper()} is set and AEP_MCP_AUTH is {said}: set it to oidc.")
        return None
    if settings.mcp_auth_issuer is None:
        raise SettingsError(
            "AEP_MCP_AUTH is oidc: set AEP_MCP_AUTH_ISSUER to the address of the issuer of tokens."
        )
    claim_alone = (
        settings.mcp_auth_roles_claim and not settings.mcp_auth_roles and settings.mcp_policy is None
    )
    if claim_alone or (settings.mcp_auth_roles and not settings.mcp_auth_roles_claim):
        raise SettingsError(
            "AEP_MCP_AUTH_ROLES (what each role may do) and AEP_MCP_AUTH_ROLES_CLAIM (the claim that holds them) are "
            "set together."
        )
    secret = settings.mcp_auth_client_secret or settings.mcp_auth_client_secret_file
    if settings.mcp_auth_client_id is None and (secret or settings.mcp_auth_client_scopes):
        raise SettingsError(
            "AEP_MCP_AUTH_CLIENT_SECRET and AEP_MCP_AUTH_CLIENT_SCOPES belong to AEP_MCP_AUTH_CLIENT_ID: set it to the "
            "id of the client by which people sign in to the approval page."
        )
    if settings.mcp_auth_client_id in settings.mcp_auth_audience:
        raise SettingsError(
            "AEP_MCP_AUTH_AUDIENCE names AEP_MCP_AUTH_CLIENT_ID: the audience of ID tokens cannot be that of access "
            "tokens. Make them two at the issuer."
        )
    try:
        credential(settings, "mcp_auth_client_secret")
    except SourceError as error:
        raise SettingsError(str(error)) from None
    # Imported only here: most servers have no use for it.
    from aep_flow_mcp.serving.signing_in.parts import endpoint, signing_in

    return signing_in(settings, endpoint(_public_url(settings, host, port)))


def check_approvers(settings: Settings, *, over_http: bool = True) -> None:
    """Make sure that another person can approve, where another one has to.

    Raises:
        SettingsError: nobody could ever.
    """
    if settings.mcp_approvers is not Approvers.OTHERS:
        return
    if settings.mcp_approval is ApprovalMode.NONE:
        raise SettingsError(
            "AEP_MCP_APPROVERS is others and AEP_MCP_APPROVAL is none: either somebody approves or nobody does. Set "
            "one of them otherwise."
        )
    if not over_http or not settings.has_page:
        raise SettingsError(
            "AEP_MCP_APPROVERS is others: another person approves on the page of a server over HTTP, to which people "
            "sign in. Start it with --transport http, and set AEP_MCP_AUTH=oidc, AEP_MCP_AUTH_ISSUER and "
            "AEP_MCP_AUTH_CLIENT_ID."
        )


def _public_url(settings: Settings, host: str, port: int) -> str:
    if settings.mcp_public_url is not None:
        return settings.mcp_public_url
    if port == 0 or not is_loopback(host.strip("[]")):
        raise SettingsError(
            "Clients are told where to sign in for which server: set AEP_MCP_PUBLIC_URL to the address by which they "
            "reach this one, such as https://flows.example.com."
        )
    return f"http://{_bracketed(host)}:{port}"


def allowed_hosts(settings: Settings, host: str) -> list[str]:
    """The names that `Host` may have: this machine's, the one listened on, the public one, AEP_MCP_ALLOWED_HOSTS."""
    own = [] if host in _EVERY_ADDRESS else [_bracketed(host)]
    if settings.mcp_public_url is not None:
        own.append(urlsplit(settings.mcp_public_url).netloc)
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
    if settings.mcp_public_url is not None:
        public = urlsplit(settings.mcp_public_url)
        origins.append(f"{public.scheme}://{public.netloc}")
    return TransportSecuritySettings(
        enable_dns_rebinding_protection=True,
        allowed_hosts=hosts,
        allowed_origins=[*origins, *settings.mcp_allowed_origins],
    )


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host and not host.startswith("[") else host


def _has_port(name: str) -> bool:
    return ":" in name.rpartition("]")[2]
