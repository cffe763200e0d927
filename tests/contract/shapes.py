"""Values against the schemas of an OpenAPI 3.0 document: validation, and nothing that is not declared."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from openapi_schema_validator import OAS30Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT4

Schema = Mapping[str, Any]

_DOCUMENT = "urn:contract"


@dataclass(frozen=True)
class Violation:
    """One difference between what was sent and what is declared.

    `operation` is `METHOD /template`, `part` one of path, query, header, request, status, response. `pointer`
    is a JSON pointer in which every array index is `*`. `kind` is the broken keyword (`type`, `enum`,
    `required`, ...) or one of undeclared, unshaped (an object declared without naming any property), repeated,
    slash, unknown, no-schema. `value` is what stood there.
    """

    operation: str
    part: str
    pointer: str
    kind: str
    value: object = field(compare=False, hash=False)

    def __str__(self) -> str:
        shown = repr(self.value)
        return f"{self.operation}: {self.part} {self.pointer or '/'} {self.kind}: {shown[:160]}"


class Schemas:
    """The schemas of one document, found by reference and applied strictly."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self._validators: dict[int, tuple[Schema, Any]] = {}
        resource = Resource.from_contents(_absolute(document), default_specification=DRAFT4)
        self._registry: Registry[Any] = Registry().with_resource(_DOCUMENT, resource)

    def resolve(self, node: Mapping[str, Any]) -> Mapping[str, Any]:
        """The node itself, or what its local `$ref` names."""
        while "$ref" in node:
            found: Any = self._document
            # One reference of the sandbox file is misprinted as "/#components/...".
            for step in node["$ref"].partition("#")[2].removeprefix("/").split("/"):
                found = found[step.replace("~1", "/").replace("~0", "~")]
            node = found
        return node

    def check(
        self, schema: Schema, value: object, *, operation: str, part: str, pointer: str = ""
    ) -> list[Violation]:
        """What of `value` breaks `schema`, and what of it `schema` does not declare."""
        broken = [
            Violation(operation, part, pointer + _general(list(e.absolute_path)), str(e.validator), found)
            for e in self._validator(schema).iter_errors(value)
            for found in [e.instance]
        ]
        undeclared = [
            Violation(operation, part, pointer + where, kind, extra)
            for where, kind, extra in self._undeclared(schema, value, "")
        ]
        return broken + undeclared

    def declared(self, schema: Schema, pointer: str = "") -> Iterator[str]:
        """The pointer of every property that `schema` declares, however deep."""
        schema = self.resolve(schema)
        for part in _branches(schema):
            yield from self.declared(part, pointer)
        for name, child in schema.get("properties", {}).items():
            yield f"{pointer}/{_escape(name)}"
            yield from self.declared(child, f"{pointer}/{_escape(name)}")
        for inner in _inner(schema):
            yield from self.declared(inner, f"{pointer}/*")

    def _validator(self, schema: Schema) -> Any:
        key = id(schema)
        if key not in self._validators:
            validator = OAS30Validator(
                _absolute(schema), registry=self._registry, format_checker=OAS30Validator.FORMAT_CHECKER
            )
            self._validators[key] = (schema, validator)
        return self._validators[key][1]

    def _undeclared(self, schema: Schema, value: object, pointer: str) -> Iterator[tuple[str, str, object]]:
        parts = list(self._flat(schema))
        if isinstance(value, list):
            items = [part["items"] for part in parts if "items" in part]
            for item in value:
                yield from self._least(items, item, f"{pointer}/*")
        elif isinstance(value, dict) and value and _is_unshaped(parts):
            yield pointer, "unshaped", value
        elif isinstance(value, dict) and not _is_free_form(parts):
            for name, child in value.items():
                where = f"{pointer}/{_escape(name)}"
                known = [part["properties"][name] for part in parts if name in part.get("properties", {})]
                known += [] if known else [p for part in parts if (p := part.get("additionalProperties"))]
                if not known:
                    yield where, "undeclared", child
                yield from self._least(known, child, where)

    def _least(self, schemas: list[Schema], value: object, pointer: str) -> list[tuple[str, str, object]]:
        """Of several schemas that may describe a value, what the best fitting one leaves undeclared."""
        found = [list(self._undeclared(s, value, pointer)) for s in schemas if isinstance(s, Mapping)]
        return min(found, key=len, default=[])

    def _flat(self, schema: Schema) -> Iterator[Schema]:
        schema = self.resolve(schema)
        yield schema
        for branch in _branches(schema):
            yield from self._flat(branch)


def walk(value: object, pointer: str = "") -> Iterator[str]:
    """The pointer of every property in a value, as `Schemas.declared` writes them."""
    if isinstance(value, dict):
        for name, child in value.items():
            yield f"{pointer}/{_escape(name)}"
            yield from walk(child, f"{pointer}/{_escape(name)}")
    elif isinstance(value, list):
        for child in value:
            yield from walk(child, f"{pointer}/*")


def rename(body: Any, pointer: str) -> Any:
    """A copy of the body in which the last step of the pointer has another name, everywhere it occurs."""
    body = copy.deepcopy(body)
    *steps, last = pointer.split("/")[1:]
    places = [body]
    for step in steps:
        places = [
            p for place in places for p in (place if step == "*" else [place[step]] if step in place else [])
        ]
    for place in places:
        if last in place:
            place[last + "Renamed"] = place.pop(last)
    return body


def _is_unshaped(parts: list[Schema]) -> bool:
    """Whether an object is declared with an empty list of properties: its author forgot to fill it in."""
    return all("additionalProperties" not in part for part in parts) and {} in [
        part.get("properties") for part in parts
    ]


def _is_free_form(parts: list[Schema]) -> bool:
    if any(part.get("additionalProperties") is True for part in parts):
        return True
    return not any(part.get("properties") or part.get("additionalProperties") for part in parts)


def _branches(schema: Schema) -> Iterator[Schema]:
    for keyword in ("allOf", "anyOf", "oneOf"):
        yield from schema.get(keyword, ())


def _inner(schema: Schema) -> Iterator[Schema]:
    for keyword in ("items", "additionalProperties"):
        if isinstance(schema.get(keyword), Mapping):
            yield schema[keyword]


def _absolute(node: Any) -> Any:
    """The same node with local references made absolute, so that a part of the document can stand alone."""
    if isinstance(node, Mapping):
        return {k: _DOCUMENT + v if _is_reference(k, v) else _absolute(v) for k, v in node.items()}
    if isinstance(node, list | tuple):
        return [_absolute(child) for child in node]
    return node


def _is_reference(key: object, value: object) -> bool:
    return key == "$ref" and isinstance(value, str) and value.startswith("#")


def _general(path: list[str | int]) -> str:
    return "".join("/*" if isinstance(step, int) else f"/{_escape(step)}" for step in path)


def _escape(name: object) -> str:
    return str(name).replace("~", "~0").replace("/", "~1")
