"""Writing connection specs and flow specs, which only a provider may."""

from __future__ import annotations

import pytest

from aep_flow_mcp.emulator import Variants
from emulator.kit import CLOUD_STORAGE_TO_AEP, S3, Api, make_api

BODY = {"name": "example", "providerId": "p"}


@pytest.mark.parametrize("kind", ["connectionSpecs", "flowSpecs"])
def test_a_user_may_not_write_specs(api: Api, kind: str) -> None:
    before = api.items(f"/{kind}")
    assert api.call("POST", f"/{kind}", BODY).code == "FLOW-1426-400"
    assert api.call("PUT", f"/{kind}/{before[0]['id']}", BODY).code == "FLOW-1426-400"
    assert api.items(f"/{kind}") == before


@pytest.mark.parametrize("kind", ["connectionSpecs", "flowSpecs"])
def test_a_provider_may(kind: str) -> None:
    api = make_api(provider_access=True)
    made = api.create(f"/{kind}", BODY | {"type": "t"})
    assert made["name"] == "example"
    assert api.one(f"/{kind}/{made['id']}") == made
    changed = api.call("PUT", f"/{kind}/{made['id']}", BODY | {"name": "renamed"})
    assert changed.status == 200
    assert api.one(f"/{kind}/{made['id']}")["name"] == "renamed"
    assert [row["id"] for row in api.items(f"/{kind}", ("property", "name==renamed"))] == [made["id"]]
    assert api.call("POST", f"/{kind}", {"name": "x"}).status == 422
    assert api.call("PUT", f"/{kind}/unknown", BODY).code == "FLOW-1413-400"


def test_a_flow_spec_is_created_with_one_spelling_and_read_with_another() -> None:
    api = make_api(provider_access=True)
    steps = [{"name": "Mapping", "spec": {}}]
    made = api.create("/flowSpecs", BODY | {"transformationSpecDTOS": steps})
    assert made["transformationSpec"] == steps
    assert (made["sourceConnectionSpecIds"], made["targetConnectionSpecIds"]) == ([], [])
    assert api.call("POST", "/flowSpecs", BODY | {"sourceConnectionSpecIds": "x"}).status == 400


@pytest.mark.parametrize(
    ("variant", "key"),
    [
        ("singular", "transformationSpec"),
        ("plural", "transformationSpecs"),
        ("dtos", "transformationSpecDTOS"),
    ],
)
def test_the_transformations_of_a_flow_spec_have_three_names(variant: str, key: str) -> None:
    api = make_api(variants=Variants(transformation_key=variant))  # type: ignore[arg-type]
    spec = api.one(f"/flowSpecs/{CLOUD_STORAGE_TO_AEP}")
    found = [name for name in spec if name.startswith("transformationSpec")]
    assert found == [key]
    assert "Mapping" in [step["name"] for step in spec[key]]


def test_permissions_come_as_lists_or_as_objects(api: Api) -> None:
    listed = api.one(f"/connectionSpecs/{S3}")["permissionsInfo"]
    single = make_api(variants=Variants(permissions_info="object")).one(f"/connectionSpecs/{S3}")[
        "permissionsInfo"
    ]
    assert {name: entries[0] for name, entries in listed.items()} == single
    assert single["view"]["permissions"] == ["read"]


def test_flow_specs_are_searched_and_grouped(api: Api) -> None:
    total = len(api.items("/flowSpecs"))
    found = api.call("POST", "/flowSpecs/search", {"queryString": 'name=="CRMToAEP"'}).body["items"]
    assert [spec["name"] for spec in found] == ["CRMToAEP"]
    groups = api.call("POST", "/flowSpecs/search", {"groupByProperty": "providerId", "limit": 1000}).body[
        "items"
    ]
    assert len(groups) > 1
    assert sum(len(group["items"]) for group in groups) == total
    assert all(spec["providerId"] == group["providerId"] for group in groups for spec in group["items"])
    assert api.call("POST", "/flowSpecs/search", {"groupByProperty": 5}).status == 400
