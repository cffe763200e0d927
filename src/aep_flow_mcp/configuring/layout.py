"""How a text is laid out, and how spans are taken from it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any


def newline_of(text: str) -> str:
    """How the text ends its lines: as its first line does."""
    first = text.find("\n")
    return "\r\n" if first > 0 and text[first - 1] == "\r" else "\n"


def without(text: str, spans: Iterable[tuple[int, int]], *, shift: int = 0) -> str:
    """The text without the spans, which do not overlap; their offsets count `shift` more than those of the text."""
    for start, end in sorted(spans, reverse=True):
        text = text[: start - shift] + text[end - shift :]
    return text


def end_of_line(text: str, at: int) -> int:
    """Where the line that holds `at` ends, before its newline."""
    found = text.find("\n", at)
    end = len(text) if found < 0 else found
    return end - 1 if end > at and found >= 0 and text[end - 1] == "\r" else end


def nested(path: Sequence[str], value: Any) -> Any:
    """The value under the keys of a path, each in an object of its own."""
    for key in reversed(path):
        value = {key: value}
    return value
