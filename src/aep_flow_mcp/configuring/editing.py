"""An entry put into a text, brought up to date or taken out, and the result held against what was meant."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any, Protocol

from aep_flow_mcp.configuring.problems import BrokenText, OtherShape


class Format(StrEnum):
    """What a host's file is written in."""

    JSON = "json"
    TOML = "toml"
    YAML = "yaml"


class Editor(Protocol):
    """One format: reads a text, and changes one place in it."""

    def read(self, text: str) -> Any: ...
    def put(self, text: str, path: Sequence[str], value: Any) -> str: ...
    def drop(self, text: str, path: Sequence[str]) -> str: ...


def editor_of(format_: Format) -> Editor:
    """The editor of a format; its libraries are imported when it is needed."""
    match format_:
        case Format.JSON:
            from aep_flow_mcp.configuring.json_file import JsonFile

            return JsonFile()
        case Format.TOML:
            from aep_flow_mcp.configuring.toml_file import TomlFile

            return TomlFile()
        case Format.YAML:
            from aep_flow_mcp.configuring.yaml_file import YamlFile

            return YamlFile()


def found(document: Any, path: Sequence[str]) -> Any:
    """What a document holds at a path; None when there is nothing.

    Raises:
        OtherShape: something on the way is no object; its argument is the name.
    """
    value = {} if document is None else document
    for depth, key in enumerate(path):
        if not isinstance(value, dict):
            raise OtherShape(path[depth - 1] if depth else "")
        value = value.get(key)
        if value is None:
            return None
    return value


def with_entry(
    editor: Editor,
    text: str,
    path: Sequence[str],
    entry: Mapping[str, Any],
    *,
    dropped: Sequence[Sequence[str]] = (),
) -> str:
    """The text with an entry at `path`; of one that is there only what differs is touched.

    dropped: places below `path` that are taken out.

    Raises:
        BrokenText: the text is not of its format.
        OtherShape: it holds something else on the way, or in a form that cannot be edited in place.
    """
    present = found(editor.read(text), path)
    if not isinstance(present, dict):
        return _put(editor, text, path, dict(entry))
    for place, value in list(_differing(present, entry)):
        text = _put(editor, text, [*path, *place], value)
    for gone in dropped:
        text = without_entry(editor, text, [*path, *gone])
    return text


def without_entry(editor: Editor, text: str, path: Sequence[str]) -> str:
    """The text without the entry, or a member of one, at `path`, which it has.

    Raises:
        BrokenText, OtherShape: as `with_entry`.
    """
    meant = copy.deepcopy(editor.read(text))
    found(meant, path[:-1]).pop(path[-1])
    return _held(editor, editor.drop(text, path), meant, path)


def _differing(present: Mapping[str, Any], wanted: Mapping[str, Any]) -> Iterator[tuple[list[str], Any]]:
    for key, value in wanted.items():
        before = present.get(key)
        if isinstance(before, dict) and isinstance(value, dict):
            yield from (([key, *place], inner) for place, inner in _differing(before, value))
        elif key not in present or before != value:
            yield [key], value


def _put(editor: Editor, text: str, path: Sequence[str], value: Any) -> str:
    document = editor.read(text)
    meant: Any = {} if document is None else copy.deepcopy(document)
    inner = meant
    for key in path[:-1]:
        if inner.get(key) is None:
            inner[key] = {}
        inner = inner[key]
    inner[path[-1]] = value
    return _held(editor, editor.put(text, path, value), meant, path)


def _held(editor: Editor, text: str, meant: Any, path: Sequence[str]) -> str:
    """The text, if it says what was meant: everything else as before, whatever form it is written in."""
    try:
        said = editor.read(text)
    except BrokenText:
        said = object()
    if _empty(said) != _empty(meant):
        raise OtherShape(path[0])
    return text


def _empty(document: Any) -> Any:
    """Formats differ in whether a table that lost its last member is still there."""
    if not isinstance(document, dict):
        return document
    kept = {key: _empty(value) for key, value in document.items()}
    return {key: value for key, value in kept.items() if value not in ({}, None)} or None
