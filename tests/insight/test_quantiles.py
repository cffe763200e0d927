"""Percentiles in bounded memory."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from aep_flow_mcp.insight.health.quantiles import Quantiles

VALUES = st.lists(st.floats(0, 1e6), min_size=1, max_size=200)
PERCENT = st.sampled_from([1, 50, 90, 95, 99, 100])


def nearest_rank(values: list[float], percent: float) -> float:
    return sorted(values)[max(1, math.ceil(percent / 100 * len(values))) - 1]


def filled(values: list[float], limit: int) -> Quantiles:
    made = Quantiles(limit)
    for value in values:
        made.add(value)
    return made


@given(VALUES, PERCENT)
def test_exact_while_small(values: list[float], percent: float) -> None:
    made = filled(values, 1000)
    assert made.exact
    assert made.at(percent) == nearest_rank(values, percent)
    assert made.largest == max(values)


@given(VALUES, PERCENT)
def test_within_one_percent_when_not(values: list[float], percent: float) -> None:
    made = filled(values, 3)
    assert made.exact == (len(values) <= 3)
    found, true = made.at(percent), nearest_rank(values, percent)
    assert found is not None
    assert abs(found - true) <= 0.0101 * true + 0.001
    assert made.count == len(values)
    assert math.isclose(made.total, sum(values))


@given(VALUES, VALUES, st.integers(1, 50), st.integers(1, 50), PERCENT)
def test_merging_is_adding(
    one: list[float], two: list[float], limit: int, other: int, percent: float
) -> None:
    merged = filled(one, limit)
    merged.merge(filled(two, other))
    assert merged.count == len(one) + len(two)
    found, true = merged.at(percent), nearest_rank([*one, *two], percent)
    assert found is not None
    assert abs(found - true) <= 0.0101 * true + 0.001
    assert merged.largest == max(*one, *two)


def test_nothing_has_no_percentile() -> None:
    assert Quantiles().at(50) is None
    assert Quantiles().mean is None
