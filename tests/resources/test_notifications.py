"""What this server changed is told to those who listen: which resources read differently, which came or went."""

from __future__ import annotations

import anyio
import pytest
from mcp.client.subscriptions import ListenNotSupportedError, ResourcesListChanged, ResourceUpdated

from aep_flow_mcp.cli import emulator_settings
from aep_flow_mcp.emulator import FaultRule
from aep_flow_mcp.emulator.seed.scenarios import SCENARIOS
from aep_flow_mcp.settings import Settings
from tools.bed import Bed

FLOW = SCENARIOS["healthy"]
WATCHED = ["aep://flows", f"aep://flows/{FLOW}", f"aep://flows/{SCENARIOS['disabled']}"]


@pytest.fixture
def settings() -> Settings:
    return emulator_settings(mcp_approval="none")


@pytest.fixture
def era() -> str:
    return "2026-07-28"


async def heard(bed: Bed, tool: str, **arguments: object) -> set[str]:
    """What listeners hear of one call."""
    events: set[str] = set()
    async with bed.client.listen(resources_list_changed=True, resource_subscriptions=WATCHED) as listening:
        await bed.client.call_tool(tool, arguments)
        with anyio.move_on_after(0.2):
            async for event in listening:
                if isinstance(event, ResourceUpdated):
                    events.add(event.uri)
                if isinstance(event, ResourcesListChanged):
                    events.add("list")
    return events


async def test_a_flow_that_was_switched_reads_differently(bed: Bed) -> None:
    assert await heard(bed, "run_flow_action", flow_id=FLOW, action="disable") == set(WATCHED[:2])


async def test_a_flow_that_was_deleted_is_gone_from_the_list(bed: Bed) -> None:
    assert await heard(bed, "delete_flow", flow_id=SCENARIOS["disabled"]) == {"list", WATCHED[0], WATCHED[2]}


async def test_what_was_read_or_refused_changed_nothing(bed: Bed) -> None:
    assert await heard(bed, "get_flow", flow_id=FLOW) == set()
    bed.emulator.faults.add(FaultRule("/action$", "status", status=400))
    assert await heard(bed, "run_flow_action", flow_id=FLOW, action="disable") == set()


async def test_flows_are_found_by_what_was_just_written(bed: Bed) -> None:
    assert (await bed.answer("find_flows", query="Loyalty members nightly"))["flows"][0]["state"] == "enabled"
    await bed.answer("run_flow_action", flow_id=FLOW, action="disable")
    assert (await bed.answer("find_flows", query="Loyalty members nightly"))["flows"][0][
        "state"
    ] == "disabled"


class TestEarlier:
    """Before 2026-07-28 nothing is promised, so nobody waits for it."""

    @pytest.fixture
    def era(self) -> str:
        return "2025-11-25"

    async def test_no_subscriptions_are_declared(self, bed: Bed) -> None:
        resources = bed.client.server_capabilities.resources
        assert resources is not None
        assert not resources.subscribe
        assert not resources.list_changed
        await bed.answer("run_flow_action", flow_id=FLOW, action="disable")
        with pytest.raises(ListenNotSupportedError):
            async with bed.client.listen(resource_subscriptions=WATCHED):
                pass
