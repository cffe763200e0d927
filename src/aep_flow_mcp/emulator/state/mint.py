"""New identities: of objects, of their versions, and of who wrote them."""

from __future__ import annotations

import hashlib
import random
import uuid


class Mint:
    """New ids and ETags, the same ones in the same order for the same seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(f"emulator-{seed}")

    def uuid(self) -> str:
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    def hex(self, length: int) -> str:
        return f"{self._random.getrandbits(length * 4):0{length}x}"

    def etag(self, now_ms: int) -> str:
        """With its own double quotes; the last group is the time of the write, as Adobe's look."""
        return f'"{self.hex(8)}-0000-{self.hex(4)}-0000-{now_ms // 1000:08x}0000"'


def author(client: str) -> str:
    """The technical account behind a client id, in the form of a user id."""
    return f"{hashlib.sha256(client.encode()).hexdigest()[:24].upper()}@AdobeID"
