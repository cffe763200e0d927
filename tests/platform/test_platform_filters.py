from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aep_flow_mcp.platform.errors import ErrorKind, PlatformError
from aep_flow_mcp.platform.filters import Condition, Filter, compile_filters, compile_order, parse_property
from aep_flow_mcp.platform.urls import encode_query


@pytest.mark.parametrize(
    ("condition", "text"),
    [
        (Filter("state").eq("enabled"), "state==enabled"),
        (Filter("id").in_(["a", "b", "a"]), "id==a,b"),
        (Filter("sourceConnectionIds[]").eq("x"), "sourceConnectionIds[]==x"),
        (
            Filter("metrics.durationSummary.startedAtUTC").ge(1700000000000),
            "metrics.durationSummary.startedAtUTC>=1700000000000",
        ),
        (Filter("createdAt").lt(datetime(2024, 1, 1, tzinfo=UTC)), "createdAt<1704067200000"),
        (Filter("createdAt").gt(1.5), "createdAt>1.5"),
        (Filter("createdAt").le(2.0), "createdAt<=2"),
        (
            Filter("inheritedAttributes.properties.isSourceFlow").eq(True),
            "inheritedAttributes.properties.isSourceFlow==true",
        ),
        (Filter("name").eq("Orders & returns – Zürich"), "name==Orders & returns – Zürich"),
        (Filter("name").eq("=x"), 'name=="=x"'),
        (Filter("name").eq(" x "), 'name==" x "'),
        (
            Filter("transformations[].params.segmentSelectors.selectors[].value.id").eq("s"),
            "transformations[].params.segmentSelectors.selectors[].value.id==s",
        ),
    ],
)
def test_compiled(condition: Condition, text: str) -> None:
    assert str(condition) == text
    assert parse_property(text) == condition


@pytest.mark.parametrize("value", ["a,b", 'say "x"', '"', "", "   ", "a\nb", "a\x00", "\ud800", "x" * 5000])
def test_values_that_cannot_be_expressed(value: str) -> None:
    with pytest.raises(PlatformError) as caught:
        Filter("name").eq(value)
    assert caught.value.kind is ErrorKind.INVALID


@pytest.mark.parametrize("value", ["abc", True, float("nan"), float("inf"), "1 2", "1e5"])
def test_comparisons_take_numbers(value: str | bool | float) -> None:
    with pytest.raises(PlatformError) as caught:
        Filter("createdAt").ge(value)
    assert caught.value.kind is ErrorKind.INVALID


@pytest.mark.parametrize("path", ["", ".", "a.", "a..b", "a b", "a[0]", "a==b", "[]", "1a", "a&b", "ä"])
def test_paths_that_are_none(path: str) -> None:
    with pytest.raises(PlatformError, match="not a property path"):
        Filter(path)


@pytest.mark.parametrize("values", [[], [str(number) for number in range(101)]])
def test_in_takes_some_values(values: list[str]) -> None:
    with pytest.raises(PlatformError, match="1 to 100"):
        Filter("id").in_(values)


@pytest.mark.parametrize(
    ("raw", "compiled"),
    [
        (' name=="Cloud Storage" ', "name==Cloud Storage"),
        ("id==a, b", "id==a,b"),
        ("createdAt >= 5", "createdAt>=5"),
        ("createdAt>-5", "createdAt>-5"),
        ("name==a=b", "name==a=b"),
    ],
)
def test_raw_filters(raw: str, compiled: str) -> None:
    assert compile_filters(raw) == [("property", compiled)]


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "name",
        "id,name",
        "name=x",
        "name!=x",
        "name~^x",
        "name!>3",
        "name==",
        "==x",
        "name===x",
        'name=="a,b"',
        'name=="a',
        "createdAt>=1,2",
        "createdAt>=soon",
        "a==b&limit=100" + "x" * 5000,
    ],
)
def test_raw_filters_that_are_refused(raw: str) -> None:
    with pytest.raises(PlatformError) as caught:
        parse_property(raw)
    assert caught.value.kind is ErrorKind.INVALID


def test_several_conditions_repeat_and_escape() -> None:
    params = compile_filters([Filter("state").eq("enabled"), "name==a&b=ü+", "state==enabled"])
    assert params == [("property", "state==enabled"), ("property", "name==a&b=ü+")]
    assert encode_query(params) == "property=state%3D%3Denabled&property=name%3D%3Da%26b%3D%C3%BC%2B"
    assert compile_filters(None) == []


SAYABLE = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters=',"'),
    min_size=1,
    max_size=60,
).filter(lambda text: text.strip() != "")


@given(st.lists(SAYABLE, min_size=1, max_size=5))
def test_what_compiles_parses_back(values: list[str]) -> None:
    condition = Filter("name").in_(values)
    assert parse_property(str(condition)) == condition


@given(st.text(max_size=80))
def test_any_text_parses_or_is_refused(text: str) -> None:
    outcome: Condition | ErrorKind
    try:
        outcome = parse_property(text)
    except PlatformError as error:
        outcome = error.kind
    if isinstance(outcome, Condition):
        assert parse_property(str(outcome)) == outcome
    else:
        assert outcome is ErrorKind.INVALID


@pytest.mark.parametrize(
    ("order", "compiled"),
    [
        (None, None),
        ("", None),
        ("-createdAt", "-createdAt"),
        ("+name, -updatedAt", "+name,-updatedAt"),
        (["name", "-id"], "name,-id"),
        ("metrics.durationSummary.startedAtUTC", "metrics.durationSummary.startedAtUTC"),
    ],
)
def test_order(order: str | list[str] | None, compiled: str | None) -> None:
    assert compile_order(order) == compiled


@pytest.mark.parametrize("order", ["desc:name", "--name", "name desc", ",", "name&limit=1"])
def test_order_that_is_none(order: str) -> None:
    with pytest.raises(PlatformError, match="order by"):
        compile_order(order)
