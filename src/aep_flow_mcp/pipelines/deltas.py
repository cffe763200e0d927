"""The delta column of an import from rows: by it each run finds what is new. One that runs once needs none."""

from __future__ import annotations

from typing import Any

from aep_flow_mcp.platform.models.explore import Column

from . import places, schedules
from .desk import Desk

COPY = "Copy"


def step(desk: Desk, *, required: bool) -> list[dict[str, Any]]:
    """The Copy transformation with the delta column; nothing for an import that runs once."""
    name = desk.wish.delta_column
    rhythm = schedules.parse_rhythm(desk.wish.every or "")
    once = rhythm is not None and rhythm.unit == "once"
    timed = [column.name or "" for column in desk.findings.columns if _is_time(column)]
    if name is None:
        own = any(item.get("name") == COPY for item in desk.wish.transformations)
        if required and rhythm is not None and not once and not own and not desk.unsettled("account", "path"):
            desk.ask("delta_column", "Which column tells when a row was last changed?", choices=timed)
        return []
    if once:
        # help/sources/errors/sources-errors.md forbids it (1369), the page on marketing automation sends it.
        desk.warn(
            "delta_column beside once: the service may answer 1369; such an import reads everything anyway."
        )
    _check(desk, name, timed)
    return [{"name": COPY, "params": {"deltaColumn": {"name": name}}}]


def _check(desk: Desk, name: str, timed: list[str]) -> None:
    """Sources that keep times as text have no typed columns; then any column will do."""
    known = {column.name: column for column in desk.findings.columns if column.name}
    column = known.get(name)
    if known and column is None:
        near = places.close(name, known) or timed[:3] or list(known)[:3]
        desk.refuse("delta_column", f"there is no column {name}: choose one such as {', '.join(near)}.")
    elif column is not None and timed and name not in timed:
        kind = column.type or "text"
        desk.warn(f"delta_column {name} is a {kind}; columns with a time are {', '.join(timed[:3])}.")


def _is_time(column: Column) -> bool:
    kinds = (column.type, column.xdm_type, column.xdm.get("format"))
    return any(word in str(kind).casefold() for kind in kinds if kind for word in ("date", "time"))
