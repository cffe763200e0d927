"""Input schemas as a model should read them: what pydantic adds and nobody needs is taken out.

Property titles alone are some 15 % of a schema's tokens.
"""

from __future__ import annotations

from typing import Any

TOKEN_CHARACTERS = 4.4
"""Characters of compact JSON for one token, calibrated against o200k on schemas of this kind."""


def tidy(schema: dict[str, Any]) -> dict[str, Any]:
    """Drop titles, null arms and null defaults, and write references that are used once in place."""
    defs: dict[str, Any] = schema.get("$defs", {})
    tidied: dict[str, Any] = _node(
        {key: value for key, value in schema.items() if key != "$defs"}, defs, seen=()
    )
    return {"properties": {}, **tidied}


def without_nulls(schema: Any) -> Any:
    """An output schema for answers in which nulls are left out: what may be null is not required."""
    if isinstance(schema, list):
        return [without_nulls(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    node = {key: without_nulls(value) for key, value in schema.items()}
    properties = node.get("properties")
    if isinstance(properties, dict) and isinstance(node.get("required"), list):
        node["required"] = [name for name in node["required"] if not _may_be_null(properties.get(name))]
    return node


def _may_be_null(schema: Any) -> bool:
    arms = schema.get("anyOf") if isinstance(schema, dict) else None
    return isinstance(arms, list) and {"type": "null"} in arms


def _node(node: Any, defs: dict[str, Any], *, seen: tuple[str, ...]) -> Any:
    if isinstance(node, list):
        return [_node(item, defs, seen=seen) for item in node]
    if not isinstance(node, dict):
        return node
    reference = node.get("$ref")
    if isinstance(reference, str):
        name = reference.rsplit("/", 1)[-1]
        if name in seen:
            return {}
        siblings = {key: value for key, value in node.items() if key != "$ref"}
        return _node({**_without_docstring(defs[name]), **siblings}, defs, seen=(*seen, name))
    tidied: dict[str, Any] = {}
    for key, value in node.items():
        if key == "title" and isinstance(value, str):
            continue
        if key == "default" and value is None:
            continue
        if key == "properties":
            tidied[key] = {name: _node(child, defs, seen=seen) for name, child in value.items()}
        elif key in ("enum", "default", "const", "required", "examples"):
            tidied[key] = value
        else:
            tidied[key] = _node(value, defs, seen=seen)
    return _without_null_arm(tidied)


def _without_docstring(definition: dict[str, Any]) -> dict[str, Any]:
    """An enum's docstring explains it to engineers; its values explain it to a model."""
    if "enum" in definition:
        return {key: value for key, value in definition.items() if key != "description"}
    return definition


def _without_null_arm(node: dict[str, Any]) -> dict[str, Any]:
    arms = node.get("anyOf")
    if not isinstance(arms, list):
        return node
    kept = [arm for arm in arms if arm != {"type": "null"}]
    if len(kept) == len(arms):
        return node
    rest = {key: value for key, value in node.items() if key != "anyOf"}
    if len(kept) == 1:
        return {**kept[0], **rest}
    return {"anyOf": kept, **rest}
