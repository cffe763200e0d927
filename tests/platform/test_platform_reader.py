from __future__ import annotations

import json
from typing import Any

import anyio
import httpx
import pytest

from aep_flow_mcp.platform.errors import ErrorKind, PlatformError
from aep_flow_mcp.platform.filters import Filter
from aep_flow_mcp.platform.models.explore import ExploreQuery
from aep_flow_mcp.platform.reader import FlowReader
from aep_flow_mcp.platform.reader_specs import ConfigsQuery
from aep_flow_mcp.platform.transport import PlatformClient
from support.platform_wire import Wire

ROOT = "/data/foundation/flowservice"
LISTS = ["connections", "source_connections", "target_connections", "flows", "runs"]
PATHS = {"source_connections": "sourceConnections", "target_connections": "targetConnections"}


@pytest.fixture
def reader(client: PlatformClient) -> FlowReader:
    return FlowReader(client)


def pages(*sizes: int) -> list[dict[str, Any]]:
    """Answers of a list with so many items per page, each with a token that needs care."""
    answers: list[dict[str, Any]] = []
    number = 0
    for index, size in enumerate(sizes):
        items = [{"id": str(number + offset), "name": f"n{number + offset}"} for offset in range(size)]
        number += size
        last = index == len(sizes) - 1
        link = {} if last else {"next": {"href": f"/connections?continuationToken=t{index}%3D%3D"}}
        answers.append({"items": items, "_links": link})
    return answers


@pytest.mark.parametrize("noun", LISTS)
async def test_pages_by_cursor_show_every_item_once(wire: Wire, reader: FlowReader, noun: str) -> None:
    wire.answers = pages(2, 2, 1)
    list_page = getattr(reader, f"list_{noun}")
    seen: list[str] = []
    cursor = None
    for _ in range(3):
        page = await list_page(Filter("name").eq("a b"), limit=2, orderby="-createdAt", cursor=cursor)
        seen += [item.id for item in page.items]
        cursor = page.next_cursor
    assert cursor is None
    assert seen == ["0", "1", "2", "3", "4"]
    assert {sent.url.path for sent in wire.requests} == {f"{ROOT}/{PATHS.get(noun, noun)}"}
    asked = [list(sent.url.params.multi_items()) for sent in wire.requests]
    own = [("property", "name==a b"), ("limit", "2"), ("orderby", "-createdAt")]
    assert asked == [own, [*own, ("continuationToken", "t0==")], [*own, ("continuationToken", "t1==")]]


@pytest.mark.parametrize("noun", LISTS)
async def test_iterating_counting_and_getting(wire: Wire, reader: FlowReader, noun: str) -> None:
    wire.answers = [*pages(100, 3), {"count": "103"}, {"items": [{"id": "5", "name": "five", "etag": '"e"'}]}]
    items = [item async for item in getattr(reader, f"iter_{noun}")("state==enabled")]
    assert [item.id for item in items] == [str(number) for number in range(103)]
    assert wire.requests[0].url.params["limit"] == "100"
    assert await getattr(reader, f"count_{noun}")("state==enabled") == 103
    counted = wire.requests[2].url.params
    assert dict(counted) == {"property": "state==enabled", "count": "true"}
    found = await getattr(reader, f"get_{noun.removesuffix('s')}")("5")
    assert (found.id, found.name, found.etag) == ("5", "five", '"e"')
    assert wire.requests[3].url.path == f"{ROOT}/{PATHS.get(noun, noun)}/5"


async def test_a_small_cap_is_one_small_request(wire: Wire, reader: FlowReader) -> None:
    wire.answers = pages(3, 3)
    assert len([item async for item in reader.iter_runs(cap=3)]) == 3
    assert [sent.url.params["limit"] for sent in wire.requests] == ["3"]


@pytest.mark.parametrize(
    ("answer", "number"),
    [
        ({"count": 4}, 4),
        ({"items": [{}], "count": 9}, 9),
        ({"items": [{}, {}]}, 2),
        ({"count": 0, "items": None}, 0),
    ],
)
async def test_counts_in_both_shapes(wire: Wire, reader: FlowReader, answer: Any, number: int) -> None:
    wire.answers = [answer]
    assert await reader.count_flows() == number


async def test_a_page_is_not_taken_for_a_count(wire: Wire, reader: FlowReader) -> None:
    wire.answers = [pages(2, 1)[0]]
    with pytest.raises(PlatformError, match="count was expected"):
        await reader.count_flows()


