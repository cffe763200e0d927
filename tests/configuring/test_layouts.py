"""However a file is laid out: an entry goes in as one piece, says what was meant, and leaves no trace when out."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aep_flow_mcp.configuring.editing import Format, editor_of, with_entry, without_entry
from aep_flow_mcp.configuring.problems import BrokenText
from configuring.files import only_put_in, parsed
from configuring.layouts import VALUES, json_texts, toml_texts, yaml_texts

ENTRY = {"command": "C:\\Python\\python.exe", "args": ["-P", "serve"], "env": {"AEP_SANDBOX": "dév"}}
LATER = {
    "command": "/x",
    "args": ["serve"],
    "env": {"AEP_SANDBOX": "dév", "AEP_SANDBOXES": "a,b"},
    "more": True,
}


def round_trip(format_: Format, key: str, before: str, document: Any) -> None:
    editor, path = editor_of(format_), (key, "aep-flow")
    after = with_entry(editor, before, path, ENTRY)
    assert only_put_in(before.encode(), after.encode())
    wanted = copy.deepcopy(document) or {}
    wanted.setdefault(key, {})["aep-flow"] = ENTRY
    assert parsed(format_, after.encode()) == wanted
    assert without_entry(editor, after, path) == (before if before.strip() else "")
    renewed = with_entry(editor, after, path, LATER)
    wanted[key]["aep-flow"] = LATER
    assert parsed(format_, renewed.encode()) == wanted
    assert with_entry(editor, renewed, path, LATER) == renewed


@settings(max_examples=400, deadline=None)
@given(json_texts("mcpServers"))
def test_json(given_: tuple[str, Any]) -> None:
    text, document = given_
    round_trip(Format.JSON, "mcpServers", text, document)


@settings(max_examples=200, deadline=None)
@given(toml_texts())
def test_toml(text: str) -> None:
    round_trip(Format.TOML, "mcp_servers", text, parsed(Format.TOML, text.encode()))


@settings(max_examples=200, deadline=None)
@given(yaml_texts())
def test_yaml(text: str) -> None:
    round_trip(Format.YAML, "extensions", text, parsed(Format.YAML, text.encode()))


@settings(max_examples=200, deadline=None)
@given(VALUES, st.data())
def test_a_json_text_with_a_piece_missing_is_broken_or_says_something_else(
    value: Any, data: st.DataObject
) -> None:
    """No text is taken for JSON that the strict reader, comments and trailing commas aside, refuses."""
    import json

    text = json.dumps(value, indent=data.draw(st.sampled_from([None, 2])))
    at = data.draw(st.integers(0, len(text) - 1))
    damaged = text[:at] + text[at + 1 :]
    editor = editor_of(Format.JSON)
    try:
        said = editor.read(damaged)
    except BrokenText:
        with pytest.raises(ValueError, match=r".*"):
            parsed(Format.JSON, damaged.encode())
        return
    if damaged.strip():
        assert said == parsed(Format.JSON, damaged.encode())
