"""What a check says: what is refused, what is worth knowing, and the value as it is to be sent."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Problem:
    """One thing that would be refused: the field (dotted), what is wrong, and the fix; never the value it had."""

    field: str
    message: str

    def __str__(self) -> str:
        return f"{self.field}: {self.message}"


@dataclass(frozen=True)
class Checked:
    """`value` has the types that the spec declares. `notes` are sentences for the preview; they refuse nothing."""

    value: Any = None
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()

    def and_notes(self, *sentences: str) -> Checked:
        """The same, with more to say."""
        return Checked(self.value, self.problems, (*self.notes, *sentences))


def gathered(value: Any, parts: Iterable[Checked]) -> Checked:
    """One outcome of several; its value is given."""
    listed = list(parts)
    return Checked(
        value,
        tuple(problem for part in listed for problem in part.problems),
        tuple(dict.fromkeys(note for part in listed for note in part.notes)),
    )


def refused(value: Any, field: str, message: str) -> Checked:
    """An outcome with one problem."""
    return Checked(value, (Problem(field, message),))


def joined(*parts: Any) -> str:
    """A field's name from its steps: `transformations[0].params`."""
    text = ""
    for part in parts:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text
