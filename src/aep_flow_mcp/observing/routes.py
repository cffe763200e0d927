"""The path of a request without what it is about: a route, of which there are few."""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache

_SERVICES: dict[str, tuple[Collection[str], ...]] = {
    "/data/foundation/flowservice": (
        {
            *("connections", "sourceConnections", "targetConnections", "flows", "runs"),
            *("connectionSpecs", "flowSpecs", "accounts"),
        },
        {"search", "map"},
        {"action", "test", "explore", "configs"},
    ),
    "/data/foundation/connectors": ({"landingzone"}, {"credentials"}),
    "/data/foundation/catalog": ({"dataSets", "batches", "dataSetFiles"},),
    "/data/foundation/conversion": ({"mappingSets"},),
    "/data/foundation/schemaregistry": ({"tenant", "global"}, {"schemas", "fieldgroups", "classes"}),
    "/data/foundation/sandbox-management": ({"sandboxes"},),
    "/data/foundation/audit": ({"events"},),
    "/data/foundation/export": ({"batches", "files"}, (), {"files", "failed", "meta"}),
    "/data/foundation/import": ({"batches"},),
    "/data/infrastructure/observability/insights": ({"metrics"},),
}
"""Of each service the words that may stand in each place of a path; anything else there is an id, or a name."""
_DEEPEST = 4
SIGN_IN = "/ims/token"
"""The route of a request for a token, wherever IMS is."""
OTHER = "other"
"""The route of what a person asked for by its path, in a service that no tool knows."""


@lru_cache(maxsize=1_024)
def route(path: str) -> str:
    """`/data/foundation/flowservice/flows/{id}` of the path of a flow; `other` outside of the services known here.

    It has no id, no name and no query in it, and however many paths there are, few routes come of them.
    """
    if path == SIGN_IN:
        return SIGN_IN
    for service, places in _SERVICES.items():
        if path == service or path.startswith(f"{service}/"):
            parts = [part for part in path.removeprefix(service).split("?")[0].split("/") if part]
            named = [
                part if place < len(places) and part in places[place] else "{id}"
                for place, part in enumerate(parts[:_DEEPEST])
            ]
            deeper = ["…"] if len(parts) > _DEEPEST else []
            return "/".join([service, *named, *deeper])
    return OTHER
