"""What is asked of pipelines that exist, and when a stored value is already so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aep_flow_mcp.guard.changes.canonical import shown
from aep_flow_mcp.guard.changes.naming import NAME
from aep_flow_mcp.planning.mapping_rows import Pair

_ONE_ONLY = ("name", "description", "path", "add_fields", "remove_fields")


@dataclass(frozen=True)
class Wanted:
    """What is asked for; None was not said."""

    name: str | None = None
    description: str | None = None
    every: str | None = None
    start_time: str | None = None
    end_time: str | None = None
    path: str | None = None
    error_diagnostics: bool | None = None
    tolerated_percent: float | None = None
    add_fields: Sequence[Pair] = ()
    remove_fields: Sequence[str] = ()

    @property
    def scheduled(self) -> bool:
        return any(one is not None for one in (self.every, self.start_time, self.end_time))

    def for_one_only(self) -> list[str]:
        """The arguments that are about a single flow."""
        return [name for name in _ONE_ONLY if getattr(self, name)]


def alike(one: Any, other: Any) -> bool:
    """Whether two values mean the same: the service keeps some numbers and flags as texts."""
    if one is None or isinstance(one, Mapping | list):
        return bool(one == other)
    try:
        return float(one) == float(other)
    except (TypeError, ValueError):
        return str(one).casefold() == str(other).casefold()


def said(value: Any) -> str:
    """An option in words."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, int | float):
        return f"{value:g}"
    return "not set" if value is None else shown(value, limit=NAME)
