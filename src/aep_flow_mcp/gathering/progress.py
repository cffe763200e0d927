"""How far long work is: counted by the work, told to the client by whoever shows it."""

from __future__ import annotations

from dataclasses import dataclass, field

import anyio


@dataclass(slots=True)
class Progress:
    """How far the work is. `total` is None until it is known. `cut`: lists of which time allowed only a part."""

    done: int = 0
    total: int | None = None
    what: str = "items"
    started: float = field(default_factory=anyio.current_time)
    cut: set[str] = field(default_factory=set)

    @property
    def elapsed(self) -> float:
        """Seconds since the work began."""
        return anyio.current_time() - self.started
