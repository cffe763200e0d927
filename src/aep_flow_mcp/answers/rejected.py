"""Rejected rows as a model may see them: grouped by why, with the column and the shape of a value."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from aep_flow_mcp.answers.rows import RowsShown, shape
from aep_flow_mcp.platform.models.rejected import RejectedRow, RowError
from aep_flow_mcp.platform.models.text import clean_text
from aep_flow_mcp.platform.redaction.texts import redact_text

SHOWN_GROUPS = 20
_MESSAGE = 300
_COLUMN = 200
_VALUE = 80
_SHORTEST = 3
"""Values of fewer characters are found in any sentence."""
_QUOTED = re.compile(r"""(?<!\w)'([^']*)'(?!\w)|"([^"]*)"|\[([^\[\]]*)\]|`([^`]*)`""")
_SHAPE = r"text\(\d+\)"
_TELLING = re.compile(rf"{_SHAPE}|[^\s@'\"\[\]]+@[^\s@'\"\[\]]+\.\w+|\d[\d .:/-]*\d{{2}}[^\s,;'\"\[\]]*")
"""What is a shape already, addresses, and what holds a number of three digits or more."""
_LENGTH = re.compile(_SHAPE)
_ANY_SHAPE = re.compile(rf"{_SHAPE}|\b(?:boolean|date|email|number)\b")
"""Equal in the messages of one group: the reason is the same, whatever the value looks like."""


class RejectedGroup(BaseModel):
    """Rows left out for the same reason. `value` is one of theirs in `column`, `message` that of the first."""

    error: str | None = None
    column: str | None = None
    rows: int
    value: Any = None
    message: str | None = None
    file: str | None = None


@dataclass
class _Group:
    row: RejectedRow
    error: RowError
    file: str
    count: int = 0
    message: str = ""
    values: list[Any] = field(default_factory=list)


def grouped(rows: Iterable[tuple[str, RejectedRow]], shown: RowsShown) -> list[RejectedGroup]:
    """Groups of (file, row) by code, column and message without its values, most rows first."""
    groups: dict[tuple[str | None, str | None, str], _Group] = {}
    for file, row in rows:
        for error in row.errors or (RowError(None, _no_reason(row)),):
            masked = masked_message(error, row)
            key = (error.code, error.column, _ANY_SHAPE.sub("?", masked))
            group = groups.setdefault(key, _Group(row, error, file, message=masked))
            group.count += 1
    ranked = sorted(groups.values(), key=lambda group: -group.count)
    return [_shown(group, shown) for group in ranked]


def _no_reason(row: RejectedRow) -> str:
    return f"the row names no error; it holds {', '.join(list(row.values)[:12]) or 'nothing'}"


def _shown(group: _Group, shown: RowsShown) -> RejectedGroup:
    message = group.error.message or "" if shown == "on" and group.row.errors else group.message
    # Redacted first, cut afterwards: half a secret no longer looks like one.
    return RejectedGroup(
        error=group.error.code,
        column=clean_text(group.error.column, limit=_COLUMN) if group.error.column else None,
        rows=group.count,
        value=_value(group, shown),
        message=clean_text(redact_text(message), limit=_MESSAGE) or None,
        file=group.file,
    )


def _value(group: _Group, shown: RowsShown) -> Any:
    """What a row of the group holds in the column, or the whole of one that could not be read."""
    row, column = group.row, group.error.column
    if shown == "off":
        return None
    value = row.values.get(column) if column else row.values.get("_corrupt_record", row.text)
    if shown == "masked" or value is None:
        return shape(value)
    return clean_text(redact_text(str(value)), limit=_VALUE)


def masked_message(error: RowError, row: RejectedRow) -> str:
    """A message with the values in it as their shapes: what it quotes, and whatever the row itself holds.

    Names of columns stay, so that the message still says where.
    """
    names = _names(error, row.values)
    text = masked_quotes(error.message or "", names)
    held = {str(value) for value in row.values.values() if isinstance(value, str | int | float)}
    told = [value for value in held if len(value) >= _SHORTEST and value in text and value not in names]
    if told:
        whole = "|".join([_SHAPE, *map(re.escape, sorted(told, key=len, reverse=True))])
        text = re.sub(whole, _shaped, text)
    return _TELLING.sub(_shaped, text)


def masked_quotes(text: str, names: Collection[str] = ()) -> str:
    """A message with what it quotes as shapes, but for `names`: of a batch's own error, whose row is not known."""

    def quoted(match: re.Match[str]) -> str:
        inner = next(part for part in match.groups() if part is not None)
        if inner in names or not inner.strip():
            return match[0]
        return f"{match[0][0]}{shape(inner)}{match[0][-1]}"

    return _QUOTED.sub(quoted, text)


def _shaped(match: re.Match[str]) -> str:
    return match[0] if _LENGTH.fullmatch(match[0]) else str(shape(match[0]))


def _names(error: RowError, values: Mapping[str, Any]) -> set[str]:
    paths = {*values, *([error.column] if error.column else [])}
    return paths | {path.rpartition(".")[2] for path in paths}
