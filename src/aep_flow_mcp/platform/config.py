"""What the client needs to know: where Platform and IMS are, who we are, how patient to be."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import SecretStr

DEFAULT_PLATFORM_URL = "https://platform.adobe.io"
DEFAULT_IMS_URL = "https://ims-na1.adobelogin.com"
DEFAULT_SCOPES = (
    "openid",
    "session",
    "AdobeID",
    "read_organizations",
    "additional_info.projectedProductContext",
)
TOKEN_PATH = "/ims/token/v3"  # noqa: S105  (a path)


class ConfigError(ValueError):
    """A configured value cannot work; the message names it and the fix."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """Who calls: an OAuth server-to-server credential, or a token obtained elsewhere.

    Either `client_secret` or `access_token` is set; with both, the token is used as it is.
    """

    client_id: str
    org_id: str
    client_secret: SecretStr | None = None
    scopes: tuple[str, ...] = DEFAULT_SCOPES
    access_token: SecretStr | None = None

    def __post_init__(self) -> None:
        if self.client_secret is None and self.access_token is None:
            raise ConfigError(
                "Credentials need a client secret (AEP_CLIENT_SECRET) or a token (AEP_ACCESS_TOKEN)."
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """Seconds. `total` bounds one request from the first byte sent to the last byte read."""

    connect: float = 10.0
    read: float = 60.0
    write: float = 30.0
    total: float = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """How requests leave this machine, beyond what the usual variables say.

    ca_bundle: whom to trust (AEP_CA_BUNDLE). client_cert, client_key, client_key_password: what this machine shows to
    a proxy or a gateway that asks who connects (AEP_CLIENT_CERT, AEP_CLIENT_KEY, AEP_CLIENT_KEY_PASSWORD).
    environ: the usual variables, where they are not those of the process alone.
    """

    ca_bundle: Path | None = None
    client_cert: Path | None = None
    client_key: Path | None = None
    client_key_password: SecretStr | None = None
    environ: Mapping[str, str] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformConfig:
    """Everything that the client is told.

    `credentials_problem` is what the first call says when `credentials` is None (for instance that the
    credentials file could not be read); without it, the call names the variables to set.
    """

    platform_url: str = DEFAULT_PLATFORM_URL
    ims_url: str = DEFAULT_IMS_URL
    credentials: Credentials | None = None
    credentials_problem: str | None = None
    sandbox: str | None = None
    sandboxes: tuple[str, ...] = ()
    network: Network = field(default_factory=Network)
    timeouts: Timeouts = field(default_factory=Timeouts)
    max_concurrency: int = 16
    max_tries: int = 5
    max_elapsed: float = 60.0
    first_wait: float = 0.5
    max_wait: float = 20.0
    spec_ttl: float = 900.0
    user_agent: str = "aep-flow-mcp"

    def __post_init__(self) -> None:
        for name, url in (("AEP_PLATFORM_URL", self.platform_url), ("AEP_IMS_URL", self.ims_url)):
            problem = url_problem(url)
            if problem:
                raise ConfigError(f"{name} {problem}")
        if self.max_tries < 1 or self.max_concurrency < 1:
            raise ConfigError("max_tries and max_concurrency are at least 1.")

    @property
    def token_url(self) -> str:
        """The token endpoint: `ims_url` is a host, a host with /ims, or the endpoint itself."""
        base = self.ims_url.rstrip("/")
        path = urlsplit(base).path
        if path.endswith(TOKEN_PATH):
            return base
        return base + (TOKEN_PATH.removeprefix("/ims") if path.endswith("/ims") else TOKEN_PATH)

    @property
    def known_sandboxes(self) -> tuple[str, ...]:
        """The sandboxes that may be named, the default one first."""
        return tuple(dict.fromkeys(name for name in (self.sandbox, *self.sandboxes) if name))


def url_problem(url: str) -> str | None:
    """Why `url` cannot be a service's address, or None.

    Plain http would show the token to the network, so it is for this machine only.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "is not a URL."
    if parts.scheme not in ("http", "https") or not host:
        return "is not a URL: it starts with https:// and names a host."
    if parts.username or parts.password or parts.query or parts.fragment:
        return "holds more than a host and a path: leave user, password, ? and # out."
    if parts.scheme == "http" and not is_loopback(host):
        return "must start with https://: plain http is for an emulator on this machine (127.0.0.1) only."
    return None


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine."""
    if host.casefold() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
