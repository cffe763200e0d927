"""What is wrong in a published file, entry by entry, and the sifting of violations through those entries."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from contract.openapi import Contract
from contract.shapes import Schema, Violation

STRING: Schema = {"type": "string"}
INTEGER: Schema = {"type": "integer"}
NUMBER: Schema = {"type": "number"}
BOOLEAN: Schema = {"type": "boolean"}
ANYTHING: Schema = {}
NOTHING: Schema = {"enum": [None]}
JSON_SCHEMA: Schema = {"type": "object"}


def array(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def thing(**properties: Schema) -> Schema:
    """An object of exactly these properties, each optional."""
    return {"type": "object", "properties": properties}


def one_of(*values: str) -> Schema:
    return {"type": "string", "enum": list(values)}


def either(*schemas: Schema) -> Schema:
    return {"anyOf": list(schemas)}


def ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


@dataclass(frozen=True)
class KnownError:
    """One place where the file is wrong or silent, and what stands there instead.

    `operations` are names as `Operation.name` gives them (`*`: all of them). `pointer` is the pointer of a
    violation, where a step `*` is any one step, `**` any further ones and `a|b` either of two; `kind` may be
    `*`. What is found there must itself satisfy `instead` (a missing thing has none): an entry excuses one
    difference and not whatever comes.
    `reason` says where the truth is written: sections of the facts about the API, or Adobe's page.
    """

    operations: tuple[str, ...]
    part: str
    pointer: str
    kind: str
    instead: Schema | None
    reason: str

    def matches(self, violation: Violation) -> bool:
        return (
            (self.operations == ("*",) or violation.operation in self.operations)
            and violation.part == self.part
            and self.kind in ("*", violation.kind)
            and self._pattern.fullmatch(violation.pointer) is not None
        )

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile("/".join(_step(step) for step in self.pointer.split("/")))

    def __str__(self) -> str:
        return f"{', '.join(self.operations)}: {self.part} {self.pointer or '/'} {self.kind} ({self.reason})"


def _step(step: str) -> str:
    """The regular expression of one step of a pointer pattern."""
    any_step = {"*": "[^/]+", "**": ".+"}.get(step)
    return any_step or f"(?:{'|'.join(map(re.escape, step.split('|')))})"


def fields(
    operations: tuple[str, ...], part: str, under: str, shapes: Mapping[str, Schema], reason: str
) -> list[KnownError]:
    """One entry for each property that the file does not declare below the pointer `under`."""
    return [
        KnownError(operations, part, f"{under}/{name}", "undeclared", shape, reason)
        for name, shape in shapes.items()
    ]


class KnownErrors:
    """The entries of one file. It counts which of them are needed, so that a dead one is noticed."""

    def __init__(self, contract: Contract, entries: Iterable[KnownError]) -> None:
        self.contract = contract
        self.entries = tuple(entries)
        self._used: set[int] = set()

    def unexpected(self, violations: Iterable[Violation]) -> list[Violation]:
        """The violations that no entry explains."""
        return [left for violation in violations for left in self._left(violation)]

    def dead(self) -> list[KnownError]:
        """The entries that explained nothing so far."""
        return [entry for entry in self.entries if id(entry) not in self._used]

    def _left(self, violation: Violation) -> list[Violation]:
        results: list[list[Violation]] = []
        for entry in self.entries:
            if entry.matches(violation):
                self._used.add(id(entry))
                results.append(self._inside(entry, violation))
        return min(results, key=len, default=[violation])

    def _inside(self, entry: KnownError, violation: Violation) -> list[Violation]:
        if entry.instead is None:
            return []
        found = self.contract.schemas.check(
            entry.instead,
            violation.value,
            operation=violation.operation,
            part=violation.part,
            pointer=violation.pointer,
        )
        deeper = [v for v in found if v.pointer != violation.pointer]
        return [v for v in found if v.pointer == violation.pointer] + self.unexpected(deeper)
