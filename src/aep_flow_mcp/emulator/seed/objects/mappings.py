"""Mapping sets as Data Prep returns them."""

from __future__ import annotations

from ...json_types import JsonObject
from ..ids import Ids
from ..organisation.feeds import FEEDS, Column
from ..organisation.schemas import schema_uri

# What audience exports send: the attribute in the profile, and its name at the receiver.
PROFILE_ATTRIBUTES = (
    ("personalEmail.address", "email"),
    ("person.name.firstName", "first_name"),
    ("person.name.lastName", "last_name"),
    ("homeAddress.countryCode", "country"),
    ("loyalty.tier", "loyalty_tier"),
)


def ingestion_mapping(
    ids: Ids, *, id: str, version: int, feed_key: str, created_ms: int, author: str
) -> JsonObject:
    """The mapping set of a source flow: one mapping for each mapped column of the feed."""
    feed = FEEDS[feed_key]
    uri = schema_uri(ids, feed.schema)
    columns = [column for column in feed.columns() if column.destination is not None]
    content = "application/vnd.adobe.xed-full+json;version=1"
    return _envelope(id, version, created_ms, author) | {
        "outputSchema": {"schemaRef": {"id": uri, "contentType": content}},
        "mappings": [_from_column(ids, id, version, column) for column in columns],
        "xdmSchema": uri,
        "xdmVersion": "1.0",
    }


def export_mapping(ids: Ids, *, id: str, version: int, created_ms: int, author: str) -> JsonObject:
    """The mapping set of an audience export: attributes of the profile to names at the receiver."""
    mappings = [_mapping(ids, id, version, path, to) for path, to in PROFILE_ATTRIBUTES]
    return _envelope(id, version, created_ms, author) | {"mappings": mappings}


def _envelope(id: str, version: int, created_ms: int, author: str) -> JsonObject:
    return {
        "id": id,
        "version": version,
        "createdDate": created_ms,
        "modifiedDate": created_ms + version * 86_400_000,
        "createdBy": author,
        "modifiedBy": author,
        "status": "PUBLISHED",
    }


def _from_column(ids: Ids, set_id: str, version: int, column: Column) -> JsonObject:
    destination = (column.destination or "").replace("[]", "[0]")
    mapping = _mapping(ids, set_id, version, column.expression or column.name, destination)
    return mapping | {"sourceType": "EXPRESSION" if column.expression else "ATTRIBUTE"}


def _mapping(ids: Ids, set_id: str, version: int, source: str, destination: str) -> JsonObject:
    return {
        "id": ids.hexadecimal(f"mapping:{set_id}:{destination}", 32),
        "version": version,
        "sourceType": "ATTRIBUTE",
        "source": source,
        "destination": destination,
        "sourceAttribute": source,
        "destinationXdmPath": destination,
        "identity": False,
        "primaryIdentity": False,
        "functionVersion": 1,
    }
