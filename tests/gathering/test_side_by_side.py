"""Several things in one call: each is answered, and one that is not found does not lose the others."""

from __future__ import annotations

import pytest

from aep_flow_mcp.gathering.asked import AskedError
from aep_flow_mcp.gathering.side_by_side import MOST, asked_for, side_by_side


async def _known(text: str) -> str:
    if text.startswith("no"):
        raise AskedError(f"nothing is called {text}")
    return text.upper()


async def test_each_is_answered_in_its_order() -> None:
    answered = await side_by_side(["b", "no", "a"], _known)
    assert answered.found == ["B", "A"]
    assert answered.unanswered == {"no": "nothing is called no"}


async def test_where_none_is_found_all_reasons_are_told() -> None:
    with pytest.raises(AskedError, match=r"no1.*no2"):
        await side_by_side(["no1", "no2"], _known)
    with pytest.raises(AskedError, match=r"^nothing is called no$"):
        await side_by_side(["no"], _known)


def test_one_text_several_and_several_in_a_text() -> None:
    assert asked_for("Orders, daily") == ["Orders, daily"]
    assert asked_for(["a", "b", "a", " "]) == ["a", "b"]
    assert asked_for('["a", "b"]') == ["a", "b"]
    assert asked_for("[draft] Orders") == ["[draft] Orders"]
    assert asked_for(None) == []
    with pytest.raises(AskedError, match="empty"):
        asked_for(" ")
    with pytest.raises(AskedError, match="At most"):
        asked_for([str(number) for number in range(MOST + 1)])
