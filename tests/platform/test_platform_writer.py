from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from aep_flow_mcp.platform.errors import AnswerLost, ErrorKind, PlatformError
from aep_flow_mcp.platform.reader import FlowReader
from aep_flow_mcp.platform.transport import PlatformClient
from aep_flow_mcp.platform.writer import FlowWriter, read_write_answer
from support.platform_wire import Wire

ROOT = "/data/foundation/flowservice"


@pytest.fixture
def writer(client: PlatformClient) -> FlowWriter:
    return FlowWriter(client)


async def test_patch_with_etag(wire: Wire, writer: FlowWriter) -> None:
    wire.answers = [{"id": "1", "etag": '"new"'}]
    patch = [{"op": "replace", "path": "/name", "value": "ü"}]
    answer = await writer.send("patch", "/flows/1", json=patch, etag='"old"', sandbox="stage")
    sent = wire.requests[0]
    assert (sent.method, sent.url.path) == ("PATCH", f"{ROOT}/flows/1")
    assert sent.headers["if-match"] == '"old"'
    assert sent.headers["x-sandbox-name"] == "stage"
    assert json.loads(sent.content) == patch
    assert (answer.status, answer.id, answer.etag) == (200, "1", '"new"')


async def test_action_and_deletion(wire: Wire, writer: FlowWriter) -> None:
    wire.answers = [httpx.Response(200, json={"id": "1"}), httpx.Response(204)]
    await writer.send("POST", "/flows/1/action", params={"op": "enable"})
    deleted = await writer.send("DELETE", f"{ROOT}/flows/1")
    assert wire.requests[0].url.params["op"] == "enable"
    assert wire.requests[0].content == b""
    assert "content-type" not in wire.requests[0].headers
    assert (deleted.status, deleted.id, deleted.data) == (204, None, None)


@pytest.mark.parametrize(
    ("data", "object_id", "etag"),
    [
        ({"id": "1", "etag": '"e"'}, "1", '"e"'),
        ({"items": [{"id": "1", "eTag": '"e"'}]}, "1", '"e"'),
        ([None, {"id": "1", "etag": '"e"'}], "1", '"e"'),
        ({"id": "1", "metrics": {}}, "1", None),
        ({"SASToken": "x"}, None, None),
        ({"items": []}, None, None),
        ("x", None, None),
        (None, None, None),
        ({"id": 5, "etag": 6}, None, None),
    ],
)
def test_answers(data: Any, object_id: str | None, etag: str | None) -> None:
    answer = read_write_answer(201, data)
    assert (answer.id, answer.etag, answer.data) == (object_id, etag, data)


def test_secrets_of_an_answer_are_not_in_its_repr() -> None:
    assert "sig=zzz" not in repr(read_write_answer(200, {"SASToken": "sig=zzz"}))


@pytest.mark.parametrize(
    "path",
    [
        "/data/foundation/catalog/dataSets",
        "/data/foundation/flowservice",
        "/data/foundation/flowservicex/flows",
        "/flows/../../catalog",
        "https://evil.test/flows",
        "flows",
        "/flows//action",
    ],
)
async def test_only_some_places_are_written_to(wire: Wire, writer: FlowWriter, path: str) -> None:
    with pytest.raises(PlatformError) as caught:
        await writer.send("POST", path, json={})
    assert caught.value.kind is ErrorKind.INVALID
    assert wire.requests == []


@pytest.mark.parametrize(
    "path", ["/data/foundation/connectors/landingzone/credentials", "/data/foundation/conversion/mappingSets"]
)
async def test_neighbours_that_are_written_to(wire: Wire, writer: FlowWriter, path: str) -> None:
    wire.answers = [{"id": "m"}]
    assert (await writer.send("POST", path, json={})).id == "m"
    assert wire.requests[0].url.path == path


async def test_reading_methods_and_odd_etags_are_refused(wire: Wire, writer: FlowWriter) -> None:
    for call in (writer.send("GET", "/flows"), writer.send("PATCH", "/flows/1", etag='"a\r\nx: y"')):
        with pytest.raises(PlatformError) as caught:
            await call
        assert caught.value.kind is ErrorKind.INVALID
    assert wire.requests == []


async def test_lost_once_and_never_repeated(wire: Wire, writer: FlowWriter) -> None:
    for method in ("POST", "PATCH", "PUT", "DELETE"):
        wire.answers = [httpx.ReadError("x"), {"id": "second"}]
        wire.requests.clear()
        with pytest.raises(AnswerLost) as caught:
            await writer.send(method, "/flows/1", json={}, etag='"e"')
        assert caught.value.method == method
        assert len(wire.requests) == 1


async def test_writing_a_spec_forgets_the_specs(
    wire: Wire, client: PlatformClient, writer: FlowWriter
) -> None:
    reader = FlowReader(client)
    wire.answers = [
        {"items": [{"id": "s", "name": "old"}]},
        {"id": "s"},
        {"items": [{"id": "s", "name": "new"}]},
    ]
    assert (await reader.get_flow_spec("s")).name == "old"
    await writer.send("PUT", "/flowSpecs/s", json={})
    assert (await reader.get_flow_spec("s")).name == "new"
