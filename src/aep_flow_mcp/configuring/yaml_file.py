"""Members of a YAML text, put in and taken out in place.

Writing the parsed value again would change indents and quotes all over the file, so only spans of the text are
replaced; PyYAML says where they are.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import yaml

from aep_flow_mcp.configuring.layout import end_of_line, nested, newline_of
from aep_flow_mcp.configuring.problems import BrokenText, OtherShape

_WIDE = 1_000_000
"""No line is folded."""
_UNIT = "  "


class YamlFile:
    """YAML in blocks, as Goose keeps it."""

    def read(self, text: str) -> Any:
        """The value; None when there is none.

        Raises:
            BrokenText: it is no YAML, or several documents.
        """
        try:
            return yaml.safe_load(text)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
            raise BrokenText(error.problem or "it cannot be read", line, column) from None
        except (yaml.YAMLError, ValueError, RecursionError) as error:
            raise BrokenText(str(error).split("\n")[0], 1, 1) from None

    def put(self, text: str, path: Sequence[str], value: Any) -> str:
        """The text with `value` at `path`, replaced where it is and else behind the last member.

        Raises:
            OtherShape: something on the way is no mapping; its argument is the name.
        """
        root = _composed(text)
        newline = newline_of(text)
        if root is None:
            lead = text.rstrip() + newline if text.strip() else ""
            return lead + newline.join(_lines(nested(path, value))) + newline
        node, above = root, root
        for depth, key in enumerate(path):
            rest = nested(path[depth + 1 :], value)
            if node is not root and _is_empty(node):
                return _opened(text, above, node, key, rest)
            if not isinstance(node, yaml.MappingNode):
                raise OtherShape(path[depth - 1] if depth else "")
            found = _last(node, key)
            if found is None:
                return _appended(text, node, key, rest)
            above, node = found
        colon = text.index(":", above.end_mark.index)
        return f"{text[: colon + 1]} {_flow(value)}{text[_end(text, node) :]}"

    def drop(self, text: str, path: Sequence[str]) -> str:
        """The text without what is at `path`; a mapping that held nothing else becomes `{}`."""
        node, above = _composed(text), None
        for key in path[:-1]:
            found = _last(node, key) if isinstance(node, yaml.MappingNode) else None
            if found is None:
                return text
            above, node = found
        if not isinstance(node, yaml.MappingNode) or _last(node, path[-1]) is None:
            return text
        return self.drop(_cut(text, above, node, path[-1]), path)


def _composed(text: str) -> yaml.Node | None:
    return yaml.compose(text, Loader=yaml.SafeLoader)


def _last(node: yaml.MappingNode, key: str) -> tuple[yaml.ScalarNode, yaml.Node] | None:
    found = [item for item in node.value if item[0].value == key]
    return found[-1] if found else None


def _is_empty(node: yaml.Node) -> bool:
    return (isinstance(node, yaml.MappingNode) and not node.value) or node.tag == "tag:yaml.org,2002:null"


def _lines(value: Any) -> list[str]:
    dumped: str = yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=_WIDE)
    return dumped.rstrip("\n").split("\n")


def _flow(value: Any) -> str:
    """A value on one line; JSON is YAML."""
    return json.dumps(value, ensure_ascii=False)


def _end(text: str, node: yaml.Node) -> int:
    """Where what a node says ends: the end marks of blocks lie behind the comments that follow."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _end(text, last[1] if isinstance(last, tuple) else last)
    end: int = node.end_mark.index
    return len(text[:end].rstrip()) if end > node.start_mark.index else end


def _indented(text: str, indent: str, key: str, value: Any) -> str:
    lines = _lines({key: value})
    return "".join(newline_of(text) + indent + line for line in lines)


def _opened(text: str, above: yaml.Node, node: yaml.Node, key: str, value: Any) -> str:
    """Into a mapping that is empty: `{}`, or nothing behind the colon."""
    indent = " " * above.start_mark.column + _UNIT
    colon = text.index(":", above.end_mark.index)
    end = max(node.end_mark.index, colon + 1)
    behind = end_of_line(text, end)
    rest = text[end:behind].rstrip()
    return text[: colon + 1] + rest + _indented(text, indent, key, value) + text[end + len(rest) :]


def _appended(text: str, node: yaml.MappingNode, key: str, value: Any) -> str:
    end = _end(text, node)
    if node.flow_style:
        lead = ", " if node.value else ""
        at = _end(text, node.value[-1][1]) if node.value else node.start_mark.index + 1
        return f"{text[:at]}{lead}{_flow(key)}: {_flow(value)}{text[at:]}"
    first = node.value[0][0].start_mark
    indent = " " * first.column
    if _ends_in_open_block(text, node):
        # A newline behind it would become part of what that block says.
        at = first.index - first.column
        return (
            text[:at]
            + _indented(text, indent, key, value).removeprefix(newline_of(text))
            + newline_of(text)
            + text[at:]
        )
    at = end_of_line(text, end)
    at = len(text[:at].rstrip(" \t"))
    return text[:at] + _indented(text, indent, key, value) + text[at:]


def _ends_in_open_block(text: str, node: yaml.Node) -> bool:
    """Whether the last thing in a node is a block of text that ends with the file, without a newline."""
    while isinstance(node, yaml.CollectionNode) and node.value:
        last = node.value[-1]
        node = last[1] if isinstance(last, tuple) else last
    block = isinstance(node, yaml.ScalarNode) and node.style in ("|", ">")
    return block and node.end_mark.index == len(text) and not text.endswith("\n")


def _cut(text: str, above: yaml.Node | None, node: yaml.MappingNode, key: str) -> str:
    place = max(index for index, item in enumerate(node.value) if item[0].value == key)
    name, value = node.value[place]
    end = _end(text, value)
    if node.flow_style:
        return _cut_from_flow(text, node, place)
    end = end_of_line(text, end)
    end = len(text[:end].rstrip(" \t"))
    line = text.rfind("\n", 0, name.start_mark.index)
    start = line - 1 if line > 0 and text[line - 1] == "\r" else max(line, 0)
    if len(node.value) == 1 and above is not None:
        colon = text.index(":", above.end_mark.index)
        return f"{text[: colon + 1]} {{}}{text[colon + 1 : start]}{text[end:]}"
    if line < 0:
        end = len(text) - len(text[end:].lstrip("\r\n"))
    return text[:start] + text[end:]


def _cut_from_flow(text: str, node: yaml.MappingNode, place: int) -> str:
    name, value = node.value[place]
    if place:
        return text[: _end(text, node.value[place - 1][1])] + text[_end(text, value) :]
    if len(node.value) > 1:
        return text[: name.start_mark.index] + text[node.value[1][0].start_mark.index :]
    return text[: name.start_mark.index] + text[_end(text, value) :]
