"""Pages that are read as facts: an entry that is not plain is read within the same bounds as a whole answer."""

from __future__ import annotations

import httpx
import pytest

from aep_flow_mcp.gathering.lean_reading import LeanReader
from aep_flow_mcp.platform.errors import ErrorKind, PlatformError
from aep_flow_mcp.platform.reader import FlowReader
from aep_flow_mcp.platform.wire.bodies import MOST_CHARACTERS, MOST_ENTRIES, weight
from aep_flow_mcp.platform.wire.large import HEAVY
from aep_flow_mcp.platform.wire.listings import LISTING
from support.platform_wire import Wire

PLAIN = b'{"id": "f1", "name": "plain", "state": "enabled"}'


def _page(*entries: bytes) -> httpx.Response:
    return httpx.Response(200, content=b'{"items": [' + b", ".join(entries) + b"]}")


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        pytest.param(
            b'{"id": "f2", "state": 1, "x": ' + b"[" * 101 + b"]" * 101 + b"}", "levels deep", id="depth"
        ),
        pytest.param(
            b'{"id": "f2", "state": 1, "x": "' + b"y" * (MOST_CHARACTERS + 1) + b'"}', "text", id="text"
        ),
        pytest.param(
            b'{"id": "f2", "state": 1, "x": [' + b"1," * MOST_ENTRIES + b"1]}",
            "entries at once",
            id="entries",
        ),
        pytest.param(b'{"id": "f2", "state": 1, "x": 1e999}', "too large", id="number"),
    ],
)
async def test_an_entry_beyond_the_bounds_is_said(entry: bytes, says: str) -> None:
    wire = Wire()
    wire.handler = lambda _: _page(PLAIN, entry)
    async with wire.client() as client:
        with pytest.raises(PlatformError, match=f"{says}.*was not read") as caught:
            await LeanReader(FlowReader(client, "dev")).list_flows((), None, None)
    assert caught.value.kind is ErrorKind.UNEXPECTED


async def test_an_entry_that_is_not_plain_is_read_all_the_same() -> None:
    wire = Wire()
    wire.handler = lambda _: _page(PLAIN, b'{"id": "f2", "flowSpec": "as text"}', b"null")
    async with wire.client() as client:
        page = await LeanReader(FlowReader(client, "dev")).list_flows((), None, None)
    assert [flow.id for flow in page.items] == ["f1", "f2"]
    assert page.skipped_nulls == 1


async def test_a_page_that_is_not_plain_json_is_read_whole_in_its_turn() -> None:
    """A lone surrogate in one name: msgspec takes no part of such a page, and the page weighs more than a small one."""
    parts = b", ".join([b"{}"] * 300)
    flows = [b'{"id": "f%d", "name": "a", "extra": [%b]}' % (number, parts) for number in range(100)]
    flows[7] = flows[7].replace(b'"a"', rb'"half \ud800"')
    body = b'{"items": [' + b", ".join(flows) + b"]}"
    assert len(body) < 1_000_000
    assert weight(body) > HEAVY
    wire = Wire()
    wire.handler = lambda _: httpx.Response(200, content=body)
    async with wire.client() as client:
        page = await LeanReader(FlowReader(client, "dev")).list_flows((), None, None)
    assert [flow.id for flow in page.items] == [f"f{number}" for number in range(100)]


async def test_what_is_no_list_is_said() -> None:
    wire = Wire()
    wire.handler = lambda _: httpx.Response(200, content=b'{"items": 7}')
    async with wire.client() as client:
        with pytest.raises(PlatformError) as caught:
            await LeanReader(FlowReader(client, "dev")).list_flows((), None, None)
    assert caught.value.kind is ErrorKind.UNEXPECTED


def test_a_page_is_light_and_many_small_items_are_not() -> None:
    page = b'{"items": [' + b", ".join([b'{"id": "a", "name": "b", "state": "enabled"}'] * 100) + b"]}"
    assert LISTING.weigh(page) < 10 * len(page)
    assert LISTING.weigh(b'{"items": [' + b"1," * 400_000 + b"1]}") > HEAVY