async def test_nulls_in_a_list_are_skipped_and_counted(wire: Wire, reader: FlowReader) -> None:
    wire.answers = [{"items": [None, {"id": "1"}, "x", 3]}]
    page = await reader.list_flows()
    assert [flow.id for flow in page.items] == ["1"]
    assert page.skipped_nulls == 3


@pytest.mark.parametrize("answer", [{}, {"_links": {}}, {"items": None, "_links": None}, {"items": []}, []])
async def test_empty_lists(wire: Wire, reader: FlowReader, answer: Any) -> None:
    wire.answers = [answer]
    page = await reader.list_flows()
    assert (page.items, page.next_cursor) == ([], None)


@pytest.mark.parametrize("answer", ["text", 5, {"flows": []}, {"items": "x"}, True])
async def test_answers_that_are_no_list(wire: Wire, reader: FlowReader, answer: Any) -> None:
    wire.answers = [httpx.Response(200, json=answer)]
    with pytest.raises(PlatformError, match="list was expected") as caught:
        await reader.list_flows()
    assert caught.value.kind is ErrorKind.UNEXPECTED


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ({"items": []}, ErrorKind.NOT_FOUND),
        ({"items": [None]}, ErrorKind.UNEXPECTED),
        ({}, ErrorKind.NOT_FOUND),
        ([], ErrorKind.NOT_FOUND),
        ("x", ErrorKind.UNEXPECTED),
    ],
)
async def test_a_get_without_an_object(wire: Wire, reader: FlowReader, answer: Any, kind: ErrorKind) -> None:
    wire.answers = [httpx.Response(200, json=answer)]
    with pytest.raises(PlatformError) as caught:
        await reader.get_flow("1")
    assert caught.value.kind is kind


async def test_a_get_that_is_not_wrapped(wire: Wire, reader: FlowReader) -> None:
    wire.answers = [{"id": "1", "name": "bare"}]
    assert (await reader.get_flow("1")).name == "bare"


@pytest.mark.parametrize("bad", ["", " ", ".", "..", "a/b", "../flows", "a\\b", "a b", "a\n", "x" * 501])
async def test_ids_that_are_none_never_leave(wire: Wire, reader: FlowReader, bad: str) -> None:
    for call in (
        reader.get_flow,
        reader.get_connection_spec,
        reader.test_connection,
        reader.neighbours.get_dataset,
    ):
        with pytest.raises(PlatformError) as caught:
            await call(bad)
        assert caught.value.kind is ErrorKind.INVALID
    assert wire.requests == []


async def test_odd_ids_are_encoded(wire: Wire, reader: FlowReader) -> None:
    wire.answers = [{"id": "x"}]
    await reader.get_flow("a?b#c%2e&d:ü")
    assert wire.requests[0].url.raw_path == f"{ROOT}/flows/a%3Fb%23c%252e%26d%3A%C3%BC".encode()


@pytest.mark.parametrize("limit", [0, -1, 101, True])
async def test_limits_out_of_range(wire: Wire, reader: FlowReader, limit: int) -> None:
    with pytest.raises(PlatformError, match="1 to 100"):
        await reader.list_flows(limit=limit)
    assert wire.requests == []


async def test_cursors_of_other_lists_are_refused(wire: Wire, reader: FlowReader) -> None:
    wire.answers = [pages(1, 1)[0]]
    cursor = (await reader.list_flows("state==enabled")).next_cursor
    for call in (
        reader.list_flows(cursor=cursor),
        reader.list_runs("state==enabled", cursor=cursor),
        reader.with_sandbox("stage").list_flows("state==enabled", cursor=cursor),
        reader.list_flows("state==enabled", cursor="nonsense"),
    ):
        with pytest.raises(PlatformError) as caught:
            await call
        assert caught.value.kind is ErrorKind.INVALID
    assert len(wire.requests) == 1


async def test_a_next_link_to_another_host_is_an_error(wire: Wire, reader: FlowReader) -> None:
    wire.answers = [
        {"items": [], "_links": {"next": {"href": "https://evil.test/flows?continuationToken=t"}}}
    ]
    with pytest.raises(PlatformError, match="another host"):
        await reader.list_flows()


