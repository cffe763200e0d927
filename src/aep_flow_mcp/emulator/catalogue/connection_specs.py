"""How a connection spec is built from a connector of the catalogue."""

from __future__ import annotations

from ..json_types import JsonObject
from .entries import Connector
from .known_ids import BATCH_PROVIDER, DESTINATION_PROVIDER, STREAM_PROVIDER
from .parameters import DRAFT


def connection_spec(connector: Connector) -> JsonObject:
    """The whole spec object, as `GET /connectionSpecs/{id}` returns it."""
    spec: JsonObject = {
        "id": connector.id,
        "name": connector.name,
        "providerId": _provider(connector),
        "version": "1.0",
        "type": _type(connector),
        "attributes": _attributes(connector),
        "permissionsInfo": permissions(_permission(connector)),
    }
    if connector.auths is not None:
        spec["authSpec"] = [
            {"name": auth.name, "type": _pascal(auth.name), "spec": auth.schema} for auth in connector.auths
        ]
    if connector.encryption is not None:
        spec["encryptionSpecs"] = connector.encryption
    ui = _ui_attributes(connector)
    kind = _pascal(connector.category)
    if connector.source is not None:
        spec["sourceSpec"] = {
            "name": kind,
            "type": kind,
            "spec": connector.source,
            "attributes": {"uiAttributes": {"isSource": connector.is_source, **ui}},
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
    kinds = {"source": "source", "both": "source", "destination": "destination", "internal": "platform"}
    return kinds[connector.role]


def _attributes(connector: Connector) -> JsonObject:
    attributes: JsonObject = {
        "category": connector.category,
        "connectorName": connector.label,
        "frequency": connector.frequency,
        "uiAttributes": {"apiFeatures": {"explorePaginationSupported": False}},
    }
    if connector.is_source:
        attributes["isSource"] = True
    if connector.is_destination:
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
