"""What a server tells of its own work while it does it: calls of tools, requests to Adobe, writes.

Whoever counts or traces it (`serving/telemetry/`) is an `Observer`; without one nobody is told. What is told holds no
name of the organisation, of a person or of an object, but for the path of a request, of which an observer passes on no
more than its `route`.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Protocol

UNFINISHED = "broken_off"
"""How something ended that was broken off: its client has gone, or its time was over."""


@dataclass(slots=True)
class Call:
    """One call of a tool that is there.

    result: `ok`, `error`, `asked` (a question goes to a person), for a tool that writes how the write ended
    (`guard/execution/results.py`: `done`, `declined`, `refused`, …); error: the kind of error, where it was one.
    """

    tool: str
    writes: bool = False
    result: str = UNFINISHED
    error: str | None = None


@dataclass(slots=True)
class Request:
    """One try of a request to Adobe, from where it has its turn to the last byte of the answer.

    again: how many tries were before it. headers: what an observer adds to what is sent.
    """

    method: str
    path: str = field(repr=False)
    again: int = 0
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Write:
    """One approved change, from before its first line in the audit log to after its last.

    kind: the tool that planned it. result: as of `Call`.
    """

    kind: str
    result: str = UNFINISHED


class Observer(Protocol):
    """Told around whatever happens; what is told of says by its end how it ended. It never raises."""

    def call(self, call: Call) -> AbstractContextManager[None]:
        """Around a call of a tool."""

    def request(self, request: Request) -> AbstractContextManager[None]:
        """Around a request to Adobe; an exception of the network passes through."""

    def write(self, write: Write) -> AbstractContextManager[None]:
        """Around a write."""


class Nobody:
    """The observer where nobody looks."""

    def call(self, call: Call) -> AbstractContextManager[None]:
        del call
        return nullcontext()

    def request(self, request: Request) -> AbstractContextManager[None]:
        del request
        return nullcontext()

    def write(self, write: Write) -> AbstractContextManager[None]:
        del write
        return nullcontext()


NOBODY = Nobody()
