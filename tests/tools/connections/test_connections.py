"""Connections, source connections and target connections, as a client sees them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aep_flow_mcp.emulator import FaultRule
from tools.bed import SANDBOX, Bed

LISTS = {
    "list_connections": "connections",
    "list_source_connections": "sourceConnections",
    "list_target_connections": "targetConnections",
}
GETS = {
    "get_connection": ("connections", "connection"),
    "get_source_connection": ("sourceConnections", "source_connection_id"),
    "get_target_connection": ("targetConnections", "target_connection_id"),
}
OPEN_PARAMS = {"host", "username", "inletUrl", "bucketName", "folderPath"}


def ids(items: list[dict[str, Any]]) -> list[str]:
    return [item["id"] for item in items]


@pytest.mark.parametrize(("tool", "kind"), LISTS.items())
async def test_every_item_is_on_exactly_one_page(bed: Bed, tool: str, kind: str) -> None:
    stored = ids(bed.stored(kind))
    pages = await bed.pages(tool, limit=5)
    assert len(pages) == -(-len(stored) // 5) > 2
    assert all(len(page) == 5 for page in pages[:-1])
    assert sorted(id for page in pages for id in ids(page)) == sorted(stored)


@pytest.mark.parametrize(("tool", "kind"), LISTS.items())
async def test_rows_say_what_is_stored(bed: Bed, tool: str, kind: str) -> None:
    stored = {item["id"]: item for item in bed.stored(kind)}
    names = {spec["id"]: spec["name"] for spec in bed.emulator.store.all(SANDBOX, "connectionSpecs")}
    answer = await bed.answer(tool, limit=100)
    assert len(answer["items"]) == len(stored)
    for row in answer["items"]:
        item = stored[row["id"]]
        assert row["name"] == item["name"]
        assert row["state"] == item["state"]
        assert row["connection_spec_id"] == item["connectionSpec"]["id"]
        assert row["connector"] == names[item["connectionSpec"]["id"]]
        assert row["updated_at"].endswith("Z")


@pytest.mark.parametrize(("tool", "kind"), LISTS.items())
async def test_full_detail_is_the_whole_object_and_still_pages(bed: Bed, tool: str, kind: str) -> None:
    stored = {item["id"]: item for item in bed.stored(kind)}
    pages = await bed.pages(tool, limit=10, detail="full")
    items = [item for page in pages for item in page]
    assert sorted(ids(items)) == sorted(stored)
    for item in items:
        assert set(item) == {name for name, value in stored[item["id"]].items() if value is not None}
        assert item["etag"] == stored[item["id"]]["etag"]
        assert item["createdAt"].endswith("Z")


@pytest.mark.parametrize(("tool", "kind"), LISTS.items())
async def test_count_counts_without_items(bed: Bed, tool: str, kind: str) -> None:
    answer, text = await bed.call(tool, count_only=True)
    assert answer == {"items": [], "count": len(bed.stored(kind))}
    assert text == f"count: {len(bed.stored(kind))}"


@pytest.mark.parametrize(("tool", "kind"), LISTS.items())
async def test_filters_and_order(bed: Bed, tool: str, kind: str) -> None:
    stored = bed.stored(kind)
    spec = stored[0]["connectionSpec"]["id"]
    expected = {item["id"] for item in stored if item["connectionSpec"]["id"] == spec}
    assert 0 < len(expected) < len(stored)
    answer = await bed.answer(tool, connection_spec_id=spec, limit=100)
    assert set(ids(answer["items"])) == expected
    assert (await bed.answer(tool, connection_spec_id=spec, count_only=True))["count"] == len(expected)

    name = stored[0]["name"]
    named = await bed.answer(tool, name=name)
    assert set(ids(named["items"])) == {item["id"] for item in stored if item["name"] == name}

    ordered = await bed.answer(tool, order_by="createdAt", limit=100)
    created = {item["id"]: item["createdAt"] for item in stored}
    times = [created[id] for id in ids(ordered["items"])]
    assert times == sorted(times)
    after = sorted(created.values())[len(created) // 2]
    recent = await bed.answer(tool, filters=[f"createdAt>={after}"], limit=100)
    assert set(ids(recent["items"])) == {id for id, time in created.items() if time >= after}


async def test_ends_are_found_by_account_and_by_dataset(bed: Bed) -> None:
    sources = bed.stored("sourceConnections")
    base = next(item["baseConnectionId"] for item in sources if item.get("baseConnectionId"))
    answer = await bed.answer("list_source_connections", base_connection_id=base, limit=100)
    assert set(ids(answer["items"])) == {
        item["id"] for item in sources if item.get("baseConnectionId") == base
    }
    assert {row["base_connection_id"] for row in answer["items"]} == {base}

    targets = bed.stored("targetConnections")
    dataset = next(item["params"]["dataSetId"] for item in targets if "dataSetId" in item.get("params", {}))
    answer = await bed.answer("list_target_connections", dataset_id=dataset, limit=100)
    expected = {item["id"] for item in targets if item.get("params", {}).get("dataSetId") == dataset}
    assert set(ids(answer["items"])) == expected
    assert {row["dataset_id"] for row in answer["items"]} == {dataset}


async def test_state_is_an_enum(bed: Bed) -> None:
    disabled = bed.stored("connections")[3]
    bed.emulator.store.put(SANDBOX, "connections", disabled | {"state": "disabled"})
    stored = bed.stored("connections")
    answer = await bed.answer("list_connections", state="disabled")
    assert ids(answer["items"]) == [disabled["id"]]
    answer = await bed.answer("list_connections", state="enabled", limit=100)
    assert len(answer["items"]) == len(stored) - 1
    assert set(ids(answer["items"])) == {item["id"] for item in stored if item["state"] == "enabled"}
    refusal = await bed.refusal("list_connections", state="on")
    assert "state" in refusal
    assert "enabled" in refusal


@pytest.mark.parametrize(("tool", "where"), GETS.items())
async def test_get_gives_the_object(bed: Bed, tool: str, where: tuple[str, str]) -> None:
    kind, argument = where
    for stored in bed.stored(kind)[:3]:
        item = (await bed.answer(tool, **{argument: stored["id"]}))["item"]
        assert set(item) == {name for name, value in stored.items() if value is not None}
        assert item["name"] == stored["name"]
        assert item["connectionSpec"] == stored["connectionSpec"]
        assert item.get("params") == stored.get("params")


async def test_no_answer_holds_a_secret(bed: Bed) -> None:
    """Every parameter of every account's auth that is not plainly a place or a name is masked."""
    masked = 0
    texts = [await bed.text("list_connections", limit=100, detail="full")]
    for stored in bed.stored("connections"):
        answer, text = await bed.call("get_connection", connection_id=stored["id"])
        texts.append(text)
        params = stored.get("auth", {}).get("params", {})
        for name, value in params.items():
            shown = answer["item"]["auth"]["params"][name]
            if name in OPEN_PARAMS:
                assert shown == value
            elif isinstance(value, str):
                masked += shown == "***"
    assert masked > 5


