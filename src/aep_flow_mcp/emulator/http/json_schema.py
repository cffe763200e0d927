"""Checks what is posted against the JSON Schemas of the specs, as leniently as the service reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from ..json_types import JsonObject
from .errors import ApiError, provider

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError


def check_schema(schema: Any, value: Any, *, where: str) -> None:
    """Raises 1304-400 for a missing member and 1312-400 for a wrong value, naming the first problem."""
    error = first_error(schema, value)
    if error is not None:
        raise refusal(error, where)


def first_error(schema: Any, value: Any) -> ValidationError | None:
    """The first violation in a stable order, or None. Numbers and booleans may be text, and the other way round."""
    if not isinstance(schema, dict) or not schema:
        return None
    from jsonschema import Draft7Validator

    errors = Draft7Validator(_meant(schema)).iter_errors(conformed(schema, value))
    return next(iter(sorted(errors, key=lambda error: [str(part) for part in error.absolute_path])), None)


def conformed(schema: Any, value: Any) -> Any:
    """The value in the types that the schema declares: Adobe's own bodies send `"22"`, `"true"` and 0 for "0"."""
    if not isinstance(schema, dict):
        return value
    if isinstance(value, dict):
        properties = schema.get("properties") or {}
        return {name: conformed(properties.get(name), held) for name, held in value.items()}
    if isinstance(value, list):
        return [conformed(schema.get("items"), held) for held in value]
    return _scalar(schema.get("type"), value)


def _scalar(type_: Any, value: Any) -> Any:
    types = set(type_) if isinstance(type_, list) else {type_}
    if isinstance(value, str) and "string" not in types:
        if "boolean" in types and value.lower() in {"true", "false"}:
            return value.lower() == "true"
        try:
            return int(value) if "integer" in types else float(value) if "number" in types else value
        except ValueError:
            return value
    if types == {"string"} and isinstance(value, bool | int | float):
        return str(value).lower()
    return value


def _meant(schema: JsonObject) -> JsonObject:
    """The schema without the requirements that printed specs state and the service does not make.

    Those are names that the properties lack, and properties with Adobe's `conditional`: whether such a one is
    needed depends on something else (see `needed`).
    """
    properties = schema.get("properties")
    if not isinstance(properties, dict):
        return schema
    meant = schema | {
        "properties": {
            name: _meant(held) if isinstance(held, dict) else held for name, held in properties.items()
        }
    }
    if "required" in schema:
        meant["required"] = [
            name
            for name in schema["required"]
            if name in properties and "conditional" not in (properties[name] or {})
        ]
    return meant


def needed(schema: Any, field: str, held: Any) -> list[str]:
    """The required properties whose `conditional` looks at a field and is true for what it holds."""
    if not isinstance(schema, dict):
        return []
    properties: dict[str, Any] = schema.get("properties") or {}
    return [
        name
        for name in schema.get("required") or []
        if _applies((properties.get(name) or {}).get("conditional"), field, held)
    ]


def _applies(conditional: Any, field: str, held: Any) -> bool:
    if not isinstance(conditional, dict) or conditional.get("field") != field:
        return False
    value = conditional.get("value")
    among = value in held if isinstance(held, list | str) else bool(held == value)
    holds: dict[str, bool] = {
        "EQUALS": held == value,
        "CONTAINS": among,
        "NOT_EQUALS": held != value,
        "NOT_CONTAINS": not among,
    }
    return bool(holds.get(str(conditional.get("operator")), False))


def refusal(error: ValidationError, where: str) -> ApiError:
    """Values are left out of the text: they may be secrets."""
    place = ".".join([where, *(str(part) for part in error.absolute_path)])
    if error.validator == "required":
        required: Any = error.validator_value
        missing = [name for name in required if name not in cast("dict[str, Any]", error.instance)]
        return provider(1304, f"{place} lacks the mandatory {', '.join(missing)}")
    if error.validator == "additionalProperties":
        return provider(1312, f"{place} has members that are not known")
    return provider(1312, f"The value of {place} violates '{error.validator}' of the specification")
