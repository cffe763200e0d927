"""Tools found by words: every tool is reached, what a person asks finds its tool; `call_tool` is an envelope."""

from __future__ import annotations

import json
from typing import Any

import pytest
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import CallToolResult, TextContent

from aep_flow_mcp.surface.discovery import find, opened, ranked
from aep_flow_mcp.surface.snapshot import load_cards

CARDS = load_cards()
NAMES = [card["name"] for card in CARDS]

ASKED = {
    "which flows write into the Loyalty dataset": "find_flows",
    "why did the import fail": "diagnose_flow",
    "what breaks if I remove this account": "trace_lineage",
    "delete a flow": "delete_flow",
    "remove an account that nobody uses": "delete_connection",
    "run a flow now": "create_run",
    "retry a failed run": "retry_run",
    "disable a flow": "run_flow_action",
    "switch a flow off": "run_flow_action",
    "change the schedule of a flow": "update_flow",
    "list the files in a folder of the bucket": "explore_connection",
    "preview a file": "explore_connection",
    "test credentials of an account": "test_connection",
    "which rows failed in the batch": "get_batch_errors",
    "who changed the flow": "list_audit_events",
    "create an S3 account": "create_base_connection_s3",
    "compare two flows": "compare_flows",
    "mapping of a flow": "get_mapping_set",
    "export a dataset to the landing zone": "export_dataset_to_landing_zone",
    "landing zone credentials": "get_landing_zone_credential",
    "set up a new pipeline": "create_pipeline",
    "which connectors are there for Snowflake": "find_connector",
    "rotate credentials": "update_connection",
    "renew credentials": "update_connection",
    "publish a draft": "publish_connection",
    "read any other resource of the platform": "get_resource",
}


def _text(result: CallToolResult) -> str:
    assert isinstance(result.content[0], TextContent)
    return result.content[0].text


def _found(query: str, **more: Any) -> list[str]:
    answer = find({"query": query, **more}, CARDS).structured_content
    assert answer is not None
    return [tool["name"] for tool in answer["tools"]]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_finds_its_tool_first_with_its_schema(name: str) -> None:
    answer = find({"query": name}, CARDS).structured_content
    assert answer is not None
    assert answer["tools"][0]["name"] == name
    assert answer["tools"][0]["input_schema"] == next(card["input"] for card in CARDS if card["name"] == name)


@pytest.mark.parametrize("name", NAMES)
def test_the_first_words_of_a_description_find_their_tool(name: str) -> None:
    card = next(card for card in CARDS if card["name"] == name)
    words = " ".join(card["description"].split()[:12])
    assert name in [found["name"] for found in ranked(words, CARDS)[:10]]


@pytest.mark.parametrize("query", ASKED)
def test_what_a_person_asks_is_among_the_first_five(query: str) -> None:
    assert ASKED[query] in _found(query)


def test_without_a_query_all_names_are_told() -> None:
    result = find({}, CARDS)
    assert set(_text(result).splitlines()[:-1]) == {
        f"{card['name']}{' (writes)' if card['writes'] else ''}" for card in CARDS
    }
    assert _text(result).endswith(f"{len(CARDS)} tools. Ask with a query for what one takes.")


def test_what_is_not_shown_is_named() -> None:
    result = find({"query": "connection", "limit": 2}, CARDS)
    assert result.structured_content is not None
    total = result.structured_content["total"]
    assert total > 20
    assert _text(result).splitlines()[-1].startswith(f"2 of {total}; less close: ")


def test_nothing_that_fits_says_so() -> None:
    result = find({"query": "xylophone"}, CARDS)
    assert result.structured_content == {"tools": [], "total": 0}
    assert "No tool fits 'xylophone'" in _text(result)


@pytest.mark.parametrize(
    "arguments",
    [{"query": 3.5, "limit": 0}, {"limit": 21}, {"limit": True}, {"words": "x"}, {"query": "x" * 1_001}],
)
def test_a_wrong_argument_of_the_search_is_named(arguments: dict[str, Any]) -> None:
    with pytest.raises(ToolError, match=r"^find_tools (takes|does not take)"):
        find(arguments, CARDS)


def test_the_envelope_is_opened() -> None:
    assert opened({"name": " get_flow ", "arguments": {"flow": "x"}}, NAMES) == ("get_flow", {"flow": "x"})
    assert opened({"name": "get_flow"}, NAMES) == ("get_flow", {})
    assert opened({"name": "get_flow", "arguments": None}, NAMES) == ("get_flow", {})
    assert opened({"name": "get_flow", "arguments": '{"flow": "x"}'}, NAMES) == ("get_flow", {"flow": "x"})


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({}, "takes the tool's name"),
        ({"name": ["get_flow"]}, "takes the tool's name"),
        ({"name": "get_flwo"}, "Close: get_flow"),
        ({"name": "call_tool"}, "is called itself"),
        ({"name": "find_tools"}, "is called itself"),
        ({"name": "get_flow", "arguments": [1]}, "as an object"),
        ({"name": "get_flow", "flow": "x"}, "does not take 'flow'"),
        ({"name": "\ud800"}, "There is no tool"),
    ],
)
def test_an_envelope_that_is_wrong_says_how_it_is_made(arguments: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ToolError, match=sentence) as refused:
        opened(arguments, NAMES)
    str(refused.value).encode("utf-8")


def test_names_without_end_are_looked_for_and_told_in_part() -> None:
    looked: list[int] = []

    def close(name: str, *_: Any, **__: Any) -> list[Any]:
        looked.append(len(name))
        return []

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("rapidfuzz.process.extract", close)
        with pytest.raises(ToolError):
            opened({"name": "ab_c" * 100_000}, NAMES)
    assert looked == [100]
    many = {str(number): 1 for number in range(250_000)}
    for call in (lambda: opened({"name": "get_flow", **many}, NAMES), lambda: find(many, CARDS)):
        with pytest.raises(ToolError, match="249,995 more") as refused:
            call()
        assert len(str(refused.value)) < 400


def test_only_so_many_words_of_a_question_are_looked_for() -> None:
    first = " ".join(f"zz{number}" for number in range(40))
    assert ranked(f"{first} delete_flow", CARDS) == []
    assert ranked("zz " * 300 + "delete flow", CARDS)[0]["name"] == "delete_flow"


def test_the_name_of_a_tool_goes_into_name() -> None:
    with pytest.raises(ToolError, match=r"does not take 'tool': the tool's name goes into `name`"):
        opened({"tool": "get_flow", "arguments": {}}, NAMES)


@pytest.mark.parametrize("query", ["import from s3", "import a csv from s3 every day"])
def test_a_pipeline_comes_before_an_account_for_exporting(query: str) -> None:
    found = _found(query)
    assert set(found[:2]) == {"plan_pipeline", "create_pipeline"}


def test_what_two_tools_take_alike_is_written_out_once() -> None:
    result = find({"query": "plan or create a pipeline", "limit": 2}, CARDS)
    assert result.structured_content is not None
    tools = result.structured_content["tools"]
    assert {tool["name"] for tool in tools} == {"plan_pipeline", "create_pipeline"}
    assert tools[0]["input_schema"] == tools[1]["input_schema"]
    schema = json.dumps(tools[0]["input_schema"], ensure_ascii=False, separators=(",", ":"))
    assert _text(result).count(schema) == 1
    assert f"arguments: the same as of {tools[0]['name']}" in _text(result)
