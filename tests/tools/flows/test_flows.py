"""Flows in lists and by id, as a client sees them."""

from __future__ import annotations

from typing import Any

import pytest

from aep_flow_mcp.emulator import FaultRule
from aep_flow_mcp.emulator.seed.scenarios import SCENARIOS
from aep_flow_mcp.platform.models.specs import STREAMING_PROVIDER
from tools.bed import SANDBOX, Bed

FLAGS = {"source": "isSourceFlow", "destination": "isDestinationFlow"}


def ids(items: list[dict[str, Any]]) -> list[str]:
    return [item["id"] for item in items]


def is_of_kind(flow: dict[str, Any], kind: str) -> bool:
    return bool(flow["inheritedAttributes"].get("properties", {}).get(FLAGS[kind]))


def mapping_of(flow: dict[str, Any]) -> str | None:
    found = [step["params"].get("mappingId") for step in flow["transformations"]]
    return next((id for id in found if id), None)


async def test_every_flow_is_on_exactly_one_page(bed: Bed) -> None:
    stored = ids(bed.stored("flows"))
    pages = await bed.pages("list_flows", limit=10)
    assert [len(page) for page in pages] == [10] * (len(stored) // 10) + [len(stored) % 10]
    assert sorted(id for page in pages for id in ids(page)) == sorted(stored)


async def test_rows_say_what_is_stored(bed: Bed) -> None:
    stored = {flow["id"]: flow for flow in bed.stored("flows")}
    specs = {spec["id"]: spec for spec in bed.emulator.store.all(SANDBOX, "flowSpecs")}
    rows = (await bed.answer("list_flows", limit=100))["items"]
    assert {row["kind"] for row in rows} == {"source", "destination", "internal"}
    for row in rows:
        flow = stored[row["id"]]
        assert (row["name"], row["state"]) == (flow["name"], flow["state"])
        kind = next((kind for kind in FLAGS if is_of_kind(flow, kind)), "internal")
        assert row["kind"] == kind
        spec = specs[flow["flowSpec"]["id"]]
        streaming = "streaming" if spec["providerId"] == STREAMING_PROVIDER else None
        assert row.get("mode") == spec["attributes"].get("frequency", streaming)
        last = flow.get("lastRunDetails")
        assert row.get("last_run") == (last["state"].replace("inProgress", "in_progress") if last else None)
        assert ("last_run_at" in row) == bool(last)


async def test_internal_flows_are_a_kind_like_the_others(bed: Bed) -> None:
    """The API has no flag for them: they are the ones that it gives neither of the two."""
    expected = {
        flow["id"] for flow in bed.stored("flows") if not any(is_of_kind(flow, kind) for kind in FLAGS)
    }
    assert len(expected) > 2
    for limit in (2, 100):
        pages = await bed.pages("list_flows", kind="internal", limit=limit)
        assert sorted(row["id"] for page in pages for row in page) == sorted(expected)
        assert all(row["kind"] == "internal" for page in pages for row in page)


@pytest.mark.parametrize("kind", FLAGS)
async def test_kinds(bed: Bed, kind: str) -> None:
    expected = {flow["id"] for flow in bed.stored("flows") if is_of_kind(flow, kind)}
    assert 0 < len(expected) < len(bed.stored("flows"))
    pages = await bed.pages("list_flows", kind=kind, limit=4)
    assert sorted(id for page in pages for id in ids(page)) == sorted(expected)
    assert (await bed.answer("list_flows", kind=kind, count_only=True))["count"] == len(expected)


async def test_each_filter_and_all_of_them_together(bed: Bed) -> None:
    stored = bed.stored("flows")
    flow = next(flow for flow in stored if flow["id"] == SCENARIOS["healthy"])
    asked: dict[str, Any] = {
        "name": flow["name"],
        "state": flow["state"],
        "kind": "source",
        "flow_spec_id": flow["flowSpec"]["id"],
        "source_connection_id": flow["sourceConnectionIds"][0],
        "target_connection_id": flow["targetConnectionIds"],
        "mapping_set_id": mapping_of(flow),
        "filters": [f"createdAt>={flow['createdAt']}", f"createdAt<={flow['createdAt']}"],
    }
    assert ids((await bed.answer("list_flows", **asked))["items"]) == [flow["id"]]
    for name in asked:
        found = (await bed.answer("list_flows", **{name: asked[name]}, limit=100))["items"]
        assert flow["id"] in ids(found), name
    other = {**asked, "state": "disabled"}
    assert (await bed.answer("list_flows", **other))["items"] == []
    other = {**asked, "kind": "destination"}
    assert (await bed.answer("list_flows", **other))["items"] == []


async def test_states_and_flow_specs(bed: Bed) -> None:
    stored = bed.stored("flows")
    for state in ("enabled", "disabled", "draft"):
        expected = {flow["id"] for flow in stored if flow["state"] == state}
        assert expected
        found = (await bed.answer("list_flows", state=state, limit=100))["items"]
        assert set(ids(found)) == expected
    spec = stored[0]["flowSpec"]["id"]
    found = (await bed.answer("list_flows", flow_spec_id=spec, limit=100))["items"]
    assert set(ids(found)) == {flow["id"] for flow in stored if flow["flowSpec"]["id"] == spec}


async def test_several_ids_mean_any_of_them(bed: Bed) -> None:
    stored = bed.stored("flows")
    mapped = [flow for flow in stored if mapping_of(flow)][:3]
    wanted = [mapping_of(flow) for flow in mapped]
    found = (await bed.answer("list_flows", mapping_set_id=wanted, limit=100))["items"]
    assert set(ids(found)) == {flow["id"] for flow in stored if mapping_of(flow) in wanted}
    sources = [flow["sourceConnectionIds"][0] for flow in stored[:2]]
    found = (await bed.answer("list_flows", source_connection_id=sources))["items"]
    assert set(ids(found)) == set(ids(stored[:2]))


async def test_names_are_not_unique(bed: Bed) -> None:
    twins = {SCENARIOS["same_name"], SCENARIOS["same_name_too"]}
    name = next(flow["name"] for flow in bed.stored("flows") if flow["id"] in twins)
    assert set(ids((await bed.answer("list_flows", name=name))["items"])) == twins


@pytest.mark.parametrize("story", ["german_name", "japanese_name", "arabic_name", "emoji_name"])
async def test_names_of_any_script(bed: Bed, story: str) -> None:
    flow = bed.emulator.store.get(SANDBOX, "flows", SCENARIOS[story])
    assert flow is not None
    answer, text = await bed.call("list_flows", name=flow["name"])
    assert [(row["id"], row["name"]) for row in answer["items"]] == [(flow["id"], flow["name"])]
    assert flow["name"] in text


async def test_order(bed: Bed) -> None:
    created = {flow["id"]: flow["createdAt"] for flow in bed.stored("flows")}
    found = ids((await bed.answer("list_flows", order_by="-createdAt", limit=100))["items"])
    assert [created[id] for id in found] == sorted(created.values(), reverse=True)


async def test_full_detail_is_the_whole_object(bed: Bed) -> None:
    stored = {flow["id"]: flow for flow in bed.stored("flows")}
    items = [item for page in await bed.pages("list_flows", detail="full", limit=20) for item in page]
    assert sorted(ids(items)) == sorted(stored)
    for item in items:
        flow = stored[item["id"]]
        assert item["etag"] == flow["etag"]
        assert item["sourceConnectionIds"] == flow["sourceConnectionIds"]
        assert item["flowSpec"] == flow["flowSpec"]
        assert len(item["transformations"]) == len(flow["transformations"])


async def test_get_flow(bed: Bed) -> None:
    flow = next(flow for flow in bed.stored("flows") if flow["id"] == SCENARIOS["expired_credentials"])
    answer, text = await bed.call("get_flow", flow_id=flow["id"])
    item = answer["item"]
    assert item["etag"] == flow["etag"]
    assert item["transformations"] == flow["transformations"]
    assert item["createdAt"].endswith("Z")
    assert flow["name"] in text


async def test_search(bed: Bed) -> None:
    expected = {flow["id"] for flow in bed.stored("flows") if flow["state"] == "disabled"}
    found = (await bed.answer("search_flows", query="state==disabled"))["items"]
    assert set(ids(found)) == expected
    pages = await bed.pages("search_flows", query="state==enabled", limit=15)
    enabled = [flow["id"] for flow in bed.stored("flows") if flow["state"] == "enabled"]
    assert sorted(id for page in pages for id in ids(page)) == sorted(enabled)


async def test_a_list_without_flow_specs_is_still_a_list(bed: Bed) -> None:
    bed.emulator.faults.add(FaultRule("GET .*/flowSpecs$", "status", status=403))
    answer = await bed.answer("list_flows", limit=100)
    assert len(answer["items"]) == len(bed.stored("flows"))
    assert "modes could not be read" in answer["note"]
    assert "403" in answer["note"]
    assert "administrator" in answer["note"]
    by_id = {row["id"]: row for row in answer["items"]}
    assert by_id[SCENARIOS["healthy"]]["mode"] == "batch"  # its schedule tells


@pytest.mark.parametrize("id", ["../flows", "a/b", "..", " ", "no-such-flow"])
async def test_an_id_that_is_none(bed: Bed, id: str) -> None:
    refusal = await bed.refusal("get_flow", flow_id=id)
    assert refusal.startswith("get_flow: ")
    assert "id" in refusal
    read = [one for one in bed.sent() if "/flows" in one.path]
    # The list is asked for a flow of this name; nothing is reached by a path that the id makes.
    assert all(one.path.count("/") == 5 or "name" in str(one.query) for one in read)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"limit": 0}, "limit"),
        ({"limit": 101}, "limit"),
        ({"state": "on"}, "'enabled', 'disabled' or 'draft'"),
        ({"name": ""}, "empty"),
        ({"name": 'a "quoted", name'}, "comma"),
        ({"source_connection_id": []}, "1 to 100"),
        ({"filters": ["state=enabled"]}, "state=enabled"),
        ({"filters": ["nothing==1"]}, "nothing"),
        ({"order_by": "no such"}, "order"),
        ({"cursor": "made up"}, "cursor"),
        ({"flow": "x"}, "It takes: name, state"),
    ],
)
async def test_bad_arguments(bed: Bed, arguments: dict[str, Any], said: str) -> None:
    assert said in await bed.refusal("list_flows", **arguments)
    assert (await bed.answer("list_flows", limit=1))["items"]


async def test_a_cursor_of_another_query(bed: Bed) -> None:
    cursor = (await bed.answer("list_flows", limit=5))["next_cursor"]
    assert "another query" in await bed.refusal("list_flows", limit=5, state="enabled", cursor=cursor)
    assert (await bed.answer("list_flows", limit=7, cursor=cursor))["items"]
