"""Rows that a batch left out, with why: every shape in which Adobe's pages show them, and those that none shows."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .common import to_dict, to_text
from .text import clean_text

_ERRORS = ("_errors", "_validationErrors", "_error", "errors")
_TEXTS = ("message", "errorMessage", "description", "detail", "title")
_CODES = ("code", "errorCode", "error_code")
_COLUMNS = ("column", "columnName", "field", "fieldName", "attribute", "pointerToViolation", "schemaLocation")
_SAYS = re.compile(r'"(code|message|pointerToViolation)"\s*:\s*"((?:[^"\\]|\\.)*)"')
_QUOTED = re.compile(r"""(?<!\w)'([^']*)'(?!\w)|"([^"]*)"|\[([^\[\]]*)\]|`([^`]*)`""")
_DEPTH = 20
_NAME = 200
_MOST_PARTS = 400
"""Leaves of a row that are looked at."""


@dataclass(frozen=True, slots=True)
class RowError:
    """Why a row was left out. `column` is a dotted path, where the error names one."""

    code: str | None
    message: str | None
    column: str | None = None


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A row of a diagnostics file. `values` are what it held, by dotted path; `text` is one that is no JSON."""

    errors: tuple[RowError, ...]
    values: Mapping[str, Any] = field(default_factory=dict)
    text: str | None = None


@dataclass(frozen=True, slots=True)
class RejectedRows:
    """The rows of the part of a file that was read. `kind`: `json`, or what the file is instead, unread."""

    rows: tuple[RejectedRow, ...]
    kind: str = "json"


def read_rejected(content: bytes, *, whole: bool, most: int) -> RejectedRows:
    """At most `most` rows of JSON: one object a line, one after the other, or in a list. Raises nothing."""
    if content.startswith(b"PAR1"):
        return RejectedRows((), "parquet")
    if content[:2] == b"\x1f\x8b" or b"\x00" in content[:1000]:
        return RejectedRows((), "binary")
    text = content.decode("utf-8", "replace")
    if text.strip() and not text.lstrip("\ufeff \t\r\n").startswith(("{", "[")):
        return RejectedRows((), "text")
    rows: list[RejectedRow] = []
    for value in _values(text.lstrip("\ufeff"), whole=whole):
        for one in value if isinstance(value, list) else [value]:
            if len(rows) == most:
                return RejectedRows(tuple(rows))
            rows.append(_row(one) if isinstance(one, dict) else _unreadable(str(one)))
    return RejectedRows(tuple(rows))


def _values(text: str, *, whole: bool) -> Iterator[Any]:
    """The JSON values in a text; what is none comes as the text up to the next line that begins an object."""
    decoder, at = json.JSONDecoder(), 0
    if not whole and text.startswith("["):
        # A list that was cut is read as its members.
        at = 1
    while at < len(text):
        if text[at] in " \t\r\n,]":
            at += 1
            continue
        try:
            value, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            end = text.find("\n{", at)
            if end < 0 and not whole:
                return
            yield text[at : end if end >= 0 else len(text)]
            at = end + 1 if end >= 0 else len(text)
        else:
            yield value


def _row(row: dict[str, Any]) -> RejectedRow:
    errors = [error for name in _ERRORS for error in _errors(row.get(name), _DEPTH)]
    if not errors:
        errors = list(_of_problem(row))
    held = {name: value for name, value in row.items() if name not in _ERRORS and name != "_filename"}
    entity = to_dict(to_dict(held.get("body")).get("xdmEntity"))
    values = dict(_leaves(entity or held, "", _DEPTH))
    return RejectedRow(tuple(_with_column(error, values) for error in errors), values)


def _unreadable(text: str) -> RejectedRow:
    """What Adobe's own example shows: an object whose quotes are not escaped. Its error can be told all the same."""
    said = dict(_SAYS.findall(text[:20_000]))
    message = said.get("message") or "a line that is no JSON"
    column = _column(said.get("pointerToViolation"))
    return RejectedRow((RowError(said.get("code"), message, column),), text=text)


def _errors(value: Any, depth: int) -> Iterator[RowError]:
    """Errors in a list, under names (`_streamingValidation`), or behind others that only sum them up."""
    if depth == 0:
        return
    if isinstance(value, list):
        for one in value:
            yield from _errors(one, depth - 1)
    elif isinstance(value, str) and value:
        yield RowError(None, value)
    elif isinstance(value, dict):
        causes = value.get("causingExceptions")
        if isinstance(causes, list) and causes:
            yield from _errors(causes, depth - 1)
            return
        message = next((text for name in _TEXTS if (text := to_text(value.get(name)))), None)
        code = next((text for name in _CODES if (text := to_text(value.get(name)))), None)
        if message is None and code is None:
            for inner in value.values():
                yield from _errors(inner, depth - 1) if isinstance(inner, list | dict) else ()
            return
        places = (_column(value.get(name)) for name in _COLUMNS)
        kind = to_text(value.get("keyword"))
        yield RowError(code or kind, message, next((place for place in places if place), None))


def _of_problem(row: dict[str, Any]) -> Iterator[RowError]:
    """A message that was refused as a whole, as a problem document."""
    message = to_text(to_dict(row.get("report")).get("message"))
    if message or (row.get("title") and row.get("status")):
        yield RowError(to_text(row.get("status")), message or to_text(row.get("title")))


def _column(value: Any) -> str | None:
    """`#/timestamp`, `#/properties/person/properties/name` and `person.name` as dotted paths."""
    text = to_text(value)
    if not text or text in ("#", "/", "#/"):
        return None
    parts = [part for part in re.split(r"[/.]", text.lstrip("#")) if part]
    plain = [part for part in parts if part != "properties"] if text.startswith("#/properties") else parts
    return ".".join(plain) or None


def _with_column(error: RowError, values: Mapping[str, Any]) -> RowError:
    """The error with the column whose value its message quotes, where it names none itself."""
    if error.column is not None or not error.message:
        return error
    quoted = {part for match in _QUOTED.finditer(error.message) for part in match.groups() if part}
    named = [name for name in values if name in quoted]
    held = [name for name, value in values.items() if value not in (None, "") and str(value) in quoted]
    found = named if len(named) == 1 else held
    return RowError(error.code, error.message, found[0]) if len(found) == 1 else error


def _leaves(value: Any, path: str, depth: int) -> Iterator[tuple[str, Any]]:
    room = _MOST_PARTS
    for name, inner in _parts(value):
        if room <= 0:
            return
        place = f"{path}.{name}" if path else name
        if isinstance(inner, dict | list) and depth:
            for leaf in _leaves(inner, place, depth - 1):
                room -= 1
                yield leaf
        else:
            room -= 1
            yield place, inner


def _parts(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        yield from ((clean_text(str(name), limit=_NAME), inner) for name, inner in value.items())
    elif isinstance(value, list):
        yield from ((str(at), inner) for at, inner in enumerate(value))
