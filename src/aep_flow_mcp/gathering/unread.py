"""Reads that an answer is better for and can do without: what cannot be read is said, and the rest goes on.

Adobe grants rights by resource, so that a credential that reads flows may be refused the specs, the datasets or the
mapping sets around them. Only what a question is about may stop its answer.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

from aep_flow_mcp.platform.errors import PlatformError

T = TypeVar("T")
S = TypeVar("S")


@dataclass(slots=True)
class Unread:
    """What could not be read for one answer: `notes`, a sentence each, and `errors` by what it was."""

    notes: list[str] = field(default_factory=list)
    errors: dict[str, PlatformError] = field(default_factory=dict)

    @property
    def note(self) -> str | None:
        """All sentences as one text; None where everything was read."""
        return " ".join(self.notes) or None

    async def read(self, what: str, call: Callable[[], Awaitable[T]], otherwise: S, *, so: str) -> T | S:
        """What `call` gives, or `otherwise`, which is said.

        what: as a sentence begins with it, such as "The flow specs". so: what is unknown without it, such as "which
        flows are streams is not known".
        """
        try:
            return await call()
        except PlatformError as error:
            self.add(what, error, so=so)
            return otherwise

    def add(self, what: str, error: PlatformError, *, so: str) -> None:
        """Say that something could not be read; once for each thing."""
        if what in self.errors:
            return
        self.errors[what] = error
        self.notes.append(f"{what} could not be read, so {so}: {error}")
