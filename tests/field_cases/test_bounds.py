"""Answers of any size: both halves are bounded, and every printed next step works."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from field_cases.conftest import Ask, Told
from support.overlay import Overlay, Rule

FLOW = "84224def-0000-4000-8000-000000000009"
SERVICE = "/data/foundation/flowservice"
NEXT = re.compile(r"get_resource with path=(\S+) and select=(\S+?)\.(?:\s|$)")
MOST = 160_000


def size(told: Told) -> int:
    return len(json.dumps(told.structured))


def activation(audiences: int) -> dict[str, Any]:
    selectors = [
        {
            "type": "PLATFORM_SEGMENT",
            "value": {"id": f"{number:08x}", "name": f"Audience {number}", "x": "y" * 150},
        }
        for number in range(audiences)
    ]
    step = {"name": "GeneralTransform", "params": {"segmentSelectors": {"selectors": selectors}}}
    return {
        "id": FLOW,
        "name": "big",
        "etag": '"e"',
        "flowSpec": {"id": "71471eba-b620-49e4-90fd-23f1fa0174d8", "version": "1.0"},
        "sourceConnectionIds": [],
        "targetConnectionIds": [],
        "transformations": [step],
    }


def found_in(value: Any, wanted: str) -> set[str]:
    return set(re.findall(wanted, json.dumps(value)))


@pytest.mark.parametrize("wrapped", [True, False])
async def test_following_the_printed_steps_reads_everything(ask: Ask, wrapped: bool) -> None:
    item = activation(400)
    overlay = Overlay((Rule(rf"/flows/{FLOW}$", json={"items": [item]} if wrapped else item),))
    told = await ask("get_flow", {"flow_id": FLOW}, overlay)
    seen = found_in(told.structured, r"Audience \d+")
    for _ in range(30):
        step = NEXT.search(told.text)
        if step is None:
            break
        told = await ask("get_resource", {"path": step[1], "select": step[2]}, overlay)
        assert not told.is_error, told.text
        assert len(told.text) <= 25_000
        seen |= found_in(told.structured, r"Audience \d+")
    assert seen == {f"Audience {number}" for number in range(400)}


async def test_a_part_of_the_only_object_is_found_without_its_wrapping(ask: Ask) -> None:
    overlay = Overlay((Rule(rf"/flows/{FLOW}$", json={"items": [activation(2)]}),))
    path = f"{SERVICE}/flows/{FLOW}"
    bare = await ask("get_resource", {"path": path, "select": "transformations"}, overlay)
    whole = await ask("get_resource", {"path": path, "select": "items.0.transformations"}, overlay)
    assert not bare.is_error
    assert bare.structured == whole.structured
    wrong = await ask("get_resource", {"path": path, "select": "nothing"}, overlay)
    assert "It has: items" in wrong.text


async def test_describe_flow_gives_a_long_list_of_audiences_in_pieces(ask: Ask) -> None:
    overlay = Overlay((Rule(rf"/flows/{FLOW}$", json={"items": [activation(250)]}),))
    told = await ask("describe_flow", {"flow_id": FLOW}, overlay)
    assert told.structured["audience_count"] == 250
    seen = [row["name"] for row in told.structured["audiences"]]
    assert f"{len(seen)} of 250" in told.text
    while cursor := told.structured.get("cursors", {}).get("audiences"):
        told = await ask("describe_flow", {"flow": FLOW, "cursor": cursor}, overlay)
        seen += [row["name"] for row in told.structured["audiences"]]
    assert len(seen) == len(set(seen)) == 250


@pytest.mark.parametrize(
    ("tool", "name", "collection"),
    [
        ("get_connection", "connection_id", "connections"),
        ("get_source_connection", "source_connection_id", "sourceConnections"),
        ("get_target_connection", "target_connection_id", "targetConnections"),
    ],
)
async def test_a_huge_connection_is_cut_and_its_step_works(
    ask: Ask, tool: str, name: str, collection: str
) -> None:
    columns = [{"name": f"column.{number}", "type": "string"} for number in range(5_000)]
    item = {"id": "c1", "name": "wide", "params": {"a.b": {"columns": columns}}}
    overlay = Overlay((Rule(rf"/{collection}/c1$", json={"items": [item]}),))
    told = await ask(tool, {name: "c1"}, overlay)
    assert size(told) < MOST
    step = NEXT.search(told.text)
    assert step
    part = await ask("get_resource", {"path": step[1], "select": step[2]}, overlay)
    assert not part.is_error, part.text
    assert size(part) < MOST


@pytest.mark.parametrize("key", ["transformationSpec", "transformationSpecs", "transformationSpecDTOS"])
async def test_a_huge_spec_names_its_parts_as_the_service_does(ask: Ask, key: str) -> None:
    huge = [{"name": f"T{number}", "spec": {"description": "d" * 900}} for number in range(100)]
    rule = Rule(r"/flowSpecs/f1$", json={"items": [{"id": "f1", "name": "One", key: huge}]})
    told = await ask("get_flow_spec", {"flow_spec_id": "f1", "detail": "full"}, Overlay((rule,)))
    step = NEXT.search(told.text)
    assert step
    assert key in step[2]
    part = await ask("get_resource", {"path": step[1], "select": step[2]}, Overlay((rule,)))
    assert not part.is_error, part.text


@pytest.mark.parametrize(
    ("tool", "path"),
    [
        ("list_flows", "flows"),
        ("list_runs", "runs"),
        ("list_connections", "connections"),
        ("list_source_connections", "sourceConnections"),
        ("list_target_connections", "targetConnections"),
    ],
)
async def test_full_detail_is_bounded_in_both_halves(ask: Ask, tool: str, path: str) -> None:
    items = [{"id": f"i{number}", "params": {"blob": "b" * 7_000}} for number in range(50)]
    listed = {"items": items, "_links": {"next": {"href": f"/{path}?continuationToken=two"}}}
    overlay = Overlay((Rule(rf"/{path}\?", json=listed),))
    told = await ask(tool, {"detail": "full", "limit": 50}, overlay)
    kept = len(told.structured["items"])
    assert 1 <= kept < 50
    assert len(told.text) <= 25_000
    seen, cursor = [item["id"] for item in told.structured["items"]], told.structured["next_cursor"]
    assert f"cursor={cursor}" in told.text
    while cursor and len(seen) < 50:
        # The same page again, from where the answer ended; a smaller limit leads on to the next page.
        told = await ask(tool, {"detail": "full", "limit": 50, "cursor": cursor}, overlay)
        seen += [item["id"] for item in told.structured["items"]]
        cursor = told.structured["next_cursor"]
    assert seen == [item["id"] for item in items]


async def test_one_item_of_thirteen_megabytes(ask: Ask) -> None:
    item = {"id": "i1", "name": "huge", "params": {"rows": ["r" * 1_000] * 13_000}}
    told = await ask("list_flows", {"detail": "full"}, Overlay((Rule(r"/flows\?", json={"items": [item]}),)))
    assert told.structured["items"][0]["id"] == "i1"
    assert size(told) < MOST
    assert "get one by its id" in told.text


async def test_a_map_of_any_size_is_bounded(ask: Ask) -> None:
    specs = {f"s{n}": {"id": f"s{n}", "name": f"connector-{n}-" + "x" * 200} for n in range(3_000)}
    told = await ask("map_connection_specs", {}, Overlay(specs=specs))
    assert size(told) < MOST
    assert len(told.text) <= 25_000
    seen = [*told.structured["ids"]]
    while cursor := told.structured.get("cursors", {}).get("names"):
        told = await ask("map_connection_specs", {"cursor": cursor}, Overlay(specs=specs))
        seen += told.structured["ids"]
    assert {spec["name"] for spec in specs.values()} <= set(seen)
    assert len(seen) == len(set(seen))


async def test_configs_without_pages_tell_the_way_to_the_rest(ask: Ask) -> None:
    items = [{"id": f"i{number}", "blob": "b" * 2_000} for number in range(40)]
    overlay = Overlay((Rule(r"/connections/c1/configs$", json={"items": items}),))
    told = await ask("get_connection_configs", {"connection_id": "c1"}, overlay)
    step = NEXT.search(told.text)
    assert step
    rest = await ask("get_resource", {"path": step[1], "select": step[2]}, overlay)
    assert f"i{len(told.structured['items'])}" in rest.text


async def test_a_run_of_many_errors_and_activities_is_bounded(ask: Ask) -> None:
    errors = [{"code": "INGEST-1212-400", "message": f"{n} " + "m" * 900} for n in range(3_000)]
    activities = [
        {"id": f"a{n}", "name": "n" * 500, "statusSummary": {"status": "failed", "errors": errors[:1]}}
        for n in range(900)
    ]
    item = {
        "id": "r1",
        "metrics": {"statusSummary": {"status": "failed", "errors": errors}},
        "activities": activities,
    }
    told = await ask("get_run", {"run_id": "r1"}, Overlay((Rule(r"/runs/r1$", json={"items": [item]}),)))
    assert size(told) < MOST
    assert told.structured["status"] == "failed"
    assert told.structured["more"] == {"errors": told.structured["error_count"], "activities": 900}
    assert all(f"cursor={cursor}" in told.text for cursor in told.structured["cursors"].values())


async def test_a_query_stays_in_the_printed_step(ask: Ask) -> None:
    items = [{"id": f"i{number}", "blob": "b" * 2_000} for number in range(40)]
    overlay = Overlay((Rule(r"/dataSets\?.*limit=40", json={"list": items}),))
    told = await ask(
        "get_resource", {"path": "/data/foundation/catalog/dataSets", "params": {"limit": 40}}, overlay
    )
    step = NEXT.search(told.text)
    assert step
    rest = await ask("get_resource", {"path": step[1], "select": step[2]}, overlay)
    assert not rest.is_error, rest.text
