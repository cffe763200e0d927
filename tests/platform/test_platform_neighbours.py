from __future__ import annotations

from typing import Any

import httpx
import pytest

from aep_flow_mcp.platform.errors import ErrorKind, PlatformError
from aep_flow_mcp.platform.neighbours import Neighbours
from aep_flow_mcp.platform.reader import FlowReader
from aep_flow_mcp.platform.transport import PlatformClient
from support.platform_wire import Wire


@pytest.fixture
def neighbours(client: PlatformClient) -> Neighbours:
    return FlowReader(client).neighbours


def dataset(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "schemaRef": {"id": "https://ns.adobe.com/t/schemas/1", "contentType": "application/x;version=1"},
        "tags": {"unifiedProfile": ["enabled:true"]},
        "created": 1_700_000_000_000,
    }


async def test_dataset(wire: Wire, neighbours: Neighbours) -> None:
    wire.answers = [{"d1": dataset("Orders")}]
    found = await neighbours.get_dataset("d1")
    assert (found.id, found.name, found.schema_id) == ("d1", "Orders", "https://ns.adobe.com/t/schemas/1")
    assert found.profile_enabled
    assert not found.identity_enabled
    assert found.created is not None
    assert found.created.year == 2023
    assert wire.requests[0].url.path == "/data/foundation/catalog/dataSets/d1"
    assert "schemaRef" in wire.requests[0].url.params["properties"]


async def test_many_datasets_and_the_deleted_ones(wire: Wire, neighbours: Neighbours) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        name = request.url.path.rsplit("/", 1)[1]
        if name == "gone":
            return httpx.Response(404, json={"title": "NotFoundError", "detail": "no"})
        return httpx.Response(200, json={} if name == "empty" else {name: dataset(name.upper())})

    wire.handler = answer
    found = await neighbours.get_datasets(["a", "gone", "b", "empty", "a"])
    assert {key: value and value.name for key, value in found.items()} == {
        "a": "A",
        "gone": None,
        "b": "B",
        "empty": None,
    }
    assert len(wire.requests) == 4
    wire.handler = lambda request: httpx.Response(403, json={"error_code": "403025"})
    with pytest.raises(PlatformError) as caught:
        await neighbours.get_datasets(["a", "b"])
    assert caught.value.kind is ErrorKind.PERMISSION


async def test_dataset_pages_lose_none(wire: Wire, neighbours: Neighbours) -> None:
    wire.answers = [{"a": dataset("A"), "b": dataset("B")}, {"c": dataset("C"), "x": None}, {}]
    names: list[str | None] = []
    cursor = None
    for _ in range(3):
        page = await neighbours.list_datasets(limit=2, cursor=cursor)
        names += [each.name for each in page.items]
        cursor = page.next_cursor
    assert names == ["A", "B", "C"]
    assert cursor is None
    assert [sent.url.params["start"] for sent in wire.requests] == ["0", "2", "4"]


async def test_dataset_by_name(wire: Wire, neighbours: Neighbours) -> None:
    wire.answers = [{"a": dataset("Orders"), "b": dataset("Orders"), "c": dataset("Orders 2")}]
    assert [each.id for each in await neighbours.find_dataset_by_name("Orders")] == ["a", "b"]
    assert wire.requests[0].url.params["name"] == "Orders"


async def test_batches(wire: Wire, neighbours: Neighbours) -> None:
    batch = {
        "status": "failed",
        "errors": [{"code": "106", "description": "empty", "recordCount": 3}, None],
        "metrics": {"failedRecordCount": "7"},
        "relatedObjects": [{"type": "dataSet", "id": "d1"}],
    }
    wire.answers = [{"b1": batch}]
    found = await neighbours.get_batch("b1")
    assert (found.id, found.status, found.dataset_ids) == ("b1", "failed", ["d1"])
    assert [(error.code, error.text, error.count) for error in found.errors] == [("106", "empty", 3)]
    assert found.metrics is not None
    assert found.metrics.failed_record_count == 7
    page = await neighbours.list_batches("d1", status="failed")
    assert [each.id for each in page.items] == ["b1"]
    assert dict(wire.requests[1].url.params) == {
        "dataSet": "d1",
        "orderBy": "desc:created",
        "limit": "20",
        "status": "failed",
        "start": "0",
    }


async def test_mapping_sets(wire: Wire, neighbours: Neighbours) -> None:
    old = {
        "id": "m",
        "version": "2",
        "xdmSchema": "https://s",
        "mappings": [{"sourceAttribute": "a", "destinationXdmPath": "b", "identity": True}],
    }
    new = {
        "id": "n",
        "outputSchema": {"schemaRef": {"id": "https://t"}},
        "mappings": [{"source": "c", "destination": "d"}],
    }
    wire.answers = [
        old,
        {"data": [old, new], "_links": {"next": {"href": "?start=2&limit=2"}}},
        {"data": [new]},
    ]
    found = await neighbours.get_mapping_set("m", 2)
    assert (found.version, found.schema_id) == (2, "https://s")
    assert [(row.source, row.destination, row.identity) for row in found.mappings] == [("a", "b", True)]
    assert wire.requests[0].url.params["version"] == "2"
    first = await neighbours.list_mapping_sets(limit=2)
    second = await neighbours.list_mapping_sets(limit=2, cursor=first.next_cursor)
    assert [each.schema_id for each in [*first.items, *second.items]] == [
        "https://s",
        "https://t",
        "https://t",
    ]
    assert [sent.url.params["start"] for sent in wire.requests[1:]] == ["0", "2"]
    assert second.next_cursor is None


