"""Who calls and what they may do: the abilities that scopes and roles stand for, and the person of a request.

Knows no tool and no setting; what a token says was checked at the door (`serving/signing_in/`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mcp.server.auth.provider import AccessToken


class Ability(StrEnum):
    """What a signed-in caller may do. Whoever may write or approve may read as well."""

    READ = "read"
    WRITE = "write"
    APPROVE = "approve"


DEFAULT_SCOPES: Mapping[Ability, str] = {ability: f"flows:{ability.value}" for ability in Ability}
"""The names of the scopes, where no setting gives others."""

ABILITIES = "abilities"
"""The claim of a checked token that holds what its bearer may do here."""
ROLES = "roles"
"""Likewise: the roles or groups themselves, where a claim for them is configured."""
ROLES_ALLOW = "roles_allow"
"""Likewise: what the bearer's roles allow, whatever the scopes are; missing where roles decide nothing."""


def with_implied(abilities: Iterable[Ability]) -> frozenset[Ability]:
    """The abilities with those that they stand on."""
    found = frozenset(abilities)
    return found | {Ability.READ} if found else found


@dataclass(frozen=True, slots=True)
class Person:
    """A signed-in caller. The issuer and the subject are who it is; the name is for people, and anybody's choice."""

    issuer: str
    subject: str
    client: str
    name: str | None
    abilities: frozenset[Ability]
    roles_allow: frozenset[Ability] | None = None
    roles: frozenset[str] = frozenset()
    until: int | None = None
    """The epoch second at which the token is over."""

    @property
    def key(self) -> str:
        """What tells people apart: no two pairs of issuer and subject have the same."""
        import json

        return json.dumps([self.issuer, self.subject], ensure_ascii=True, separators=(",", ":"))


def person() -> Person | None:
    """The signed-in caller of this request; None where nobody signs in (stdio, and HTTP without sign-in)."""
    from mcp.server.auth.middleware.auth_context import get_access_token

    token = get_access_token()
    return None if token is None else person_of(token)


def person_of(token: AccessToken) -> Person:
    """Whose a checked token is."""
    claims = token.claims or {}
    roles = claims.get(ROLES_ALLOW)
    return Person(
        issuer=str(claims.get("iss", "")),
        subject=token.subject or token.client_id,
        client=token.client_id,
        name=claims.get("name"),
        abilities=frozenset(map(Ability, claims.get(ABILITIES, ()))),
        roles=frozenset(claims.get(ROLES, ())),
        roles_allow=None if roles is None else frozenset(map(Ability, roles)),
        until=token.expires_at,
    )


def scopes_from(text: str) -> dict[Ability, str]:
    """`read=flows.read, write=flows.write` -> the scope of each ability, with the default where none is given.

    Raises:
        ValueError: something else.
    """
    found = dict(DEFAULT_SCOPES)
    for part in text.replace(",", " ").split():
        ability, equals, scope = part.partition("=")
        # RFC 6749: a scope is printable ASCII without space, quote and backslash.
        if not equals or not scope or not scope.isascii() or set(scope) & {'"', "\\"}:
            raise ValueError("takes ability=scope")
        found[Ability(ability)] = scope
    if len(set(found.values())) < len(found):
        raise ValueError("two abilities with one scope")
    return found


def roles_from(text: str) -> dict[str, frozenset[Ability]]:
    """`pipeline-admins=write,approve; analysts=read` -> what each role may do. A role may be any text but `;` and `=`.

    Raises:
        ValueError: something else.
    """
    found: dict[str, frozenset[Ability]] = {}
    for part in text.split(";"):
        if not part.strip():
            continue
        role, equals, abilities = part.rpartition("=")
        names = abilities.replace(",", " ").split()
        if not equals or not role.strip() or not names:
            raise ValueError("takes role=ability,ability")
        found[role.strip()] = with_implied(map(Ability, names))
    return found
