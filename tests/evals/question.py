"""A question or a task, with the facts of its answer and the calls that a good assistant would make."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from evals.facts import Fact
from evals.organisation import Organisation

Arguments = dict[str, Any]


@dataclass(frozen=True)
class Call:
    """A call of a tool. Ids among the arguments have to stand in the question or in an earlier answer."""

    tool: str
    arguments: Arguments = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.tool}({', '.join(f'{name}={value!r}' for name, value in self.arguments.items())})"


def call(tool: str, /, **arguments: Any) -> Call:
    return Call(tool, arguments)


@dataclass(frozen=True)
class Question:
    """kind: `read`, `trap` (its honest answer is that this cannot be known), or `task` (it ends in a write).

    done: of a task, whether the emulator is as it should be afterwards. `calls` are the best ones, the first first.
    """

    id: str
    text: str
    calls: tuple[Call, ...]
    facts: tuple[Fact, ...] = ()
    kind: str = "read"
    done: Callable[[Organisation], bool] | None = None
