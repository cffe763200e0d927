"""The flows into the profile store and the identity service: found by name, on all pages."""

from __future__ import annotations

from typing import Any

import pytest

from aep_flow_mcp.emulator import FaultRule
from aep_flow_mcp.emulator.seed.scenarios import SCENARIOS
from tools.bed import SANDBOX, Bed

STORES = {"profile": "dataset_to_ups", "identity": "dataset_to_uis"}
CONNECTORS = {"profile": "profile-store", "identity": "identity-service"}


def spec_id(bed: Bed, store: str) -> str:
    specs = bed.emulator.store.all(SANDBOX, "flowSpecs")
    found: str = next(spec["id"] for spec in specs if spec["name"] == STORES[store])
    return found


def flows_into(bed: Bed, store: str) -> list[dict[str, Any]]:
    spec = spec_id(bed, store)
    return [flow for flow in bed.stored("flows") if flow["flowSpec"]["id"] == spec]


def dataset_of(bed: Bed, flow: dict[str, Any]) -> str:
    source = bed.emulator.store.get(SANDBOX, "sourceConnections", flow["sourceConnectionIds"][0])
    assert source is not None
    dataset: str = source["params"]["dataSetId"]
    return dataset


def dataset_name(bed: Bed, id: str) -> str:
    dataset = bed.emulator.store.get(SANDBOX, "dataSets", id)
    assert dataset is not None
    name: str = dataset["name"]
    return name


def plant(bed: Bed, store: str, number: int) -> list[tuple[str, str]]:
    """Further flows into a store, with a dataset each: (flow id, dataset id) pairs."""
    put = bed.emulator.store.put
    flow = flows_into(bed, store)[0]
    source = bed.emulator.store.get(SANDBOX, "sourceConnections", flow["sourceConnectionIds"][0])
    dataset = bed.emulator.store.get(SANDBOX, "dataSets", dataset_of(bed, flow))
    assert source
    assert dataset
    planted = []
    for index in range(number):
        dataset_id, source_id, flow_id = f"{index:024x}", f"source-{index:04}", f"flow-{index:04}"
        put(SANDBOX, "dataSets", {**dataset, "name": f"Dataset {index}"}, id=dataset_id)
        put(SANDBOX, "sourceConnections", {**source, "id": source_id, "params": {"dataSetId": dataset_id}})
        put(SANDBOX, "flows", {**flow, "id": flow_id, "sourceConnectionIds": [source_id], "updatedAt": index})
        planted.append((flow_id, dataset_id))
    return planted


@pytest.mark.parametrize("store", STORES)
async def test_exactly_the_flows_of_the_store(bed: Bed, store: str) -> None:
    expected = {flow["id"]: flow for flow in flows_into(bed, store)}
    assert expected
    answer = await bed.answer(f"list_{store}_flows")
    assert {row["id"] for row in answer["items"]} == set(expected)
    for row in answer["items"]:
        assert row["name"] == expected[row["id"]]["name"]
        assert row["kind"] == "internal"
        assert "dataset_id" not in row


async def test_the_two_stores_are_told_apart(bed: Bed) -> None:
    profile = {row["id"] for row in (await bed.answer("list_profile_flows"))["items"]}
    identity = {row["id"] for row in (await bed.answer("list_identity_flows"))["items"]}
    assert SCENARIOS["dataset_to_profile"] in profile - identity
    assert SCENARIOS["dataset_to_identity"] in identity - profile


@pytest.mark.parametrize("store", STORES)
async def test_source_datasets(bed: Bed, store: str) -> None:
    expected = {flow["id"]: dataset_of(bed, flow) for flow in flows_into(bed, store)}
    rows = (await bed.answer(f"list_{store}_flows", resolve_source_dataset=True))["items"]
    assert {row["id"]: row["dataset_id"] for row in rows} == expected
    assert {row["dataset_name"] for row in rows} == {dataset_name(bed, id) for id in expected.values()}


async def test_a_dataset_that_is_gone_is_unknown(bed: Bed) -> None:
    flow = flows_into(bed, "identity")[0]
    bed.emulator.store.remove(SANDBOX, "dataSets", dataset_of(bed, flow))
    rows = (await bed.answer("list_identity_flows", resolve_source_dataset=True))["items"]
    assert {row["id"]: row["dataset_name"] for row in rows} == {flow["id"]: "unknown"}
    assert rows[0]["dataset_id"] == dataset_of(bed, flow)


@pytest.mark.parametrize("store", STORES)
async def test_more_than_a_hundred_flows(bed: Bed, store: str) -> None:
    """Looking at the first hundred flows only would lose most of these."""
    planted = plant(bed, store, 130)
    expected = {flow["id"] for flow in flows_into(bed, store)}
    assert len(expected) > 130
    pages = await bed.pages(f"list_{store}_flows", resolve_source_dataset=True, limit=100)
    rows = [row for page in pages for row in page]
    assert sorted(row["id"] for row in rows) == sorted(expected)
    found = {row["id"]: (row["dataset_id"], row["dataset_name"]) for row in rows}
    for index, (flow, dataset) in enumerate(planted):
        assert found[flow] == (dataset, f"Dataset {index}")
    oldest, dataset = planted[0]
    assert (await bed.answer(f"get_{store}_flow", dataset_id=dataset))["item"]["id"] == oldest
    assert (await bed.answer(f"get_{store}_flow", dataset_name="Dataset 129"))["item"]["id"] == planted[129][
        0
    ]


