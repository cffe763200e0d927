"""How far long work is: counted by the work, told to the client by whoever shows it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field


@dataclass(slots=True)
class Progress:
    """How far the work is. `total` is None until it is known."""

    done: int = 0
    total: int | None = None
    what: str = "items"
    started: float = field(default_factory=time.monotonic)

    @property
    def elapsed(self) -> float:
        return time.monotonic() - self.started
