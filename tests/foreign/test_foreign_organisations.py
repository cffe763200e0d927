"""Some foreign organisations, always the same ones; `make test-foreign` asks two thousand."""

from __future__ import annotations

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from foreign.checking import check_organisation

ORGANISATIONS = 14


@settings(max_examples=ORGANISATIONS, derandomize=True, deadline=None, database=None)
@given(seed=st.integers(min_value=0, max_value=2**31))
def test_everything_true_of_an_organisation_is_found_again_in_the_answers(seed: int) -> None:
    """Show one again with: python tests/foreign/run.py --seed SEED --shrink"""
    report = asyncio.run(check_organisation(seed))
    assert report.answers > 100
    assert not report.found, f"seed {seed}: " + "\n".join(
        f"{kind}: {where[:300]}" for kind, where in report.found
    )
