"""How large an answer is, is counted by its parts, and is what the whole would be."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from aep_flow_mcp.answers.whole import size_of

SCALARS = st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.text(max_size=8)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=30,
)


@given(VALUES)
def test_the_size_is_that_of_compact_json(value: Any) -> None:
    assert size_of(value) == len(json.dumps(value, ensure_ascii=False, separators=(",", ":")))


def test_half_characters_count() -> None:
    assert size_of(["\ud83d", {"a": "\ud83d\ude00"}]) == len('["x",{"a":"xx"}]')
