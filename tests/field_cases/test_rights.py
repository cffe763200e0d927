"""Adobe grants rights by resource: what a credential may not read beside what was asked does not stop the answer."""

from __future__ import annotations

from typing import Any

import pytest

from field_cases.conftest import Ask
from support.overlay import Overlay, Rule

WEEK = "2026-02-23T00:00Z/2026-03-02T00:00Z"
DENIED = {"message": "User does not have access to this resource"}
PLATFORM = "/data/foundation/"


def shut(*paths: str, status: int = 403) -> Overlay:
    """Nothing below these paths may be read; `flowservice/flows` as `catalog/dataSets`."""
    return Overlay(
        rules=tuple(Rule(rf"^{PLATFORM}{path}(/|\?|$)", json=DENIED, status=status) for path in paths)
    )


CATALOGUE = shut("flowservice/connectionSpecs", "flowservice/flowSpecs")


async def first(ask: Ask, tool: str, **arguments: Any) -> dict[str, Any]:
    told = await ask(tool, arguments)
    found: dict[str, Any] = (told.structured.get("items") or told.structured["flows"])[0]
    return found


@pytest.mark.parametrize("status", [403, 404, 500])
async def test_health_without_a_catalogue(ask: Ask, status: int) -> None:
    whole = await ask("pipeline_health", {"window": WEEK})
    closed = shut("flowservice/connectionSpecs", "flowservice/flowSpecs", status=status)
    told = await ask("pipeline_health", {"window": WEEK}, closed)
    assert not told.is_error, told.text
    assert told.structured["total"] == whole.structured["total"]
    assert told.structured["failing"] == whole.structured["failing"]
    notes = " ".join(told.structured["notes"])
    assert "The connectors could not be read, so they are known by id only: " in notes
    assert "The flow specs could not be read, so which flows are streams" in notes
    assert f"answered {status}" in notes
    assert notes.count("could not be read") == 2
    assert "could not be read" in told.text


async def test_health_by_dataset_without_names(ask: Ask) -> None:
    arguments = {"window": WEEK, "group_by": "dataset"}
    whole = await ask("pipeline_health", arguments)
    told = await ask("pipeline_health", arguments, shut("catalog/dataSets"))
    assert [row["runs"] for row in told.structured["groups"]] == [
        row["runs"] for row in whole.structured["groups"]
    ]
    assert "The datasets could not be read, so they are known by id only" in told.text
    blind = await ask("pipeline_health", arguments, shut("flowservice/targetConnections"))
    assert blind.structured["total"] == whole.structured["total"]
    assert "so the datasets of some flows are not known" in blind.text
    chosen = await ask(
        "pipeline_health", {**arguments, "dataset": "loyalty"}, shut("flowservice/targetConnections")
    )
    assert chosen.is_error
    assert "answered 403" in chosen.text  # it would be about other flows than those that were asked for


async def test_nothing_of_that_name_where_the_names_could_not_be_read(ask: Ask) -> None:
    for tool, arguments in (
        ("pipeline_health", {"window": WEEK, "connector": "amazon-s3"}),
        ("find_flows", {"connector": "amazon-s3"}),
    ):
        told = await ask(tool, arguments, CATALOGUE)
        assert told.is_error
        assert "ould not be read" in told.text


async def test_flows_of_a_connector_by_its_id(ask: Ask) -> None:
    spec = (await first(ask, "find_connection_spec", name="amazon-s3"))["id"]
    whole = await ask("find_flows", {"connector": spec})
    told = await ask("find_flows", {"connector": spec}, CATALOGUE)
    assert told.structured["total"] == whole.structured["total"] > 0


