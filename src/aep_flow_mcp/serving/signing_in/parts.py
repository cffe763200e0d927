"""What the settings say about signing in, as the SDK and the door take it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from mcp.server.auth.routes import build_resource_metadata_url
from mcp.server.auth.settings import AuthSettings
from pydantic import AnyHttpUrl

from aep_flow_mcp.callers import Ability
from aep_flow_mcp.credentials.configured import way_to_others
from aep_flow_mcp.serving.signing_in.documents import jwks_of
from aep_flow_mcp.serving.signing_in.keys import IssuerKeys
from aep_flow_mcp.serving.signing_in.tokens import IssuedTokens
from aep_flow_mcp.settings import Settings

ENDPOINT, PAGES = "/mcp", "/approvals"


@dataclass(frozen=True, slots=True)
class SignIn:
    """How callers sign in."""

    auth: AuthSettings
    tokens: IssuedTokens
    resource: str
    """The address of this server's endpoint, as its clients know it."""
    metadata: str
    """The address of what it publishes about itself (RFC 9728)."""
    scopes: Mapping[Ability, str]
    page: str | None
    """The address below which people approve with their browsers; None where they cannot."""
    usable: tuple[str, ...]
    """The scopes that a client has use for. It asks for all of them: what its scopes do not allow it does not see."""

    @property
    def for_server(self) -> dict[str, Any]:
        """What `build_server` takes of it."""
        return {"auth": self.auth, "token_verifier": self.tokens, "page_at": self.page}


def signing_in(settings: Settings, resource: str, *, keys: IssuerKeys | None = None) -> SignIn:
    """Sign-in with the configured issuer. resource: the address of the endpoint. keys: of the issuer, for tests.

    Nobody is asked before the first token comes.
    """
    issuer = settings.mcp_auth_issuer or ""
    scopes = settings.mcp_auth_scopes
    auth = AuthSettings.model_validate(
        {
            "issuer_url": issuer,
            "resource_server_url": resource,
            "required_scopes": [scopes[Ability.READ]],
            # The audience is checked with the token, and may have another name than the address.
            "validate_token_resource": False,
        }
    )
    usable = [Ability.READ] if settings.mcp_read_only else list(Ability)
    asked = keys or IssuerKeys(issuer, read=partial(jwks_of, network=way_to_others(settings)))
    return SignIn(
        auth=auth,
        tokens=IssuedTokens(settings, settings.mcp_auth_audience or (resource,), asked),
        resource=resource,
        metadata=str(build_resource_metadata_url(AnyHttpUrl(resource))),
        scopes=scopes,
        page=f"{resource.removesuffix(ENDPOINT)}{PAGES}" if settings.has_page else None,
        usable=tuple(scopes[ability] for ability in usable),
    )


def endpoint(public_url: str) -> str:
    """The address of the endpoint, from where the server is reached: with and without its own path at the end."""
    bare = public_url.rstrip("/")
    return bare if urlsplit(bare).path.endswith(ENDPOINT) else bare + ENDPOINT
