"""Arguments as hosts send them, made to fit what a tool's own schema asks for.

Models and hosts fill optional arguments with null, write numbers as text and text as numbers, and names of choices in
any case. Each is put right where only one thing can be meant; everything else is left to the validation, which says
what it takes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from aep_flow_mcp.half_characters import LOST

_SURROGATE = re.compile(f"[\ud800-\udfff{LOST}]")
_WHOLE = re.compile(r"[+-]?\d{1,18}(?:\.0+)?")
_NUMBER = re.compile(r"[+-]?\d{1,18}(?:\.\d{1,18})?")
_EXACT = 2**53
"""Beyond this a float no longer is the number that was meant."""

_Schema = Mapping[str, Any]

FORMER_NAMES: Mapping[str, str] = {
    "flow_id": "flow",
    "connection_id": "account",
    "connection": "account",
    "base_connection_id": "account",
    "connection_spec_id": "connector",
    "source_spec_id": "source_connector",
    "source_spec_name": "source_connector",
    "target_spec_id": "target_connector",
    "target_spec_name": "target_connector",
    "dataset_id": "dataset",
    "dataset_name": "dataset",
    "dataset_ids": "datasets",
    "mapping_id": "mapping_set_id",
    "words": "query",
    "start": "cursor",
    "find_connection_spec.name": "query",
    "find_flow_spec.flow_spec_name": "query",
    "pipeline_health.top": "limit",
    "trace_lineage.kind": "object_kind",
    "trace_lineage.direction": "follow",
    "list_profile_flow_runs.state": "status",
    "list_identity_flow_runs.state": "status",
    "explore_connection.object": "path",
    "explore_connection_spec.object": "path",
    "explore_landing_zone.object": "path",
    "preview_landing_zone_file.file": "path",
    "explore_connection.compression": "compression_type",
    "explore_connection_spec.compression": "compression_type",
    "create_target_connection_dataset_to_landing_zone.file_type": "dataset_file_type",
    "export_dataset_to_landing_zone.file_type": "dataset_file_type",
    "update_flow_policies.mode": "how",
}
"""Former name of an argument -> its present one, in every tool that declares only the present one; a name with a
tool before it counts in that tool alone. Former names are accepted silently for one release."""
FORMER_CHOICES: Mapping[str, Mapping[str, str]] = {"last_status": {"running": "in_progress"}}
"""Likewise the former values of an argument."""


class _LeftOut:
    """What null becomes."""


_LEFT_OUT = _LeftOut()


def fitted(arguments: Mapping[str, Any], schema: _Schema) -> dict[str, Any]:
    """The arguments as the schema wants them; null, in an object or a list of the schema, is left out.

    Below a schema that takes anything (`{}`, an object without declared members) nothing is changed: null is a value.
    """
    return _members(arguments, schema)


def renamed(tool: str, arguments: Mapping[str, Any], schema: _Schema) -> dict[str, Any]:
    """The arguments under their present names. Where both names are given nothing is changed: one of them is wrong."""
    declared = schema.get("properties") or {}

    def present(name: str) -> str:
        now = FORMER_NAMES.get(f"{tool}.{name}") or FORMER_NAMES.get(name)
        return (
            now
            if now is not None and now in declared and name not in declared and now not in arguments
            else name
        )

    names = {name: present(name) for name in arguments}
    if len(set(names.values())) < len(names):
        return dict(arguments)
    return {now: _choice_now(now, arguments[name]) for name, now in names.items()}


def _choice_now(name: str, value: Any) -> Any:
    former = FORMER_CHOICES.get(name, {})
    return former.get(value.strip().casefold(), value) if isinstance(value, str) else value


def broken_text(value: Any, path: str = "") -> str | None:
    """Where in the arguments a text holds half of a character, or None."""
    return next(_broken(value, path), None)


def _broken(value: Any, path: str) -> Iterator[str]:
    if isinstance(value, str) and _SURROGATE.search(value):
        yield path or "the arguments"
    elif isinstance(value, Mapping):
        for name, item in value.items():
            shown = _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", str(name))
            where = f"{path}.{shown}" if path else shown
            if shown != name:
                yield where
            yield from _broken(item, where)
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from _broken(item, f"{path}.{index}" if path else str(index))


def _fit(value: Any, schema: _Schema) -> Any:
    """One value; `_LEFT_OUT` for a null where the schema has a type of its own."""
    if "anyOf" in schema:
        return _fit_one_of(value, schema["anyOf"])
    kind = schema.get("type")
    if kind is None and "enum" not in schema:
        return value
    if value is None:
        return _LEFT_OUT
    if "enum" in schema:
        return _choice(value, schema["enum"])
    if isinstance(value, str) and kind in ("object", "array"):
        value = _from_json(value, kind)
    match kind:
        case "object" if isinstance(value, dict):
            return _members(value, schema)
        case "array" if isinstance(value, list):
            items = schema.get("items")
            fitting = [_fit(item, items) for item in value] if isinstance(items, dict) else value
            return [item for item in fitting if item is not _LEFT_OUT]
        case "string":
            return _as_text(value)
        case "integer" | "number" | "boolean" if isinstance(value, str):
            return _from_text(value, kind)
    return value


def _members(value: Mapping[str, Any], schema: _Schema) -> dict[str, Any]:
    declared = schema.get("properties") or {}
    others = schema.get("additionalProperties")
    of_others: _Schema = others if isinstance(others, dict) else {}
    fitting = {name: _fit(item, declared.get(name, of_others)) for name, item in value.items()}
    return {name: item for name, item in fitting.items() if item is not _LEFT_OUT}


def _fit_one_of(value: Any, arms: list[_Schema]) -> Any:
    """The value as the arm that it is of already; else as the first that it can be made to fit."""
    if value is None:
        return _LEFT_OUT if all(arm.get("type") for arm in arms) else value
    for arm in arms:
        if _is_of(value, arm):
            return _fit(value, arm)
    tried = (_fit(value, arm) for arm in arms)
    return next((item for item in tried if any(_is_of(item, arm) for arm in arms)), value)


def _is_of(value: Any, schema: _Schema) -> bool:
    match schema.get("type"):
        case "object":
            return isinstance(value, dict)
        case "array":
            return isinstance(value, list)
        case "string":
            return isinstance(value, str)
        case "boolean":
            return isinstance(value, bool)
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        case "number":
            return isinstance(value, int | float) and not isinstance(value, bool)
    return True


def _choice(value: Any, choices: list[Any]) -> Any:
    """The choice that is meant, whatever its case and its separators; a value that fits none, or two, stays."""
    if value in choices or not isinstance(value, str):
        return value
    for form in (str.casefold, _letters):
        meant = [
            choice for choice in choices if isinstance(choice, str) and form(choice) == form(value.strip())
        ]
        if len(meant) == 1:
            return meant[0]
    return value


def _letters(text: str) -> str:
    return re.sub(r"[\s_-]+", "", text).casefold()


def _as_text(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT:
        return str(int(value))
    return json.dumps(value)


def _from_text(text: str, kind: str) -> Any:
    said = text.strip()
    if kind == "boolean":
        return {"true": True, "false": False}.get(said.casefold(), text)
    if kind == "integer":
        return int(said.partition(".")[0]) if _WHOLE.fullmatch(said) else text
    if not _NUMBER.fullmatch(said):
        return text
    return float(said) if "." in said else int(said)


def _from_json(text: str, kind: str) -> Any:
    """Some hosts send objects and lists as JSON in a text."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return value if isinstance(value, dict if kind == "object" else list) else text
