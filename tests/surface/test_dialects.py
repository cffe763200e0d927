"""Input schemas in the subsets that OpenAI's strict mode and Gemini take, by each one's published rules."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from aep_flow_mcp.settings import Dialect
from aep_flow_mcp.surface.arguments import fitted
from aep_flow_mcp.surface.dialects import spoken, understood
from aep_flow_mcp.surface.discovery import call_tool, find_tool
from aep_flow_mcp.surface.snapshot import load_cards

CARDS = load_cards()
SCHEMAS = {
    **{card["name"]: card["input"] for card in CARDS},
    **{tool.name: tool.parameters for tool in (find_tool(), call_tool(reads=False))},
}
STRICT, GEMINI = Dialect.OPENAI_STRICT, Dialect.GEMINI

# What each API documents. OpenAI, "Structured outputs", supported schemas: all members required, no others, at most ten
# levels, no default, and of the restrictions on values only these.
OPENAI = frozenset(
    re.findall(
        r"\w+",
        "type properties required additionalProperties items enum const anyOf description pattern format minimum "
        "maximum exclusiveMinimum exclusiveMaximum multipleOf minItems maxItems",
    )
)
# Gemini API, "Schema": one type, no type arrays, items for arrays, members for objects, enum for text alone.
GEMINI_FIELDS = frozenset(
    re.findall(
        r"\w+",
        "type format title description nullable enum maxItems minItems properties required minProperties "
        "maxProperties minLength maxLength pattern example anyOf propertyOrdering items minimum maximum",
    )
)
TYPES = {"string", "integer", "number", "boolean", "object", "array"}


def nodes(schema: dict[str, Any], depth: int = 1) -> Iterator[tuple[dict[str, Any], int]]:
    yield schema, depth
    for child in schema.get("properties", {}).values():
        yield from nodes(child, depth + 1)
    for child in schema.get("anyOf", []):
        yield from nodes(child, depth)
    if "items" in schema:
        yield from nodes(schema["items"], depth + 1)


@pytest.mark.parametrize("name", SCHEMAS)
def test_openai_takes_it_strictly(name: str) -> None:
    schema = spoken(SCHEMAS[name], STRICT)
    Draft202012Validator.check_schema(schema)
    for node, depth in nodes(schema):
        assert node.keys() <= OPENAI
        assert "type" in node or "anyOf" in node
        assert depth <= 10
        kinds = node.get("type")
        if kinds == "object" or (isinstance(kinds, list) and "object" in kinds):
            assert node["additionalProperties"] is False
            assert sorted(node["required"]) == sorted(node["properties"])
        if kinds == "array" or (isinstance(kinds, list) and "array" in kinds):
            assert node["items"]


@pytest.mark.parametrize("name", SCHEMAS)
def test_gemini_takes_it(name: str) -> None:
    schema = spoken(SCHEMAS[name], GEMINI)
    for node, depth in nodes(schema):
        assert node.keys() <= GEMINI_FIELDS
        assert node.get("type") in TYPES or (node.keys() <= {"anyOf", "description"} and node["anyOf"])
        if node.get("type") == "object" and depth > 1:
            assert node["properties"]
        if node.get("type") == "object":
            assert set(node.get("required", [])) <= node["properties"].keys()
        if node.get("type") == "array":
            assert node["items"]
        if "enum" in node:
            assert node["type"] == "string"
            assert all(isinstance(choice, str) for choice in node["enum"])


@pytest.mark.parametrize("dialect", [STRICT, GEMINI])
@pytest.mark.parametrize("name", SCHEMAS)
def test_no_argument_is_lost(name: str, dialect: Dialect) -> None:
    def members(schema: dict[str, Any]) -> set[str]:
        return {member for node, _ in nodes(schema) for member in node.get("properties", {})}

    assert set(spoken(SCHEMAS[name], dialect)["properties"]) == set(SCHEMAS[name].get("properties", {}))
    assert members(spoken(SCHEMAS[name], dialect)) <= members(SCHEMAS[name])


OPERATIONS = {
    "flow": "f",
    "operations": [{"op": "replace", "path": "/scheduleParams", "value": {"interval": 3}}],
}


@pytest.mark.parametrize("value", [{"interval": 3}, [1, 2], "20", 20, True, None, "plain", "ü", '{"a": 1}'])
def test_a_value_of_any_type_comes_back_from_json(value: Any) -> None:
    sent = {"flow": "f", "operations": [{"op": "replace", "path": "/x", "value": json.dumps(value)}]}
    meant = understood(sent, SCHEMAS["update_flow"], STRICT)
    assert meant["operations"][0]["value"] == value
    assert type(meant["operations"][0]["value"]) is type(value)


def test_a_text_that_is_no_json_stays_a_text() -> None:
    sent = {"operations": [{"op": "replace", "path": "/name", "value": "Loyalty daily"}]}
    assert understood(sent, SCHEMAS["update_flow"], GEMINI) == sent


def test_what_the_standard_says_is_understood_as_it_is() -> None:
    for dialect in (STRICT, GEMINI):
        assert understood(OPERATIONS, SCHEMAS["update_flow"], dialect) == OPERATIONS


def test_objects_of_any_members_come_back_from_json() -> None:
    schema = SCHEMAS["create_connection"]
    free = next(name for name, child in schema["properties"].items() if child.get("type") == "object")
    assert spoken(schema, STRICT)["properties"][free]["type"] in ("string", ["string", "null"])
    sent = understood({free: '{"accessKey": "${AEP_SECRET_A}"}'}, schema, STRICT)
    assert fitted(sent, schema)[free] == {"accessKey": "${AEP_SECRET_A}"}


def test_left_out_as_null_is_left_out() -> None:
    """In strict mode every member is sent; null stands for what is not given."""
    for name, schema in SCHEMAS.items():
        required = schema.get("required", [])
        nulls = {member: None for member in schema.get("properties", {}) if member not in required}
        assert fitted(understood(nulls, schema, STRICT), schema) == {}, name


@pytest.mark.parametrize("depth", [101, 400, 900, 100_000])
@pytest.mark.parametrize("brackets", ["[]", "{}"])
def test_a_text_that_is_nested_without_end_stays_a_text(depth: int, brackets: str) -> None:
    begin = '{"a":' if brackets == "{}" else "["
    text = begin * (depth - 1) + brackets + brackets[1] * (depth - 1)
    sent = {"operations": [{"op": "replace", "path": "/x", "value": text}]}
    assert understood(sent, SCHEMAS["update_flow"], GEMINI) == sent


def test_what_is_nested_a_hundred_times_is_read() -> None:
    sent = {"operations": [{"op": "replace", "path": "/x", "value": "[" * 100 + "]" * 100}]}
    assert understood(sent, SCHEMAS["update_flow"], GEMINI) != sent
