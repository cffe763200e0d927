"""Connection specs and flow specs: the catalogue, its summaries, and finding by name."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aep_flow_mcp.pipelines.wellknown import DATA_LAKE
from tools.bed import SANDBOX, Bed

S3 = "ecadc60c-7455-4d87-84dc-2a0e293d997b"
LANDING_ZONE = "26f526f2-58f4-4712-961d-e41bf1ccc0e8"


def specs(bed: Bed, kind: str = "connectionSpecs") -> dict[str, dict[str, Any]]:
    return {spec["id"]: spec for spec in bed.stored(kind)}


async def test_every_connector_is_on_exactly_one_page(bed: Bed) -> None:
    stored = specs(bed)
    pages = await bed.pages("list_connection_specs", limit=10)
    rows = [row for page in pages for row in page]
    assert len(pages) == -(-len(stored) // 10) > 2
    assert sorted(row["id"] for row in rows) == sorted(stored)
    assert [row["name"].casefold() for row in rows] == sorted(row["name"].casefold() for row in rows)
    for row in rows:
        spec = stored[row["id"]]
        assert row["name"] == spec["name"]
        assert row.get("auth", []) == [each["name"] for each in spec.get("authSpec") or []]


async def test_connectors_by_side_and_category(bed: Bed) -> None:
    everything = (await bed.answer("list_connection_specs", limit=100))["items"]
    for side in ("source", "destination"):
        rows = (await bed.answer("list_connection_specs", side=side, limit=100))["items"]
        assert {row["id"] for row in rows} == {row["id"] for row in everything if side in row["sides"]}
        assert 0 < len(rows) < len(everything)
    category = next(row["category"] for row in everything if row["id"] == S3)
    rows = (await bed.answer("list_connection_specs", category=category.upper(), limit=100))["items"]
    assert S3 in {row["id"] for row in rows}
    assert {row["category"].casefold().replace(" ", "") for row in rows} == {
        category.casefold().replace(" ", "")
    }
    named = await bed.answer("list_connection_specs", filters=[f"id=={S3}"])
    assert [row["id"] for row in named["items"]] == [S3]
    cursor = (await bed.answer("list_connection_specs", limit=5))["next_cursor"]
    assert "another query" in await bed.refusal(
        "list_connection_specs", side="source", limit=5, cursor=cursor
    )
    assert "another query" in await bed.refusal("list_flow_specs", limit=5, cursor=cursor)


async def test_the_map_has_every_name(bed: Bed) -> None:
    stored = specs(bed)
    answer, text = await bed.call("map_connection_specs")
    names = [spec["name"] for spec in stored.values()]
    for name, id in answer["ids"].items():
        assert stored[id]["name"] == name
        assert f"{name}: {id}" in text.split("\n")
    assert set(answer["ids"]) | set(answer.get("shared", {})) == set(names)


async def test_names_that_connectors_share_keep_all_their_ids(bed: Bed) -> None:
    alike = {id for id, spec in specs(bed).items() if spec["name"] == specs(bed)[S3]["name"]}
    twin = specs(bed)[S3] | {"id": "11111111-2222-4333-8444-555555555555"}
    bed.emulator.store.put(SANDBOX, "connectionSpecs", twin)
    answer = await bed.answer("map_connection_specs")
    assert len(alike) > 1, "the source and a destination"
    assert sorted(answer["shared"][twin["name"]]) == sorted([*alike, twin["id"]])
    assert twin["name"] not in answer["ids"]
    found = await bed.answer("find_connection_spec", name=twin["name"])
    assert {match["id"] for match in found["items"]} == {*alike, twin["id"]}
    assert "by id" in found["note"]


async def test_a_connector_in_short(bed: Bed) -> None:
    spec = specs(bed)[S3]
    answer, text = await bed.call("get_connection_spec", connection_spec_id=S3)
    assert answer["name"] == spec["name"]
    assert "source" in answer["sides"]
    for way in spec["authSpec"]:
        fields = {row["name"]: row for row in answer["auth"] if row["way"] == way["name"]}
        assert set(way["spec"]["properties"]) <= set(fields)
        for name, schema in way["spec"]["properties"].items():
            assert fields[name].get("required", False) is (name in way["spec"].get("required", []))
            assert fields[name]["type"] == schema["type"]
            if schema.get("format") == "password":
                assert fields[name]["secret"] is True
    assert any(row.get("secret") for row in answer["auth"])
    params = spec["sourceSpec"]["spec"]["properties"]
    shown = {row["name"]: row for row in answer["source_params"]}
    assert set(params) <= set(shown)
    for name, schema in params.items():
        assert shown[name].get("values") == schema.get("enum")
    takers = {flow["id"] for flow in bed.stored("flowSpecs") if S3 in flow.get("sourceConnectionSpecIds", [])}
    assert {use["id"] for use in answer["flow_specs"] if use["side"] == "source"} == takers != set()
    assert "way | name | type" in text
    assert "item" not in answer


async def test_a_connector_whole(bed: Bed) -> None:
    spec = specs(bed)[S3]
    answer = await bed.answer("get_connection_spec", connection_spec_id=S3, detail="full")
    assert answer["item"]["authSpec"] == spec["authSpec"]
    assert answer["item"]["sourceSpec"] == spec["sourceSpec"]
    assert "auth" not in answer


async def test_a_huge_spec_fits_and_says_how_to_read_the_rest(bed: Bed) -> None:
    spec = specs(bed)[S3]
    spec["exploreSpec"] = {
        "responseSpec": {f"field{i}": {"type": "string", "x": "y" * 50} for i in range(2000)}
    }
    bed.emulator.store.put(SANDBOX, "connectionSpecs", spec)
    answer, text = await bed.call("get_connection_spec", connection_spec_id=S3, detail="full")
    assert len(text) <= 25_000
    assert len(json.dumps(answer)) <= 26_000
    assert "exploreSpec" not in answer["item"]
    assert answer["item"]["authSpec"] == spec["authSpec"]
    assert "exploreSpec" in answer["note"]
    part = await bed.answer(
        "get_resource",
        path=f"/data/foundation/flowservice/connectionSpecs/{S3}",
        select="items.0.exploreSpec.responseSpec.field1999",
    )
    assert part["item"] == {"type": "string", "x": "y" * 50}
    assert f"path=/data/foundation/flowservice/connectionSpecs/{S3}" in answer["note"]
    assert "select=items.0.exploreSpec" in answer["note"]


async def test_every_summary_fits(bed: Bed) -> None:
    for id in specs(bed):
        answer, text = await bed.call("get_connection_spec", connection_spec_id=id)
        assert answer["id"] == id
        assert len(text) < 25_000
    for id in specs(bed, "flowSpecs"):
        answer, text = await bed.call("get_flow_spec", flow_spec_id=id)
        assert answer["id"] == id
        assert len(text) < 25_000


@pytest.mark.parametrize(
    ("name", "match"), [("{name}", "exact"), ("{NAME}", "case"), ("amazon s3", "case"), ("amzon-s3", "close")]
)
async def test_finding_a_connector(bed: Bed, name: str, match: str) -> None:
    real = specs(bed)[S3]["name"]
    wanted = name.format(name=real, NAME=real.upper())
    answer = await bed.answer("find_connection_spec", name=wanted)
    assert S3 in {found["id"] for found in answer["items"]}
    assert {found["match"] for found in answer["items"]} == {match}
    if match == "close":
        assert "close names" in answer["note"]
        scores = [found["score"] for found in answer["items"]]
        assert scores == sorted(scores, reverse=True)


async def test_finding_nothing_says_so(bed: Bed) -> None:
    answer = await bed.answer("find_connection_spec", name="zzzzqqqq")
    assert answer["items"] == []
    assert "list_connection_specs" in answer["note"]
    assert "query" in await bed.refusal("find_connection_spec", name="")
    by_id = await bed.answer("find_connection_spec", name=S3)
    assert [found["id"] for found in by_id["items"]] == [S3]


async def test_every_flow_spec_is_on_exactly_one_page(bed: Bed) -> None:
    stored = specs(bed, "flowSpecs")
    pages = await bed.pages("list_flow_specs", limit=4)
    rows = [row for page in pages for row in page]
    assert len(pages) > 2
    assert sorted(row["id"] for row in rows) == sorted(stored)
    for row in rows:
        assert row["sources"] == len(stored[row["id"]].get("sourceConnectionSpecIds", []))
        assert row["targets"] == len(stored[row["id"]].get("targetConnectionSpecIds", []))


async def test_flow_specs_by_kind_and_connector(bed: Bed) -> None:
    stored = specs(bed, "flowSpecs")
    rows = (await bed.answer("list_flow_specs", source_spec_id=S3, limit=100))["items"]
    assert {row["id"] for row in rows} == {
        id for id, spec in stored.items() if S3 in spec.get("sourceConnectionSpecIds", [])
    }
    rows = (await bed.answer("list_flow_specs", kind="source", limit=100))["items"]
    said = {id for id, spec in stored.items() if spec.get("attributes", {}).get("isSourceFlow")}
    # Printed specs of streams and of self-serve sources say nothing; that they write into the lake tells it.
    ends = {id for id, spec in stored.items() if DATA_LAKE in spec.get("targetConnectionSpecIds", [])}
    expected = said | ends
    assert ends - said
    assert {row["id"] for row in rows} == expected != set()


async def test_a_flow_spec_in_short_and_whole(bed: Bed) -> None:
    id, spec = next((id, s) for id, s in specs(bed, "flowSpecs").items() if s["name"] == "CloudStorageToAEP")
    answer = await bed.answer("get_flow_spec", flow_spec_id=id)
    assert [ref["id"] for ref in answer["sources"]] == spec["sourceConnectionSpecIds"]
    names = {one["id"]: one["name"] for one in specs(bed).values()}
    assert all(ref["name"] == names[ref["id"]] for ref in answer["sources"] if ref["id"] in names)
    schedule = {row["name"]: row for row in answer["schedule"]}
    assert set(spec["scheduleSpec"]["spec"]["properties"]) <= set(schedule)
    assert {row["name"] for row in answer["transformations"]} == {
        each["name"] for each in spec["transformationSpec"]
    }
    whole = await bed.answer("get_flow_spec", flow_spec_id=id, detail="full")
    assert whole["item"]["scheduleSpec"] == spec["scheduleSpec"]


async def test_finding_a_flow_spec_by_what_it_joins(bed: Bed) -> None:
    stored = specs(bed, "flowSpecs")
    exact = await bed.answer("find_flow_spec", flow_spec_name="CloudStorageToAEP")
    assert [stored[found["id"]]["name"] for found in exact["items"]] == ["CloudStorageToAEP"]
    joined = await bed.answer("find_flow_spec", source_spec_name="Amazon-S3")
    assert {found["id"] for found in joined["items"]} == {
        id for id, spec in stored.items() if S3 in spec.get("sourceConnectionSpecIds", [])
    }
    assert {found["match"] for found in joined["items"]} == {"connectors"}
    both = await bed.answer("find_flow_spec", flow_spec_name="cloudstoragetoaep", source_spec_name=S3)
    assert [found["match"] for found in both["items"]] == ["case"]
    assert "Close:" in await bed.refusal("find_flow_spec", source_spec_name="amzon s3")
    assert "Give query" in await bed.refusal("find_flow_spec")


async def test_searching_flow_specs(bed: Bed) -> None:
    stored = specs(bed, "flowSpecs")
    answer = await bed.answer("search_flow_specs", query="name==CloudStorageToAEP")
    assert [stored[row["id"]]["name"] for row in answer["items"]] == ["CloudStorageToAEP"]


async def test_exploring_a_connector_without_account(bed: Bed) -> None:
    answer = await bed.answer("explore_connection_spec", connection_spec_id=LANDING_ZONE)
    assert answer["total"] == len(answer["entries"]) > 0
    assert "1372" in await bed.refusal("explore_connection_spec", connection_spec_id=S3)


@pytest.mark.parametrize(
    ("tool", "argument", "told"),
    [
        ("get_connection_spec", "connector", "is the name or id of no connector"),
        ("get_flow_spec", "flow_spec_id", "not an id"),
    ],
)
async def test_ids_that_are_none(bed: Bed, tool: str, argument: str, told: str) -> None:
    assert "404" in await bed.refusal(tool, **{argument: "00000000-0000-4000-8000-000000000000"})
    assert told in await bed.refusal(tool, **{argument: "a/../b"})
    assert argument in await bed.refusal(tool, **{argument: ""})
