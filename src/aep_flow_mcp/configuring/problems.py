"""What keeps a configuration from being written, in words."""

from __future__ import annotations


class ConfigureError(Exception):
    """The configuration cannot be written; the message says why, and that the file is as it was."""


class BrokenText(Exception):
    """The text is not of its format; lines and columns count from 1."""

    def __init__(self, reason: str, line: int, column: int) -> None:
        super().__init__(f"line {line}, column {column}: {reason}")


class OtherShape(Exception):
    """The text is of its format, but holds something else where the entry belongs."""


def broken_at(text: str, offset: int, reason: str) -> BrokenText:
    """A break at an offset of the text."""
    before = text[:offset]
    return BrokenText(reason, before.count("\n") + 1, offset - before.rfind("\n"))