@pytest.mark.parametrize("store", STORES)
async def test_get_by_dataset(bed: Bed, store: str) -> None:
    for flow in flows_into(bed, store):
        dataset = dataset_of(bed, flow)
        by_id = await bed.answer(f"get_{store}_flow", dataset_id=dataset)
        assert by_id["item"]["id"] == flow["id"]
        assert by_id["item"]["etag"] == flow["etag"]
        by_name = await bed.answer(f"get_{store}_flow", dataset_name=dataset_name(bed, dataset))
        assert by_name["item"]["id"] == flow["id"]


async def test_two_flows_of_one_dataset(bed: Bed) -> None:
    flow = flows_into(bed, "profile")[0]
    bed.emulator.store.put(SANDBOX, "flows", {**flow, "id": "a-second-flow", "createdAt": 1})
    answer, text = await bed.call("get_profile_flow", dataset_id=dataset_of(bed, flow))
    assert answer["item"]["id"] == flow["id"]
    assert "1 more flows" in answer["note"]
    assert "a-second-flow" in text


@pytest.mark.parametrize("store", STORES)
async def test_runs_of_a_dataset(bed: Bed, store: str) -> None:
    flow = flows_into(bed, store)[0]
    runs = {run["id"]: run for run in bed.stored("runs") if run["flowId"] == flow["id"]}
    name = dataset_name(bed, dataset_of(bed, flow))
    pages = await bed.pages(f"list_{store}_flow_runs", dataset_name=name, limit=20)
    rows = [row for page in pages for row in page]
    assert len(pages) > 1
    assert sorted(row["id"] for row in rows) == sorted(runs)
    assert {row["flow_id"] for row in rows} == {flow["id"]}
    created = [runs[row["id"]]["createdAt"] for row in rows]
    assert created == sorted(created, reverse=True)


async def test_runs_of_a_state(bed: Bed) -> None:
    flow = flows_into(bed, "profile")[0]
    runs = [run for run in bed.stored("runs") if run["flowId"] == flow["id"]]
    failed = {run["id"] for run in runs if run["metrics"]["statusSummary"]["status"] == "failed"}
    dataset = dataset_of(bed, flow)
    found = await bed.pages("list_profile_flow_runs", dataset_id=dataset, state="failed")
    assert {row["id"] for page in found for row in page} == failed
    found = await bed.pages("list_profile_flow_runs", dataset_id=dataset, state="success", limit=100)
    others = {run["id"] for run in runs if run["metrics"]["statusSummary"]["status"] == "success"}
    assert {row["id"] for page in found for row in page} == others
    assert others


@pytest.mark.parametrize("store", STORES)
async def test_without_the_flow_spec_the_target_tells(bed: Bed, store: str) -> None:
    """An organisation may not be shown the internal flow specs; the connectors have names, too."""
    expected = {flow["id"] for flow in flows_into(bed, store)}
    bed.emulator.store.specs("flowSpecs").remove(spec_id(bed, store))
    rows = (await bed.answer(f"list_{store}_flows"))["items"]
    assert {row["id"] for row in rows} == expected


@pytest.mark.parametrize("store", STORES)
async def test_with_neither_name_the_answer_is_not_a_guess(bed: Bed, store: str) -> None:
    bed.emulator.store.specs("flowSpecs").remove(spec_id(bed, store))
    connectors = bed.emulator.store.all(SANDBOX, "connectionSpecs")
    target = next(spec["id"] for spec in connectors if spec["name"] == CONNECTORS[store])
    bed.emulator.store.specs("connectionSpecs").remove(target)
    refusal = await bed.refusal(f"list_{store}_flows")
    assert STORES[store] in refusal


@pytest.mark.parametrize("store", STORES)
async def test_bad_arguments(bed: Bed, store: str) -> None:
    for tool in (f"get_{store}_flow", f"list_{store}_flow_runs"):
        assert "dataset: Field required" in await bed.refusal(tool)
        assert "It takes: dataset" in await bed.refusal(tool, dataset_id="a", dataset_name="b")
        assert "dataset" in await bed.refusal(tool, dataset="")
        assert "'loyalty members'" in await bed.refusal(tool, dataset="loyalty members")
        no_flow = await bed.refusal(tool, dataset_id="0" * 24)
        assert f"list_{store}_flows" in no_flow
        assert "comma" in await bed.refusal(tool, dataset_id="a,b")


async def test_a_missing_permission(bed: Bed) -> None:
    bed.emulator.faults.add(FaultRule("GET .*/flows", "status", status=403))
    assert "403" in await bed.refusal("list_profile_flows")
