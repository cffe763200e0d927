"""Cleaning of text that other people wrote: names, descriptions, error messages."""

from __future__ import annotations

import re
import unicodedata

# Printable by Unicode's book, yet drawn as nothing: fillers and variation selectors can carry hidden text.
_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\uffa0\ufe00-\ufe0f\U000e0100-\U000e01ef]"
)
# Persian, Indic scripts and emoji are written with these two joiners.
_JOINERS = "\u200c\u200d"
_DROPPED = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
_SPACES = re.compile(r"\s+")


def clean_text(text: str, *, limit: int | None = None) -> str:
    """`text` on one line, without control and invisible characters, cut to `limit` characters.

    What is cut ends in an ellipsis. The result can be empty.
    """
    if text.isascii() and text.isprintable():
        # Nearly all of it, where nothing is invisible and the only space is the plain one.
        text = (_SPACES.sub(" ", text) if "  " in text else text).strip()
    else:
        if not text.isprintable():
            text = "".join(_visible(char) for char in text)
        text = _SPACES.sub(" ", _INVISIBLE.sub("", text)).strip()
    if limit is not None and len(text) > limit:
        text = text[: limit - 1].rstrip() + "…"
    return text


def is_seen(char: str) -> bool:
    """Whether `clean_text` leaves a character as it is, wherever it stands."""
    return _visible(char) == char and not _INVISIBLE.match(char)


def _visible(char: str) -> str:
    if char.isspace():
        return " "
    if char in _JOINERS:
        return char
    return "" if unicodedata.category(char) in _DROPPED else char
