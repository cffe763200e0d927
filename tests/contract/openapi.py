"""Adobe's OpenAPI files as a checker of single requests and answers.

Stricter than JSON Schema: a property, a parameter, a status or a path that the file does not declare is a
violation, so that a field renamed on either side is noticed. What is wrong in the files themselves is written
in `known_errors`, never here.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
import yaml

from contract.shapes import Schema, Schemas, Violation

Query = str | Mapping[str, str | list[str]] | Iterable[tuple[str, str]]

_METHODS = ("get", "put", "post", "delete", "patch")
_CHECKED_HEADERS = re.compile(r"x-.*|if-match|if-none-match")
_BESIDE = Path(__file__).resolve().parents[3] / "shared" / "reference" / "openapi"


def locate(service: str = "flow-service") -> Path | None:
    """The OpenAPI file of a service, or None where this machine has none.

    `FLOW_SERVICE_OPENAPI` names the file of the Flow Service; the neighbours are looked for beside it.
    """
    named = os.environ.get("FLOW_SERVICE_OPENAPI")
    folder = Path(named).parent if named else _BESIDE
    path = Path(named) if named and service == "flow-service" else folder / f"{service}.yaml"
    return path if path.is_file() else None


def needs(service: str) -> pytest.MarkDecorator:
    """Skips a test where the OpenAPI file of a service is not to be found."""
    return pytest.mark.skipif(
        locate(service) is None,
        reason=f"Adobe's {service}.yaml is not here: name the Flow Service's file in FLOW_SERVICE_OPENAPI",
    )


@dataclass(frozen=True)
class Operation:
    """One method of one templated path."""

    method: str
    template: str
    operation_id: str
    parameters: tuple[Mapping[str, Any], ...]
    body: Schema | None
    body_required: bool
    responses: Mapping[str, Schema | None]

    @property
    def name(self) -> str:
        return f"{self.method} {self.template}"


class Contract:
    """The operations of one OpenAPI file, ready to be asked about one exchange at a time."""

    def __init__(self, document: dict[str, Any]) -> None:
        document = _modern(document) if "swagger" in document else document
        self.schemas = Schemas(document)
        self.document = document
        self._paths = document["paths"]
        self.base = _base_path(document)
        self.operations = tuple(self._operations())

    @classmethod
    def load(cls, service: str = "flow-service") -> Contract:
        path = locate(service)
        if path is None:
            raise FileNotFoundError(f"no OpenAPI file for {service}; name it in FLOW_SERVICE_OPENAPI")
        return cls(yaml.safe_load(path.read_text(encoding="utf-8")))

    def operation(self, method: str, path: str) -> Operation | None:
        """The operation that answers this path, a trailing slash more or less included."""
        return self._match(method, path)[0]

    def check_request(
        self, method: str, path: str, query: Query, headers: Mapping[str, str], body: object
    ) -> list[Violation]:
        """Everything in this request that the file does not declare or forbids; an absent body is None."""
        operation, found = self._match(method, path)
        if operation is None:
            return found
        found += self._check_query(operation, _pairs(query))
        found += self._check_headers(operation, headers)
        if operation.body is None and body is not None:
            found.append(Violation(operation.name, "request", "", "undeclared", body))
        elif body is None and operation.body_required:
            found.append(Violation(operation.name, "request", "", "required", body))
        elif operation.body is not None and body is not None:
            found += self.schemas.check(operation.body, body, operation=operation.name, part="request")
        return found

    def check_response(self, method: str, path: str, status: int, body: object) -> list[Violation]:
        """Everything in this answer that the file does not declare or forbids; an empty body is None."""
        operation, found = self._match(method, path)
        if operation is None:
            return found
        declared = next((name for name in (str(status), "default") if name in operation.responses), None)
        if declared is None:
            return [Violation(operation.name, "status", f"/{status}", "undeclared", body)]
        schema = operation.responses[declared]
        if schema is not None:
            return self.schemas.check(schema, body, operation=operation.name, part="response")
        if body is not None:
            return [Violation(operation.name, "status", f"/{status}", "no-schema", body)]
        return []

    def _operations(self) -> Iterator[Operation]:
        for template, item in self._paths.items():
            for method in _METHODS:
                if method in item:
                    yield self._read(method, template, item.get("parameters", []), item[method])

    def _read(self, method: str, template: str, shared: list[Any], raw: Mapping[str, Any]) -> Operation:
        parameters = tuple(self.schemas.resolve(p) for p in [*shared, *raw.get("parameters", ())])
        body = raw.get("requestBody", {})
        return Operation(
            method.upper(),
            template,
            raw.get("operationId", ""),
            parameters,
            _json_schema(body),
            bool(body.get("required", False)),
            {str(status): _json_schema(self.schemas.resolve(r)) for status, r in raw["responses"].items()},
        )

    def _match(self, method: str, path: str) -> tuple[Operation | None, list[Violation]]:
        inside = path.removeprefix(self.base) or "/"
        for candidate in (inside, inside.removesuffix("/") if inside.endswith("/") else inside + "/"):
            fitting = [o for o in self.operations if o.method == method and _fits(o.template, candidate)]
            if fitting:
                best = min(fitting, key=lambda o: o.template.count("{"))
                slash = [Violation(best.name, "path", "", "slash", path)] if candidate != inside else []
                return best, slash
        return None, [Violation(f"{method} {inside}", "path", "", "unknown", path)]

    def _check_query(self, operation: Operation, query: list[tuple[str, str]]) -> Iterator[Violation]:
        declared = {p["name"]: p for p in operation.parameters if p["in"] == "query"}
        sent: dict[str, list[str]] = {}
        for name, value in query:
            sent.setdefault(name, []).append(value)
        for name, values in sent.items():
            if name not in declared:
                yield Violation(operation.name, "query", f"/{name}", "undeclared", values[0])
                continue
            schema = self.schemas.resolve(declared[name]["schema"])
            many = schema.get("type") == "array"
            if len(values) > 1 and not (many and declared[name].get("explode", True)):
                yield Violation(operation.name, "query", f"/{name}", "repeated", values)
            for value in values:
                one = self.schemas.resolve(schema["items"]) if many else schema
                yield from self._check_text(one, value, operation=operation.name, part="query", name=name)
        for name, parameter in declared.items():
            if parameter.get("required") and name not in sent:
                yield Violation(operation.name, "query", f"/{name}", "required", None)

    def _check_headers(self, operation: Operation, headers: Mapping[str, str]) -> Iterator[Violation]:
        declared = {p["name"].lower(): p for p in operation.parameters if p["in"] == "header"}
        sent = {name.lower(): value for name, value in headers.items()}
        for name, value in sent.items():
            if name not in declared and _CHECKED_HEADERS.fullmatch(name):
                yield Violation(operation.name, "header", f"/{name}", "undeclared", value)
        for name, parameter in declared.items():
            if parameter.get("required") and name not in sent:
                yield Violation(operation.name, "header", f"/{name}", "required", None)

    def _check_text(
        self, schema: Schema, value: str, *, operation: str, part: str, name: str
    ) -> Iterator[Violation]:
        """A parameter is text on the wire; read it as its declared type before checking it."""
        parsed: object = value
        if schema.get("type") in {"integer", "number", "boolean"}:
            try:
                parsed = json.loads(value)
            except ValueError:
                parsed = value
        yield from self.schemas.check(schema, parsed, operation=operation, part=part, pointer=f"/{name}")


def _base_path(document: Mapping[str, Any]) -> str:
    url: str = document["servers"][0]["url"]
    return "/" + url.split("//", 1)[1].split("/", 1)[1]


def _modern(old: dict[str, Any]) -> dict[str, Any]:
    """The readable part of a Swagger 2.0 document (the Schema Registry's) in the words of OpenAPI 3.0."""
    text = json.dumps(old, default=str)
    text = text.replace('"#/definitions/', '"#/components/schemas/').replace(
        '"#/parameters/', '"#/components/parameters/'
    )
    new = json.loads(text)
    shared = {name: _modern_parameter(p) for name, p in new.get("parameters", {}).items()}
    for item in new["paths"].values():
        for method, operation in item.items():
            if method in _METHODS:
                operation["parameters"] = [_modern_parameter(p) for p in operation.get("parameters", [])]
                operation["responses"] = {
                    status: {"content": {"application/json": {"schema": r["schema"]}}}
                    if "schema" in r
                    else {}
                    for status, r in operation["responses"].items()
                }
    return {
        "servers": [{"url": f"//{new['host']}{new['basePath']}"}],
        "paths": new["paths"],
        "components": {"schemas": new["definitions"], "parameters": shared},
    }


def _modern_parameter(old: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in old or "schema" in old:
        return old
    return {key: old[key] for key in ("name", "in", "required") if key in old} | {"schema": old}


def _json_schema(holder: Mapping[str, Any]) -> Schema | None:
    """The schema of a JSON body; None where the file declares the answer and not its shape."""
    for kind, content in (holder.get("content") or {}).items():
        if ("json" in kind or kind == "*/*") and "schema" in content:
            schema: Schema = content["schema"]
            return schema
    return None


def _fits(template: str, path: str) -> bool:
    pattern = re.sub(r"\\\{[^}]*\\\}", "[^/]+", re.escape(template))
    return re.fullmatch(pattern, path) is not None


def _pairs(query: Query) -> list[tuple[str, str]]:
    if isinstance(query, str):
        return parse_qsl(query, keep_blank_values=True)
    if isinstance(query, Mapping):
        return [(k, v) for k, vs in query.items() for v in ([vs] if isinstance(vs, str) else vs)]
    return list(query)
