"""Source and target parameters of a connector, driven by its JSON Schema alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from aep_flow_mcp.platform.models.specs import FlowSpec, NamedSpec

from .checks.connections import check_params
from .checks.schema import demanded
from .desk import Desk, argument_of

PLACES = ("path", "remotePath", "tableName")
"""Parameters that the argument `path` stands for; a connector has one of them, or `tableName` and `path`."""


def place_name(part: NamedSpec | None) -> str | None:
    """The parameter that `path` fills; None where the spec names none."""
    names = part.properties if part else {}
    return "tableName" if "tableName" in names else next((name for name in PLACES if name in names), None)


def silent(part: NamedSpec | None) -> bool:
    """Whether the spec says nothing about the parameters, so that any may be right."""
    return part is None or not part.properties


def settle(
    desk: Desk, part: NamedSpec | None, params: Mapping[str, Any], flow_spec: FlowSpec | None = None
) -> dict[str, Any]:
    """Parameters as they are sent; what the schema misses is asked for, what it refuses is refused."""
    asked = _ask_for_missing(desk, part, params, flow_spec)
    checked = check_params(part, dict(params), flow_spec=flow_spec, whose=desk.label)
    return dict(desk.take(checked, but=asked))


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


def _ask_for_missing(
    desk: Desk, part: NamedSpec | None, params: Mapping[str, Any], flow_spec: FlowSpec | None
) -> set[str]:
    asked = set()
    given = {name.casefold() for name in params}
    for name in demanded(part, params, flow_spec):
        if name.casefold() in given:
            continue
        field = argument_of(f"params.{name}")
        schema = part.properties.get(name) if part else None
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
