"""The sort against validation itself: what is not called breaking leaves every value valid that was valid."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from distribution.changes import differences
from packages.test_changes import answering, taking

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 6) | st.sampled_from([1.5, "", "x", "xy", "long text"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("pqr"), inner, max_size=3),
    max_leaves=6,
)
_BOUNDS = st.one_of(st.none(), st.integers(0, 4))


def _with(base: dict[str, Any], **keywords: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """A schema with those of the keywords that are drawn as something else than None."""
    return st.fixed_dictionaries(keywords).map(
        lambda drawn: base | {key: value for key, value in drawn.items() if value is not None}
    )


_TEXTS = _with(
    {"type": "string"},
    minLength=_BOUNDS,
    maxLength=_BOUNDS,
    pattern=st.sampled_from([None, "^x", "^l"]),
    enum=st.sampled_from([None, ["x"], ["x", "xy"], ["xy", "long text"]]),
)
_NUMBERS = st.sampled_from(["integer", "number"]).flatmap(
    lambda kind: _with({"type": kind}, minimum=_BOUNDS, maximum=_BOUNDS, exclusiveMinimum=_BOUNDS)
)
_PLAIN: list[dict[str, Any]] = [{"type": "boolean"}, {"type": "null"}, {"type": ["string", "null"]}, {}]
_LEAVES: st.SearchStrategy[dict[str, Any]] = st.one_of(_TEXTS, _NUMBERS, st.sampled_from(_PLAIN))


def _larger(inner: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    # Closed: that a new optional member of an open object was free before is no break, but invalidates values.
    members = st.dictionaries(st.sampled_from("pq"), inner, max_size=2)
    objects = members.flatmap(
        lambda known: st.fixed_dictionaries(
            {
                "type": st.just("object"),
                "properties": st.just(known),
                "required": st.lists(
                    st.sampled_from(sorted(known) or ["p"]), unique=True, max_size=len(known)
                ),
                "additionalProperties": st.just(False),
            }
        )
    )
    maps = _with({"type": "object"}, additionalProperties=inner | st.sampled_from([None, True, False]))
    lists = _with({"type": "array"}, items=st.none() | inner, minItems=_BOUNDS, maxItems=_BOUNDS)
    branches = st.lists(inner, min_size=1, max_size=2).map(lambda schemas: {"anyOf": schemas})
    return objects | maps | lists | branches


SCHEMAS: st.SearchStrategy[dict[str, Any]] = st.recursive(_LEAVES, _larger, max_leaves=4)
_KEYWORDS: dict[str, st.SearchStrategy[Any]] = {
    "type": st.sampled_from(
        ["string", "integer", "number", "null", "array", "object", ["string", "null"], ["integer", "string"]]
    ),
    "enum": st.sampled_from([["x"], ["x", "xy"], ["xy"], [1, "x"]]),
    "pattern": st.sampled_from(["^x", "^l"]),
    "additionalProperties": st.booleans() | _LEAVES,
    "items": _LEAVES,
    **dict.fromkeys(
        ("minimum", "maximum", "exclusiveMinimum", "minLength", "maxLength", "minItems", "maxItems"),
        st.integers(0, 4),
    ),
}


@st.composite
def _changed(draw: st.DrawFn, schema: dict[str, Any]) -> dict[str, Any]:
    """The schema with one keyword, of it or of one inside it, taken away or given."""
    inner = [key for key in ("items", "additionalProperties") if isinstance(schema.get(key), dict)]
    places = [*inner, *schema.get("properties", {}), *range(len(schema.get("anyOf", [])))]
    place = draw(st.sampled_from([None, *places]))
    if isinstance(place, str) and place in inner:
        return schema | {place: draw(_changed(schema[place]))}
    if isinstance(place, int):
        branches = [draw(_changed(one)) if at == place else one for at, one in enumerate(schema["anyOf"])]
        return schema | {
            "anyOf": draw(st.sampled_from([branches, schema["anyOf"][place:], [*branches, {"type": "null"}]]))
        }
    if place is not None:
        return schema | {
            "properties": schema["properties"] | {place: draw(_changed(schema["properties"][place]))}
        }
    taken = draw(
        st.sampled_from([None, *(key for key in schema if key not in ("properties", "anyOf", "type"))])
    )
    if taken is not None and not (taken == "additionalProperties" and "properties" in schema):
        return {key: value for key, value in schema.items() if key != taken}
    known = [key for key in _KEYWORDS if key != "additionalProperties" or "properties" not in schema]
    given_key = draw(st.sampled_from(known))
    return schema | {given_key: draw(_KEYWORDS[given_key])}


PAIRS = st.tuples(SCHEMAS, SCHEMAS) | SCHEMAS.flatmap(lambda one: st.tuples(st.just(one), _changed(one)))


def fits(schema: dict[str, Any], value: Any) -> bool:
    return Draft202012Validator(schema).is_valid(value)


@settings(max_examples=300, deadline=None)
@given(PAIRS, st.lists(VALUES, min_size=5, max_size=20))
def test_what_fitted_an_argument_still_fits(
    pair: tuple[dict[str, Any], dict[str, Any]], values: list[Any]
) -> None:
    old, new = pair
    if not any(item.breaking for item in differences([taking(old)], [taking(new)])):
        assert [value for value in values if fits(old, value) and not fits(new, value)] == []


@settings(max_examples=300, deadline=None)
@given(PAIRS, st.lists(VALUES, min_size=5, max_size=20))
def test_what_is_answered_now_was_promised(
    pair: tuple[dict[str, Any], dict[str, Any]], values: list[Any]
) -> None:
    """But for members and choices that are new, which readers have to expect."""
    old, new = pair
    found = differences([answering(old)], [answering(new)])
    if not any(item.breaking or item.what.startswith(("is new", "may be ")) for item in found):
        assert [value for value in values if fits(new, value) and not fits(old, value)] == []


@settings(max_examples=100, deadline=None)
@given(SCHEMAS)
def test_nothing_differs_from_itself(schema: dict[str, Any]) -> None:
    assert differences([taking(schema)], [taking(schema)]) == []
    assert differences([answering(schema)], [answering(schema)]) == []