async def test_schemas(wire: Wire, neighbours: Neighbours) -> None:
    one = {
        "$id": "https://ns.adobe.com/t/schemas/1",
        "meta:altId": "_t.schemas.1",
        "title": "One",
        "version": "1.3",
    }
    wire.answers = [
        one,
        {"results": [one], "_page": {"next": "One", "count": 1}},
        {"results": [], "_page": {"next": None}},
    ]
    found = await neighbours.get_schema("https://ns.adobe.com/t/schemas/1")
    assert (found.id, found.alt_id, found.title) == (one["$id"], "_t.schemas.1", "One")
    sent = wire.requests[0]
    assert sent.url.raw_path.endswith(b"/tenant/schemas/https%3A%2F%2Fns.adobe.com%2Ft%2Fschemas%2F1")
    assert sent.headers["accept"] == "application/vnd.adobe.xed+json; version=1"
    first = await neighbours.list_schemas(limit=1)
    assert [each.title for each in first.items] == ["One"]
    second = await neighbours.list_schemas(limit=1, cursor=first.next_cursor)
    assert second.next_cursor is None
    assert wire.requests[2].url.params["start"] == "One"
    for bad in ("", ".."):
        with pytest.raises(PlatformError):
            await neighbours.get_schema(bad)


async def test_the_fields_of_a_schema_are_asked_for_written_out(wire: Wire, neighbours: Neighbours) -> None:
    whole = {"$id": "https://ns.adobe.com/t/schemas/1", "properties": {"_id": {"type": "string"}}}
    wire.answers = [whole]
    assert await neighbours.get_schema_fields("https://ns.adobe.com/t/schemas/1") == whole
    assert wire.requests[0].headers["accept"] == "application/vnd.adobe.xed-full+json; version=1"


async def test_sandboxes(wire: Wire, neighbours: Neighbours) -> None:
    wire.answers = [
        {
            "sandboxes": [{"name": "prod", "type": "production"}],
            "_links": {"next": {"href": "/sandboxes?limit=100&offset=100"}},
        },
        {"sandboxes": [{"name": "dev", "type": "development"}, {"name": "odd"}, None], "_links": {}},
        {"name": "dev", "type": "development"},
    ]
    found = await neighbours.list_sandboxes()
    assert [(each.name, each.is_production) for each in found] == [
        ("prod", True),
        ("dev", False),
        ("odd", True),
    ]
    assert wire.requests[1].url.params["offset"] == "100"
    assert (await neighbours.get_sandbox("dev")).is_production is False
    with pytest.raises(PlatformError):
        await neighbours.get_sandbox("a b")


async def test_landing_zone_on_azure(wire: Wire, neighbours: Neighbours) -> None:
    wire.answers = [
        {"containerName": "dlz-user-container", "containerTTL": "7"},
        {
            "containerName": "c",
            "SASToken": "sv=1&sig=zzz",
            "SASUri": "https://x?sig=zzz",
            "storageAccountName": "acc",
            "expiryDate": "2025-03-01",
        },
    ]
    zone = await neighbours.landing_zone()
    assert (zone.provider, zone.container, zone.ttl_days, zone.folder) == (
        "azure",
        "dlz-user-container",
        7,
        None,
    )
    secret = await neighbours.landing_zone_credential("dlz_destination")
    assert wire.requests[1].url.params["type"] == "dlz_destination"
    assert secret.sas_token is not None
    assert secret.sas_token.get_secret_value() == "sv=1&sig=zzz"
    assert secret.expires_at is not None
    assert secret.expires_at.isoformat() == "2025-03-01T00:00:00+00:00"
    assert "zzz" not in repr(secret) + str(secret.model_dump()) + secret.model_dump_json()


async def test_landing_zone_on_aws(wire: Wire, neighbours: Neighbours) -> None:
    path = {"bucketName": "bucket", "dlzFolder": "folder"}
    wire.answers = [
        {"dlzProvider": "Amazon S3", "dlzPath": path, "dataTTL": {"timeUnit": "days", "timeQuantity": 7}},
        {
            "dlzProvider": "Amazon S3",
            "dlzPath": path,
            "expiryTime": 1740787200,
            "credentials": {
                "awsAccessKeyId": "AKIA9",
                "awsSecretAccessKey": "zzz",
                "awsSessionToken": "yyy",
                "extra": "xxx",
            },
        },
    ]
    zone = await neighbours.landing_zone()
    assert (zone.provider, zone.container, zone.folder, zone.ttl_days) == ("aws", "bucket", "folder", 7)
    secret = await neighbours.landing_zone_credential()
    assert secret.expires_at is not None
    assert secret.expires_at.year == 2025
    assert secret.credentials is not None
    assert secret.credentials.secret_access_key is not None
    assert secret.credentials.secret_access_key.get_secret_value() == "zzz"
    shown = repr(secret) + str(secret.model_dump()) + secret.model_dump_json()
    assert not any(value in shown for value in ("AKIA9", "zzz", "yyy", "xxx"))


@pytest.mark.parametrize(
    "call", ["list_datasets", "list_mapping_sets", "list_schemas", "list_sandboxes", "landing_zone"]
)
async def test_answers_of_another_shape(wire: Wire, neighbours: Neighbours, call: str) -> None:
    wire.answers = [httpx.Response(200, json="text")]
    with pytest.raises(PlatformError) as caught:
        await getattr(neighbours, call)()
    assert caught.value.kind is ErrorKind.UNEXPECTED
