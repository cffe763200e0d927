"""The keys of an issuer: read when they are first needed, kept for a while, read again for one that is unknown."""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
from jwt import PyJWK
from jwt.exceptions import PyJWTError

from aep_flow_mcp.serving.signing_in.documents import IssuerUnavailable, jwks_of

ALGORITHMS = frozenset(
    {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}
)
"""What tokens may be signed with: with a private key, never with a shared secret, never not at all."""

_CURVES = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521", "EdDSA": "Ed25519"}
_SHORTEST_RSA = 2_048
_FRESH = 600.0
"""Seconds after which keys are read again."""
_USABLE = 86_400.0
"""Seconds for which they are used when the issuer does not answer."""
_PAUSE = 30.0
"""Seconds between two readings for the sake of keys that nobody knows: whoever has no token can ask for them."""
_PAUSE_AFTER_FAILURE = 10.0

logger = logging.getLogger(__name__)
Read = Callable[[str], Awaitable[list[dict[str, Any]]]]


class IssuerKeys:
    """The keys of one issuer. clock: seconds that only go forward."""

    def __init__(
        self, issuer: str, *, read: Read = jwks_of, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._issuer = issuer
        self._read = read
        self._clock = clock
        self._lock = anyio.Lock()
        self._keys: list[dict[str, Any]] = []
        self._read_at: float | None = None
        self._tried_at: float | None = None
        self._failure: str | None = None
        """Why the issuer does not answer. An error raised again and again would hold all that it passed."""

    async def find(self, kid: str | None, algorithm: str) -> PyJWK | None:
        """The key of that id that fits the algorithm; without an id, the only one that fits.

        Raises:
            IssuerUnavailable: the issuer does not answer, and what is known of it does not do.
        """
        found = self._known(kid, algorithm)
        if found is not None and (self._age() < _FRESH or self._lock.locked()):
            return found
        async with self._lock:
            # Others may have read them while this waited.
            found = self._known(kid, algorithm)
            if self._is_due(found):
                await self._refresh()
                found = self._known(kid, algorithm)
        if found is None and self._failure is not None:
            raise IssuerUnavailable(self._failure)
        return found

    def _age(self) -> float:
        return float("inf") if self._read_at is None else self._clock() - self._read_at

    def _is_due(self, found: PyJWK | None) -> bool:
        since = float("inf") if self._tried_at is None else self._clock() - self._tried_at
        if self._failure is not None:
            return since >= _PAUSE_AFTER_FAILURE
        return self._age() >= _FRESH or (found is None and since >= _PAUSE)

    async def _refresh(self) -> None:
        self._tried_at = self._clock()
        try:
            self._keys = await self._read(self._issuer)
        except IssuerUnavailable as error:
            self._failure = str(error)
            logger.warning("%s", error)
            if self._age() >= _USABLE:
                self._keys = []
            return
        self._read_at, self._failure = self._clock(), None

    def _known(self, kid: str | None, algorithm: str) -> PyJWK | None:
        fitting = [
            key for key in self._keys if (kid is None or key.get("kid") == kid) and _fits(key, algorithm)
        ]
        return _usable(fitting[0], algorithm) if len(fitting) == 1 else None


def checks_something(key: dict[str, Any]) -> bool:
    """Whether a published key can check a token at all."""
    return any(_fits(key, algorithm) and _usable(key, algorithm) is not None for algorithm in ALGORITHMS)


def _fits(key: dict[str, Any], algorithm: str) -> bool:
    """Whether a published key is there to check signatures of this algorithm."""
    operations = key.get("key_ops")
    if key.get("use", "sig") != "sig" or (isinstance(operations, list) and "verify" not in operations):
        return False
    if key.get("alg", algorithm) != algorithm:
        return False
    curve = _CURVES.get(algorithm)
    if curve is None:
        return key.get("kty") == "RSA"
    return key.get("kty") == ("OKP" if algorithm == "EdDSA" else "EC") and key.get("crv") == curve


def _usable(key: dict[str, Any], algorithm: str) -> PyJWK | None:
    try:
        made = PyJWK(
            {name: key[name] for name in ("kty", "crv", "n", "e", "x", "y") if name in key}, algorithm
        )
    except PyJWTError:
        return None
    return (
        made if getattr(made.key, "key_size", _SHORTEST_RSA) >= _SHORTEST_RSA or key["kty"] != "RSA" else None
    )
