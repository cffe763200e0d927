"""What a room keeps between questions, such as a search index."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

T = TypeVar("T")


class Memory(Protocol):
    """Keeps a thing by its name until this process writes; `App` is one."""

    def cache(self, name: str, make: Callable[[], T]) -> T:
        """The thing of this name, made when it is first asked for."""
        ...
