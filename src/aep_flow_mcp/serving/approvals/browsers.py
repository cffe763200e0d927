"""Browsers that signed in: their cookies, and whose they are. Sessions are kept in the store that replicas share."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie

from aep_flow_mcp.callers import Ability, Person
from aep_flow_mcp.serving.approvals.provider import Begun
from aep_flow_mcp.store.kept import Store, key_of

SESSION_LIFE = 900.0
"""Seconds after which somebody signs in again; less where the token that they signed in with is over before."""
SIGN_IN_LIFE = 600
"""Seconds that signing in may take."""
_PER_PERSON, _IN_ALL = 10, 10_000


@dataclass(frozen=True, slots=True)
class Session:
    """A browser whose person is known. token: travels in what is sent from its pages."""

    person: Person
    token: str


class Browsers:
    """Cookies and sessions. at: the public address, of which people come over TLS but for this machine alone.

    A session is of one address: servers that share a store may trust different issuers and roles.
    """

    def __init__(self, store: Store, *, at: str) -> None:
        self._store = store
        self._room = f"browsers:{key_of(at)[:16]}"
        secure = at.startswith("https:")
        # With this prefix a browser takes a cookie from this very host only, and only over TLS.
        self._prefix = "__Host-" if secure else ""
        self._attributes = f"Path=/; HttpOnly; SameSite=Lax{'; Secure' if secure else ''}"

    async def open(self, someone: Person) -> str:
        """Begin a session, and return its cookie."""
        life = min(SESSION_LIFE, (someone.until or 0) - time.time()) if someone.until else SESSION_LIFE
        name = secrets.token_urlsafe(32)
        kept = {
            "issuer": someone.issuer,
            "subject": someone.subject,
            "client": someone.client,
            "name": someone.name,
            "abilities": sorted(someone.abilities),
            "token": secrets.token_urlsafe(32),
        }
        await self._store.put(
            self._room,
            key_of(name),
            json.dumps(kept).encode("ascii"),
            max(1.0, life),
            owner=someone.key,
            per_owner=_PER_PERSON,
            total=_IN_ALL,
        )
        return self._cookie("approvals", name, max(1, int(life)))

    async def whose(self, cookies: str) -> Session | None:
        """The session of a browser that sends these cookies; None where it has none."""
        name = _cookies(cookies).get(f"{self._prefix}approvals")
        found = await self._store.get(self._room, key_of(name)) if name else None
        if found is None:
            return None
        kept = json.loads(found.value)
        token = kept.pop("token")
        abilities = frozenset(map(Ability, kept.pop("abilities")))
        return Session(Person(**kept, abilities=abilities), token)

    async def close(self, cookies: str) -> list[str]:
        """End the session of a browser, and return the cookies that take its own away and remember that it has left."""
        name = _cookies(cookies).get(f"{self._prefix}approvals")
        if name:
            await self._store.take(self._room, key_of(name))
        return [self._cookie("approvals", "", 0), self._cookie("left", "1", SIGN_IN_LIFE)]

    def has_left(self, cookies: str) -> bool:
        """Whether somebody has just signed out: the issuer, which still knows them, has to ask who is there now."""
        return f"{self._prefix}left" in _cookies(cookies)

    def back(self) -> str:
        """The cookie that forgets that."""
        return self._cookie("left", "", 0)

    def keep(self, begun: Begun) -> str:
        """The cookie of a sign-in that is under way. Several may be, in several windows."""
        value = json.dumps(begun.as_json()).encode("ascii").hex()
        return self._cookie(f"sign-in-{begun.state[:16]}", value, SIGN_IN_LIFE)

    def kept(self, cookies: str, state: str) -> Begun | None:
        """The sign-in with that state, if it is this browser's."""
        value = _cookies(cookies).get(f"{self._prefix}sign-in-{state[:16]}", "")
        try:
            begun = Begun(**json.loads(bytes.fromhex(value)))
        except (ValueError, TypeError):
            return None
        return begun if secrets.compare_digest(begun.state.encode(), state.encode()) else None

    def forget(self, begun: Begun) -> str:
        """The cookie that takes that of a sign-in away."""
        return self._cookie(f"sign-in-{begun.state[:16]}", "", 0)

    def _cookie(self, name: str, value: str, life: int) -> str:
        return f"{self._prefix}{name}={value}; {self._attributes}; Max-Age={life}"


def _cookies(header: str) -> Mapping[str, str]:
    try:
        jar = SimpleCookie(header)
    except CookieError:
        return {}
    return {name: one.value for name, one in jar.items()}
