"""The readers of what Adobe keeps: every shape that its pages show, and what bounds them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from aep_flow_mcp.platform.errors import ErrorKind, PlatformError
from aep_flow_mcp.platform.kept.insights import MetricsQuery
from aep_flow_mcp.platform.reader import FlowReader
from aep_flow_mcp.platform.transport import PlatformClient
from support.platform_wire import SECRET, Wire

EVENT = {
    "id": "e1",
    "action": "Disable",
    "status": "Allow",
    "timestamp": "2025-06-24T16:50:28.318+0000",
    "assetType": "Source Data Flow",
    "assetId": "f1",
    "assetName": "Orders",
    "userEmail": "mira@example.com",
    "authId": "A@AdobeID",
    "enhancedEvents": [{"id": "e2", "status": "Failure", "failureCode": "SMS-2010-403"}],
}


@pytest.fixture
def reader(client: PlatformClient) -> FlowReader:
    return FlowReader(client)


def page(*events: Any, total: int | None = None, following: str | None = None) -> dict[str, Any]:
    body: dict[str, Any] = {"_embedded": {"events": list(events)}, "_links": {}, "queryId": "q"}
    if total is not None:
        body["page"] = {"size": len(events), "totalElements": total, "totalPages": 1, "number": 1}
    if following:
        body["_links"]["next"] = {"href": following}
    return body


# --- the audit log ----------------------------------------------------------------------------------------


async def test_an_event(wire: Wire, reader: FlowReader) -> None:
    wire.answers = [page(EVENT, total=1)]
    found = await reader.audit_log.list_events(["assetId==f1", "action==Disable,Enable"], limit=10)
    (event,) = found.items
    assert (event.user, event.action, event.asset_name) == ("mira@example.com", "Disable", "Orders")
    assert event.timestamp == datetime(2025, 6, 24, 16, 50, 28, 318_000, tzinfo=UTC)
    assert event.results == ["Allow", "Failure SMS-2010-403"]
    assert (found.next_cursor, found.total) == (None, 1)
    (request,) = wire.requests
    assert request.url.path == "/data/foundation/audit/events"
    assert request.url.params.get_list("property") == ["assetId==f1", "action==Disable,Enable"]
    assert request.url.params["limit"] == "10"
    assert request.headers["x-sandbox-name"] == "dev"


async def test_an_event_about_several_assets(wire: Wire, reader: FlowReader) -> None:
    several = {
        "action": "Browse",
        "assetId": "",
        "assetName": "",
        "status": "Allow",
        "enhancedEvents": [
            {
                "status": "Success",
                "assets": [
                    {"assetId": "1", "assetName": "one", "status": "Success"},
                    {"assetId": "2", "assetName": "two", "status": "Failure", "failureCode": "X-1-403"},
                ],
            }
        ],
    }
    wire.answers = [page(several, EVENT | {"userEmail": None})]
    first, second = (await reader.audit_log.list_events()).items
    assert [one.asset_name for one in first.named] == ["one", "two"]
    assert first.results == ["Allow", "Success", "Failure X-1-403"]
    assert second.user == "A@AdobeID"


@pytest.mark.parametrize(
    ("answer", "count"),
    [
        ({"_links": {}, "page": {"totalElements": 0}}, 0),
        ({"_embedded": {}, "page": {"totalElements": 0}}, 0),
        ({"_embedded": {"events": [EVENT, None]}}, 1),
        (
            {
                "_embedded": {
                    "events": [{**EVENT, "action": "Teleport", "enhancedEvents": [None], "assets": {}}]
                }
            },
            1,
        ),
        (httpx.Response(204), 0),
    ],
)
async def test_shapes_of_a_list(wire: Wire, reader: FlowReader, answer: Any, count: int) -> None:
    wire.answers = [answer]
    assert len((await reader.audit_log.list_events()).items) == count


@pytest.mark.parametrize("answer", [{"_embedded": {"events": "none"}}, {"surprise": 1}, "text"])
async def test_what_is_no_list_is_said_so(wire: Wire, reader: FlowReader, answer: Any) -> None:
    wire.answers = [answer if isinstance(answer, dict) else httpx.Response(200, json=answer)]
    with pytest.raises(PlatformError) as caught:
        await reader.audit_log.list_events()
    assert caught.value.kind is ErrorKind.UNEXPECTED


async def test_pages_follow_by_start(wire: Wire, reader: FlowReader) -> None:
    link = "https://platform-int.adobe.io/data/foundation/audit/events?queryId=cXVl&start=2&limit=2"
    one, two, three = (EVENT | {"id": str(number)} for number in range(3))
    wire.answers = [page(one, two, following=link), page(three, total=3)]
    first = await reader.audit_log.list_events(["action==Disable"], limit=2)
    assert first.next_cursor is not None
    second = await reader.audit_log.list_events(["action==Disable"], limit=2, cursor=first.next_cursor)
    assert [event.id for event in second.items] == ["2"]
    assert second.next_cursor is None
    params = wire.requests[1].url.params
    assert (params["start"], params["limit"], params["property"]) == ("2", "2", "action==Disable")
    with pytest.raises(PlatformError, match="another query"):
        await reader.audit_log.list_events(["action==Enable"], limit=2, cursor=first.next_cursor)


# --- metrics ----------------------------------------------------------------------------------------------

QUERY = MetricsQuery(
    names=["timeseries.ingestion.dataset.size"],
    start=datetime(2026, 3, 1, tzinfo=UTC),
    end=datetime(2026, 3, 2, tzinfo=UTC),
    datasets=["a", "b"],
)
SANDBOX = {"id": "sandbox-id", "name": "dev", "type": "development"}


def answering(series: Any, sandbox: Any = SANDBOX) -> Any:
    def answer(request: httpx.Request) -> Any:
        return sandbox if "sandbox-management" in request.url.path else series

    return answer


async def test_what_is_asked_of_the_metrics(wire: Wire, reader: FlowReader) -> None:
    wire.handler = answering({"metricResponses": []})
    assert await reader.insights.metrics(QUERY) == []
    assert await reader.insights.metrics(QUERY) == []
    asked = [one for one in wire.requests if one.method == "POST"]
    assert {one.url.path for one in asked} == {"/data/infrastructure/observability/insights/metrics"}
    assert [one.headers["x-sandbox-id"] for one in asked] == ["sandbox-id"] * 2
    assert len(wire.requests) == 3, "the sandbox's id is asked for once"
    assert json.loads(asked[0].content) == {
        "start": "2026-03-01T00:00:00.000Z",
        "end": "2026-03-02T00:00:00.000Z",
        "granularity": "DAY",
        "metrics": [
            {
                "name": "timeseries.ingestion.dataset.size",
                "aggregator": "sum",
                "filters": [{"name": "dataSetId", "value": "a|b", "groupBy": True}],
            }
        ],
    }


async def test_without_the_sandboxs_id_it_is_asked_all_the_same(wire: Wire, reader: FlowReader) -> None:
    wire.handler = answering({"metricResponses": []}, httpx.Response(403, json={"title": "Forbidden"}))
    assert await reader.insights.metrics(QUERY) == []
    assert "x-sandbox-id" not in wire.requests[-1].headers


@pytest.mark.parametrize(
    ("name_key", "group", "values"),
    [
        ("metric", {"dataSetId": "a"}, {"2026-03-02T00:00:00Z": 2.5, "2026-03-01T00:00:00Z": 1}),
        ("name", {"datasetID": "a"}, {"2026-03-01T00:00:00Z": "1", "2026-03-02T00:00:00Z": "2.5"}),
    ],
)
async def test_both_spellings(
    wire: Wire, reader: FlowReader, name_key: str, group: Any, values: dict[str, Any]
) -> None:
    series = {
        name_key: "m",
        "datapoints": [{"groupBy": group, "dps": values}, {"dps": {"t": None, "u": "much"}}],
    }
    wire.handler = answering({"metricResponses": [series]})
    (found,) = await reader.insights.metrics(QUERY)
    first, second = found.datapoints
    assert (found.metric, first.dataset_id) == ("m", "a")
    assert list(first.points.items()) == [("2026-03-01T00:00:00Z", 1.0), ("2026-03-02T00:00:00Z", 2.5)]
    assert (second.dataset_id, second.points) == (None, {"t": None, "u": None})


async def test_a_refusal_in_either_shape(wire: Wire, reader: FlowReader) -> None:
    chain = {"serviceId": "INSGHT", "errorCode": "INSGHT-1000-400"}
    problem = {
        "type": "http://ns.adobe.com/aep/errors/INSGHT-1000-400",
        "title": "Bad Request - Start date cannot be after end date.",
        "status": 400,
        "report": {"tenantInfo": {"sandboxName": "prod"}, "additionalContext": None},
        "error-chain": [chain],
    }
    plain = {"errorCode": "INSGHT-1000-400", "httpStatus": 400, "title": "Bad", "details": "after end date"}
    for body in (problem, plain):
        wire.handler = answering(httpx.Response(400, json=body))
        with pytest.raises(PlatformError, match="after end date") as caught:
            await reader.insights.metrics(QUERY)
        assert caught.value.code == "INSGHT-1000-400"


# --- files ------------------------------------------------------------------------------------------------


async def test_files_of_a_batch(wire: Wire, reader: FlowReader) -> None:
    link = "https://platform.adobe.io:443/data/foundation/export/batches/B1/meta?path=row_errors%2Fx.json"
    wire.answers = [
        {
            "data": [{"name": "x.json", "length": "1162", "_links": {"self": {"href": link}}}],
            "_page": {"count": 1},
        },
        {"data": [{"dataSetFileId": "F1", "records": "12", "size": "99", "isValid": True}]},
        {"data": [{"name": "a", "length": 0}], "_links": {"next": {"href": "?start=100"}}},
    ]
    listed = await reader.data_access.list_files("B1", "meta", "row_errors")
    assert [(one.name, one.length) for one in listed.files] == [("x.json", 1162)]
    assert not listed.more
    (file,) = (await reader.data_access.list_files("B1", "files")).files
    assert (file.name, file.length, file.records) == ("F1", 99, 12)
    assert (await reader.data_access.list_files("B1", "failed")).more
    assert wire.requests[0].url.path == "/data/foundation/export/batches/B1/meta"
    assert wire.requests[0].url.params["path"] == "row_errors"
    assert "path" not in wire.requests[2].url.params
    wire.answers = [{"path": "F1.json"}]
    with pytest.raises(PlatformError, match="`data` was expected"):
        await reader.data_access.list_files("B1", "meta")


async def test_of_a_long_file_only_the_start_is_read(wire: Wire, reader: FlowReader) -> None:
    given = 0

    async def stream() -> Any:
        nonlocal given
        while given < 60_000_000:
            given += 50_000
            yield b"x" * 50_000

    wire.handler = lambda request: httpx.Response(
        200, headers={"content-length": "60000000"}, content=stream()
    )
    start = await reader.data_access.read_file("B1", "failed", "part.json", most=120_000)
    assert (len(start.content), start.whole) == (120_000, False)
    assert given < 1_000_000
    wire.handler = lambda request: httpx.Response(200, content=b'{"path": "F1.json"}\n{"path": "F2.json"}')
    start = await reader.data_access.read_file("B1", "failed", "part.json", most=120_000)
    assert start.whole
    assert start.content.count(b"path") == 2


async def test_a_secret_in_a_file_is_gone_before_anybody_cuts_it(wire: Wire, reader: FlowReader) -> None:
    text = f"{SECRET} and {SECRET[:-2]}"
    wire.handler = lambda request: httpx.Response(200, content=(text + "x" * 100).encode())
    start = await reader.data_access.read_file("B1", "failed", "part.json", most=len(text))
    assert (start.content, start.whole) == (b"*** and ***", False)


async def test_a_file_that_is_not_there(wire: Wire, reader: FlowReader) -> None:
    wire.handler = lambda request: httpx.Response(404, json={"title": "NotFoundError", "detail": "no file"})
    with pytest.raises(PlatformError, match="no file") as caught:
        await reader.data_access.read_file("B1", "failed", "part.json", most=10)
    assert caught.value.kind is ErrorKind.NOT_FOUND
    with pytest.raises(PlatformError):
        await reader.data_access.read_file("../x", "failed", "part.json", most=10)