async def test_sandboxes(wire: Wire, reader: FlowReader) -> None:
    wire.answers = [{"items": []}]
    await reader.with_sandbox("stage").list_flows()
    assert wire.requests[0].headers["x-sandbox-name"] == "stage"
    assert reader.with_sandbox(None) is reader
    assert reader.with_sandbox("dev") is reader
    assert reader.with_sandbox("stage").neighbours.sandbox == "stage"
    with pytest.raises(PlatformError, match="configured: dev, stage") as caught:
        reader.with_sandbox("prod")
    assert caught.value.kind is ErrorKind.INVALID


async def test_specs_come_from_all_pages_once(wire: Wire, reader: FlowReader) -> None:
    wire.answers = [*pages(2, 1), {"items": [{"id": "z"}]}]
    async with anyio.create_task_group() as group:
        for _ in range(5):
            group.start_soon(reader.list_connection_specs)
    first = await reader.list_connection_specs()
    assert [spec.id for spec in first] == ["0", "1", "2"]
    assert len(wire.requests) == 2
    assert "limit" not in wire.requests[0].url.params
    first.clear()
    assert len(await FlowReader(reader.client).list_connection_specs()) == 3
    reader.forget_specs()
    assert [spec.id for spec in await reader.list_connection_specs()] == ["z"]


async def test_single_specs_are_kept_per_sandbox(wire: Wire, reader: FlowReader) -> None:
    wire.answers = [{"items": [{"id": "s", "name": "S"}]}]
    for _ in range(3):
        assert (await reader.get_flow_spec("s")).name == "S"
    assert len(wire.requests) == 1
    await reader.with_sandbox("stage").get_flow_spec("s")
    await reader.get_connection_spec("s")
    assert len(wire.requests) == 3


@pytest.mark.parametrize(
    ("name", "path"),
    [("search_flows", "flows"), ("search_connections", "connections"), ("search_flow_specs", "flowSpecs")],
)
async def test_search(wire: Wire, reader: FlowReader, name: str, path: str) -> None:
    wire.answers = [httpx.Response(503), *pages(1, 1)]
    search = getattr(reader, name)
    first = await search("state==enabled", limit=1000, orderby="-name")
    second = await search("state==enabled", limit=1000, orderby="-name", cursor=first.next_cursor)
    assert [page.items[0].id for page in (first, second)] == ["0", "1"]
    assert second.next_cursor is None
    sent = wire.requests[-1]
    assert (sent.method, sent.url.path) == ("POST", f"{ROOT}/{path}/search")
    assert dict(sent.url.params) == {"continuationToken": "t0=="}
    assert json.loads(sent.content) == {"queryString": "state==enabled", "orderby": "-name", "limit": 1000}
    with pytest.raises(PlatformError, match="another query"):
        await search("state==disabled", cursor=first.next_cursor)
    with pytest.raises(PlatformError, match="1 to 1000"):
        await search("x==y", limit=1001)


@pytest.mark.parametrize(
    ("answer", "works"),
    [
        ({"result": True}, True),
        ({"result": "true"}, True),
        ({"result": False}, False),
        (True, True),
        ({}, False),
    ],
)
async def test_test_connection(wire: Wire, reader: FlowReader, answer: Any, works: bool) -> None:
    wire.answers = [httpx.Response(200, json=answer)]
    assert await reader.test_connection("c") is works
    assert wire.requests[0].url.path == f"{ROOT}/connections/c/test"


async def test_explore_items_in_both_shapes(wire: Wire, reader: FlowReader) -> None:
    items = [{"type": "table", "name": "T", "path": "dbo.T", "canPreview": True}, None]
    wire.answers = [items, {"items": items}]
    for _ in range(2):
        found = await reader.explore_connection("c", ExploreQuery())
        assert [(item.name, item.path, item.can_preview) for item in found.items] == [("T", "dbo.T", True)]
        assert found.skipped_nulls == 1
        assert found.preview is None
    assert dict(wire.requests[0].url.params) == {"objectType": "root"}


