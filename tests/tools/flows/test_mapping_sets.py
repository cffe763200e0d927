"""Mapping sets as the organisation holds them."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from aep_flow_mcp.emulator import FaultRule
from aep_flow_mcp.emulator.seed.scenarios import SCENARIOS
from tools.bed import SANDBOX, Bed
from tools.pipeline_talks import Stage, stage


@pytest.fixture
async def on(era: str) -> AsyncIterator[Stage]:
    async with stage(era) as made:
        yield made


def mapping_of(on: Bed) -> str:
    flow = on.store.get(SANDBOX, "flows", SCENARIOS["healthy"])
    assert flow is not None
    step = next(step for step in flow["transformations"] if step["name"] == "Mapping")
    return str(step["params"]["mappingId"])


async def test_every_mapping_set_is_listed_with_the_flows_that_use_it(on: Bed) -> None:
    pages = await on.pages("list_mapping_sets", limit=20)
    rows = {row["id"]: row for page in pages for row in page}
    stored = {row["id"]: row for row in on.stored("mappingSets")}
    assert rows.keys() == stored.keys()
    titles = {row["$id"]: row["title"] for row in on.stored("schemas")}
    using: dict[str, set[str]] = {}
    for flow in on.stored("flows"):
        for step in flow.get("transformations") or []:
            if step["name"] == "Mapping":
                using.setdefault(step["params"]["mappingId"], set()).add(flow["name"])
    for id, row in rows.items():
        assert row["fields"] == len(stored[id]["mappings"])
        assert set(row.get("flows", [])) == using.get(id, set())
        fills = stored[id].get("outputSchema", {}).get("schemaRef", {}).get("id")
        assert row.get("schema_title") == titles.get(fills)


async def test_a_mapping_set_says_what_fills_which_field_of_which_type(on: Bed) -> None:
    id = mapping_of(on)
    stored = on.store.get(SANDBOX, "mappingSets", id)
    assert stored is not None
    answer, text = await on.call("get_mapping_set", mapping_set_id=id)
    pairs = [(row["source"], row["destination"]) for row in stored["mappings"]]
    assert [(row["source"], row["destination"]) for row in answer["fields"]] == pairs
    assert {row["type"] for row in answer["fields"]} <= {
        "string",
        "number",
        "int",
        "date",
        "date-time",
        "array",
    }
    assert answer["flows"][0]["id"] == SCENARIOS["healthy"]
    assert all(f"{source} -> {destination} (" in text for source, destination in pairs)


async def test_without_the_schema_the_types_are_not_known(on: Bed) -> None:
    on.emulator.faults.add(FaultRule("schemaregistry", "status", status=403))
    answer, text = await on.call("get_mapping_set", mapping_set_id=mapping_of(on))
    assert all("type" not in row for row in answer["fields"])
    assert "could not be read (permission)" in text
    listed = await on.answer("list_mapping_sets", limit=1)
    assert listed["items"][0]["schema_title"].startswith("https://")


async def test_none_of_that_id_or_name(on: Bed) -> None:
    assert "answered 404" in await on.refusal("get_mapping_set", mapping_set_id="0" * 32)
    assert (await on.answer("list_mapping_sets", name="no such name"))["items"] == []
