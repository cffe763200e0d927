"""Schemas are tidied without changing what they take."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import BaseModel, Field

from aep_flow_mcp.surface.schema import tidy


class Colour(StrEnum):
    """Long explanation for engineers."""

    RED = "red"
    BLUE = "blue"


class Inner(BaseModel):
    name: str
    colour: Colour = Colour.RED


class Arguments(BaseModel):
    title: str
    inner: Inner
    colour: Colour | None = None
    many: list[Inner] | None = None
    limit: Annotated[int, Field(ge=1, le=100, description="how many")] = 20


def test_titles_nulls_and_references_go_and_a_property_called_title_stays() -> None:
    tidied = tidy(Arguments.model_json_schema())
    assert set(tidied["properties"]) == {"title", "inner", "colour", "many", "limit"}
    assert tidied["properties"]["title"] == {"type": "string"}
    assert tidied["properties"]["colour"] == {"type": "string", "enum": ["red", "blue"]}
    assert tidied["properties"]["limit"] == {
        "type": "integer", "minimum": 1, "maximum": 100, "default": 20, "description": "how many",
    }  # fmt: skip
    assert tidied["required"] == ["title", "inner"]
    assert "$ref" not in str(tidied)
    assert "$defs" not in tidied


@given(
    st.fixed_dictionaries(
        {"title": st.text(), "inner": st.fixed_dictionaries({"name": st.text()})},
        optional={"colour": st.sampled_from(["red", "green"]), "limit": st.integers(-5, 200)},
    )
)
def test_takes_what_the_original_takes(arguments: dict[str, Any]) -> None:
    schema = Arguments.model_json_schema()
    assert Draft202012Validator(tidy(schema)).is_valid(arguments) == Draft202012Validator(schema).is_valid(
        arguments
    )
