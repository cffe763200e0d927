"""Input schemas in the subsets of JSON Schema that some models' APIs take, and their arguments back again.

Most hosts translate schemas themselves; these are for those that pass them on as they are. `openai-strict` is what
OpenAI's function calling wants with `strict: true`: every member required, no others, optional ones nullable.
`gemini` is the `Schema` object of Gemini's function declarations: one type a value, no `default`, no
`additionalProperties`. What neither can say (an object of any members, a value of any type) is asked for as JSON in a
text, which `understood` reads. Bounds that are left out of a schema are still checked by the server.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from aep_flow_mcp.settings import Dialect

_Schema = Mapping[str, Any]

_ANY_VALUE = 'As JSON, e.g. "text" in quotes, 20, true, {"a": 1}.'
_ANY_OBJECT = "As JSON: an object."
_DEEPEST = 100
"""Levels of JSON in a text that are read; what is nested deeper stays a text, as it is nobody's value."""
_GEMINI_KEPT = frozenset({"description", "enum", "type", "minItems", "maxItems", "minimum", "maximum"})
_STRICT_KEPT = frozenset(
    {
        "description",
        "enum",
        "type",
        "pattern",
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "minItems",
        "maxItems",
    }
)


def spoken(schema: _Schema, dialect: Dialect) -> dict[str, Any]:
    """A tool's input schema in the dialect; `standard` is the schema itself."""
    if dialect is Dialect.STANDARD:
        return dict(schema)
    return _object(schema, dialect)


def understood(arguments: Mapping[str, Any], schema: _Schema, dialect: Dialect) -> dict[str, Any]:
    """Arguments that follow `spoken(schema, dialect)` as the schema itself wants them.

    JSON in a text becomes the value where the schema takes a value of any type; a text that is no JSON stays one.
    """
    if dialect is Dialect.STANDARD:
        return dict(arguments)
    declared = schema.get("properties") or {}
    return {
        name: _read(value, declared[name]) if name in declared else value for name, value in arguments.items()
    }


def _read(value: Any, schema: _Schema) -> Any:
    if _is_untyped(schema):
        return _from_json(value)
    if isinstance(value, dict):
        return understood(value, schema, Dialect.GEMINI)
    items = schema.get("items")
    if isinstance(value, list) and isinstance(items, dict):
        return [_read(item, items) for item in value]
    return value


def _from_json(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        meant = json.loads(value)
    except (ValueError, RecursionError):
        return value
    return value if _deeper(meant, _DEEPEST) else meant


def _deeper(value: Any, levels: int) -> bool:
    """Whether a value is nested deeper than so many levels; without recursion."""
    level = [value]
    for _ in range(levels):
        inner: list[Any] = []
        for each in level:
            if isinstance(each, dict):
                inner += each.values()
            elif isinstance(each, list):
                inner += each
        if not inner:
            return False
        level = inner
    return any(isinstance(each, dict | list) for each in level)


def _is_untyped(schema: _Schema) -> bool:
    return not {"type", "anyOf", "enum", "const"} & schema.keys()


def _object(schema: _Schema, dialect: Dialect) -> dict[str, Any]:
    properties = schema.get("properties") or {}
    required = schema.get("required", [])
    shown = {name: _value(child, dialect) for name, child in properties.items()}
    node = {**_kept(schema, dialect), "type": "object", "properties": shown}
    if dialect is Dialect.GEMINI:
        return {**node, "required": list(required)} if required else node
    nullable = {name: child if name in required else _or_null(child) for name, child in shown.items()}
    return {**node, "properties": nullable, "required": list(properties), "additionalProperties": False}


def _value(schema: _Schema, dialect: Dialect) -> dict[str, Any]:
    arms = schema.get("anyOf")
    if isinstance(arms, list):
        return {**_kept(schema, dialect), "anyOf": [_value(arm, dialect) for arm in arms]}
    if _is_untyped(schema):
        return _text(schema, _ANY_VALUE)
    if schema.get("type") == "object":
        # Members that are not declared cannot be said; with declared ones beside them they would be lost.
        if not schema.get("properties") or schema.get("additionalProperties") not in (None, False):
            return _text(schema, _ANY_OBJECT)
        return _object(schema, dialect)
    node = _kept(schema, dialect)
    if schema.get("type") == "array":
        node["items"] = _value(schema.get("items") or {}, dialect)
    if "enum" in node and "type" not in node:
        node["type"] = "string"
    return node


def _kept(schema: _Schema, dialect: Dialect) -> dict[str, Any]:
    """The keywords that the dialect has; a default is said in the description instead."""
    known = _GEMINI_KEPT if dialect is Dialect.GEMINI else _STRICT_KEPT
    node = {key: value for key, value in schema.items() if key in known}
    default = schema.get("default")
    if default is not None:
        node["description"] = _with(schema, f"Default: {json.dumps(default)}.")
    return node


def _text(schema: _Schema, how: str) -> dict[str, Any]:
    return {"type": "string", "description": _with(schema, how)}


def _with(schema: _Schema, more: str) -> str:
    text = str(schema.get("description", ""))
    return f"{text.rstrip('.')}. {more}" if text else more


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    if "anyOf" in schema:
        return {**schema, "anyOf": [*schema["anyOf"], {"type": "null"}]}
    node = {**schema, "type": [schema["type"], "null"]}
    if "enum" in node:
        node["enum"] = [*node["enum"], None]
    return node
