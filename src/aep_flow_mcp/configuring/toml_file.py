"""Tables of a TOML text, put in and taken out in place.

A table of its own is a span of lines, so it is spliced; what stands inside of one is edited by tomlkit, which keeps
comments and order. The whole text goes through tomlkit only where tables are written inline.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from aep_flow_mcp.configuring.layout import end_of_line, newline_of
from aep_flow_mcp.configuring.problems import BrokenText, OtherShape

_PIECE = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}|\'\'\'.*?\'{3,5}|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\'|#[^\n]*|\n|[ \t\r]+|.',
    re.DOTALL,
)
_PLACE = re.compile(r"(.*) \(at line (\d+), column (\d+)\)\Z", re.DOTALL)


@dataclass(frozen=True)
class Section:
    """The lines of one table: from its header to the end of its last line that says something, without newline."""

    path: tuple[str, ...]
    start: int
    end: int


class TomlFile:
    """TOML, as Codex keeps it."""

    def read(self, text: str) -> Any:
        """The value; None when there is none.

        Raises:
            BrokenText: it is no TOML.
        """
        try:
            return tomllib.loads(text) or None
        except tomllib.TOMLDecodeError as error:
            match = _PLACE.match(str(error))
            reason, line, column = match.groups() if match else (str(error), text.count("\n") + 1, 1)
            raise BrokenText(reason, int(line), int(column)) from None

    def put(self, text: str, path: Sequence[str], value: Any) -> str:
        """The text with `value` at `path`, replaced where it is and else behind its neighbours.

        Raises:
            OtherShape: something on the way is no table; its argument is the name.
        """
        _check_shape(self.read(text) or {}, path)
        sections = list(_sections(text))
        wanted = tuple(path)
        own = next((item for item in sections if item.path == wanted[:-1]), None)
        if isinstance(value, dict):
            spliced = _spliced(text, sections, wanted, value)
            return spliced if _is_toml(spliced) else _edited(text, path, value)
        if own is None:
            return _edited(text, path, value)
        return text[: own.start] + _edited(text[own.start : own.end], path, value) + text[own.end :]

    def drop(self, text: str, path: Sequence[str]) -> str:
        """The text without the table at `path` and those below it."""
        wanted = tuple(path)
        own = [item for item in _sections(text) if item.path[: len(wanted)] == wanted]
        for section in reversed(own):
            text = _without_section(text, section)
        return text if own else _dropped(text, path)


def _check_shape(document: dict[str, Any], path: Sequence[str]) -> None:
    value: Any = document
    for depth, key in enumerate(path):
        if not isinstance(value, dict):
            raise OtherShape(path[depth - 1])
        value = value.get(key, {})


def _is_toml(text: str) -> bool:
    """Not so when a table that is written inline was to get one of its own behind it."""
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return False
    return True


def _sections(text: str) -> Iterator[Section]:
    path: tuple[str, ...] = ()
    start = end = depth = 0
    fresh, header = True, False
    for match in _PIECE.finditer(text):
        piece = match.group()
        if piece == "\n":
            fresh, header = depth == 0, False
        elif not piece.startswith("#") and piece.strip():
            if fresh and piece == "[":
                yield Section(path, start, end)
                path, start, header = _header(text, match.start()), match.start(), True
            elif not header:
                depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(piece, 0)
            fresh = False
            end = end_of_line(text, match.end())
    yield Section(path, start, end)


def _header(text: str, at: int) -> tuple[str, ...]:
    value: Any = tomllib.loads(text[at : end_of_line(text, at)])
    found: list[str] = []
    while value:
        if isinstance(value, list):
            value = value[0]
            continue
        key = next(iter(value))
        found.append(key)
        value = value[key]
    return tuple(found)


def _spliced(text: str, sections: list[Section], path: tuple[str, ...], value: dict[str, Any]) -> str:
    newline = newline_of(text)
    lines = newline.join(_rendered(path, value).strip().split("\n"))
    if not text.strip():
        return lines + (text if text.endswith("\n") else newline)
    near = [item for item in sections if item.path[:-1] and item.path[: len(path) - 1] == path[:-1]]
    own = [item for item in sections if item.path[: len(path) - 1] == path[:-1] and item.path]
    at = (own or near)[-1].end if (own or near) else len(text.rstrip())
    return f"{text[:at]}{newline}{newline}{lines}{text[at:]}"


def _rendered(path: Sequence[str], value: dict[str, Any]) -> str:
    import tomlkit

    document: dict[str, Any] = value
    for key in reversed(path):
        document = {key: document}
    return tomlkit.dumps(document)


def _without_section(text: str, section: Section) -> str:
    start, end = section.start, section.end
    for _ in range(2):
        # The newline that ends the line before, and one blank line.
        if text[:start].endswith("\n"):
            start -= 2 if text[:start].endswith("\r\n") else 1
    if start == 0:
        end = len(text) - len(text[end:].lstrip("\r\n"))
    return text[:start] + text[end:]


def _edited(text: str, path: Sequence[str], value: Any) -> str:
    """By tomlkit, whose line ends are plain and which ends what it adds with one."""
    import tomlkit

    newline = newline_of(text)
    document: Any = tomlkit.parse(text.replace("\r\n", "\n") if newline == "\r\n" else text)
    table = document
    for key in path[:-1]:
        if key not in table:
            table[key] = tomlkit.table()
        table = table[key]
    table[path[-1]] = value
    edited = tomlkit.dumps(document)
    if not text.endswith("\n"):
        edited = edited.rstrip("\n")
    return edited.replace("\n", newline)


def _dropped(text: str, path: Sequence[str]) -> str:
    import tomlkit

    document: Any = tomlkit.parse(text)
    table = document
    for key in path[:-1]:
        table = table.get(key, {})
    table.pop(path[-1], None)
    return tomlkit.dumps(document)
