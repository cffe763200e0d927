"""The few routes of other Platform services that a client of Flow Service calls."""

from __future__ import annotations

from . import (
    ad_hoc_activation,
    audit_query,
    catalog_service,
    data_access,
    data_prep,
    encryption_keys,
    ims,
    landing_zone,
    observability,
    sandboxes,
    schema_registry,
)

ROUTES = (
    *ims.ROUTES,
    *landing_zone.ROUTES,
    *encryption_keys.ROUTES,
    *catalog_service.ROUTES,
    *data_prep.ROUTES,
    *schema_registry.ROUTES,
    *sandboxes.ROUTES,
    *ad_hoc_activation.ROUTES,
    *audit_query.ROUTES,
    *observability.ROUTES,
    *data_access.ROUTES,
)
