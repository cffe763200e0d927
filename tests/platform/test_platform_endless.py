"""Lists without end, with repeating or with empty pages: each ends in an answer that says so."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from aep_flow_mcp.platform.errors import PlatformError
from aep_flow_mcp.platform.paging import MOST_EMPTY, MOST_PAGES, Page, all_items
from aep_flow_mcp.platform.reader import FlowReader
from aep_flow_mcp.platform.transport import PlatformClient
from support.platform_wire import Wire

PATH = "/data/foundation/flowservice/flows"
MEGABYTE = 1_000_000


class Thing:
    def __init__(self, id: int) -> None:
        self.id = id


async def drained(pages: Iterator[Page[Thing]]) -> tuple[int, int, str]:
    """(pages read, items given, what was said)."""
    read = given = 0

    async def fetch(cursor: str | None) -> Page[Thing]:
        nonlocal read
        read += 1
        return next(pages)

    try:
        async for _ in all_items(fetch):
            given += 1
    except PlatformError as error:
        return read, given, str(error)
    return read, given, ""


def cursors() -> Iterator[str]:
    return (f"token-{number}" for number in itertools.count())


async def test_a_list_that_never_ends() -> None:
    fresh = (Page([Thing(number)], token) for number, token in enumerate(cursors()))
    read, given, said = await drained(fresh)
    assert read == given == MOST_PAGES
    assert "does not end" in said


async def test_a_list_that_repeats_a_page_under_new_tokens() -> None:
    same = (Page([Thing(1), Thing(2)], token) for token in cursors())
    read, _, said = await drained(same)
    assert read == 2
    assert "repeats an earlier one" in said
    two = (Page([Thing(number % 2)], token) for number, token in enumerate(cursors()))
    assert (await drained(two))[0] == 3


async def test_a_list_that_repeats_a_token() -> None:
    turning = (Page([Thing(number)], "ab"[number % 2]) for number in itertools.count())
    read, given, said = await drained(turning)
    assert (read, given) == (3, 3)
    assert "leads back" in said


async def test_a_list_of_empty_pages() -> None:
    empty: Iterator[Page[Thing]] = (Page([], token) for token in cursors())
    read, _, said = await drained(empty)
    assert read == MOST_EMPTY + 1
    assert "empty" in said


async def test_some_empty_pages_are_to_be_expected() -> None:
    pages = [Page([Thing(0)], "a"), *(Page([], f"e{number}") for number in range(5)), Page([Thing(1)], None)]
    assert await drained(iter(pages)) == (7, 2, "")


async def test_a_page_that_names_itself_as_the_next_one(wire: Wire, client: PlatformClient) -> None:
    def answer(request: httpx.Request) -> Any:
        link = {"next": {"href": "/flows?continuationToken=same"}}
        return httpx.Response(200, json={"items": [{"id": str(len(wire.requests))}], "_links": link})

    wire.handler = answer
    reader = FlowReader(client)
    with pytest.raises(PlatformError, match="leads back"):
        [flow async for flow in reader.iter_flows()]
    assert len(wire.requests) == 2
    first = await reader.list_flows()
    assert not first.leads_back
    assert (await reader.list_flows(cursor=first.next_cursor)).leads_back


async def test_sandboxes_without_end(wire: Wire, client: PlatformClient) -> None:
    def answer(request: httpx.Request) -> Any:
        link = {"next": {"href": f"/?offset={len(wire.requests)}"}}
        return httpx.Response(200, json={"sandboxes": [], "_links": link})

    wire.handler = answer
    with pytest.raises(PlatformError, match="does not end"):
        await FlowReader(client).neighbours.list_sandboxes()
    assert len(wire.requests) == 50