async def test_a_spec_without_the_specs_beside_it(ask: Ask) -> None:
    spec = "ecadc60c-7455-4d87-84dc-2a0e293d997b"
    told = await ask("get_connection_spec", {"connection_spec_id": spec}, shut("flowservice/flowSpecs"))
    assert told.structured["name"] == "amazon-s3"
    assert "The flow specs could not be read, so those that take it are not known" in told.structured["note"]

    flow_spec = (await first(ask, "find_flow_spec", flow_spec_name="CloudStorageToAEP"))["id"]
    told = await ask("get_flow_spec", {"flow_spec_id": flow_spec}, shut("flowservice/connectionSpecs"))
    assert told.structured["name"] == "CloudStorageToAEP"
    assert told.structured["sources"]
    assert "Connector names could not be read" in told.structured["note"]

    by_id = {"source_connector": spec, "query": "CloudStorageToAEP"}
    told = await ask("find_flow_spec", by_id, shut("flowservice/connectionSpecs"))
    assert [item["id"] for item in told.structured["items"]] == [flow_spec]
    by_name = {"source_connector": "amazon-s3"}
    told = await ask("find_flow_spec", by_name, shut("flowservice/connectionSpecs"))
    assert "taken for an id" in told.structured["note"]

    cards = await ask("find_connector", {"words": "s3 files"}, shut("flowservice/flowSpecs"))
    assert cards.structured["total"] > 0
    assert "The flow specs could not be read" in cards.structured["note"]


async def test_flows_of_the_profile_store_are_told_by_either_list(ask: Ask) -> None:
    whole = await ask("list_profile_flows", {})
    told = await ask("list_profile_flows", {}, shut("flowservice/flowSpecs"))
    ids = [item["id"] for item in told.structured["items"]]
    assert ids == [item["id"] for item in whole.structured["items"]]
    assert "one that repeats none is missing" in told.structured["note"]
    assert "missing" not in (whole.structured.get("note") or "")
    neither = await ask("list_profile_flows", {}, CATALOGUE)
    assert neither.is_error
    assert "The flow specs could not be read" in neither.text

    resolved = await ask(
        "list_profile_flows", {"resolve_source_dataset": True}, shut("flowservice/sourceConnections")
    )
    assert [item["id"] for item in resolved.structured["items"]] == ids
    assert "so which datasets the flows read is not known" in resolved.structured["note"]


async def test_lineage_that_is_not_whole_says_so(ask: Ask) -> None:
    account = (await first(ask, "list_connections"))["id"]
    whole = await ask("trace_lineage", {"object": account})
    assert whole.structured.get("complete", True)
    told = await ask("trace_lineage", {"object": account}, shut("flowservice/flows"))
    assert not told.is_error, told.text
    assert told.structured["complete"] is False
    assert not told.structured["breaks"]
    assert "no other flow is known to break" in told.text
    assert "The flows could not be read" in told.text


async def test_lineage_beyond_an_end_that_is_hidden(ask: Ask) -> None:
    """Behind the target is a dataset that other flows may read: nothing says that they do not break."""
    told = await ask(
        "trace_lineage",
        {"object": "62d2e9d5-40d3-492e-95e4-e48928bd9536"},
        shut("flowservice/targetConnections"),
    )
    assert not told.is_error, told.text
    assert told.structured["complete"] is False
    assert "no other flow is known to break" in told.text
    assert "Target connections among these could not be read" in told.text


async def test_an_id_that_another_service_fails_on(ask: Ask) -> None:
    flow = (await first(ask, "list_flows"))["id"]
    told = await ask("trace_lineage", {"object": flow}, shut("catalog/dataSets", status=500))
    assert not told.is_error, told.text
    assert told.structured["start"].startswith("flow ")
    lost = await ask(
        "trace_lineage", {"object": "0123456789abcdef01234567"}, shut("catalog/dataSets", status=500)
    )
    assert lost.is_error
    assert "500" in lost.text  # it may be a dataset


async def test_mapping_sets_without_the_flows_that_use_them(ask: Ask) -> None:
    row = await first(ask, "list_mapping_sets")
    told = await ask("list_mapping_sets", {}, shut("flowservice/flows"))
    assert told.structured["items"][0]["id"] == row["id"]
    assert "The flows could not be read, so which of them use it is not known" in told.structured["note"]
    one = await ask("get_mapping_set", {"mapping_set_id": row["id"]}, shut("flowservice/flows"))
    assert one.structured["fields"]
    assert "flows" not in one.structured or one.structured["flows"] is None
    assert "used by no flow" not in one.text


async def test_an_answer_of_empty_lists_is_a_sentence(ask: Ask) -> None:
    path = "/data/foundation/flowservice/flows"
    for body, says in (
        ({"items": [], "_links": {}}, "Nothing in it: items, _links."),
        ({"items": {}}, "Nothing in it: items."),
        ({}, "Nothing in it: it has no parts."),
    ):
        told = await ask("get_resource", {"path": path}, Overlay(rules=(Rule(f"^{path}$", json=body),)))
        assert told.text == says
