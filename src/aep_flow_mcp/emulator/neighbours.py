"""The few routes of other Platform services that a client of Flow Service calls."""

from __future__ import annotations

from . import ad_hoc, catalog, data_prep, landing_zone, sandboxes, schema_registry

ROUTES = (
    *landing_zone.ROUTES,
    *catalog.ROUTES,
    *data_prep.ROUTES,
    *schema_registry.ROUTES,
    *sandboxes.ROUTES,
    *ad_hoc.ROUTES,
)
