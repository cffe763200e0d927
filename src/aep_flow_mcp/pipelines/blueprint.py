"""What comes of a wish: what is missing, what is wrong, or the parts to create in their order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from .checks.outcome import Problem


@dataclass(frozen=True)
class Missing:
    """Something to ask the person for. `choices` come from the organisation or from a spec; `more` are left out."""

    field: str
    question: str
    type: str = "string"
    choices: tuple[str, ...] = ()
    more: int = 0


@dataclass(frozen=True)
class Created:
    """Stands in a body for the id of an earlier part."""

    key: str


class What(StrEnum):
    """A kind of part."""

    ACCOUNT = "account"
    SOURCE = "source"
    TARGET = "target"
    MAPPING = "mapping"
    FLOW = "flow"


@dataclass(frozen=True, kw_only=True)
class Part:
    """One object to create; its key is what it is. `secret_keys` point to what its spec declares secret."""

    what: What
    body: Mapping[str, Any]
    secret_keys: frozenset[str] = frozenset()

    @property
    def ref(self) -> Created:
        """What later parts say for its id."""
        return Created(self.what.value)


@dataclass(frozen=True, kw_only=True)
class Blueprint:
    """Everything to create, in order. `draft`: the flow as a draft; `disabled`: switched off right after.

    names: (id, what it is, name) of what was read on the way, to be shown where a body has the id.
    """

    title: str
    summary: str
    parts: tuple[Part, ...]
    warnings: tuple[str, ...] = ()
    names: tuple[tuple[str | None, str, str | None], ...] = ()
    draft: bool = False
    disabled: bool = False


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What can be said about a wish. There is a blueprint, with the same warnings, when nothing is missing or wrong."""

    recipe: str | None = None
    missing: tuple[Missing, ...] = ()
    problems: tuple[Problem, ...] = ()
    blueprint: Blueprint | None = None
    warnings: tuple[str, ...] = ()
    suggested_fields: tuple[tuple[str, str], ...] = field(default=())


def with_refs(value: Any, made: Mapping[str, Any]) -> Any:
    """A body with the reference (or the id) of each part in its place."""
    if isinstance(value, Created):
        return made[value.key]
    if isinstance(value, Mapping):
        return {name: with_refs(item, made) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [with_refs(item, made) for item in value]
    return value
