"""What jsonschema finds, as problems that name the field and what it takes, never the value it had."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .outcome import Problem, joined

Json = Mapping[str, Any]


def problems_of(error: Any, field: str) -> Iterator[Problem]:
    """The problems of one validation error, each at its own field."""
    where = joined(field, *error.absolute_path)
    match error.validator:
        case "required":
            for name in error.validator_value:
                if isinstance(error.instance, dict) and name not in error.instance:
                    yield Problem(joined(where, name), f"is required{_takes(_property(error.schema, name))}.")
        case "additionalProperties":
            known = sorted(error.schema.get("properties", {}))
            for name in sorted(set(error.instance) - set(known)):
                takes = ", ".join(known) or "nothing"
                yield Problem(joined(where, name), f"is not known here. It takes: {takes}.")
        case "anyOf" | "oneOf":
            several = error.validator == "oneOf" and not error.context
            fits = "fits several of the ways of which the spec allows one" if several else _NONE_FITS
            yield Problem(where, f"{fits}{_alternatives(error.validator_value)}.")
        case "not":
            names = error.validator_value.get("required", [])
            yield Problem(joined(where, *names[:1]), "is not allowed in this combination.")
        case _:
            yield Problem(where, _expectation(error.validator, error.validator_value))


_NONE_FITS = "fits none of the ways that the spec allows"


def _expectation(keyword: str, expected: Any) -> str:
    match keyword:
        case "enum":
            return f"takes one of: {', '.join(map(str, expected))}."
        case "const":
            return f"must be {expected}."
        case "type":
            kinds = expected if isinstance(expected, str) else " or ".join(expected)
            return f"must be {'an' if kinds[0] in 'aeio' else 'a'} {kinds}."
        case "minimum" | "exclusiveMinimum":
            return f"must be {'at least' if keyword == 'minimum' else 'more than'} {expected}."
        case "maximum" | "exclusiveMaximum":
            return f"must be {'at most' if keyword == 'maximum' else 'less than'} {expected}."
        case "minLength" | "minItems":
            return "must not be empty." if expected == 1 else f"needs at least {expected}."
        case "maxLength" | "maxItems":
            return f"takes at most {expected}."
        case "pattern":
            return f"must look like {expected}."
    return f"does not satisfy {keyword} of the spec."


def _alternatives(arms: Iterable[Any]) -> str:
    """Names the constant combinations of the arms, where arms are such combinations."""
    ways = []
    for arm in arms:
        properties = arm.get("properties", {}) if isinstance(arm, Mapping) else {}
        parts = []
        for name, schema in properties.items():
            if isinstance(schema, Mapping) and "const" in schema:
                parts.append(f"{name} {schema['const']}")
            elif isinstance(schema, Mapping) and "enum" in schema:
                parts.append(f"{name} {'/'.join(map(str, schema['enum']))}")
        if parts:
            ways.append(" with ".join(parts))
        elif isinstance(arm, Mapping) and arm.get("required"):
            ways.append(" and ".join(arm["required"]))
    return f": {'; or '.join(ways)}" if ways else ""


def _property(schema: Json, name: str) -> Json:
    found = schema.get("properties", {}).get(name, {})
    return found if isinstance(found, Mapping) else {}


def _takes(schema: Json) -> str:
    listed = schema.get("enum")
    if isinstance(listed, list):
        return f" (one of {', '.join(map(str, listed))})"
    kind = schema.get("type")
    return f" ({kind})" if isinstance(kind, str) else ""
