"""JSON in one fixed form, and values as a person may safely read them."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Any

from pydantic import BaseModel

JSON = Any
"""What `json.loads` returns."""

_HIDDEN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
_JOINERS = {"\u200c", "\u200d"}  # Persian, Indic scripts and emoji need them
# Letters and marks by Unicode's book that are drawn as nothing: fillers and variation selectors.
_BLANK = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\uffa0\ufe00-\ufe0f\U000e0100-\U000e01ef]"
)


# What cannot pass for more than one name, or for a value behind it.
_PLAIN_NAME = re.compile(r"[\w$@:/-]+(?:\.[\w$@:/-]+)*")


def plain(value: object) -> JSON:
    """A value as JSON has it: models by their API names, enums by value, tuples as lists.

    Raises:
        TypeError: it holds something that JSON cannot, a non-finite number included.
    """
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", by_alias=True, exclude_none=True)
    if isinstance(value, Enum):
        return plain(value.value)
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        if value != value or value in (float("inf"), float("-inf")):
            raise TypeError("a number that is not finite cannot be sent")
        return value
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        items = sorted(value) if isinstance(value, set | frozenset) else value
        return [plain(item) for item in items]
    as_json = getattr(value, "as_json", None)
    if callable(as_json):
        return as_json()
    raise TypeError(f"a {type(value).__name__} cannot be sent as JSON")


def canonical(value: object) -> str:
    """Compact JSON with sorted keys: equal values give equal text."""
    return json.dumps(
        plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )


def visible(text: str) -> str:
    """The text with every control, invisible, direction-changing or line-breaking character written as \\uXXXX."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        character
        if character in _JOINERS
        or not (unicodedata.category(character) in _HIDDEN or _BLANK.match(character))
        else "".join(f"\\u{unit:04x}" for unit in _units(character))
        for character in text
    )


def shown(value: object, *, limit: int = 2_000) -> str:
    """A JSON value on one line, quoted, so that it cannot pass for words of this server. Cuts say how much."""
    text = visible(json.dumps(plain(value), separators=(", ", ": "), ensure_ascii=False))
    if len(text) <= limit:
        return text
    return f"{text[:limit]}… (cut: {len(text)} characters in all)"


def leaves(value: JSON, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], JSON]]:
    """Every scalar (and empty list or object) with the way to it."""
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from leaves(item, (*path, key))
    elif isinstance(value, list) and value:
        for index, item in enumerate(value):
            yield from leaves(item, (*path, index))
    else:
        yield path, value


def dotted(path: tuple[str | int, ...]) -> str:
    """`("transformations", 0, "params")` -> `transformations[0].params`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif _PLAIN_NAME.fullmatch(part):
            text += f".{part}" if text else part
        else:
            text += f"[{shown(part, limit=200)}]"
    return text or "(all)"


def _units(character: str) -> list[int]:
    code = ord(character)
    if code < 0x10000:
        return [code]
    code -= 0x10000
    return [0xD800 + (code >> 10), 0xDC00 + (code & 0x3FF)]
