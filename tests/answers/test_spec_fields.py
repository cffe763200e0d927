"""JSON Schemas as rows, and names as people write them."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from aep_flow_mcp.answers.spec_fields import MAX_FIELDS, SpecField, auth_fields, fields_of
from aep_flow_mcp.gathering.names import find_by_name
from aep_flow_mcp.platform.models.specs import NamedSpec


def rows(schema: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found: list[SpecField] = fields_of(NamedSpec(spec=schema))
    return {row.name: row.model_dump(exclude_none=True) for row in found}


def test_objects_lists_choices_and_bounds() -> None:
    schema = {
        "required": ["path", "inner"],
        "properties": {
            "path": {"type": "string", "description": "where"},
            "type": {"type": "string", "enum": ["file", "folder"], "default": "file"},
            "inner": {"type": "object", "required": ["b"], "properties": {"a": {"type": "integer"}, "b": {}}},
            "columns": {"type": "array", "items": {"properties": {"name": {"type": "string"}}}},
            "interval": {"type": ["integer", "null"], "minimum": 15},
            "either": {"oneOf": [{"type": "boolean"}, {"type": "string"}]},
        },
    }
    assert rows(schema) == {
        "path": {"name": "path", "type": "string", "required": True, "about": "where"},
        "type": {"name": "type", "type": "string", "values": ["file", "folder"], "default": "file"},
        "inner": {"name": "inner", "type": "object", "required": True},
        "inner.a": {"name": "inner.a", "type": "integer"},
        "inner.b": {"name": "inner.b", "required": True},
        "columns": {"name": "columns", "type": "array"},
        "columns[].name": {"name": "columns[].name", "type": "string"},
        "interval": {"name": "interval", "type": "integer", "range": "15.."},
        "either": {"name": "either", "type": "boolean or string"},
    }


def test_alternatives_are_one_row_with_all_choices_and_not_required() -> None:
    schema = {
        "oneOf": [
            {"required": ["mode"], "properties": {"mode": {"const": "a"}, "x": {"type": "string"}}},
            {"properties": {"mode": {"const": "b"}}},
        ]
    }
    assert rows(schema) == {
        "mode": {"name": "mode", "values": ["a", "b"]},
        "x": {"name": "x", "type": "string"},
    }


def test_a_secret_never_shows_its_default() -> None:
    found = rows({"properties": {"pw": {"type": "string", "format": "password", "default": "changeme"}}})
    assert found == {"pw": {"name": "pw", "type": "string", "secret": True}}


def test_ways_to_authenticate_without_fields_are_said() -> None:
    found = auth_fields(
        [NamedSpec(name="None needed"), NamedSpec(name="Key", spec={"properties": {"k": {}}})]
    )
    assert [(row.way, row.name) for row in found] == [("None needed", "(nothing)"), ("Key", "k")]


def test_schemas_of_any_size_are_bounded() -> None:
    assert len(rows({"properties": {f"f{i}": {"type": "string"} for i in range(1_000)}})) == MAX_FIELDS
    endless: dict[str, Any] = {"type": "object"}
    endless["properties"] = {"again": endless}
    assert 1 <= len(rows(endless)) <= MAX_FIELDS


SCHEMA = st.recursive(
    st.none() | st.text(max_size=5) | st.integers(),
    lambda inner: st.dictionaries(
        st.sampled_from(["properties", "required", "oneOf", "items", "type", "enum", "a"]),
        inner | st.lists(inner, max_size=3),
        max_size=4,
    ),
    max_leaves=15,
)


@given(st.dictionaries(st.sampled_from(["properties", "oneOf", "required"]), SCHEMA, max_size=3))
def test_no_schema_is_too_odd(schema: dict[str, Any]) -> None:
    assert len(fields_of(NamedSpec(spec=schema))) <= MAX_FIELDS


NAMES = [("1", "amazon-s3"), ("2", "azure-blob"), ("3", "Salesforce"), ("4", "salesforce"), ("5", "ハブ")]


def test_exact_then_case_then_close() -> None:
    def found(wanted: str) -> list[tuple[str, str]]:
        return [(each.id, each.match) for each in find_by_name(wanted, NAMES)]

    assert found("salesforce") == [("4", "exact")]
    assert found("SALESFORCE") == [("3", "case"), ("4", "case")]
    assert found("Amazon S3") == [("1", "case")]
    assert found("2") == [("2", "exact")]
    assert found("ハブ") == [("5", "exact")]
    assert found("amzon s3")[0] == ("1", "close")
    assert found("---") == []
    assert found("") == []


@given(st.text(max_size=40))
def test_any_name_can_be_looked_for(wanted: str) -> None:
    for match in find_by_name(wanted, NAMES):
        assert (match.id, match.name) in NAMES
