"""Which changes of a surface break somebody, and which do not."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from aep_flow_mcp.surface.arguments import FORMER_NAMES
from aep_flow_mcp.surface.snapshot import load_cards
from distribution.changes import Difference, differences

HINTS = {"readOnlyHint": True, "destructiveHint": False, "idempotentHint": True, "openWorldHint": True}
TEXT: dict[str, Any] = {"type": "string"}
NUMBER: dict[str, Any] = {"type": "integer"}


def card(**parts: Any) -> dict[str, Any]:
    known = {
        "name": "look",
        "module": "m",
        "toolset": "core",
        "writes": False,
        "title": "Look",
        "description": "Looks.",
    }
    nothing = {"type": "object", "properties": {}, "additionalProperties": False}
    return known | {"hints": HINTS, "input": nothing, "output": None} | parts


def taking(schema: dict[str, Any], *, required: bool = False) -> dict[str, Any]:
    needed = ["a"] if required else []
    return card(
        input={
            "type": "object",
            "properties": {"a": schema},
            "required": needed,
            "additionalProperties": False,
        }
    )


def answering(schema: dict[str, Any], *, required: bool = True) -> dict[str, Any]:
    return card(output={"type": "object", "properties": {"a": schema}, "required": ["a"] if required else []})


def sorted_as(old: dict[str, Any], new: dict[str, Any]) -> str:
    found = differences([old], [new])
    return "breaking" if any(item.breaking for item in found) else "compatible" if found else "none"


NARROWER = [
    pytest.param({}, TEXT, id="anything, then a type"),
    pytest.param({"type": "number"}, NUMBER, id="whole numbers only"),
    pytest.param({"type": ["string", "null"]}, TEXT, id="no null in a list of types"),
    pytest.param({"anyOf": [TEXT, {"type": "null"}]}, TEXT, id="no null among branches"),
    pytest.param(TEXT, TEXT | {"enum": ["x"]}, id="a choice"),
    pytest.param(TEXT, TEXT | {"const": "x"}, id="one value"),
    pytest.param(TEXT, TEXT | {"maxLength": 5}, id="a bound"),
    pytest.param(TEXT | {"minLength": 1}, TEXT | {"minLength": 2}, id="a higher lower bound"),
    pytest.param(NUMBER | {"maximum": 9}, NUMBER | {"maximum": 8}, id="a lower upper bound"),
    pytest.param(TEXT, TEXT | {"pattern": "^x"}, id="a pattern"),
    pytest.param(
        {"type": "array", "items": TEXT}, {"type": "array", "items": TEXT | {"maxLength": 3}}, id="items"
    ),
    pytest.param({"type": "array"}, {"type": "array", "items": TEXT}, id="typed items"),
    pytest.param({"type": "object"}, {"type": "object", "additionalProperties": False}, id="closed"),
    pytest.param({"type": "object"}, {"type": "object", "additionalProperties": TEXT}, id="typed members"),
    pytest.param(
        {"type": "object", "additionalProperties": TEXT},
        {"type": "object", "additionalProperties": False},
        id="closed after typed",
    ),
    pytest.param(
        {"anyOf": [TEXT | {"maxLength": 3}, TEXT | {"pattern": "^x"}]},
        {"anyOf": [TEXT | {"maxLength": 3}]},
        id="a form fewer",
    ),
]
"""A schema, and one that allows less."""


@pytest.mark.parametrize(("wide", "narrow"), NARROWER)
def test_what_is_taken_may_grow_and_not_shrink(wide: dict[str, Any], narrow: dict[str, Any]) -> None:
    assert sorted_as(taking(wide), taking(narrow)) == "breaking"
    assert sorted_as(taking(narrow), taking(wide)) == "compatible"


@pytest.mark.parametrize(("wide", "narrow"), NARROWER)
def test_what_is_answered_may_be_said_closer_and_not_looser(
    wide: dict[str, Any], narrow: dict[str, Any]
) -> None:
    assert sorted_as(answering(wide), answering(narrow)) == "compatible"
    assert sorted_as(answering(narrow), answering(wide)) == "breaking"


@pytest.mark.parametrize(("wide", "narrow"), NARROWER)
def test_nothing_differs_from_itself(wide: dict[str, Any], narrow: dict[str, Any]) -> None:
    for schema in (wide, narrow):
        assert sorted_as(taking(schema), taking(copy.deepcopy(schema))) == "none"
        assert sorted_as(answering(schema), answering(copy.deepcopy(schema))) == "none"


@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        pytest.param(TEXT | {"enum": ["x", "y"]}, TEXT | {"enum": ["y"]}, "breaking", id="a choice gone"),
        pytest.param(TEXT | {"enum": ["y"]}, TEXT | {"enum": ["x", "y"]}, "compatible", id="a choice more"),
        pytest.param(TEXT | {"enum": ["x", "y"]}, TEXT | {"enum": ["y", "x"]}, "none", id="another order"),
        pytest.param(NUMBER | {"default": 1}, NUMBER | {"default": 2}, "breaking", id="another default"),
        pytest.param(TEXT | {"pattern": "^x"}, TEXT | {"pattern": "^y"}, "breaking", id="another pattern"),
        pytest.param(TEXT, TEXT | {"description": "words"}, "none", id="wording"),
        pytest.param(TEXT, TEXT | {"not": {"const": "x"}}, "breaking", id="a keyword that is not read"),
    ],
)
def test_an_argument(old: dict[str, Any], new: dict[str, Any], kind: str) -> None:
    assert sorted_as(taking(old), taking(new)) == kind


@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        pytest.param(TEXT | {"enum": ["x"]}, TEXT | {"enum": ["x", "y"]}, "compatible", id="a value more"),
        pytest.param(TEXT | {"enum": ["x", "y"]}, TEXT | {"enum": ["x"]}, "compatible", id="a value fewer"),
        pytest.param(TEXT | {"default": "x"}, TEXT | {"default": "y"}, "none", id="a default"),
    ],
)
def test_an_answer(old: dict[str, Any], new: dict[str, Any], kind: str) -> None:
    assert sorted_as(answering(old), answering(new)) == kind


def test_another_type_breaks_both_ways() -> None:
    for old, new in ((TEXT, NUMBER), (NUMBER, TEXT)):
        assert sorted_as(taking(old), taking(new)) == "breaking"
        assert sorted_as(answering(old), answering(new)) == "breaking"


def test_arguments_come_and_go() -> None:
    without = card()
    assert sorted_as(without, taking(TEXT)) == "compatible"
    assert sorted_as(without, taking(TEXT, required=True)) == "breaking"
    assert sorted_as(taking(TEXT), without) == "breaking"
    assert sorted_as(taking(TEXT), taking(TEXT, required=True)) == "breaking"
    assert sorted_as(taking(TEXT, required=True), taking(TEXT)) == "compatible"


def test_fields_of_an_answer_come_and_go() -> None:
    without = card(output={"type": "object", "properties": {}})
    assert sorted_as(without, answering(TEXT)) == "compatible"
    assert sorted_as(answering(TEXT), without) == "breaking"
    assert sorted_as(answering(TEXT), answering(TEXT, required=False)) == "breaking"
    assert sorted_as(answering(TEXT, required=False), answering(TEXT)) == "compatible"
    assert sorted_as(card(), answering(TEXT)) == "compatible"
    assert sorted_as(answering(TEXT), card()) == "breaking"


def test_a_change_is_found_however_deep_and_named_by_its_place() -> None:
    def nested(leaf: dict[str, Any]) -> dict[str, Any]:
        row = {"type": "object", "properties": {"path": leaf}}
        return {"type": "array", "items": row}

    found = differences([taking(nested(TEXT))], [taking(nested(NUMBER))])
    assert {item.subject for item in found} == {"look.a[].path"}
    found = differences([answering(nested(TEXT))], [answering(nested(NUMBER))])
    assert {item.subject for item in found} == {"look -> a[].path"}


@pytest.mark.parametrize(
    ("parts", "kind"),
    [
        ({"toolset": "flows"}, "breaking"),
        ({"writes": True}, "breaking"),
        ({"hints": HINTS | {"destructiveHint": True}}, "breaking"),
        ({"hints": HINTS | {"idempotentHint": False}}, "breaking"),
        ({"hints": HINTS | {"openWorldHint": False}}, "compatible"),
        ({"title": "Another", "description": "Other words.", "module": "elsewhere"}, "none"),
    ],
)
def test_what_a_tool_is(parts: dict[str, Any], kind: str) -> None:
    assert sorted_as(card(), card(**parts)) == kind


def test_what_only_reads_now_is_no_loss() -> None:
    assert sorted_as(card(writes=True), card()) == "compatible"


def test_tools_come_and_go() -> None:
    assert differences([card()], []) == [Difference("look", "", "is gone", breaking=True)]
    assert differences([], [card()]) == [Difference("look", "", "is new", breaking=False)]


def test_a_renamed_argument_breaks_nobody_while_its_former_name_is_accepted() -> None:
    old = card(input={"type": "object", "properties": {"old": TEXT}, "required": ["old"]})
    new = card(input={"type": "object", "properties": {"new": TEXT}, "required": ["new"]})
    assert any(item.breaking for item in differences([old], [new]))
    for former in ({"old": "new"}, {"look.old": "new"}):
        found = differences([old], [new], former)
        assert [(item.part, item.breaking) for item in found] == [("old", False)]
    assert any(item.breaking for item in differences([old], [new], {"another.old": "new"}))


def test_a_renamed_argument_is_still_compared() -> None:
    old = card(input={"type": "object", "properties": {"old": TEXT}})
    new = card(input={"type": "object", "properties": {"new": NUMBER}})
    found = differences([old], [new], {"old": "new"})
    assert {item.part for item in found if item.breaking} == {"new"}


def test_a_former_name_covers_no_other_argument() -> None:
    """Both stood beside each other, so the one that went was no other name of the one that stayed."""
    old = card(input={"type": "object", "properties": {"old": TEXT, "new": TEXT}})
    new = card(input={"type": "object", "properties": {"new": TEXT}})
    assert [item.part for item in differences([old], [new], {"old": "new"}) if item.breaking] == ["old"]


def test_every_argument_and_field_of_the_real_surface_is_watched() -> None:
    """Taking any one away is breaking; without that the sort would rest on made-up schemas."""
    cards = load_cards()
    assert differences(cards, json.loads(json.dumps(cards)), FORMER_NAMES) == []
    for tool in cards:
        for name in tool["input"].get("properties", {}):
            poorer = json.loads(json.dumps(tool))
            del poorer["input"]["properties"][name]
            assert f"{tool['name']}.{name}" in {
                item.subject for item in differences([tool], [poorer]) if item.breaking
            }
        for name in (tool["output"] or {}).get("properties", {}):
            poorer = json.loads(json.dumps(tool))
            del poorer["output"]["properties"][name]
            assert f"{tool['name']} -> {name}" in {
                item.subject for item in differences([tool], [poorer]) if item.breaking
            }


OPEN = {"type": "object"}
WITH_NUMBER = {"type": "object", "properties": {"b": NUMBER}}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(TEXT, {"enum": ["x", 1]}, id="a mixed choice without a type"),
        pytest.param(TEXT, {"minLength": 3}, id="a bound without a type"),
        pytest.param(OPEN, WITH_NUMBER, id="a free member is declared"),
        pytest.param(
            OPEN | {"additionalProperties": TEXT},
            WITH_NUMBER | {"additionalProperties": TEXT},
            id="likewise, typed",
        ),
        pytest.param({"default": 1}, {"default": True}, id="one is not true"),
        pytest.param(OPEN, OPEN | {"required": ["b"]}, id="a member that nothing declares must be given"),
    ],
)
def test_what_looks_harmless_and_breaks(old: dict[str, Any], new: dict[str, Any]) -> None:
    assert sorted_as(taking(old), taking(new)) == "breaking"


def test_an_answer_that_may_be_larger_than_before_breaks() -> None:
    old, new = {"type": "number", "maximum": 10}, {"type": "integer", "maximum": 20}
    assert sorted_as(answering(old), answering(new)) == "breaking"


def test_a_default_for_what_had_to_be_given_breaks_nobody() -> None:
    assert sorted_as(taking(NUMBER, required=True), taking(NUMBER | {"default": 5})) == "compatible"
    assert sorted_as(taking(NUMBER | {"default": 4}), taking(NUMBER | {"default": 5})) == "breaking"
