"""Checks what is posted against the JSON Schemas of the specs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from .errors import ApiError, provider

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError


def check_schema(schema: Any, value: Any, *, where: str) -> None:
    """Raises 1304-400 for a missing member and 1312-400 for a wrong value, naming the first problem."""
    error = first_error(schema, value)
    if error is not None:
        raise refusal(error, where)


def first_error(schema: Any, value: Any) -> ValidationError | None:
    """The first violation in a stable order, or None."""
    if not isinstance(schema, dict) or not schema:
        return None
    from jsonschema import Draft7Validator

    errors = Draft7Validator(schema).iter_errors(value)
    return next(iter(sorted(errors, key=lambda error: [str(part) for part in error.absolute_path])), None)


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
