"""Access tokens of one issuer: whether one is good, whose it is, and what it allows here."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any

import jwt
from jwt import exceptions
from mcp.server.auth.provider import AccessToken

from aep_flow_mcp.callers import ABILITIES, ROLES, ROLES_ALLOW, Person, person_of
from aep_flow_mcp.platform.models.text import clean_text
from aep_flow_mcp.serving.signing_in.abilities import abilities_of, roles_of
from aep_flow_mcp.serving.signing_in.documents import IssuerUnavailable
from aep_flow_mcp.serving.signing_in.keys import ALGORITHMS, IssuerKeys
from aep_flow_mcp.settings import Settings

LEEWAY = 30
"""Seconds that clocks may differ."""
_LONGEST = 16_384
_TYPES = ("", "jwt", "at+jwt", "application/at+jwt")
"""Header `typ` of access tokens (RFC 9068), and of those that issuers made before it. Others are no access tokens."""
_NO_ACCESS = ("id", "refresh", "offline", "logout")
"""Likewise the claim `typ` of Keycloak's tokens."""

Admitted = tuple[str, AccessToken]
_admitted: ContextVar[Admitted | None] = ContextVar("admitted", default=None)


class Refused(Exception):
    """A token is not good. The sentence goes to the caller: nothing of the token is in it."""


class IssuedTokens:
    """The SDK's `TokenVerifier` for the tokens of one issuer. keys: where its keys are found."""

    def __init__(self, settings: Settings, audience: tuple[str, ...], keys: IssuerKeys) -> None:
        self._settings = settings
        self._issuer = settings.mcp_auth_issuer or ""
        self._audience = audience
        self._keys = keys

    async def verify_token(self, token: str) -> AccessToken | None:
        """What the SDK asks: who it is, or None. The door has asked before, and its answer is used."""
        admitted = _admitted.get()
        if admitted is not None and admitted[0] == _digest(token):
            return admitted[1]
        try:
            return await self.check(token)
        except (Refused, IssuerUnavailable):
            return None

    async def admit(self, token: str) -> Person:
        """Whose a token is; as `check`, and for the rest of this request the answer stands.

        Raises:
            Refused, IssuerUnavailable: as `check`.
        """
        found = await self.check(token)
        _admitted.set((_digest(token), found))
        return person_of(found)

    async def check(self, token: str) -> AccessToken:
        """Who bears a token, and what that allows. The token itself is not kept in the answer.

        Raises:
            Refused: it is not a good token of the issuer for this server.
            IssuerUnavailable: that cannot be known now.
        """
        claims = await self._claims(token)
        abilities, by_roles = abilities_of(claims, self._settings)
        names = self._settings.mcp_auth_scopes
        kept: dict[str, Any] = {"iss": claims["iss"], ABILITIES: sorted(abilities), "name": _name(claims)}
        roles = roles_of(claims, self._settings)
        if roles:
            kept[ROLES] = sorted(roles)
        if by_roles is not None:
            kept[ROLES_ALLOW] = sorted(by_roles)
        return AccessToken(
            token="",
            client_id=_client(claims),
            scopes=[names[ability] for ability in sorted(abilities)],
            expires_at=int(claims["exp"]) + LEEWAY,
            subject=claims[self._settings.mcp_auth_person_claim or "sub"],
            claims=kept,
        )

    async def check_identity(self, token: str, *, client: str, nonce: str, access: str) -> None:
        """Hold an ID token against the sign-in that it came of. What its bearer may do is for the access token to say.

        client: the id of the client that this server is there. nonce: what was sent along. access: the access token
        that came with it.

        Raises:
            Refused: it is not the issuer's, not for this client, of another sign-in, or came with another token.
            IssuerUnavailable: that cannot be known now.
        """
        header, claims = await self._signed(token, (client,))
        parties = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
        if claims.get("azp", client) != client or (len(parties) > 1 and "azp" not in claims):
            raise Refused("The ID token was issued to another client.")
        if claims.get("nonce") != nonce:
            raise Refused("The ID token is of another sign-in.")
        if claims.get("at_hash", found := _half_hash(access, header["alg"])) != found:
            raise Refused("The ID token came with another access token.")

    async def _claims(self, token: str) -> Mapping[str, Any]:
        header, claims = await self._signed(token, self._audience)
        if str(header.get("typ") or "").lower() not in _TYPES:
            raise Refused("The token is not an access token.")
        if _is_id_token(header, claims):
            raise Refused("The token is an ID token, not an access token.")
        if "cnf" in claims:
            raise Refused("The token is bound to a key of its client, which cannot be checked here.")
        claim = self._settings.mcp_auth_person_claim or "sub"
        if not isinstance(claims.get(claim), str) or not claims[claim]:
            raise Refused(f"The token does not say whose it is ({claim}).")
        return claims

    async def _signed(
        self, token: str, audience: tuple[str, ...]
    ) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """Header and claims of a token that the issuer signed for one of an audience, and that is not over."""
        if len(token) > _LONGEST or not token.isascii():
            raise Refused("The token is not one that this server can read.")
        try:
            header = jwt.get_unverified_header(token)
        except exceptions.PyJWTError:
            raise Refused("The token is not one that this server can read.") from None
        algorithm, kid = header.get("alg"), header.get("kid")
        if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
            raise Refused("The token is not signed in a way that is accepted here.")
        if "crit" in header:
            raise Refused("The token is not an access token.")
        key = await self._keys.find(kid if isinstance(kid, str) else None, algorithm)
        if key is None:
            raise Refused("The token is signed with a key that the issuer does not have.")
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=[algorithm],
                audience=audience,
                issuer=self._issuer,
                leeway=LEEWAY,
                options={"require": ["exp", "iss", "aud", "sub"]},
            )
        except exceptions.PyJWTError as error:
            raise Refused(_sentence(error)) from None
        return header, claims


