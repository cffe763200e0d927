"""The emulator's time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta


class Clock:
    """The options' clock, which can be advanced."""

    def __init__(self, read: Callable[[], datetime]) -> None:
        self._read = read
        self.ahead = timedelta()

    def now(self) -> datetime:
        return self._read().astimezone(UTC) + self.ahead

    def now_ms(self) -> int:
        return int(self.now().timestamp() * 1000)

    def advance(self, seconds: float) -> None:
        self.ahead += timedelta(seconds=seconds)
