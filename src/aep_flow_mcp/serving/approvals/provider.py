"""Signing in with a browser: this server as a client of the issuer (OpenID Connect, authorization code with PKCE)."""

from __future__ import annotations

import base64
import hashlib
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from aep_flow_mcp.callers import Ability, Person, person_of
from aep_flow_mcp.credentials.configured import way_to_others
from aep_flow_mcp.credentials.sources import credential
from aep_flow_mcp.serving.signing_in.documents import IssuerUnavailable, address_in, metadata_of, redeemed
from aep_flow_mcp.serving.signing_in.tokens import Refused

if TYPE_CHECKING:
    from aep_flow_mcp.platform.redaction.values import Redactor
    from aep_flow_mcp.serving.signing_in.parts import SignIn
    from aep_flow_mcp.settings import Settings

_FRESH = 600.0
"""Seconds after which the metadata of the issuer are read again."""
_PAUSE = 10.0
"""Seconds for which an issuer that does not answer is left alone: whoever opens a page can have it asked."""


@dataclass(frozen=True, slots=True)
class Begun:
    """A sign-in that is under way, as its browser keeps it. back: the path of the page that it leads back to."""

    state: str
    nonce: str
    verifier: str
    back: str

    def as_json(self) -> dict[str, str]:
        return asdict(self)


class Provider:
    """The issuer, for browsers.

    redirect: where it sends them back to. redactor: keeps the client's secret out of everything. clock: seconds that
    only go forward.

    Raises:
        SourceError: the client's secret cannot be had.
    """

    def __init__(
        self,
        settings: Settings,
        sign_in: SignIn,
        redirect: str,
        *,
        redactor: Redactor,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._sign_in = sign_in
        self._redirect = redirect
        self._clock = clock
        self._issuer = settings.mcp_auth_issuer or ""
        self._client = settings.mcp_auth_client_id or ""
        self._secret = credential(settings, "mcp_auth_client_secret")
        if self._secret is not None:
            redactor.learn(self._secret)
        self._network = way_to_others(settings)
        self._metadata: dict[str, Any] = {}
        self._read_at = float("-inf")
        self._failure: tuple[float, str] | None = None

    async def begin(self, back: str, *, prompt: str | None = None) -> tuple[str, Begun]:
        """The address that a browser is sent to, and what it has to keep meanwhile.

        prompt: what the issuer is to ask for in any case (`login`).

        Raises:
            IssuerUnavailable: nobody can sign in now.
        """
        metadata = await self._known()
        begun = Begun(secrets.token_urlsafe(32), secrets.token_urlsafe(32), secrets.token_urlsafe(32), back)
        digest = hashlib.sha256(begun.verifier.encode()).digest()
        scopes = self._settings.mcp_auth_client_scopes or (
            "openid",
            self._sign_in.scopes[Ability.READ],
            self._sign_in.scopes[Ability.APPROVE],
        )
        asked = {
            "response_type": "code",
            "client_id": self._client,
            "redirect_uri": self._redirect,
            "scope": " ".join(scopes),
            "resource": self._sign_in.resource,
            "state": begun.state,
            "nonce": begun.nonce,
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
            **({"prompt": prompt} if prompt else {}),
        }
        address = address_in(metadata, "authorization_endpoint", self._issuer)
        return f"{address}{'&' if urlsplit(address).query else '?'}{urlencode(asked)}", begun

    async def end(self, begun: Begun, said: Mapping[str, str]) -> Person:
        """Who signed in, by what the issuer sent the browser back with.

        Raises:
            Refused: that does not come of this sign-in, or is no good token for this server.
            IssuerUnavailable: the issuer does not give a token.
        """
        metadata = await self._known()
        # RFC 9207: another issuer cannot slip its answer in.
        names_itself = metadata.get("authorization_response_iss_parameter_supported") is True
        if said.get("iss", None if names_itself else self._issuer) != self._issuer:
            raise Refused("The answer comes from another issuer.")
        if "code" not in said:
            raise Refused("The issuer gave no code.")
        form = {
            "grant_type": "authorization_code",
            "code": said["code"],
            "redirect_uri": self._redirect,
            "code_verifier": begun.verifier,
            "resource": self._sign_in.resource,
        }
        form, auth = self._authenticated(form, metadata)
        address = address_in(metadata, "token_endpoint", self._issuer)
        given = await redeemed(address, form, auth, self._network)
        identity, access = given.get("id_token"), given.get("access_token")
        if not isinstance(identity, str) or not isinstance(access, str):
            raise Refused("The issuer gave no ID token with the access token: the scopes need openid.")
        tokens = self._sign_in.tokens
        await tokens.check_identity(identity, client=self._client, nonce=begun.nonce, access=access)
        return person_of(await tokens.check(access))

    def _authenticated(
        self, form: dict[str, str], metadata: Mapping[str, Any]
    ) -> tuple[dict[str, str], tuple[str, str] | None]:
        """The form, and name and password, with what shows that it is this client (a public one has only its id)."""
        if self._secret is None:
            return {**form, "client_id": self._client}, None
        methods = metadata.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        if "client_secret_basic" in methods:
            # RFC 6749, 2.3.1: both are encoded as in a form.
            encoded = (urlencode({"": one})[1:] for one in (self._client, self._secret))
            return form, (next(encoded), next(encoded))
        return {**form, "client_id": self._client, "client_secret": self._secret}, None

    async def _known(self) -> dict[str, Any]:
        """The issuer's metadata, kept for a while."""
        now = self._clock()
        if now - self._read_at < _FRESH:
            return self._metadata
        if self._failure is not None and now < self._failure[0]:
            raise IssuerUnavailable(self._failure[1])
        try:
            found = await metadata_of(self._issuer, self._network)
            _check_subjects(found, self._settings)
        except IssuerUnavailable as error:
            self._failure = (now + _PAUSE, str(error))
            raise
        self._metadata, self._read_at, self._failure = found, now, None
        return found


def _check_subjects(metadata: Mapping[str, Any], settings: Settings) -> None:
    """A subject that differs from program to program would make one person two, and one of them could approve.

    Raises:
        IssuerUnavailable: so it is, and no setting names a claim that is the same everywhere.
    """
    kinds = metadata.get("subject_types_supported")
    if isinstance(kinds, list) and "public" not in kinds and settings.mcp_auth_person_claim is None:
        raise IssuerUnavailable(
            f"{settings.mcp_auth_issuer} calls one person by another name (sub) in each program: set "
            "AEP_MCP_AUTH_PERSON_CLAIM to a claim of its access tokens that is the same in all of them, such as oid."
        )
