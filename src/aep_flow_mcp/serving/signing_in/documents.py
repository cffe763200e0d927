"""What an issuer publishes: its metadata, and its keys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from aep_flow_mcp.platform.config import Network, is_loopback
from aep_flow_mcp.platform.errors import PlatformError
from aep_flow_mcp.platform.models.text import clean_text
from aep_flow_mcp.platform.wire.documents import published
from aep_flow_mcp.platform.wire.network import Egress

_WHAT, _ISSUER = "The issuer of tokens", "AEP_MCP_AUTH_ISSUER"


class IssuerUnavailable(Exception):
    """The issuer does not say what is needed to check a token. The message is for the log, not for callers."""


async def jwks_of(issuer: str, network: Network | None = None) -> list[dict[str, Any]]:
    """The keys that an issuer signs with, as it publishes them (RFC 7517).

    network: how requests leave this machine; None: as the usual variables say.

    Raises:
        IssuerUnavailable: no answer in time, or one that is not about this issuer.
    """
    egress = Egress(network or Network())
    address = address_in(await _metadata_of(issuer, egress), "jwks_uri", issuer)
    keys = (await _document(address, egress) or {}).get("keys")
    if not isinstance(keys, list):
        raise IssuerUnavailable(f"{issuer} publishes no keys where its metadata say.")
    return [key for key in keys if isinstance(key, dict)]


async def metadata_of(issuer: str, network: Network | None = None) -> dict[str, Any]:
    """What an issuer publishes about itself (OpenID Connect Discovery). network: as for `jwks_of`.

    Raises:
        IssuerUnavailable: likewise.
    """
    return await _metadata_of(issuer, Egress(network or Network()))


def address_in(metadata: Mapping[str, Any], name: str, issuer: str) -> str:
    """One of the addresses that the metadata of an issuer name.

    Raises:
        IssuerUnavailable: there is none, or one that is not asked over TLS.
    """
    address = metadata.get(name)
    if not isinstance(address, str) or not _may_be_asked(address, issuer):
        raise IssuerUnavailable(f"The metadata of {issuer} name no {name} with https.")
    return address


async def redeemed(
    address: str, form: Mapping[str, str], auth: tuple[str, str] | None, network: Network | None = None
) -> dict[str, Any]:
    """What the token endpoint of an issuer gives for a form. auth: client id and secret, for HTTP Basic.

    Raises:
        IssuerUnavailable: it gives nothing; what it says of that is not repeated.
    """
    try:
        found = await published(
            address, _WHAT, _ISSUER, egress=Egress(network or Network()), form=form, auth=auth
        )
    except PlatformError as error:
        raise IssuerUnavailable(str(error)) from None
    if found is None:
        raise IssuerUnavailable("The token endpoint of the issuer is not there (404).")
    return found


async def _metadata_of(issuer: str, egress: Egress) -> dict[str, Any]:
    """OpenID Connect Discovery first, RFC 8414 where an issuer has none."""
    for address in _metadata_addresses(issuer):
        metadata = await _document(address, egress)
        if metadata is None:
            continue
        if metadata.get("issuer") != issuer:
            said = clean_text(str(metadata.get("issuer")), limit=200)
            raise IssuerUnavailable(
                f"{_ISSUER} is {issuer}, and the metadata there are of {said}: set {_ISSUER} to exactly that, if it is "
                "the issuer that is meant."
            )
        return metadata
    raise IssuerUnavailable(f"{issuer} publishes no metadata: check {_ISSUER}.")


def _metadata_addresses(issuer: str) -> list[str]:
    parts = urlsplit(issuer)
    root, path = f"{parts.scheme}://{parts.netloc}", parts.path.rstrip("/")
    found = [
        f"{root}{path}/.well-known/openid-configuration",
        f"{root}/.well-known/oauth-authorization-server{path}",
        f"{root}/.well-known/openid-configuration{path}",
    ]
    return list(dict.fromkeys(found))


def _may_be_asked(address: str, issuer: str) -> bool:
    """https, or plain http where the issuer itself is on this machine."""
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        return False
    if parts.scheme == "https":
        return bool(host)
    return parts.scheme == "http" and is_loopback(host) and is_loopback(urlsplit(issuer).hostname or "")


async def _document(address: str, egress: Egress) -> dict[str, Any] | None:
    try:
        return await published(address, _WHAT, _ISSUER, egress=egress)
    except PlatformError as error:
        raise IssuerUnavailable(str(error)) from None
