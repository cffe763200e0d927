"""Sweeps over lists that do not end, and over services that count what is not there."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from mcp import Client
from mcp_types import TextContent

from aep_flow_mcp.app import platform_config
from aep_flow_mcp.cli import emulator_settings
from aep_flow_mcp.emulator import EmulatorOptions
from aep_flow_mcp.gathering.sweeps.sweep import Crew, Sweep
from aep_flow_mcp.platform.errors import ErrorKind, PlatformError
from aep_flow_mcp.platform.filters import FilterLike
from aep_flow_mcp.platform.paging import MOST_EMPTY, MOST_PAGES, Page
from aep_flow_mcp.platform.transport import PlatformClient
from aep_flow_mcp.platform.waiting.patience import OutOfTime
from aep_flow_mcp.server import build_server
from support.organisation import emulator_on_shared_seed
from support.slow import SlowTransport
from tools.bed import NOW
from tools.conftest import no_wait

T0 = datetime(2026, 1, 1, tzinfo=UTC)
ZERO = round(T0.timestamp() * 1000)


@dataclass(frozen=True)
class Item:
    id: int
    at: datetime


class Endless:
    """Pages as a kind of broken service gives them."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.pages = 0

    async def fetch(self, filters: Sequence[FilterLike], order: str | None, cursor: str | None) -> Page[Item]:
        del filters, order
        self.pages += 1
        number = {"same page": 0, "growing": self.pages, "same token": self.pages}.get(self.kind, 0)
        items = [] if self.kind == "empty" else [Item(number, T0 + timedelta(milliseconds=number))]
        if self.kind == "late" and self.pages > 2:
            raise OutOfTime(ErrorKind.UNAVAILABLE)
        if self.kind == "late":
            items = [Item(self.pages, T0)]
        return Page(items, "x" if self.kind == "same token" else f"{cursor}{self.pages}"[-8:])


async def swept(service: Endless) -> tuple[Sweep[Item], list[int]]:
    taken: list[int] = []
    sweep: Sweep[Item] = Sweep(
        fetch=service.fetch,
        path="createdAt",
        time_of=lambda item: item.at,
        take=lambda item: taken.append(item.id),
        crew=Crew(1),
    )
    await sweep.run(ZERO, ZERO + 10**9)
    return sweep, taken


@pytest.mark.parametrize(
    ("kind", "most", "words"),
    [
        ("same page", 2, "repeats"),
        ("same token", 2, "leads back"),
        ("empty", MOST_EMPTY + 1, "empty"),
        ("growing", MOST_PAGES, "does not end"),
    ],
)
async def test_a_sweep_leaves_a_list_without_end(kind: str, most: int, words: str) -> None:
    service = Endless(kind)
    with pytest.raises(PlatformError, match=words):
        await swept(service)
    assert service.pages <= most


async def test_what_was_swept_before_the_time_was_up_is_kept() -> None:
    sweep, taken = await swept(Endless("late"))
    assert sweep.cut
    assert taken == [1, 2]


def link(href: str) -> dict[str, object]:
    return {"_links": {"next": {"href": href}}}


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("find_flows", {}),
        ("pipeline_health", {}),
        ("pipeline_health", {"group_by": "dataset"}),
        ("trace_lineage", {"object": "loyalty"}),
        ("delete_connection", {"connection_id": "00000000-0000-4000-8000-000000000001"}),
        ("list_profile_flows", {}),
    ],
)
async def test_questions_end_on_an_organisation_of_lists_without_end(
    tool: str, arguments: dict[str, object]
) -> None:
    """Every list gives the same page under ever new tokens, and counts a million."""
    emulator = emulator_on_shared_seed(EmulatorOptions(clock=lambda: NOW))
    numbers = itertools.count()

    async def endless(request: httpx.Request) -> httpx.Response:
        page: dict[str, object] = {
            "items": [{"id": "00000000-0000-4000-8000-000000000001", "createdAt": ZERO}],
            **link(f"/x?continuationToken={next(numbers)}"),
        }
        if "count=true" in str(request.url):
            page = {"count": 1_000_000 + next(numbers) % 7}
        if "dataSets" in request.url.path:
            page = {f"{number:024x}": {"name": "same"} for number in range(100)}
        if "schemaregistry" in request.url.path:
            page = {
                "results": [{"$id": "https://ns.adobe.com/x", "title": "t"}],
                **link(f"/x?start={next(numbers)}"),
            }
        return httpx.Response(200, json=page, request=request)

    transport = SlowTransport(emulator, endless, "^GET .*(flowservice|dataSets|schemas)")
    settings = emulator_settings()
    client = PlatformClient(platform_config(settings), transport=transport, sleep=no_wait)
    async with Client(build_server(settings, client=client, emulated=True)) as talk:
        result = await talk.call_tool(tool, arguments)
    text = "\n".join(part.text for part in result.content if isinstance(part, TextContent))
    assert len(transport.sent) < 2_000
    assert "repeats an earlier one" in text or "Could not be read" in text or "repeats" in text, text
