"""How a connection spec is built from one compact line.

Parameters are written as words: `name` is a required string, `name*` a secret, `[name]` optional,
`name:number`, `name:boolean` and `name:one|two` give another type or the allowed values. A specification
describes JSON Schemas, so that what is posted can be validated against it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from ..json_types import JsonObject

DRAFT = "http://json-schema.org/draft-07/schema#"

BATCH_PROVIDER = "0ed90a81-07f4-4586-8190-b40eccef1c5a"
STREAM_PROVIDER = "521eee4d-8cbe-4906-bb48-fb6bd4450033"
DESTINATION_PROVIDER = "14e34fac-d307-11e9-bb65-2a2ae2dbcce4"

Role = Literal["source", "destination", "internal"]


@dataclass(frozen=True)
class Auth:
    """One way to log in: the name that a connection gives as `auth.specName`, and its parameters."""

    name: str
    params: str


@dataclass(frozen=True)
class Connector:
    """One connection spec in short. `source` and `target` are JSON Schemas of params, or None."""

    name: str
    id: str
    label: str
    category: str
    auths: tuple[Auth, ...] = ()
    role: Role = "source"
    frequency: Literal["batch", "streaming"] = "batch"
    source: JsonObject | None = None
    target: JsonObject | None = None
    explore: Literal["FileSystem", "Table", "Resource"] | None = None
    attributes: JsonObject = field(default_factory=dict)


def parameters(words: str) -> JsonObject:
    """The JSON Schema that a line of parameter words stands for."""
    properties: JsonObject = {}
    required: list[str] = []
    for word in words.split():
        optional = word.startswith("[")
        name, _, kind = word.strip("[]").partition(":")
        secret = name.endswith("*")
        name = name.rstrip("*")
        properties[name] = _property(kind, secret=secret)
        if not optional:
            required.append(name)
    schema: JsonObject = {"$schema": DRAFT, "type": "object", "properties": properties}
    if required:
        schema["required"] = required
    return schema


def _property(kind: str, *, secret: bool) -> JsonObject:
    if secret:
        return {"type": "string", "format": "password", "minLength": 1}
    if kind in {"number", "integer", "boolean"}:
        return {"type": kind}
    if kind:
        return {"type": "string", "enum": kind.split("|")}
    return {"type": "string", "minLength": 1}


def connection_spec(connector: Connector) -> JsonObject:
    """The whole spec object, as `GET /connectionSpecs/{id}` returns it."""
    spec: JsonObject = {
        "id": connector.id,
        "name": connector.name,
        "providerId": _provider(connector),
        "version": "1.0",
        "type": _type(connector),
        "authSpec": [
            {"name": auth.name, "type": _pascal(auth.name), "spec": parameters(auth.params)}
            for auth in connector.auths
        ],
        "attributes": _attributes(connector),
        "permissionsInfo": permissions(_permission(connector)),
    }
    ui = _ui_attributes(connector)
    kind = _pascal(connector.category)
    if connector.source is not None:
        spec["sourceSpec"] = {
            "name": kind,
            "type": kind,
            "spec": connector.source,
            "attributes": {"uiAttributes": {"isSource": connector.role == "source", **ui}},
        }
    if connector.target is not None:
        spec["targetSpec"] = {
            "name": kind,
            "type": kind,
            "spec": connector.target,
            "attributes": {"uiAttributes": ui},
        }
    if connector.explore is not None:
        spec["exploreSpec"] = _explore(connector.explore)
    return spec


def permissions(name: str) -> JsonObject:
    """Who may see and who may change what has this spec."""
    return {
        "view": [{"@type": "lowLevel", "name": name, "permissions": ["read"]}],
        "manage": [{"@type": "lowLevel", "name": name, "permissions": ["write"]}],
    }


def _provider(connector: Connector) -> str:
    if connector.role == "destination":
        return DESTINATION_PROVIDER
    return STREAM_PROVIDER if connector.frequency == "streaming" else BATCH_PROVIDER


def _permission(connector: Connector) -> str:
    if connector.role == "destination":
        return "Destinations"
    return "StreamingSource" if connector.frequency == "streaming" else "EnterpriseSource"


def _type(connector: Connector) -> str:
    return {"source": "source", "destination": "destination", "internal": "platform"}[connector.role]


def _attributes(connector: Connector) -> JsonObject:
    attributes: JsonObject = {
        "category": connector.category,
        "connectorName": connector.label,
        "frequency": connector.frequency,
        "uiAttributes": {"apiFeatures": {"explorePaginationSupported": False}},
    }
    if connector.role == "source":
        attributes["isSource"] = True
    if connector.role == "destination":
        attributes["isDestination"] = True
    return attributes | connector.attributes


def _ui_attributes(connector: Connector) -> JsonObject:
    return {
        "category": {"key": _camel(connector.category)},
        "label": {"key": connector.label},
        "icon": {"key": connector.name},
        "description": {"key": f"{_camel(connector.category)}.{connector.name}.description"},
        "frequency": {"key": connector.frequency},
    }


def _explore(kind: str) -> JsonObject:
    entry = {
        "type": "object",
        "properties": {
            "type": {"type": "string"},
            "name": {"type": "string"},
            "path": {"type": "string"},
            "canPreview": {"type": "boolean"},
            "canFetchSchema": {"type": "boolean"},
        },
    }
    content = {"type": "object", "properties": {"format": {"type": "string"}, "schema": {"type": "object"}}}
    listing = {"$schema": DRAFT, "type": "array", "items": entry}
    inner = {"FileSystem": "file", "Table": "table", "Resource": "rest"}[kind]
    request = {"$schema": DRAFT, "type": "object", "properties": {"objectType": {"type": "string"}}}
    responses: JsonObject = {"root": listing, inner: {"$schema": DRAFT, **content}}
    if kind == "FileSystem":
        responses["folder"] = listing
    return {"name": kind, "type": kind, "requestSpec": request, "responseSpec": responses}


def _pascal(text: str) -> str:
    return "".join(word[0].upper() + word[1:] for word in text.replace("&", " ").replace("-", " ").split())


def _camel(text: str) -> str:
    joined = _pascal(text)
    return joined.lower() if joined.isupper() else joined[0].lower() + joined[1:]
