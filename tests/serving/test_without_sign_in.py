"""Callers over HTTP who do not sign in: what tells them apart, and what does not."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp_types import Implementation

from guard.bed import Result, call
from serving.bed import Served, served


def flow_of(door: Served) -> str:
    rows = door.emulator.store.all("dev", "flows")
    return next(str(row["id"]) for row in rows if row["state"] == "enabled")


async def called(
    door: Served, name: str, tool: str, arguments: dict[str, Any], mode: str = "auto", **headers: str
) -> Result:
    """A call by a client of that name, with a connection of its own."""
    async with (
        httpx2.AsyncClient(headers=headers, timeout=60) as http,
        Client(
            streamable_http_client(door.url, http_client=http),
            mode=mode,
            client_info=Implementation(name=name, version="1"),
        ) as client,
    ):
        return await call(client, tool, arguments)


async def test_a_session_that_a_client_makes_up_is_nobody() -> None:
    """On 2026-07-28 there are no sessions: a header that says so neither gives nor takes anything."""
    async with served() as door:
        flow = flow_of(door)
        made_up = {"Mcp-Session-Id": "somebody-else"}
        preview = await called(door, "one", "delete_flow", {"flow_id": flow}, **made_up)
        confirming = {"confirmation_id": preview.data["confirmation_id"]}
        done = await called(door, "one", "confirm_change", confirming)
        assert done.status == "done"


async def test_another_client_does_not_confirm_what_it_only_heard_of() -> None:
    async with served() as door:
        preview = await called(door, "one", "delete_flow", {"flow_id": flow_of(door)})
        confirming = {"confirmation_id": preview.data["confirmation_id"]}
        for headers in ({}, {"Mcp-Session-Id": "one"}):
            refused = await called(door, "two", "confirm_change", confirming, **headers)
            assert refused.status == "refused"
        assert (await called(door, "one", "confirm_change", confirming)).status == "done"


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_flood_of_another_client_takes_no_preview_away(mode: str) -> None:
    async with served() as door:
        flow = flow_of(door)
        async with Client(door.url, mode=mode, client_info=Implementation(name="one", version="1")) as one:
            preview = await call(one, "delete_flow", {"flow_id": flow})
            async with Client(door.url, client_info=Implementation(name="two", version="1")) as two:
                for _ in range(66):
                    flooding = await call(two, "delete_flow", {"flow_id": flow})
                    assert flooding.status == "needs_confirmation"
            confirming = {"confirmation_id": preview.data["confirmation_id"]}
            assert (await call(one, "confirm_change", confirming)).status == "done"
