"""JSON Schemas of parameters, from their names and kinds."""

from __future__ import annotations

from collections.abc import Mapping

from ..json_types import JsonObject

DRAFT = "http://json-schema.org/draft-07/schema#"
_TYPES = frozenset({"integer", "number", "boolean", "object", "array"})


def parameters(kinds: Mapping[str, str], *, base: JsonObject | None = None) -> JsonObject:
    """The JSON Schema of parameters, so that what is posted can be validated against it.

    A kind is `string`, `secret` (a credential), `integer`, `number`, `boolean`, `object`, `array` or
    `enum:a|b`; with a `?` (before the colon) the parameter is optional. `base` is a schema that the parameters
    are added to. Raises ValueError for another kind.
    """
    if base is not None and not kinds:
        return base
    base = base or {"$schema": DRAFT, "type": "object"}
    properties = {name: _property(name, kind) for name, kind in kinds.items()}
    required = [name for name, kind in kinds.items() if not kind.partition(":")[0].endswith("?")]
    required = [*base.get("required", ()), *required]
    schema = base | {"properties": properties | base.get("properties", {})}
    return schema | {"required": required} if required else schema


def _property(name: str, kind: str) -> JsonObject:
    type_, _, values = kind.partition(":")
    type_ = type_.removesuffix("?")
    if type_ == "enum" and values:
        return {"type": "string", "enum": values.split("|")}
    if values:
        raise ValueError(f"the parameter {name} has a kind that is not known: {kind!r}")
    if type_ == "secret":
        return {"type": "string", "format": "password", "minLength": 1}
    if type_ == "string":
        return {"type": "string", "minLength": 1}
    if type_ in _TYPES:
        return {"type": type_}
    raise ValueError(f"the parameter {name} has a kind that is not known: {kind!r}")