async def test_explore_preview(wire: Wire, reader: FlowReader) -> None:
    flat = {
        "format": "flat",
        "schema": {
            "columns": [{"name": "id", "type": "string", "meta:xdmType": "string", "xdm": {"type": "string"}}]
        },
        "data": [{"id": "1"}, None],
        "properties": {"columnDelimiter": ","},
    }
    nested = {
        "format": "hierarchical",
        "schema": {"type": "object", "properties": {"a": {"type": "object"}}},
        "data": [],
    }
    wire.answers = [flat, nested]
    query = ExploreQuery(
        object_type="file", object="a b/c,d.csv", file_type="delimited", preview=True, filters={"x": 1}
    )
    preview = (await reader.explore_connection_spec("s", query)).preview
    assert preview is not None
    assert [(column.name, column.xdm_type) for column in preview.columns] == [("id", "string")]
    assert preview.data == [{"id": "1"}]
    assert dict(wire.requests[0].url.params) == {
        "objectType": "file",
        "object": "a b/c,d.csv",
        "fileType": "delimited",
        "preview": "true",
        "filters": "eyJ4IjoxfQ==",
    }
    other = (await reader.explore_connection("c", ExploreQuery(object_type="rest", object="x"))).preview
    assert other is not None
    assert [(column.name, column.type) for column in other.columns] == [("a", "object")]


@pytest.mark.parametrize(
    "query",
    [
        ExploreQuery(object_type="file"),
        ExploreQuery(object_type="folder", object=""),
        ExploreQuery(object_type="file", object="x", determine_properties=True, encoding="UTF-8"),
        ExploreQuery(object_type="file", object="x", column_delimiter="||"),
    ],
)
async def test_explore_questions_that_would_be_refused(
    wire: Wire, reader: FlowReader, query: ExploreQuery
) -> None:
    with pytest.raises(PlatformError) as caught:
        await reader.explore_connection("c", query)
    assert caught.value.kind is ErrorKind.INVALID
    assert wire.requests == []


async def test_configs_page_by_offset(wire: Wire, reader: FlowReader) -> None:
    wire.answers = [
        {"items": [{"id": "a", "name": "A"}, None], "pageInfo": {"start": 0, "total": 3, "hasNext": True}},
        {"items": [{"id": "b", "name": "B"}], "pageInfo": {"hasNext": False}},
    ]
    query = ConfigsQuery(limit=2, properties=("name", "state"))
    first = await reader.connection_spec_configs("s", query)
    second = await reader.connection_spec_configs("s", query, cursor=first.next_cursor)
    assert [dataset.name for dataset in [*first.items, *second.items]] == ["A", "B"]
    assert (first.total, first.skipped_nulls, second.next_cursor) == (3, 1, None)
    assert [dict(sent.url.params) for sent in wire.requests] == [
        {
            "outputType": "activationDatasets",
            "outputField": "datasets",
            "limit": "2",
            "properties": "name,state",
            "start": start,
        }
        for start in ("0", "2")
    ]


async def test_configs_without_page_info(wire: Wire, reader: FlowReader) -> None:
    wire.answers = [{"items": [{"id": "a"}, {"id": "b"}]}, {"items": []}]
    first = await reader.connection_spec_configs("s", ConfigsQuery(limit=2))
    assert first.next_cursor is not None
    second = await reader.connection_spec_configs("s", ConfigsQuery(limit=2), cursor=first.next_cursor)
    assert second.next_cursor is None


async def test_connection_configs(wire: Wire, reader: FlowReader) -> None:
    wire.answers = [{"items": [{"columnName": "n"}]}]
    assert (await reader.connection_configs("c")).items == [{"columnName": "n"}]


async def test_raw(wire: Wire, reader: FlowReader) -> None:
    wire.answers = [[1, 2]]
    answer = await reader.get_raw("/data/x?a=1&b=%20", {"c": ["2", "3"]})
    assert answer.data == [1, 2]
    assert str(wire.requests[0].url) == "https://platform.test/data/x?a=1&b=%20&c=2&c=3"
    await reader.get_raw("https://platform.test/data/y")
    assert wire.requests[1].url.path == "/data/y"
    for bad in (
        "https://evil.test/data/x",
        "//evil.test/x",
        "http://platform.test/data",
        "data/x",
        "/a/../b",
        "file:///etc",
    ):
        with pytest.raises(PlatformError) as caught:
            await reader.get_raw(bad)
        assert caught.value.kind is ErrorKind.INVALID
    assert len(wire.requests) == 2


async def test_get_object_is_raw(wire: Wire, reader: FlowReader) -> None:
    wire.answers = [{"items": [{"id": "1", "auth": {"params": {"password": "x"}}}]}]
    assert await reader.get_object("connections", "1") == {"id": "1", "auth": {"params": {"password": "x"}}}
    with pytest.raises(PlatformError, match="not a collection"):
        await reader.get_object("secrets", "1")
