"""A person at the terminal of a command is asked: the whole preview, and a word to type."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import anyio.to_thread

QUESTION = "Send exactly this? Type yes, anything else sends nothing: "
NO_TERMINAL = (
    "Nobody is at a terminal to be asked: nothing was sent. Run it where a person can answer, or pass --approve with "
    "the digest of a plan that was reviewed."
)
NOT_BY_DIGEST = (
    "AEP_MCP_APPROVAL is {mode}, so a digest is no approval: nothing was sent. Leave --approve out and answer the "
    "question, or let AEP_MCP_APPROVAL be ask."
)
OTHER_PLAN = (
    "This is not the plan that was reviewed: a file, or something in the sandbox, has changed since. Nothing was sent. "
    "Its digest is now {digest}: look at the plan again."
)


class Said(Enum):
    """What came of the question."""

    YES = "yes"
    NO = "no"
    NOBODY = "nobody"


def _is_terminal() -> bool:
    return sys.stdin is not None and sys.stdin.isatty()


def _read(question: str) -> str:
    print(question, end="", file=sys.stderr, flush=True)
    return sys.stdin.readline()


def _write(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


@dataclass(frozen=True)
class Terminal:
    """Where a command asks; the process's own terminal by default."""

    has_person: Callable[[], bool] = _is_terminal
    read: Callable[[str], str] = _read
    write: Callable[[str], None] = _write

    async def ask(self, preview: str) -> Said:
        """Show a preview and wait for a word."""
        if not self.has_person():
            return Said.NOBODY
        self.write(preview)
        word = await anyio.to_thread.run_sync(self.read, QUESTION, abandon_on_cancel=True)
        return Said.YES if word.strip().casefold() == "yes" else Said.NO


@dataclass(frozen=True)
class NoClient:
    """Stands for the context of a call where a command calls and no client does."""

    headers: Any = None
    request_state: Any = None
    meta: dict[str, Any] = field(default_factory=dict)
