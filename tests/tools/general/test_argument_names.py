"""One thing has one name in all tools, and the names that it had before are taken as well."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import Any

import pytest

from aep_flow_mcp.emulator.seed.scenarios import SCENARIOS
from aep_flow_mcp.surface.arguments import FORMER_CHOICES, FORMER_NAMES, renamed
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


SAME_THING: dict[str, set[str]] = {
    "a dataflow": {"flow"},
    "an account (base connection)": {"account"},
    "a connector (connection spec)": {"connector"},
    "the connectors at the two ends": {"source_connector", "target_connector"},
    "a dataset": {"dataset", "datasets"},
    "a mapping set": {"mapping_set", "mapping_set_id"},
    "what a search looks for": {"query"},
    "how much of a list": {"limit"},
    "where a list goes on": {"cursor"},
    "a time that runs are of": {"window"},
    "how a run stands": {"status", "last_status"},
    "a place in a file system": {"path", "file_type"},
    "a run": {"run_id", "runs"},
}
"""What a person has one word for, and its names: `..._id` where a tool takes the id alone."""
ASKS_FOR = {
    "a dataflow": r"flow(s|_ids?|_names?)?|dataflows?",
    "an account (base connection)": r"accounts?(_ids?|_names?)?|(base_)?connection(s|_ids?|_names?)?",
    "a connector (connection spec)": r"connectors?(_ids?|_names?)?|connection_spec(s|_ids?|_names?)?",
    "the connectors at the two ends": r"(source|target)_(connection_)?(spec|connector)(s|_ids?|_names?)?",
    "a dataset": r"data_?sets?(_ids?|_names?)?",
    "a mapping set": r"mapping(_set)?s?(_ids?|_names?)?",
    "what a search looks for": r"query|words|search|text|q|terms?",
    "how much of a list": r"limit|top|max(_\w+)?|page_size|count|first|most",
    "where a list goes on": r"cursor|start|offset|page(_token)?|continuation\w*|next\w*",
    "a time that runs are of": r"window|period|time_?range|timeframe",
    "how a run stands": r"(last_)?(run_)?status(es)?|run_state|outcome",
    "a place in a file system": r"path|file(_\w+)?|folder|directory",
    "a run": r"runs?(_ids?)?",
}
"""The names that somebody could give to it."""


@pytest.mark.parametrize("thing", SAME_THING)
def test_one_thing_has_one_name(thing: str) -> None:
    taken = {name for card in CARDS.values() for name in card["properties"]}
    used = {name for name in taken if re.fullmatch(ASKS_FOR[thing], name)}
    assert used == SAME_THING[thing]


def test_equal_names_have_equal_choices() -> None:
    """Or the part of them that a tool can do: a landing zone has no tables, only accounts are being initialized."""
    choices: dict[str, list[set[str]]] = defaultdict(list)
    for card in CARDS.values():
        for name, schema in card["properties"].items():
            if "enum" in schema:
                choices[name].append(set(schema["enum"]))
    assert len(choices) > 15
    fewer = {name for name, lists in choices.items() if any(each != max(lists, key=len) for each in lists)}
    assert fewer == {"object_type", "state"}
    assert all(each <= max(choices[name], key=len) for name in fewer for each in choices[name])
    assert choices["last_status"][0] - {"never"} == choices["status"][0]


def test_former_choices_are_taken_too() -> None:
    asked = {"last_status": "running"}
    assert renamed("find_flows", asked, CARDS["find_flows"]) == {"last_status": "in_progress"}
    for name, former in FORMER_CHOICES.items():
        for schema in (card["properties"][name] for card in CARDS.values() if name in card["properties"]):
            assert set(former.values()) <= set(schema["enum"])
            assert not set(former) & set(schema["enum"])


@pytest.mark.parametrize("tool", CARDS)
def test_no_tool_declares_a_former_name(tool: str) -> None:
    former = {old for old in FORMER_NAMES if "." not in old}
    former |= {old.partition(".")[2] for old in FORMER_NAMES if old.startswith(f"{tool}.")}
    assert not former & set(CARDS[tool]["properties"])


def test_every_former_name_leads_to_an_argument_of_some_tool() -> None:
    for old, now in FORMER_NAMES.items():
        tool, dot, _ = old.rpartition(".")
        assert any(now in CARDS[name]["properties"] for name in ([tool] if dot else CARDS)), old


def test_whatever_a_person_has_a_name_for_is_taken_by_id_or_name_everywhere() -> None:
    for name in ("flow", "account", "connector", "dataset"):
        taken = {tool: card["properties"][name] for tool, card in CARDS.items() if name in card["properties"]}
        assert len(taken) > 5
        said = {tool: schema["description"] for tool, schema in taken.items()}
        assert all(
            re.search(r"\bid\b.*\b(name|words)|(name|words)\b.*\bid\b", text) for text in said.values()
        ), said


def test_every_search_takes_a_query() -> None:
    assert all("query" in CARDS[tool]["properties"] for tool in (*SEARCHES, "find_connection_spec"))


def test_two_names_of_one_thing_are_left_for_the_refusal() -> None:
    both = {"flow": "a", "flow_id": "b"}
    assert renamed("get_flow", both, CARDS["get_flow"]) == both
    assert renamed("get_flow", {"flow_id": "b"}, CARDS["get_flow"]) == {"flow": "b"}
    assert renamed("search_flows", {"name": "b"}, CARDS["search_flows"]) == {"name": "b"}
    former = {"dataset_id": "a", "dataset_name": "b"}
    assert renamed("get_profile_flow", former, CARDS["get_profile_flow"]) == former


@pytest.mark.parametrize(
    ("tool", "name", "id"),
    [
        ("get_flow", "flow", FLOW),
        ("describe_flow", "flow", FLOW),
        ("list_runs", "flow", FLOW),
        ("get_connection", "account", ACCOUNT),
        ("test_connection", "account", ACCOUNT),
        ("explore_connection", "account", ACCOUNT),
        ("get_connection_configs", "account", ACCOUNT),
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
        await bed.answer(tool, **{"flow_id" if name == "flow" else "connection_id": id}),
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
