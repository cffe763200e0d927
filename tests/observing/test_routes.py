"""Routes hold no id and no name, whatever is in a path."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aep_flow_mcp.observing.routes import OTHER, route

FLOW_SERVICE = "/data/foundation/flowservice"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (f"{FLOW_SERVICE}/flows", f"{FLOW_SERVICE}/flows"),
        (f"{FLOW_SERVICE}/flows/0b1c", f"{FLOW_SERVICE}/flows/{{id}}"),
        (f"{FLOW_SERVICE}/flows/0b1c/action", f"{FLOW_SERVICE}/flows/{{id}}/action"),
        (f"{FLOW_SERVICE}/runs/search", f"{FLOW_SERVICE}/runs/search"),
        (f"{FLOW_SERVICE}/connections/0b1c/explore", f"{FLOW_SERVICE}/connections/{{id}}/explore"),
        ("/data/foundation/connectors/landingzone/credentials",) * 2,
        ("/data/foundation/catalog/dataSets/6a", "/data/foundation/catalog/dataSets/{id}"),
        (
            "/data/foundation/schemaregistry/tenant/schemas/https%3A%2F%2Fns.adobe.com%2Facme%2Fschemas%2F1",
            "/data/foundation/schemaregistry/tenant/schemas/{id}",
        ),
        (
            "/data/foundation/sandbox-management/sandboxes/prod",
            "/data/foundation/sandbox-management/sandboxes/{id}",
        ),
        ("/data/foundation/export/batches/1/files", "/data/foundation/export/batches/{id}/files"),
        (f"{FLOW_SERVICE}/a/b/c/d/e/f", f"{FLOW_SERVICE}/{{id}}/{{id}}/{{id}}/{{id}}/…"),
        ("/data/core/ups/acme", OTHER),
        ("/acme", OTHER),
    ],
)
def test_a_path_as_its_route(path: str, expected: str) -> None:
    assert route(path) == expected


@given(st.lists(st.from_regex(r"[a-z]{2,6}-[0-9a-f]{6,12}", fullmatch=True), min_size=1, max_size=6))
def test_no_id_is_left_anywhere(ids: list[str]) -> None:
    for service in (FLOW_SERVICE, "/data/foundation/catalog", "/data/foundation/export", "/data/other"):
        found = route("/".join([service, *ids]))
        assert not any(id in found for id in ids)
