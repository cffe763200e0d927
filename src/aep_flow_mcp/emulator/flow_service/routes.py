"""Every route of Flow Service."""

from __future__ import annotations

from . import connections, explore, flows, runs, sources_and_targets, specs

ROUTES = (
    *connections.ROUTES,
    *sources_and_targets.ROUTES,
    *flows.ROUTES,
    *runs.ROUTES,
    *specs.ROUTES,
    *explore.ROUTES,
)
