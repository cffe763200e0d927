"""Rows of data as a model may see them: their shapes in place of names and addresses, unless a person wants more."""

from __future__ import annotations

import re
from typing import Any, Literal

RowsShown = Literal["off", "masked", "on"]
"""What AEP_MCP_PREVIEW_ROWS says."""

_EMAIL = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")
_DATE = re.compile(r"\d{4}-\d{1,2}-\d{1,2}(?:[T ][\d:.,]+ ?(?:Z|[+-]\d{2}:?\d{2})?)?")
_NUMBER = re.compile(r"[+-]?\d{1,40}(?:\.\d{1,40})?(?:[eE][+-]?\d{1,3})?")
_FORMS = ((_EMAIL, "email"), (_DATE, "date"), (_NUMBER, "number"))
_LONG = 400
_DEPTH = 40
_DATA = ("data", "rows", "sample", "samples")
_SHOWING = frozenset({"explore", "preview"})

NOTES: dict[RowsShown, str | None] = {
    "off": "Rows are not shown: AEP_MCP_PREVIEW_ROWS is off.",
    "masked": "Values are shown as their shapes (AEP_MCP_PREVIEW_ROWS).",
    "on": None,
}


def shape(value: Any, depth: int = _DEPTH) -> Any:
    """What a value is: `text(12)`, `email`, `date`, `number`, `boolean`; inside lists and objects too."""
    if value is None or value == "":
        return value
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, dict) and depth:
        return {key: shape(item, depth - 1) for key, item in value.items()}
    if isinstance(value, list) and depth:
        return [shape(item, depth - 1) for item in value]
    if not isinstance(value, str):
        return type(value).__name__
    text = value.strip()
    forms = _FORMS if len(text) <= _LONG else ()
    return next((name for form, name in forms if form.fullmatch(text)), f"text({len(value)})")


def rows_of(data: list[dict[str, Any]], shown: RowsShown) -> list[dict[str, Any]]:
    """Rows as they may be shown."""
    if shown == "on":
        return data
    return [] if shown == "off" else [{key: shape(value) for key, value in row.items()} for row in data]


def without_rows(path: str, answer: Any, shown: RowsShown) -> Any:
    """The answer of any path, with the rows of one that explores or previews as they may be shown."""
    if shown == "on" or _SHOWING.isdisjoint(path.casefold().split("/")):
        return answer
    if isinstance(answer, list):
        return [without_rows(path, item, shown) for item in answer]
    if not isinstance(answer, dict):
        return answer
    return {
        name: ([] if shown == "off" else shape(value)) if name.casefold() in _DATA else value
        for name, value in answer.items()
    }
