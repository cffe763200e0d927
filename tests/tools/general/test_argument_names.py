"""One thing has one name in all tools, and the names that it had before are taken as well."""

from __future__ import annotations

from typing import Any

import pytest

from aep_flow_mcp.emulator.seed.scenarios import SCENARIOS
from aep_flow_mcp.surface.arguments import FORMER_NAMES, renamed
from aep_flow_mcp.surface.snapshot import load_cards
from tools.bed import Bed

CARDS = {card["name"]: card["input"] for card in load_cards()}
SEARCHES = ("find_flows", "search_flows", "search_connections", "search_flow_specs", "find_connector")
FLOW = SCENARIOS["healthy"]
ACCOUNT = SCENARIOS["shared_account"]
WRITING: dict[str, dict[str, Any]] = {
    "delete_flow": {},
    "run_flow_action": {"action": "disable"},
    "update_flow": {"operations": [{"op": "replace", "path": "/name", "value": "other"}]},
    "update_flow_policies": {"policies": ["/dulepolicy/marketingActions/x"]},
}


@pytest.mark.parametrize("tool", CARDS)
def test_no_tool_declares_a_former_name(tool: str) -> None:
    former = {old for old in FORMER_NAMES if "." not in old}
    former |= {old.partition(".")[2] for old in FORMER_NAMES if old.startswith(f"{tool}.")}
    assert not former & set(CARDS[tool]["properties"])


def test_every_former_name_leads_to_an_argument_of_some_tool() -> None:
    for old, now in FORMER_NAMES.items():
        tool, dot, _ = old.rpartition(".")
        assert any(now in CARDS[name]["properties"] for name in ([tool] if dot else CARDS)), old


def test_a_flow_and_an_account_are_taken_by_id_or_name_everywhere() -> None:
    for name in ("flow", "connection"):
        taken = {tool: card["properties"][name] for tool, card in CARDS.items() if name in card["properties"]}
        assert len(taken) > 5
        assert all("id or name" in schema["description"] for schema in taken.values())


def test_every_search_takes_a_query() -> None:
    assert all("query" in CARDS[tool]["properties"] for tool in (*SEARCHES, "find_connection_spec"))


def test_two_names_of_one_thing_are_left_for_the_refusal() -> None:
    both = {"flow": "a", "flow_id": "b"}
    assert renamed("get_flow", both, CARDS["get_flow"]) == both
    assert renamed("get_flow", {"flow_id": "b"}, CARDS["get_flow"]) == {"flow": "b"}
    assert renamed("search_flows", {"name": "b"}, CARDS["search_flows"]) == {"name": "b"}


@pytest.mark.parametrize(
    ("tool", "name", "id"),
    [
        ("get_flow", "flow", FLOW),
        ("describe_flow", "flow", FLOW),
        ("list_runs", "flow", FLOW),
        ("get_connection", "connection", ACCOUNT),
        ("test_connection", "connection", ACCOUNT),
        ("explore_connection", "connection", ACCOUNT),
        ("get_connection_configs", "connection", ACCOUNT),
    ],
)
async def test_an_id_a_name_and_the_former_argument_mean_the_same(
    bed: Bed, tool: str, name: str, id: str
) -> None:
    kind = "flows" if name == "flow" else "connections"
    called = next(item["name"] for item in bed.stored(kind) if item["id"] == id)
    answers: list[dict[str, Any]] = [
        await bed.answer(tool, **{name: id}),
        await bed.answer(tool, **{name: called}),
        await bed.answer(tool, **{f"{name}_id": id}),
    ]
    assert answers[0] == answers[1] == answers[2]


@pytest.mark.parametrize("tool", WRITING)
async def test_a_change_takes_a_whole_name_and_no_part_of_one(bed: Bed, tool: str) -> None:
    name = next(flow["name"] for flow in bed.stored("flows") if flow["id"] == FLOW)
    refusal = await bed.refusal(tool, flow=f"{name} no", **WRITING[tool])
    assert f"No flow is called '{name} no', and it is not an id" in refusal
    assert not [sent for sent in bed.sent() if sent.method != "GET" and "flowservice" in sent.path]
    preview, _ = await bed.call(tool, flow=name, **WRITING[tool])
    assert FLOW in str(preview)
