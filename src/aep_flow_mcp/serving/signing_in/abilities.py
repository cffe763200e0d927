"""From the claims of a checked token to what its bearer may do: scopes say what was granted, roles what is allowed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aep_flow_mcp.callers import Ability, with_implied
from aep_flow_mcp.settings import Settings

Abilities = frozenset[Ability]


def abilities_of(claims: Mapping[str, Any], settings: Settings) -> tuple[Abilities, Abilities | None]:
    """What the bearer may do, and what the roles allow (None where roles decide nothing).

    Scopes are what a person granted to a program, and many issuers let anybody grant them. So where roles are
    configured they decide, and a scope gives nothing that no role allows; the scopes of this server, where the token
    has any, still take away what was not granted.
    """
    words = _words(claims.get("scope")) | _words(claims.get("scp"))
    granted = {ability for ability, scope in settings.mcp_auth_scopes.items() if scope in words}
    by_scopes = with_implied(granted)
    if not settings.mcp_auth_roles:
        return by_scopes, None
    roles = roles_of(claims, settings)
    found = [abilities for role, abilities in settings.mcp_auth_roles.items() if role in roles]
    by_roles = with_implied(ability for abilities in found for ability in abilities)
    return (by_roles & by_scopes if granted else by_roles), by_roles


def roles_of(claims: Mapping[str, Any], settings: Settings) -> set[str]:
    """The roles or groups of the bearer, by the claim that is configured for them."""
    name = settings.mcp_auth_roles_claim
    return _words(_claim(claims, name), spaces=False) if name else set()


def _claim(claims: Mapping[str, Any], name: str) -> Any:
    """A claim by its name, or by a path such as `realm_access.roles`."""
    if name in claims:
        return claims[name]
    found: Any = claims
    for part in name.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def _words(value: Any, *, spaces: bool = True) -> set[str]:
    """The texts of a list, or the words of a text. spaces: whether a space parts words."""
    if isinstance(value, str):
        return set(value.split()) if spaces else {value}
    return {one for one in value if isinstance(one, str)} if isinstance(value, list) else set()
