"""The JSON Schemas inside a spec as rows that a person can read: field, type, required, secret, choices."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from aep_flow_mcp.platform.models.specs import NamedSpec
from aep_flow_mcp.platform.redaction.declared import declares_secret
from aep_flow_mcp.platform.redaction.names import is_secret_name

MAX_DEPTH = 4
MAX_FIELDS = 500
"""Rows of one schema: some connectors have hundreds of optional fields."""
_ABOUT_LENGTH = 90
_BRANCHES = ("oneOf", "anyOf", "allOf")


class SpecField(BaseModel):
    """One field of a schema. Fields of objects have dotted names, those of list items `name[].field`.

    `required` says whether its own object must have it; `secret` that its value never appears in an answer;
    `range` is `low..high`.
    """

    name: str
    type: str | None = None
    required: bool | None = None
    secret: bool | None = None
    values: list[Any] | None = None
    range: str | None = None
    default: Any = None
    about: str | None = None


class _Way(BaseModel):
    way: str


class AuthField(SpecField, _Way):
    """A field of one way to authenticate; `way` is the `specName` that a connection's `auth` names."""


def fields_of(part: NamedSpec | None) -> list[SpecField]:
    """The fields of a source, target, option, schedule or run spec, at most `MAX_FIELDS`; [] without one."""
    if part is None:
        return []
    found: dict[str, SpecField] = {}
    for field in _walk(part.spec, prefix="", depth=0, optional=False):
        known = found.get(field.name)
        # Alternatives repeat a field: the first one speaks, and gathers the choices of the others.
        found[field.name] = field if known is None else _merged(known, field)
        if len(found) >= MAX_FIELDS:
            break
    return list(found.values())


def auth_fields(specs: list[NamedSpec]) -> list[AuthField]:
    """The fields of every way to authenticate. A way that takes nothing is one row that says so."""
    rows: list[AuthField] = []
    for spec in specs:
        way = spec.name or spec.type or "-"
        fields = fields_of(spec) or [SpecField(name="(nothing)")]
        rows.extend(AuthField(way=way, **field.model_dump()) for field in fields)
    return rows


def _walk(schema: Mapping[str, Any], *, prefix: str, depth: int, optional: bool) -> Iterator[SpecField]:
    required = _names(schema.get("required"))
    for name, field in _objects(schema.get("properties")):
        needed = name in required and not optional
        yield _field(f"{prefix}{name}", field, required=needed)
        if depth < MAX_DEPTH:
            inner = field.get("items") if isinstance(field.get("items"), Mapping) else field
            mark = "[]." if inner is not field else "."
            yield from _walk(inner or {}, prefix=f"{prefix}{name}{mark}", depth=depth + 1, optional=False)
    for key in _BRANCHES:
        for branch in _list(schema.get(key)):
            yield from _walk(branch, prefix=prefix, depth=depth, optional=optional or key != "allOf")


def _field(name: str, schema: Mapping[str, Any], *, required: bool) -> SpecField:
    kind = schema.get("type")
    secret = declares_secret(schema) or (kind == "string" and is_secret_name(name))
    default = schema.get("default")
    about = schema.get("description") or schema.get("title")
    return SpecField(
        name=name,
        type=_type(kind, schema),
        required=required or None,
        secret=secret or None,
        values=_choices(schema),
        range=_range(schema),
        default=None if secret else default,
        about=about[:_ABOUT_LENGTH] if isinstance(about, str) else None,
    )


def _type(kind: object, schema: Mapping[str, Any]) -> str | None:
    if isinstance(kind, list):
        return " or ".join(str(each) for each in kind if each != "null")
    if isinstance(kind, str):
        return kind
    if "properties" in schema:
        return "object"
    kinds = [str(each["type"]) for key in _BRANCHES for each in _list(schema.get(key)) if "type" in each]
    return " or ".join(dict.fromkeys(kinds)) or None


def _range(schema: Mapping[str, Any]) -> str | None:
    """`15..`, `..100`, `1..12` from the bounds of a number."""
    low, high = (schema.get(name, "") for name in ("minimum", "maximum"))
    return f"{low}..{high}" if (low, high) != ("", "") else None


def _choices(schema: Mapping[str, Any]) -> list[Any] | None:
    values = schema.get("enum")
    if isinstance(values, list) and values:
        return values
    return [schema["const"]] if "const" in schema else None


def _merged(one: SpecField, other: SpecField) -> SpecField:
    values = [
        *(one.values or []),
        *(value for value in other.values or [] if value not in (one.values or [])),
    ]
    return one.model_copy(update={"values": values or None, "required": one.required or other.required})


def _objects(value: object) -> list[tuple[str, Mapping[str, Any]]]:
    if not isinstance(value, Mapping):
        return []
    return [(str(name), field) for name, field in value.items() if isinstance(field, Mapping)]


def _list(value: object) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def _names(value: object) -> set[str]:
    return {item for item in value if isinstance(item, str)} if isinstance(value, list) else set()
