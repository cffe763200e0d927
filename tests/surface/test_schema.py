"""Schemas are tidied without changing what they take."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import BaseModel, Field

from aep_flow_mcp.surface.schema import tidy, tidy_output, written_out


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


class Answered(BaseModel):
    inner: Inner
    again: list[Inner] = Field(default_factory=list)
    lone: Colour | None = None


class AnsweredSeveral(Answered):
    further: list[Answered] = Field(default_factory=list)


def test_an_output_says_once_what_it_says_several_times() -> None:
    tidied = tidy_output(AnsweredSeveral.model_json_schema())
    assert tidied["properties"]["further"]["items"] == {"$ref": "#"}
    assert (
        tidied["properties"]["inner"] == {"$ref": "#/$defs/Inner"} == tidied["properties"]["again"]["items"]
    )
    assert list(tidied["$defs"]) == ["Inner"]
    assert tidied["properties"]["lone"] == {"type": "string", "enum": ["red", "blue"]}
    whole = written_out(tidied)
    assert "$defs" not in whole
    assert whole["properties"]["inner"] == tidied["$defs"]["Inner"]
    assert whole["properties"]["further"]["items"] == {"$ref": "#"}


INNER = st.fixed_dictionaries(
    {"name": st.text(max_size=3)}, optional={"colour": st.sampled_from(["red", "green"])}
)
ANSWER = st.fixed_dictionaries({}, optional={"inner": INNER, "again": st.lists(INNER, max_size=2)})


@given(ANSWER, st.lists(ANSWER, max_size=2))
def test_an_output_promises_what_the_original_does(answer: dict[str, Any], further: list[Any]) -> None:
    schema = AnsweredSeveral.model_json_schema()
    whole = {**answer, "further": further}
    tidied = tidy_output(schema)
    assert Draft202012Validator(tidied).is_valid(whole) == Draft202012Validator(schema).is_valid(whole)


def test_what_differs_from_the_answer_is_not_taken_for_it() -> None:
    class Other(Answered):
        inner: str  # type: ignore[assignment]

    class Root(Answered):
        further: list[Other]

    items = tidy_output(Root.model_json_schema())["properties"]["further"]["items"]
    assert items["properties"]["inner"] == {"type": "string"}


class Ref(BaseModel):
    id: str
    name: str | None = None


class Spec(Ref):
    sources: list[Ref]
    targets: list[Ref]


class Node(BaseModel):
    kids: list[Node] = Field(default_factory=list)


class Tree(BaseModel):
    root: Node
    other: Node


def test_a_part_that_has_some_members_of_the_answer_is_not_the_answer() -> None:
    tidied = tidy_output(Spec.model_json_schema())
    assert tidied["properties"]["sources"]["items"] == {"$ref": "#/$defs/Ref"}
    assert set(tidied["$defs"]["Ref"]["properties"]) == {"id", "name"}


def test_what_holds_itself_is_written_out_once() -> None:
    whole = written_out(tidy_output(Tree.model_json_schema()))
    assert whole["properties"]["root"]["properties"]["kids"]["items"] == {"$ref": "#/$defs/Node"}
