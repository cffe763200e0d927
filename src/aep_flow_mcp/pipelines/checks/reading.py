"""A served JSON Schema, copied along a value without what cannot be checked.

Specs come from many providers: references that lead nowhere (and are never fetched), keywords with the wrong shape,
patterns of another dialect, names that are required but not described. Each is left out, and `unread` says which.
A reference to a secret is text that nobody here knows, so its form is not checked either.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from aep_flow_mcp.platform.models.specs import FlowSpec

from .conditions import holds
from .fitting import STAND_IN, is_reference
from .outcome import joined

MAX_NODES = 5_000
"""Parts of a schema that are looked at; a hostile one can be made to unfold without end."""
MAX_TEXT = 2_000
"""A longer text is not held against a pattern: some patterns take very long over one."""

_KINDS = frozenset({"string", "integer", "number", "boolean", "object", "array", "null"})
_ARMS = ("allOf", "anyOf", "oneOf")
_SIZES = ("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties")
_BOUNDS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")
_OF_TEXT = ("type", "enum", "const", "pattern", *_SIZES, *_BOUNDS)
_UNSUPPORTED = ("dependencies", "propertyNames", "contains", "additionalItems")
_SAID_BY_ANY = (("type", "string"), ("minLength", 1))
_LOST: Any = object()


class Reader:
    """Reads one schema.

    unread: what was left out, by field. undescribed: names that are only required. misplaced: fields that are given
    although their condition does not hold.
    """

    def __init__(self, root: Mapping[str, Any], flow_spec: FlowSpec | None) -> None:
        self._root = root
        self._flow_spec = flow_spec
        self._nodes = 0
        self._lost = 0
        self.unread: dict[str, dict[str, None]] = {}
        self.undescribed: dict[str, None] = {}
        self.misplaced: dict[str, None] = {}

    def read(
        self,
        schema: Any,
        value: Any,
        field: str,
        described: frozenset[str] = frozenset(),
        seen: frozenset[str] = frozenset(),
    ) -> Any:
        """The part of the schema that is about this value; `described` are names that the parts around it describe."""
        self._nodes += 1
        if isinstance(schema, bool):
            return schema
        if not isinstance(schema, Mapping) or self._nodes > MAX_NODES:
            return self._lose(field, "this part")
        if "$ref" in schema:
            return self._followed(schema["$ref"], value, field, described, seen)
        if is_reference(value):
            return self._of_reference(schema, str(value), field)
        described |= frozenset(_members(schema.get("properties")))
        copy = self._leaves(schema, value, field)
        copy |= self._members_of(schema, value, field, described)
        copy |= self._items(schema, value, field)
        copy |= self._arms(schema, value, field, described, seen)
        for keyword in _UNSUPPORTED:
            if keyword in schema:
                self._lose(field, keyword)
        return copy

    # --- what is left out -----------------------------------------------------------------------------------

    def _lose(self, field: str, what: str) -> dict[str, Any]:
        self.unread.setdefault(field, {})[what] = None
        self._lost += 1
        return {}

    def _whole(self, read: Callable[[], Any], field: str, keyword: str) -> Any:
        """A part that must be read in whole or not at all: with something left out it would refuse more."""
        before = self._lost
        found = read()
        if self._lost == before:
            return found
        self._lose(field, keyword)
        return _LOST

    def _followed(
        self, ref: Any, value: Any, field: str, described: frozenset[str], seen: frozenset[str]
    ) -> Any:
        target = _pointed(self._root, ref) if isinstance(ref, str) and ref not in seen else None
        if target is None:
            return self._lose(field, "$ref")
        return self.read(target, value, field, described, seen | {str(ref)})

    def _of_reference(self, schema: Mapping[str, Any], value: str, field: str) -> dict[str, Any]:
        """Of a text that stands for another one, only its being there is known."""
        declared = [
            name
            for name in (*_OF_TEXT, *_ARMS, "not", "if")
            if name in schema and (name, schema[name]) not in _SAID_BY_ANY
        ]
        if declared and value.startswith(STAND_IN):
            self._lost += 1
        elif declared:
            self._lose(field, "it is a reference")
        return {}

    # --- keywords -------------------------------------------------------------------------------------------

    def _leaves(self, schema: Mapping[str, Any], value: Any, field: str) -> dict[str, Any]:
        copy: dict[str, Any] = {}
        for keyword in (*_OF_TEXT, "uniqueItems"):
            if keyword not in schema:
                continue
            found = _leaf(keyword, schema[keyword], schema)
            if found is _LOST or (keyword == "pattern" and isinstance(value, str) and len(value) > MAX_TEXT):
                self._lose(field, keyword)
            elif found is not None:
                copy[keyword] = found
        return copy

    def _members_of(
        self, schema: Mapping[str, Any], value: Any, field: str, described: frozenset[str]
    ) -> dict[str, Any]:
        """`properties`, `patternProperties`, `additionalProperties` and `required`, along the names that are there."""
        properties = _members(schema.get("properties"))
        values = value if isinstance(value, Mapping) else {}
        required = self._required(schema, properties, values, field, described)
        for name, part in properties.items():
            if name in values and holds(part, values, self._flow_spec) is False:
                self.misplaced[joined(field, name)] = None
        copy: dict[str, Any] = {"required": required} if required else {}
        inner: dict[str, Any] = {
            name: self.read(part, values[name], joined(field, name)) if name in values else part
            for name, part in properties.items()
        }
        for name, part in self._matched(schema, values, field):
            read = self.read(part, values[name], joined(field, name))
            inner[name] = {"allOf": [inner[name], read]} if name in inner else read
        further = schema.get("additionalProperties")
        extra = [name for name in values if name not in inner]
        if isinstance(further, Mapping):
            inner |= {name: self.read(further, values[name], joined(field, name)) for name in extra}
        elif further is False:
            inner |= {name: {} for name in self.undescribed if name in extra}
            copy["additionalProperties"] = False
        return copy | ({"properties": inner} if inner else {})

    def _required(
        self,
        schema: Mapping[str, Any],
        properties: Mapping[str, Any],
        values: Mapping[str, Any],
        field: str,
        described: frozenset[str],
    ) -> list[str]:
        """Names that must be there. One that is required and described nowhere may be given or left out: a printed spec
        requires `accessKeyId` and describes `s3AccessKey` (help/sources/tutorials/api/create/cloud-storage/s3.md)."""
        listed = schema.get("required", [])
        if not isinstance(listed, list):
            self._lose(field, "required")
            return []
        names = [name for name in listed if isinstance(name, str)]
        unknown = [name for name in names if properties and name not in described]
        self.undescribed |= dict.fromkeys(unknown)
        return [
            name
            for name in names
            if name not in unknown and holds(properties.get(name), values, self._flow_spec) is True
        ]

    def _matched(
        self, schema: Mapping[str, Any], values: Mapping[str, Any], field: str
    ) -> Iterator[tuple[str, Any]]:
        for pattern, part in _members(schema.get("patternProperties")).items():
            if _leaf("pattern", pattern, schema) is _LOST:
                self._lose(field, "patternProperties")
                continue
            yield from ((name, part) for name in values if re.search(pattern, name))

    def _items(self, schema: Mapping[str, Any], value: Any, field: str) -> dict[str, Any]:
        each = schema.get("items")
        if each is None or not isinstance(value, list):
            return {}
        parts = each if isinstance(each, list) else [each] * len(value)
        pairs = zip(parts, value, strict=False)
        return {"items": [self.read(part, item, joined(field, at)) for at, (part, item) in enumerate(pairs)]}

    def _arms(
        self,
        schema: Mapping[str, Any],
        value: Any,
        field: str,
        described: frozenset[str],
        seen: frozenset[str],
    ) -> dict[str, Any]:
        copy: dict[str, Any] = {}

        def part(name: str) -> Any:
            return self.read(schema[name], value, field, described, seen)

        for keyword in _ARMS:
            if keyword in schema and not (isinstance(schema[keyword], list) and schema[keyword]):
                self._lose(field, keyword)
            elif keyword in schema:
                before = self._lost
                arms = [self.read(arm, value, field, described, seen) for arm in schema[keyword]]
                # An arm of which something is left out may fit beside another: then any number may.
                copy["anyOf" if keyword == "oneOf" and self._lost > before else keyword] = arms
        if "not" in schema:
            copy["not"] = self._whole(lambda: part("not"), field, "not")
        if "if" in schema:
            copy["if"] = self._whole(lambda: part("if"), field, "if")
            if copy["if"] is not _LOST:
                copy |= {name: part(name) for name in ("then", "else") if name in schema}
        return {name: found for name, found in copy.items() if found is not _LOST}


def required_names(
    schema: Mapping[str, Any], values: Mapping[str, Any], flow_spec: FlowSpec | None
) -> list[str]:
    """What an object with these values must have at its top level."""
    read = Reader(schema, flow_spec).read(schema, dict(values), "")
    found = read.get("required", []) if isinstance(read, dict) else []
    return [str(name) for name in found]


def _leaf(keyword: str, expected: Any, schema: Mapping[str, Any]) -> Any:
    """The keyword's value as draft 7 has it; None where it says nothing, `_LOST` where it cannot be read."""
    match keyword:
        case "type":
            kinds = [expected] if isinstance(expected, str) else expected
            known = isinstance(kinds, list) and bool(kinds) and _KINDS.issuperset(map(str, kinds))
            return expected if known else _LOST
        case "enum":
            return expected if isinstance(expected, list) and expected else _LOST
        case "const":
            return expected
        case "uniqueItems":
            return expected if isinstance(expected, bool) else _LOST
        case "pattern":
            return _pattern(expected)
        case "exclusiveMinimum" | "exclusiveMaximum" if isinstance(expected, bool):
            bound = schema.get(keyword.removeprefix("exclusive").lower()) if expected else None  # draft 4
            return bound if _is_number(bound) else None
    if not _is_number(expected) or (keyword in _SIZES and (expected < 0 or expected != int(expected))):
        return _LOST
    return expected if keyword != "multipleOf" or expected > 0 else _LOST


def _pattern(expected: Any) -> Any:
    try:
        re.compile(expected)
    except (re.error, TypeError, OverflowError, RecursionError):
        return _LOST  # such as \p{L}, which other languages know
    return expected


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _members(value: Any) -> dict[str, Any]:
    return {str(name): part for name, part in value.items()} if isinstance(value, Mapping) else {}


def _pointed(root: Any, ref: str) -> Any:
    """What a reference inside the same schema points to; None for any other."""
    here = root
    if ref == "#":
        return root
    if not ref.startswith("#/"):
        return None
    for step in ref[2:].split("/"):
        name = unquote(step).replace("~1", "/").replace("~0", "~")
        if isinstance(here, Mapping) and name in here:
            here = here[name]
        elif isinstance(here, list) and name.isdecimal() and int(name) < len(here):
            here = here[int(name)]
        else:
            return None
    return here
