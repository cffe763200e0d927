"""Whatever is cut says how many there are and how to go on, and going on gives every row once."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from mcp import Client

from aep_flow_mcp.app import platform_config
from aep_flow_mcp.cli import emulator_settings
from aep_flow_mcp.emulator import EmulatorOptions
from aep_flow_mcp.emulator.asgi import EmulatorTransport
from aep_flow_mcp.emulator.seed.scenarios import SCENARIOS
from aep_flow_mcp.platform.transport import PlatformClient
from aep_flow_mcp.server import build_server
from aep_flow_mcp.surface.snapshot import load_cards
from support.organisation import emulator_on_shared_seed
from tools import many
from tools.bed import NOW, Bed, in_its_own_task

pytestmark = pytest.mark.asyncio(loop_scope="module")
CARDS = {card["name"]: card for card in load_cards()}
READING = {name for name, card in CARDS.items() if not card["writes"]}
BUSY = SCENARIOS["failed_and_recovered"]
CUT: dict[str, list[dict[str, Any]]] = {
    "compare_flows": [
        {"flow": "Copy 001", "other": SCENARIOS["audience_export_with_skips"]},
        {"other_sandbox": many.OTHER},
    ],
    "compare_sandboxes": [{"other_sandbox": many.OTHER}],
    "describe_flow": [{"flow": SCENARIOS["audience_export_with_skips"]}],
    "diagnose_flow": [{"flow": "Copy 001"}],
    "explore_connection": [{"account": SCENARIOS["shared_account"], "limit": 1}],
    "find_connector": [{"query": "made-up", "limit": 10}],
    "find_flows": [{"query": "copy", "limit": 7}, {"limit": 50}],
    "get_connection_spec": [{"connector": many.FULL_CONNECTOR}],
    "get_connection_spec_configs": [{"connector": "23598e46-f560-407b-88d5-ea6207e49db0", "limit": 3}],
    "get_flow_spec": [{"flow_spec_id": many.FULL_FLOW_SPEC}],
    "get_mapping_set": [{"mapping_set_id": many.FULL_MAPPING}],
    "get_run": [{"run_id": many.FULL_RUN}],
    "list_audit_events": [{"limit": 20}, {"limit": 100, "detail": "full"}],
    "list_connection_specs": [{}],
    "list_connections": [{}, {"limit": 100, "detail": "full"}, {"unused": True, "limit": 30}],
    "list_exportable_datasets": [{"limit": 3}],
    "list_flow_specs": [{}],
    "list_flows": [{}, {"limit": 100, "detail": "full"}, {"kind": "internal", "limit": 1}],
    "list_identity_flow_runs": [{"dataset": "Loyalty Members", "limit": 50}],
    "list_identity_flows": [],
    "list_landing_zone_exportable_datasets": [{"limit": 3}],
    "list_mapping_sets": [{}],
    "list_profile_flow_runs": [{"dataset": "Loyalty Members", "limit": 50}],
    "list_profile_flows": [{"limit": 1}],
    "list_runs": [
        {"flow": BUSY, "limit": 100, "since": "2026-02-20T00:00:00Z"},
        {"flow": BUSY, "limit": 100, "detail": "full", "since": "2026-02-28T00:00:00Z"},
        {"flow": SCENARIOS["partial_ingestion"], "status": "partial", "limit": 5},
    ],
    "list_source_connections": [{}, {"limit": 100, "detail": "full"}],
    "list_target_connections": [{}, {"limit": 100, "detail": "full"}],
    "map_connection_specs": [{}],
    "pipeline_health": [
        {"window": many.WINDOW},
        {"window": many.WINDOW, "group_by": "flow", "limit": 50},
        {"window": "2026-02-20/2026-03-02", "group_by": "day"},
        {"window": many.WINDOW, "dataset": "Marketplace Orders", "limit": 50},
    ],
    "search_connections": [{"query": "state==enabled"}],
    "search_flow_specs": [],
    "search_flows": [{"query": "state==enabled"}],
    "trace_lineage": [{"object": SCENARIOS["expired_account"]}],
    "explore_connection_spec": [],
    "explore_landing_zone": [{"limit": 1}],
    "get_batch_errors": [],
    "preview_landing_zone_file": [],
}
"""Questions whose answers are cut; [] where the organisation has not enough: what they share is cut in the others."""
WHOLE = {
    "find_connection_spec": "the best matches of a name, and list_connection_specs for all",
    "find_flow_spec": "likewise",
    "get_connection": "one object; parts that do not fit are told with get_resource",
    "get_connection_configs": "likewise",
    "get_flow": "likewise",
    "get_identity_flow": "likewise",
    "get_ingestion_metrics": "a window, told for what is earlier",
    "get_landing_zone_container": "one object",
    "get_landing_zone_credential": "one object",
    "get_landing_zone_namespace": "one object",
    "get_landing_zone_sas_token": "one object",
    "get_landing_zone_sas_uri": "one object",
    "get_landing_zone_storage_name": "one object",
    "get_landing_zone_storage_ttl": "one object",
    "get_profile_flow": "one object",
    "get_resource": "goes on with select, as it tells",
    "get_server_info": "one object",
    "get_source_connection": "one object",
    "get_target_connection": "one object",
    "export_pipelines": "names what had no room, to be asked for by name",
    "plan_changes": "what documents change, which are sent whole",
    "plan_pipeline": "choices, of which a person says one",
    "test_connection": "one answer an account",
}
QUESTIONS = [
    pytest.param(tool, arguments, id=f"{tool}-{number}")
    for tool, asked in CUT.items()
    for number, arguments in enumerate(asked)
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def organisation() -> AsyncIterator[Bed]:
    """A server on an organisation with many of everything, made once."""
    emulator = emulator_on_shared_seed(EmulatorOptions(clock=lambda: NOW))
    many.make_many(emulator)
    settings = emulator_settings().model_copy(update={"sandboxes": (many.SANDBOX, many.OTHER)})
    platform = PlatformClient(platform_config(settings), transport=EmulatorTransport(emulator))
    server = build_server(settings, client=platform, emulated=True)
    async with in_its_own_task(Client(server)) as client:
        yield Bed(client, emulator)


def test_every_reading_tool_is_asked_or_has_nothing_to_cut() -> None:
    assert CUT.keys() | WHOLE.keys() == READING
    assert not CUT.keys() & WHOLE.keys()


@pytest.mark.parametrize(("tool", "arguments"), QUESTIONS)
async def test_going_on_gives_every_row_once(organisation: Bed, tool: str, arguments: dict[str, Any]) -> None:
    answer, text = await organisation.call(tool, **arguments)
    assert "(cut here" not in text
    if "items" in answer or ("total" in answer and "next_cursor" in answer):
        rows = await _pages(organisation, tool, arguments, answer, text)
        assert not [row for row, times in Counter(rows).items() if times > 1]
        return
    told = answer.get("by_name") or answer
    assert told.get("cursors"), text
    for name, cursor in told["cursors"].items():
        assert f" of {told['more'][name]}, more: cursor={cursor}" in text, name
        rows = await _pieces(organisation, tool, arguments, name, answer)
        assert len(rows) == told["more"][name], name
        assert not [row for row, times in Counter(rows).items() if times > 1], name


async def _pages(
    bed: Bed, tool: str, arguments: dict[str, Any], answer: dict[str, Any], text: str
) -> list[str]:
    """The rows of every page of a list."""
    assert answer.get("next_cursor"), text
    assert f"cursor={answer['next_cursor']}" in text
    rows = _shown(answer)
    total = answer.get("total")
    if total is not None:
        assert f"{len(rows)} of {total}" in text
    while cursor := answer.get("next_cursor"):
        answer, text = await bed.call(tool, **arguments, cursor=cursor)
        assert "(cut here" not in text
        rows += _shown(answer)
    assert total is None or total == len(rows)
    return rows


def _shown(answer: dict[str, Any]) -> list[str]:
    rows = answer.get("items") or answer.get("entries") or answer.get("columns") or []
    return [json.dumps(row, sort_keys=True) for row in rows]


async def _pieces(
    bed: Bed, tool: str, arguments: dict[str, Any], name: str, answer: dict[str, Any]
) -> list[str]:
    """The rows of all pieces of one list of an answer."""
    rows = _of(answer, name)
    cursor = (answer.get("by_name") or answer)["cursors"][name]
    while cursor is not None:
        answer, text = await bed.call(tool, **arguments, cursor=cursor)
        assert "(cut here" not in text
        piece = _of(answer, name)
        assert piece, text
        rows += piece
        cursor = (answer.get("by_name") or answer).get("cursors", {}).get(name)
    return rows


def _of(answer: dict[str, Any], name: str) -> list[str]:
    if name == "names":
        return [*answer.get("ids", {}), *answer.get("shared", {})]
    if name in ("writers", "readers") and "dataset" in answer:
        return list(answer["dataset"][name])
    return [json.dumps(row, sort_keys=True) for row in (answer.get("by_name") or answer).get(name, [])]


async def test_a_smaller_limit_on_the_way_loses_nothing(organisation: Bed) -> None:
    answer = await organisation.answer("list_flows", limit=100, detail="full")
    seen = [item["id"] for item in answer["items"]]
    while cursor := answer.get("next_cursor"):
        answer = await organisation.answer("list_flows", limit=10, detail="full", cursor=cursor)
        seen += [item["id"] for item in answer["items"]]
    assert sorted(seen) == sorted(flow["id"] for flow in organisation.stored("flows"))


async def test_earlier_times_are_asked_for_by_window(organisation: Bed) -> None:
    asked = {"datasets": ["Web Orders"], "window": "2026-02-24/2026-03-02", "granularity": "hour"}
    answer, text = await organisation.call("get_ingestion_metrics", **asked)
    cut = next(one for one in answer["series"] if one.get("left_out"))
    many_times = len(cut["points"]) + cut["left_out"]
    seen = list(cut["points"])
    while "call again with granularity=hour, window=" in text:
        window = text.split(", window=")[1].split(".\n")[0].removesuffix(".")
        answer, text = await organisation.call("get_ingestion_metrics", **{**asked, "window": window})
        seen += next(one for one in answer["series"] if one["metric"] == cut["metric"])["points"]
    assert len(seen) == len(set(seen)) == many_times


@pytest.mark.parametrize("cursor", ["flows:9000", "rows:1", "flows:1@99999999999999", "x", "1/1/1/x"])
async def test_a_cursor_of_another_list_is_refused(organisation: Bed, cursor: str) -> None:
    assert "cursor" in await organisation.refusal("find_flows", cursor=cursor)