def _half_hash(token: str, algorithm: str) -> str:
    """`at_hash` of an access token (OpenID Connect Core, 3.1.3.6)."""
    digest = jwt.get_algorithm_by_name(algorithm).compute_hash_digest(token.encode("ascii", "replace"))
    return base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()


def _is_id_token(header: Mapping[str, Any], claims: Mapping[str, Any]) -> bool:
    """Whether a token only says to a client who signed in there (OpenID Connect), and allows nothing anywhere.

    Keycloak names the kind in a claim `typ` (`ID`, `Bearer`); its older versions put `nonce` into access tokens too.
    """
    kind = str(claims.get("typ") or "").lower()
    if kind in _NO_ACCESS or {"at_hash", "c_hash"} & claims.keys():
        return True
    declared = kind == "bearer" or str(header.get("typ") or "").lower().endswith("at+jwt")
    return "nonce" in claims and not declared


def _sentence(error: exceptions.PyJWTError) -> str:
    if isinstance(error, exceptions.MissingRequiredClaimError):
        return f"The token lacks the claim {error.claim}."
    sentences: tuple[tuple[type[Exception], str], ...] = (
        (exceptions.ExpiredSignatureError, "The token has expired."),
        (exceptions.ImmatureSignatureError, "The token is not valid yet."),
        (exceptions.InvalidAudienceError, "The token is for another audience than this server."),
        (exceptions.InvalidIssuerError, "The token comes from another issuer."),
        (exceptions.InvalidSignatureError, "The signature of the token is not the issuer's."),
    )
    return next((said for kind, said in sentences if isinstance(error, kind)), "The token is not valid.")


def _client(claims: Mapping[str, Any]) -> str:
    """Which program the token was issued to: `client_id` (RFC 9068), or what issuers called it before."""
    found = next((claims[name] for name in ("client_id", "azp", "cid", "appid") if claims.get(name)), "")
    return clean_text(str(found), limit=200)


def _name(claims: Mapping[str, Any]) -> str | None:
    """What the issuer calls the person. For people to read: it decides nothing."""
    found = next((claims[name] for name in ("name", "preferred_username", "email") if claims.get(name)), None)
    return clean_text(found, limit=200) if isinstance(found, str) else None


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
