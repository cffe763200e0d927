"""The access tokens in force."""

from __future__ import annotations

import base64
import json

from .options import EmulatorOptions


class Tokens:
    """The access tokens that were issued, with when each expires (epoch milliseconds)."""

    def __init__(self, options: EmulatorOptions) -> None:
        self._options = options
        self._expiry: dict[str, int] = {}
        self._static = set(options.static_tokens)
        self.issued = 0

    def issue(self, now_ms: int, *, signature: str) -> tuple[str, int]:
        """A new token, which ends with the signature, and its life in seconds."""
        self._expiry = {token: expiry for token, expiry in self._expiry.items() if expiry > now_ms}
        life = self._options.token_ttl
        self.issued += 1
        claims = {"type": "access_token", "n": self.issued, "created_at": now_ms, "expires_in": life * 1000}
        token = ".".join([_encoded({"alg": "none", "kid": "emulator"}), _encoded(claims), signature])
        self._expiry[token] = now_ms + life * 1000
        return token, life

    def accepts(self, token: str, now_ms: int) -> bool:
        return token in self._static or self._expiry.get(token, 0) > now_ms

    def expire(self) -> None:
        """Every token issued so far stops being valid."""
        self._expiry.clear()


def _encoded(part: dict[str, object]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")
