"""Schemas as models and clients should read them: what pydantic adds and nobody needs is taken out.

Property titles alone are some 15 % of an input schema's tokens. A client checks an output schema before the first
answer, part by part: what says the same twice is said once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

_NONE: Mapping[str, str] = MappingProxyType({})
TOKEN_CHARACTERS = 4.4
"""Characters of compact JSON for one token, calibrated against o200k on schemas of this kind."""


def tidy(schema: dict[str, Any]) -> dict[str, Any]:
    """Drop titles, null arms and null defaults, and write what is referred to in place."""
    return {"properties": {}, **_node(_own(schema), schema.get("$defs", {}), seen=())}


def tidy_output(schema: dict[str, Any]) -> dict[str, Any]:
    """As `tidy`, but objects that are referred to several times stay in `$defs`; and the `further` things that were
    asked for with the answer's own refer to the answer, whose members they have."""
    defs: dict[str, Any] = schema.get("$defs", {})
    further = set(_references(schema.get("properties", {}).get("further")))
    like_root = {name for name in further if _is_part(defs[name], schema)}
    rest = {name: part for name, part in defs.items() if name not in like_root}
    uses = Counter(_references([_own(schema), rest]))
    several = {name for name in rest if uses[name] > 1 and "properties" in rest[name]}
    kept = dict.fromkeys(like_root, "#") | {name: f"#/$defs/{name}" for name in several}
    tidied: dict[str, Any] = {"properties": {}, **_node(_own(schema), defs, seen=(), kept=kept)}
    if several:
        tidied["$defs"] = {name: _node(defs[name], defs, seen=(name,), kept=kept) for name in sorted(several)}
    return tidied


def written_out(schema: dict[str, Any]) -> dict[str, Any]:
    """An output schema with its `$defs` in place, for whoever reads it from top to bottom. A reference stays where it
    leads to what it is in: `{"$ref": "#"}` to the whole answer, or to a part."""
    defs: dict[str, Any] = schema.get("$defs", {})

    def node(part: Any, seen: tuple[str, ...]) -> Any:
        if isinstance(part, list):
            return [node(item, seen) for item in part]
        if not isinstance(part, dict):
            return part
        name = _name_of(str(part.get("$ref", "")))
        if name in defs and name not in seen:
            siblings = {key: value for key, value in part.items() if key != "$ref"}
            return node({**defs[name], **siblings}, (*seen, name))
        return {key: node(value, seen) for key, value in part.items()}

    written: dict[str, Any] = node(_own(schema), ())
    return written


def _own(schema: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in schema.items() if key != "$defs"}


def _is_part(part: dict[str, Any], root: dict[str, Any]) -> bool:
    """Whether whatever fits the root's schema but for members that it need not have is what the part describes."""
    properties: dict[str, Any] = part.get("properties", {})
    of_root: dict[str, Any] = root.get("properties", {})
    return (
        bool(properties)
        and all(of_root.get(name) == each for name, each in properties.items())
        and part.get("required", []) == root.get("required", [])
    )


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, list):
        for item in node:
            yield from _references(item)
    elif isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield _name_of(node["$ref"])
        for item in node.values():
            yield from _references(item)


def _name_of(reference: str) -> str:
    return reference.rsplit("/", 1)[-1]


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


def _node(node: Any, defs: dict[str, Any], *, seen: tuple[str, ...], kept: Mapping[str, str] = _NONE) -> Any:
    """kept: what is referred to by these names instead of being written in place, and how."""
    if isinstance(node, list):
        return [_node(item, defs, seen=seen, kept=kept) for item in node]
    if not isinstance(node, dict):
        return node
    reference = node.get("$ref")
    if isinstance(reference, str):
        name = _name_of(reference)
        siblings = {key: value for key, value in node.items() if key != "$ref"}
        if name in kept:
            return {"$ref": kept[name], **_node(siblings, defs, seen=seen, kept=kept)}
        if name in seen:
            return {}
        inner = {**_without_docstring(defs[name]), **siblings}
        return _node(inner, defs, seen=(*seen, name), kept=kept)
    tidied: dict[str, Any] = {}
    for key, value in node.items():
        if key == "title" and isinstance(value, str):
            continue
        if key == "default" and value is None:
            continue
        if key == "properties":
            tidied[key] = {name: _node(child, defs, seen=seen, kept=kept) for name, child in value.items()}
        elif key in ("enum", "default", "const", "required", "examples"):
            tidied[key] = value
        else:
            tidied[key] = _node(value, defs, seen=seen, kept=kept)
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
