"""Source and target parameters of a connector, driven by its JSON Schema alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from aep_flow_mcp.platform.models.specs import NamedSpec

from .checks import Problem, check_schema
from .desk import Desk, argument_of, unknown_params

PLACES = ("path", "remotePath", "tableName")
"""Parameters that the argument `path` stands for; a connector has one of them, or `tableName` and `path`."""


def place_name(part: NamedSpec | None) -> str | None:
    """The parameter that `path` fills."""
    names = part.properties if part else {}
    return "tableName" if "tableName" in names else next((name for name in PLACES if name in names), None)


def settle(desk: Desk, part: NamedSpec | None, params: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters that the schema takes as they are; what it misses is asked for, what it refuses is refused."""
    if part is None or not part.spec:
        return dict(params)
    asked = _ask_for_missing(desk, part, params)
    problems: list[Problem] = []
    if "properties" in part.spec:
        problems += unknown_params(params, part.properties, "params")
    problems += [
        item
        for item in check_schema(part.spec, dict(params), "params")
        if argument_of(item.field) not in asked and not (asked and item.field == "params")
    ]
    desk.refuse_all(problems)
    return dict(params)


def refuse_places(desk: Desk) -> None:
    """The place has an argument of its own."""
    for name in PLACES:
        if name in desk.wish.params:
            desk.refuse(f"params.{name}", "goes into the argument path: move it there.")


def free(desk: Desk) -> dict[str, Any]:
    """The parameters of the wish without those that have arguments of their own."""
    return {name: value for name, value in desk.wish.params.items() if name not in PLACES}


def constants(part: NamedSpec | None) -> dict[str, Any]:
    """Required parameters of which the schema allows one value only."""
    if part is None:
        return {}
    return {
        name: schema["const"]
        for name, schema in part.properties.items()
        if name in part.required and isinstance(schema, Mapping) and "const" in schema
    }


def _ask_for_missing(desk: Desk, part: NamedSpec, params: Mapping[str, Any]) -> set[str]:
    asked = set()
    for name in part.required:
        if name in params:
            continue
        field = argument_of(f"params.{name}")
        schema = part.properties.get(name)
        shape = schema if isinstance(schema, Mapping) else {}
        desk.ask(field, _question(desk, name, shape), type=_type(shape), choices=_choices(shape))
        asked.add(field)
    return asked


def _question(desk: Desk, name: str, schema: Mapping[str, Any]) -> str:
    told = schema.get("description") or schema.get("title")
    return f"{name} of {desk.label}{f' ({told})' if isinstance(told, str) else ''}?"


def _type(schema: Mapping[str, Any]) -> str:
    kind = schema.get("type")
    return kind if isinstance(kind, str) else "string"


def _choices(schema: Mapping[str, Any]) -> Iterable[str]:
    listed = schema.get("enum")
    return map(str, listed) if isinstance(listed, list) else ()