async def test_a_secret_that_the_service_returns_is_masked_everywhere(bed: Bed) -> None:
    """Adobe masks by itself as a rule; should it not, nothing of it comes through."""
    stored = next(item for item in bed.stored("connections") if item.get("auth", {}).get("params"))
    stored["auth"]["params"] |= {"password": "hunter-2-secret", "nested": {"clientSecret": "hunter-2-secret"}}
    bed.emulator.store.put(SANDBOX, "connections", stored)
    answers = [
        await bed.call("get_connection", connection_id=stored["id"]),
        await bed.call("list_connections", limit=100, detail="full"),
        await bed.call("search_connections", query=f"id=={stored['id']}", detail="full"),
        await bed.call("get_resource", path=f"/data/foundation/flowservice/connections/{stored['id']}"),
        await bed.call(
            "get_resource",
            path=f"/data/foundation/flowservice/connections/{stored['id']}",
            select="items.0.auth.params.nested",
        ),
    ]
    assert all("hunter-2-secret" not in json.dumps(answer) for answer in answers)


async def test_a_streaming_account_shows_its_inlet(bed: Bed) -> None:
    stored = next(
        item for item in bed.stored("connections") if "inletUrl" in item.get("auth", {}).get("params", {})
    )
    item = (await bed.answer("get_connection", connection_id=stored["id"]))["item"]
    assert item["auth"]["params"]["inletUrl"] == stored["auth"]["params"]["inletUrl"]


