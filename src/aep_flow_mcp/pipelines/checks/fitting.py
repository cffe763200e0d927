"""A value in the types that a schema declares: numbers and numeric text are the same, and so are booleans.

Adobe's own pages send `"interval": "30"`, `"startTime": "1597784298"`, `"recursive": "true"` and an integer
`mappingVersion` to specs that declare the other type; the service takes both.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

REFERENCE = re.compile(r"\$\{[^{}]*\}")
_INTEGER = re.compile(r"[+-]?\d{1,30}(\.0+)?")
_NOTHING = object()


STAND_IN = "${:"
"""How a text begins that stands for an id which is made when all is sent."""


def is_reference(value: Any) -> bool:
    """Whether a text stands for another one that is not known here."""
    return isinstance(value, str) and REFERENCE.search(value) is not None


def valid(schema: Any, value: Any) -> bool:
    """Whether a schema, as `reading` prepared it, takes the value."""
    return not list(errors(schema, value))


def errors(schema: Any, value: Any) -> Any:
    """What jsonschema finds; references are gone from the schema by then, and none would be fetched."""
    from jsonschema import Draft7Validator
    from referencing import Registry

    return Draft7Validator(schema, registry=Registry()).iter_errors(value)


def fitted(schema: Any, value: Any) -> Any:
    """The value in the declared types, all the way down; what cannot be brought into them stays as it is."""
    if not isinstance(schema, Mapping) or is_reference(value):
        return value
    value = _listed(schema, _typed(schema.get("type"), value))
    if isinstance(value, dict):
        inner = schema.get("properties", {})
        value = {name: fitted(inner.get(name), item) for name, item in value.items()}
    elif isinstance(value, list):
        each = schema.get("items", [])
        schemas = each if isinstance(each, list) else [each] * len(value)
        value = [fitted(one, item) for one, item in zip(schemas, value, strict=False)] + value[len(schemas) :]
    for arm in schema.get("allOf", []):
        value = fitted(arm, value)
    for keyword in ("anyOf", "oneOf"):
        value = _of_an_arm(schema.get(keyword, []), value)
    if "if" in schema:
        branch = "then" if valid(schema["if"], value) else "else"
        value = fitted(schema.get(branch), value)
    return value


def spelled(schema: Any, value: Any) -> Any:
    """The value with its names as the schema writes them, where they differ in case only: pages say `userId` for
    `userid` (help/sources/tutorials/api/create/cloud-storage/azure-file-storage.md)."""
    if isinstance(schema, Mapping) and isinstance(value, list):
        return [spelled(schema.get("items"), item) for item in value]
    known = schema.get("properties") if isinstance(schema, Mapping) else None
    if not isinstance(known, Mapping) or not isinstance(value, dict):
        return value
    copy = {}
    for name, item in value.items():
        alike = [one for one in known if str(one).casefold() == str(name).casefold() and one not in value]
        written = alike[0] if len(alike) == 1 and name not in known and alike[0] not in copy else name
        copy[written] = spelled(known.get(written), item)
    return copy


def _of_an_arm(arms: list[Any], value: Any) -> Any:
    if any(valid(arm, value) for arm in arms):
        return value
    candidates = (fitted(arm, value) for arm in arms)
    return next((one for arm, one in zip(arms, candidates, strict=True) if valid(arm, one)), value)


def _typed(declared: Any, value: Any) -> Any:
    kinds = [declared] if isinstance(declared, str) else list(declared or ())
    if not kinds or any(valid({"type": kind}, value) for kind in kinds):
        return value
    for kind in kinds:
        found = _as(kind, value)
        if found is not _NOTHING:
            return found
    return value


def _as(kind: str, value: Any) -> Any:
    """The value as one type; `_NOTHING` where it is not the same thing."""
    text = value.strip() if isinstance(value, str) else value
    if kind == "string" and isinstance(value, bool):
        return "true" if value else "false"
    if kind == "string" and isinstance(value, int | float):
        return str(value)
    if kind == "boolean" and isinstance(text, str):
        return {"true": True, "false": False}.get(text.casefold(), _NOTHING)
    if kind == "integer" and isinstance(text, str) and _INTEGER.fullmatch(text):
        return int(text.partition(".")[0])
    if kind == "number" and isinstance(text, str):
        return _number(text)
    return _NOTHING


def _number(text: str) -> Any:
    if _INTEGER.fullmatch(text):
        return int(text.partition(".")[0])
    try:
        found = float(text)
    except ValueError:
        return _NOTHING
    return found if math.isfinite(found) else _NOTHING


def _listed(schema: Mapping[str, Any], value: Any) -> Any:
    """One of the listed values where the value is the same in another type or case."""
    offered = schema["enum"] if "enum" in schema else [schema["const"]] if "const" in schema else []
    if not offered or isinstance(value, dict | list) or any(_same(one, value) for one in offered):
        return value
    alike = [one for one in offered if not isinstance(one, dict | list) and _text(one) == _text(value)]
    return alike[0] if len(alike) == 1 else value


def _same(one: Any, other: Any) -> bool:
    return bool(one == other) and isinstance(one, bool) is isinstance(other, bool)


def _text(value: Any) -> str:
    return str(value).strip().casefold()
