"""Connection specs of Platform's own places: the data lake, the profile store, the identity service."""

from __future__ import annotations

from ..json_types import JsonObject
from .connection_specs import DRAFT, Connector, parameters

DATA_LAKE = "c604ff05-7f1a-43c0-8e18-33bf874cb11c"
EXPORT_LAKE = "23598e46-f560-407b-88d5-ea6207e49db0"
PROFILE_STORE = "8a9c3494-9708-43d7-ae3f-cda01e5030e1"
IDENTITY_SERVICE = "9d2d1bd3-6c5e-4e0b-8f4c-1b7a3e5f60c2"
"""Ours: the id of the identity service's connection spec is not published anywhere."""

_CATEGORY = "Experience Platform"

_DATASETS: JsonObject = {
    "$schema": DRAFT,
    "type": "object",
    "properties": {
        "datasets": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "properties": {
                    "dataSetId": {"type": "string", "minLength": 1},
                    "name": {"type": "string"},
                },
                "required": ["dataSetId"],
            },
        }
    },
    "required": ["datasets"],
}


def internal_connectors() -> list[Connector]:
    """What a source flow writes to, and what exports and internal flows read from."""
    dataset = parameters("dataSetId")
    nothing = parameters("")
    return [
        Connector(
            "datalake", DATA_LAKE, "Data Lake", _CATEGORY, role="internal", source=dataset, target=dataset
        ),
        Connector(
            "activation-datalake",
            EXPORT_LAKE,
            "Data Lake (export)",
            _CATEGORY,
            role="internal",
            source=_DATASETS,
        ),
        Connector(
            "profile-store",
            PROFILE_STORE,
            "Real-Time Customer Profile",
            _CATEGORY,
            role="internal",
            source=nothing,
            target=nothing,
        ),
        Connector(
            "identity-service",
            IDENTITY_SERVICE,
            "Identity Service",
            _CATEGORY,
            role="internal",
            target=nothing,
        ),
    ]
