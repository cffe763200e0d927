"""All connection specs together."""

from __future__ import annotations

from ..json_types import JsonObject
from .connection_specs import Connector, connection_spec
from .connectors_files import file_connectors, stream_connectors
from .connectors_tables import table_connectors
from .destinations import destination_connectors
from .internal import internal_connectors


def all_connectors() -> list[Connector]:
    """Every connector of the catalogue."""
    return [
        *file_connectors(),
        *stream_connectors(),
        *table_connectors(),
        *internal_connectors(),
        *destination_connectors(),
    ]


def build_connection_specs() -> list[JsonObject]:
    """Every connection spec, as `GET /connectionSpecs` lists them."""
    return [connection_spec(connector) for connector in all_connectors()]
