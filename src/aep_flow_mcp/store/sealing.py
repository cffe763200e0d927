"""What is written where others could read it: encrypted, and bound to the place where it belongs."""

from __future__ import annotations

import os
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_NONCE = 12


class Seal:
    """AES-256-GCM under keys derived from secrets of at least 32 bytes: the first one seals, all of them open."""

    def __init__(self, secrets: Sequence[bytes]) -> None:
        if not secrets:
            raise ValueError("a seal takes a secret")
        self._keys = [AESGCM(_derived(secret)) for secret in secrets]

    def sealed(self, value: bytes, place: str) -> bytes:
        """A value as it may lie in a place."""
        nonce = os.urandom(_NONCE)
        return nonce + self._keys[0].encrypt(nonce, value, place.encode())

    def opened(self, data: bytes, place: str) -> bytes | None:
        """What was sealed for that place; None where no key opens it."""
        for key in self._keys:
            try:
                return key.decrypt(data[:_NONCE], data[_NONCE:], place.encode())
            except (InvalidTag, ValueError):
                continue
        return None


def _derived(secret: bytes) -> bytes:
    # Keys for the SDK's request state come of the same secrets, with another name.
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"aep-flow-mcp/store/v1").derive(secret)
