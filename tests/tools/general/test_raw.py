"""get_resource: any path below the Platform URL, and nothing else."""

from __future__ import annotations

import pytest

from tools.bed import Bed

FLOWS = "/data/foundation/flowservice/flows"


async def test_any_path_with_its_parameters(bed: Bed) -> None:
    flow = bed.stored("flows")[0]
    item = (await bed.answer("get_resource", path=f"{FLOWS}/{flow['id']}"))["item"]
    assert item["items"][0]["id"] == flow["id"]
    for arguments in (
        {"path": FLOWS, "params": {"limit": 3, "property": [f"id=={flow['id']}", "state==" + flow["state"]]}},
        {"path": f"{FLOWS}?limit=3&property=id=={flow['id']}"},
    ):
        item = (await bed.answer("get_resource", **arguments))["item"]
        assert [each["id"] for each in item["items"]] == [flow["id"]]
    counted = await bed.answer("get_resource", path=FLOWS, params={"count": True})
    assert counted["item"] == {"count": len(bed.stored("flows"))}


async def test_a_part_of_the_answer(bed: Bed) -> None:
    flow = bed.stored("flows")[0]
    answer = await bed.answer("get_resource", path=f"{FLOWS}/{flow['id']}", select="items.0.name")
    assert answer["item"] == {"value": flow["name"]}
    refusal = await bed.refusal("get_resource", path=f"{FLOWS}/{flow['id']}", select="items.0.nome")
    assert "nome" in refusal
    assert "name" in refusal
    assert "places 0 to 0" in await bed.refusal(
        "get_resource", path=f"{FLOWS}/{flow['id']}", select="items.7"
    )


async def test_ids_that_are_uris_stay_one_segment(bed: Bed) -> None:
    from urllib.parse import quote

    schema = bed.stored("schemas")[0]
    path = f"/data/foundation/schemaregistry/tenant/schemas/{quote(schema['$id'], safe='')}"
    await bed.client.call_tool("get_resource", {"path": path})
    assert bed.sent()[-1].path.endswith(schema["$id"]) or quote(schema["$id"], safe="") in bed.sent()[-1].path


@pytest.mark.parametrize(
    "path",
    [
        "https://evil.example/data",
        "//evil.example/data",
        "http:/evil.example",
        "data/foundation/flowservice/flows",
        "/data/../../etc/passwd",
        "/data/./flows",
        "/data/%2e%2e/flows",
        "/data/%2E%2E%2Fflows",
        "/data/..%2fflows",
        "/data/%252e%252e/flows",
        "/data/%252fflows",
        "/data\\..\\flows",
        "/data/%5c..%5cflows",
        "/data/flows#frag",
        "/data/flo ws",
        "/data/flows%00",
        "/data/fl\nows",
        "/data/%zz",
        "",
        "?limit=1",
        "/@evil.example/../x",
    ],
)
async def test_no_other_host_and_no_tricks(bed: Bed, path: str) -> None:
    assert "path" in (await bed.refusal("get_resource", path=path)).casefold()
    assert bed.sent() == []


async def test_an_empty_part_may_be_a_forgotten_id(bed: Bed) -> None:
    assert "is an id missing?" in await bed.refusal("get_resource", path=f"{FLOWS}//runs")


async def test_a_host_in_the_path_stays_a_path(bed: Bed) -> None:
    refusal = await bed.refusal("get_resource", path="/data/foundation/flowservice/@evil.example")
    assert "404" in refusal
    assert all("evil" not in one.headers.get("host", "") for one in bed.sent())


async def test_errors_of_the_platform_are_said(bed: Bed) -> None:
    assert "404" in await bed.refusal("get_resource", path="/data/foundation/flowservice/nothing")
    assert "1452" in await bed.refusal("get_resource", path=FLOWS, params={"limit": 100000})


async def test_long_answers_keep_their_start_and_say_how_to_go_on(bed: Bed) -> None:
    answer, text = await bed.call("get_resource", path=FLOWS, params={"limit": 100})
    shown, stored = answer["item"]["items"], bed.stored("flows")
    assert 0 < len(shown) < len(stored)
    assert len(text) <= 25_000
    assert f"items.{len(shown)} ({len(stored) - len(shown)} more of {len(stored)})" in answer["note"]
    following = await bed.answer(
        "get_resource", path=FLOWS, params={"limit": 100}, select=f"items.{len(shown)}"
    )
    assert following["item"]["id"] in {flow["id"] for flow in stored} - {flow["id"] for flow in shown}
    part = await bed.answer("get_resource", path=FLOWS, params={"limit": 100}, select="items")
    assert part["item"]["value"][: len(shown)] == shown
    assert "select=items." in part["note"]
