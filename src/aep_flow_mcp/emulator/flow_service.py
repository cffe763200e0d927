"""Every route of Flow Service."""

from __future__ import annotations

from . import connections, endpoints, explore, flows, runs, specs

ROUTES = (
    *connections.ROUTES,
    *endpoints.ROUTES,
    *flows.ROUTES,
    *runs.ROUTES,
    *specs.ROUTES,
    *explore.ROUTES,
)
