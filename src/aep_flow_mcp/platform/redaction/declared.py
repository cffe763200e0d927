"""What a spec itself declares secret: the fields with `format: password`, or marked so, as JSON pointers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

ANY = "*"
"""In a pointer: every item of a list, every member of a map."""

Pointers = frozenset[str]
"""Ways from the root of an object (`/auth/params/password`, `/params/headers/*/value`)."""

_MARKS = ("secret", "isSecret", "sensitive", "writeOnly", "x-secret", "meta:secret")
_BRANCHES = ("oneOf", "anyOf", "allOf")
_CONDITIONS = ("if", "then", "else", "not")
_DEEPEST = 12


def secret_pointers(root: str, schemas: Iterable[Mapping[str, Any]]) -> Pointers:
    """The secret fields of JSON Schemas whose values stand at `root` (`/auth/params`, `/params`).

    Alternatives are united: what is secret in one way to sign in is secret.
    """
    return frozenset(found for schema in schemas for found in _secrets(schema, root, schema, 0))


def declares_secret(schema: object) -> bool:
    """Whether a field's own schema says that its value is a secret."""
    if not isinstance(schema, Mapping):
        return False
    ui = schema.get("uiAttributes")
    return (
        str(schema.get("format", "")).casefold() in ("password", "secret")
        or any(schema.get(mark) is True for mark in _MARKS)
        or (isinstance(ui, Mapping) and any(ui.get(mark) is True for mark in _MARKS))
    )


def parts_of(pointer: str) -> tuple[str, ...]:
    """The names of a JSON pointer."""
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:])


def _secrets(schema: object, way: str, root: Mapping[str, Any], depth: int) -> Iterator[str]:
    if not isinstance(schema, Mapping) or depth > _DEEPEST:
        return
    if declares_secret(schema):
        yield way
        return
    for name, field in _members(schema.get("properties")):
        yield from _secrets(field, f"{way}/{_escaped(name)}", root, depth + 1)
    for key in ("additionalProperties", "items"):
        inner = schema.get(key)
        for one in inner if isinstance(inner, list) else [inner]:
            yield from _secrets(one, f"{way}/{ANY}", root, depth + 1)
    for _, field in _members(schema.get("patternProperties")):
        yield from _secrets(field, f"{way}/{ANY}", root, depth + 1)
    for one in _alternatives(schema, root):
        yield from _secrets(one, way, root, depth + 1)


def _alternatives(schema: Mapping[str, Any], root: Mapping[str, Any]) -> Iterator[object]:
    for key in _BRANCHES:
        listed = schema.get(key)
        yield from listed if isinstance(listed, list) else ()
    yield from (schema[key] for key in _CONDITIONS if key in schema)
    for key in ("dependencies", "dependentSchemas"):
        yield from (field for _, field in _members(schema.get(key)))
    ref = schema.get("$ref")
    if isinstance(ref, str) and ref.startswith("#/"):
        # Only inside the same schema: nothing is fetched.
        found: object = root
        for part in parts_of(ref[1:]):
            found = found.get(part) if isinstance(found, Mapping) else None
        yield found


def _members(value: object) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        yield from ((str(name), field) for name, field in value.items())


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
