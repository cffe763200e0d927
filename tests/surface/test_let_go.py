"""What an answer that could not be worked with takes in memory is given back with the sentence that says so."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from aep_flow_mcp.platform.answers import MOST_ITEMS
from field_cases.conftest import Ask
from field_cases.conftest import ask as ask
from support.overlay import Overlay, Rule
from tools.conftest import no_settings_from_outside as no_settings_from_outside


@pytest.fixture
def no_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def listing(entries: int) -> Overlay:
    items = ",".join(['{"id":"00000000"}'] * entries)
    return Overlay((Rule(r"/flows(\?|$)", text=f'{{"items":[{items}]}}'),))


async def test_a_list_of_far_more_than_was_asked_for_is_not_read(ask: Ask) -> None:
    told = await ask("list_flows", {}, listing(MOST_ITEMS + 1))
    assert told.is_error
    assert f"{MOST_ITEMS + 1:,} entries" in told.text
    assert "No items" not in told.text


async def test_a_long_list_is_read(ask: Ask) -> None:
    told = await ask("list_flows", {"limit": 5}, listing(1_000))
    assert not told.is_error, told.text


@pytest.mark.usefixtures("no_collector")
async def test_nothing_of_it_stays_until_the_collector_comes(ask: Ask) -> None:
    told = await ask("list_flows", {}, listing(MOST_ITEMS + 1))
    assert told.is_error
    # The test holds none: what is left would hang on the error.
    assert [one for one in gc.get_objects() if type(one) is list and len(one) > MOST_ITEMS] == []
