"""Where each member of a JSON text with comments and trailing commas stands.

Readers that keep comments return values; an edit in place needs offsets, and no kept library gives them.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

from aep_flow_mcp.configuring.problems import BrokenText, broken_at

_DECODER = json.JSONDecoder()
_SPACE = re.compile(r"(?:[ \t\r\n]|//[^\r\n]*|/\*.*?\*/)*", re.DOTALL)
_ATOM = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null")


@dataclass(frozen=True)
class Node:
    """A value and its span; `members` is None unless it is an object."""

    start: int
    end: int
    value: Any
    members: list[Member] | None = None

    def last(self, key: str) -> Member | None:
        """The member of this name; of several the last, which is the one that readers take."""
        return next((item for item in reversed(self.members or []) if item.key == key), None)


@dataclass(frozen=True)
class Member:
    """A name and its value; `start` is where the name begins, `comma` where the comma behind the value is."""

    key: str
    start: int
    node: Node
    comma: int | None


@dataclass
class _Scanner:
    text: str
    at: int = field(default=0)

    def skip(self) -> None:
        match = _SPACE.match(self.text, self.at)
        self.at = match.end() if match else self.at

    def fail(self, reason: str) -> BrokenText:
        return broken_at(self.text, self.at, reason)

    def takes(self, character: str) -> bool:
        if self.text.startswith(character, self.at):
            self.at += 1
            return True
        return False

    def string(self) -> str:
        try:
            value, self.at = _DECODER.raw_decode(self.text, self.at)
        except json.JSONDecodeError as error:
            raise BrokenText(error.msg, error.lineno, error.colno) from None
        return str(value)

    def node(self) -> Node:
        start = self.at
        if self.takes("{"):
            members = self.members()
            return Node(start, self.at, {item.key: item.node.value for item in members}, members)
        if self.takes("["):
            items = self.items()
            return Node(start, self.at, items)
        if self.text.startswith('"', start):
            value: Any = self.string()
            return Node(start, self.at, value)
        match = _ATOM.match(self.text, start)
        if match is None:
            raise self.fail("a value is expected here")
        self.at = match.end()
        return Node(start, self.at, json.loads(match.group()))

    def members(self) -> list[Member]:
        found: list[Member] = []
        while True:
            self.skip()
            if self.takes("}"):
                return found
            if found and found[-1].comma is None:
                raise self.fail("a comma or } is expected here")
            start = self.at
            if not self.text.startswith('"', start):
                raise self.fail("a name in double quotes, or }, is expected here")
            key = self.string()
            self.skip()
            if not self.takes(":"):
                raise self.fail("a colon is expected here")
            self.skip()
            node = self.node()
            self.skip()
            comma = self.at - 1 if self.takes(",") else None
            found.append(Member(key, start, node, comma))

    def items(self) -> list[Any]:
        found: list[Any] = []
        separated = True
        while True:
            self.skip()
            if self.takes("]"):
                return found
            if not separated:
                raise self.fail("a comma or ] is expected here")
            found.append(self.node().value)
            self.skip()
            separated = self.takes(",")


def scanned(text: str) -> Node | None:
    """The one value of the text with its spans; None when there is nothing but white space and comments.

    Raises:
        BrokenText: it is no JSON, even with comments and trailing commas allowed.
    """
    scanner = _Scanner(text)
    scanner.skip()
    if scanner.at == len(text):
        return None
    try:
        node = scanner.node()
    except RecursionError:
        raise scanner.fail("this is nested too deep") from None
    scanner.skip()
    if scanner.at != len(text):
        raise scanner.fail("nothing more is expected here")
    return node