async def test_testing_an_account(bed: Bed) -> None:
    broken = bed.emulator.broken_connections
    works, fails = bed.stored("connections")[0]["id"], bed.stored("connections")[1]["id"]
    broken.pop(works, None)
    broken[fails] = "The key was rotated"
    answer = await bed.answer("test_connection", connection_id=works)
    assert answer == {"connection_id": works, "works": True}
    answer = await bed.answer("test_connection", connection_id=fails)
    assert answer["works"] is False
    assert "The key was rotated" in answer["note"]


async def test_search_finds_what_a_list_finds(bed: Bed) -> None:
    stored = bed.stored("connections")
    pages = await bed.pages("search_connections", query="state==enabled", limit=5)
    found = [id for page in pages for id in ids(page)]
    assert sorted(found) == sorted(item["id"] for item in stored if item["state"] == "enabled")
    assert len(pages) > 1
    assert "query" in await bed.refusal("search_connections", query="")


async def test_a_cursor_of_another_query_is_refused(bed: Bed) -> None:
    cursor = (await bed.answer("list_connections", limit=2))["next_cursor"]
    for tool, arguments in [
        ("list_connections", {"state": "enabled"}),
        ("list_source_connections", {}),
        ("list_connections", {"order_by": "name"}),
    ]:
        assert "belongs to another query" in await bed.refusal(tool, cursor=cursor, **arguments)
    assert "not a cursor" in await bed.refusal("list_connections", cursor="nonsense!")
    # The page size may change on the way.
    assert (await bed.answer("list_connections", limit=3, cursor=cursor))["items"]


@pytest.mark.parametrize(
    ("filters", "says"),
    [
        (["state"], "not a filter"),
        (["state=~enabled"], "operator"),
        (['name==a,b>=c"d'], "quotes"),
        (["createdAt>=yesterday"], "number"),
        (["createdAt>=1,2"], "several"),
        (["..==x"], "property path"),
    ],
)
async def test_a_malformed_filter_is_explained(bed: Bed, filters: list[str], says: str) -> None:
    assert says in await bed.refusal("list_connections", filters=filters)
    assert bed.sent("/connections") == []


async def test_values_that_no_filter_can_express_are_explained(bed: Bed) -> None:
    assert "comma" in await bed.refusal("list_connections", name='Orders, "all"')
    assert "empty" in await bed.refusal("list_connections", name=" ")
    assert "limit" in await bed.refusal("list_connections", limit=0)
    assert "limit" in await bed.refusal("list_connections", limit=101)
    assert "order" in await bed.refusal("list_connections", order_by="name desc")
    assert "1449" in await bed.refusal("list_connections", filters=["nosuchfield==1"])


@pytest.mark.parametrize(("tool", "where"), GETS.items())
async def test_ids_that_are_none(bed: Bed, tool: str, where: tuple[str, str]) -> None:
    argument = where[1]
    unknown = await bed.refusal(tool, **{argument: "00000000-0000-4000-8000-000000000000"})
    assert "404" in unknown
    assert "list or find tool" in unknown
    for wrong in ("a/b", "../flows", "..", "a b", "%2e%2e/x"):
        assert "not an id" in await bed.refusal(tool, **{argument: wrong}), wrong
    assert argument in await bed.refusal(tool, **{argument: ""})
    assert argument in await bed.refusal(tool)
    assert "does not take" in await bed.refusal(tool, **{argument: "x", "ids": ["y"]})


async def test_names_of_connectors_are_not_worth_an_error(bed: Bed) -> None:
    """The spec list may be refused or broken: the accounts are listed all the same, and the note says why."""
    bed.emulator.faults.add(FaultRule("/connectionSpecs$", "status", status=403))
    answer = await bed.answer("list_connections", limit=100)
    assert len(answer["items"]) == len(bed.stored("connections"))
    assert "names could not be read" in answer["note"]


async def test_configs_of_an_account(bed: Bed) -> None:
    stored = bed.stored("connections")[0]
    answer = await bed.answer("get_connection_configs", connection_id=stored["id"])
    assert isinstance(answer["items"], list)
