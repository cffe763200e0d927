"""Members of a JSON text (comments and trailing commas allowed), put in and taken out in place."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from aep_flow_mcp.configuring.json_text import Member, Node, scanned
from aep_flow_mcp.configuring.layout import nested, newline_of, without
from aep_flow_mcp.configuring.problems import OtherShape

_REST_OF_LINE = re.compile(r"(?:[ \t]*/\*(?:(?!\*/)[^\r\n])*\*/)*[ \t]*(?://[^\r\n]*)?(?=\r?\n)")
_INDENTED = re.compile(r'^([ \t]+)"', re.MULTILINE)
_COMMENT = re.compile(r"//[^\r\n]*|/\*.*?\*/", re.DOTALL)
_LINE_ENDS = re.compile(r"[ \t]*\r?\n")


class JsonFile:
    """JSON, as editors and assistants keep it."""

    def read(self, text: str) -> Any:
        """The value; None when there is none.

        Raises:
            BrokenText: it is no JSON.
        """
        node = scanned(text)
        return None if node is None else node.value

    def put(self, text: str, path: Sequence[str], value: Any) -> str:
        """The text with `value` at `path`, replaced where it is and else behind the last member.

        Raises:
            OtherShape: something on the way is no object; its argument is the name.
        """
        node = scanned(text)
        if node is None:
            newline = newline_of(text)
            lead = text.rstrip() + newline if text.strip() else ""
            return lead + _rendered(nested(path, value), "  ", "", newline) + newline
        indent = None
        for depth, key in enumerate(path):
            if node.members is None:
                raise OtherShape(path[depth - 1] if depth else "")
            member = node.last(key)
            if member is None:
                return _inserted(text, node, node.members, key, nested(path[depth + 1 :], value))
            node, indent = member.node, _indent(text, member.start)
        return text[: node.start] + _value(text, value, indent) + text[node.end :]

    def drop(self, text: str, path: Sequence[str]) -> str:
        """The text without what is at `path`; an object that held nothing else becomes `{}`."""
        node = scanned(text)
        for key in path[:-1]:
            member = node.last(key) if node else None
            node = member.node if member else None
        if node is None or node.members is None or node.last(path[-1]) is None:
            return text
        return self.drop(_cut(text, node, node.members, path[-1]), path)


def _rendered(value: Any, unit: str, indent: str, newline: str) -> str:
    lines = json.dumps(value, indent=unit, ensure_ascii=False).split("\n")
    return (newline + indent).join(lines)


def _value(text: str, value: Any, indent: str | None) -> str:
    """A value as the text around it is laid out: over lines at an indent, or on one line (None)."""
    if indent is None:
        return json.dumps(value, ensure_ascii=False)
    return _rendered(value, _unit(text), indent, newline_of(text))


def _unit(text: str) -> str:
    found = _INDENTED.search(text)
    return ("\t" if "\t" in found.group(1) else found.group(1)) if found else "  "


def _indent(text: str, at: int) -> str | None:
    """The white space before what stands first on its line; None when something else does."""
    line = text[text.rfind("\n", 0, at) + 1 : at]
    return None if line.strip() or "\n" not in text[:at] else line


def _inserted(text: str, node: Node, members: list[Member], key: str, value: Any) -> str:
    if not members:
        return _first(text, node, key, value)
    last = members[-1]
    behind = _behind(last)
    indent = _indent(text, last.start)
    member = f"{json.dumps(key, ensure_ascii=False)}: {_value(text, value, indent)}"
    at = behind
    if indent is not None:
        rest = _REST_OF_LINE.match(text, behind)
        at += len(rest.group().rstrip(" \t")) if rest else 0
    lead = " " if indent is None else newline_of(text) + indent
    comma, trailing = (",", "") if last.comma is None else ("", ",")
    return f"{text[: last.node.end]}{comma}{text[last.node.end : at]}{lead}{member}{trailing}{text[at:]}"


def _first(text: str, node: Node, key: str, value: Any) -> str:
    """Into an object that has no member yet, perhaps comments."""
    inner = text[node.start + 1 : node.end - 1]
    newline = newline_of(text)
    line = text[text.rfind("\n", 0, node.start) + 1 : node.start]
    outer = line[: len(line) - len(line.lstrip(" \t"))]
    over_lines = "\n" in text[: node.end] or not text[: node.start].strip()
    indent = outer + _unit(text) if over_lines else None
    member = f"{json.dumps(key, ensure_ascii=False)}: {_value(text, value, indent)}"
    if inner.strip():
        at = node.start + 1 + len(inner.rstrip())
        lead = newline + (indent or "") if "\n" in inner else " "
        return text[:at] + lead + member + text[at:]
    around = f"{newline}{indent}{member}{newline}{outer}" if indent is not None else member
    return text[: node.start + 1] + around + text[node.end - 1 :]


def _cut(text: str, node: Node, members: list[Member], key: str) -> str:
    place = max(index for index, item in enumerate(members) if item.key == key)
    member = members[place]
    before = len(text[: member.start].rstrip())
    behind = _behind(member)
    ahead = text[_behind(members[place - 1]) if place else node.start + 1 : member.start]
    if (_COMMENT.findall(ahead) or [""])[-1].startswith("//") and not _LINE_ENDS.match(text, behind):
        # What follows on the line would else become part of that comment.
        before = member.start
    spans = [(before, member.node.end)]
    comma = _comma_to_drop(members, place)
    if comma is not None:
        spans.append((comma, comma + 1))
    if len(members) == 1:
        rest = without(text[node.start + 1 : node.end - 1], spans, shift=node.start + 1)
        if not rest.strip():
            return f"{text[: node.start]}{{}}{text[node.end :]}"
    return without(text, spans)


def _behind(member: Member) -> int:
    """Where what belongs to a member ends: behind its comma, if it has one."""
    return member.node.end if member.comma is None else member.comma + 1


def _comma_to_drop(members: list[Member], place: int) -> int | None:
    """Its own; for the last one without, that of the one before."""
    own = members[place].comma
    return own if own is not None or place == 0 else members[place - 1].comma
