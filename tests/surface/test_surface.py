"""What `tools/list` says: equal to the code, within budget, with every hint."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from aep_flow_mcp.server import instructions
from aep_flow_mcp.settings import Settings
from aep_flow_mcp.surface.offer import Offer
from aep_flow_mcp.surface.selection import refusals
from aep_flow_mcp.surface.snapshot import collect, describe, load_cards
from aep_flow_mcp.surface.tables import load_operations, operations_page, readme_with_table
from benchmarks.tokens import measure, tokens

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def cards() -> list[dict[str, Any]]:
    return load_cards()


def test_the_snapshot_is_what_the_code_says(cards: list[dict[str, Any]]) -> None:
    fresh = {definition.name: describe(definition) for definition in collect()}
    kept = {card["name"]: card for card in cards}
    assert sorted(kept) == sorted(fresh), "run `make surface`"
    for name, card in fresh.items():
        assert json.loads(json.dumps(card)) == kept[name], f"{name} changed: run `make surface`"


def test_budgets(cards: list[dict[str, Any]]) -> None:
    measured = measure(cards)
    reading = sum(
        tokens(card) for card in cards if not card["writes"] and card["toolset"] not in ("pipelines", "code")
    )
    assert reading <= 7_000
    assert measured["core"] <= 2_500
    assert measured["all"] <= 15_000


def test_every_tool_has_its_four_hints_and_says_enough(cards: list[dict[str, Any]]) -> None:
    for card in cards:
        hints = card["hints"]
        assert set(hints) == {"readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint"}, card[
            "name"
        ]
        assert hints["readOnlyHint"] is not card["writes"]
        assert len(card["description"]) >= 15
        assert card["input"]["type"] == "object"
        assert not _titles(card["input"]), card["name"]


def test_whatever_replaces_or_stops_something_says_so(cards: list[dict[str, Any]]) -> None:
    """What only adds is named; a new tool that writes is destructive until it is added here."""
    adds = ("create_", "publish_", "export_", "retry_run", "copy_flow")
    for card in cards:
        wanted = card["writes"] and not card["name"].startswith(adds)
        assert card["hints"]["destructiveHint"] is wanted, card["name"]


def _titles(node: Any) -> bool:
    """Whether any schema in here has a title; a property may be called title."""
    if isinstance(node, list):
        return any(map(_titles, node))
    if not isinstance(node, dict):
        return False
    inner = {**node, **node.get("properties", {})} if isinstance(node.get("properties"), dict) else node
    return isinstance(node.get("title"), str) or any(
        _titles(value) for key, value in inner.items() if key not in ("properties", "enum", "default")
    )


def test_every_writing_tool_says_that_it_asks(cards: list[dict[str, Any]]) -> None:
    for card in cards:
        asks = card["writes"] and card["name"] != "confirm_change"
        assert card["description"].endswith("Asks first.") is asks, card["name"]


def test_tables_are_fresh(cards: list[dict[str, Any]]) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert readme_with_table(readme, cards) == readme, "run `make surface`"
    assert (ROOT / "docs" / "operations.md").read_text(encoding="utf-8") == operations_page(cards), (
        "run `make surface`"
    )


def test_every_documented_operation_is_a_tool(cards: list[dict[str, Any]]) -> None:
    missing = set(load_operations()) - {card["name"] for card in cards}
    assert not missing


def test_what_can_be_cut_can_go_on(cards: list[dict[str, Any]]) -> None:
    """An answer that gives a cursor is of a tool that takes one, but for short lists that end by themselves."""
    whole = {"find_connection_spec", "find_flow_spec", "get_connection_configs", "test_connection"}
    for card in cards:
        answer = ((card["output"] or {}).get("properties") or {}).keys()
        gives = bool(answer & {"cursors", "next_cursor"})
        takes = "cursor" in card["input"]["properties"]
        assert gives is (takes or card["name"] in whole), card["name"]


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"mcp_toolsets": ("core",)},
        {"mcp_toolsets": ("essential",)},
        {"mcp_toolsets": ("runs",)},
        {"mcp_read_only": True},
        {"mcp_exclude_tools": ("describe_flow", "create_pipeline")},
    ],
)
def test_the_instructions_name_only_tools_that_can_be_called(settings: dict[str, Any]) -> None:
    cards = load_cards()
    chosen = Settings.model_construct(**{**dict(Settings.model_construct()), **settings})
    refused = refusals(cards, chosen)
    offer = Offer(cards, chosen, refused=refused, schemas={})
    told = instructions(offer)
    named = {card["name"] for card in cards if card["name"] in told}
    assert named.isdisjoint(refused)
    assert ("Tools that write" in told) is offer.writes
    if not settings:
        assert named == {"describe_flow", "find_connector", "plan_pipeline", "create_pipeline"}
