"""Which datasets can be exported."""

from __future__ import annotations

import pytest

from tools.bed import SANDBOX, Bed

LAKE = "23598e46-f560-407b-88d5-ea6207e49db0"


@pytest.mark.parametrize("tool", ["list_exportable_datasets", "list_landing_zone_exportable_datasets"])
@pytest.mark.parametrize("detail", ["summary", "full"])
async def test_every_dataset_is_on_exactly_one_page(bed: Bed, tool: str, detail: str) -> None:
    stored = dict(bed.emulator.store.snapshot(SANDBOX)["dataSets"])
    pages = await bed.pages(tool, limit=6, detail=detail)
    assert len(pages) == -(-len(stored) // 6) > 2
    items = [item for page in pages for item in page]
    assert sorted(item["id"] for item in items) == sorted(stored)
    assert all(item["name"] == stored[item["id"]]["name"] for item in items)


async def test_a_connector_that_exports_nothing(bed: Bed) -> None:
    refusal = await bed.refusal(
        "list_exportable_datasets", connection_spec_id="ecadc60c-7455-4d87-84dc-2a0e293d997b"
    )
    assert "1305" in refusal


async def test_configs_of_a_connector(bed: Bed) -> None:
    pages = await bed.pages("get_connection_spec_configs", connection_spec_id=LAKE, limit=9)
    stored = dict(bed.emulator.store.snapshot(SANDBOX)["dataSets"])
    assert sorted(item["id"] for page in pages for item in page) == sorted(stored)
    few = await bed.answer(
        "get_connection_spec_configs", connection_spec_id=LAKE, properties=["name"], limit=3
    )
    assert [set(item) for item in few["items"]] == [{"id", "name"}] * 3
    assert "1452" in await bed.refusal(
        "get_connection_spec_configs", connection_spec_id=LAKE, output_type="other"
    )
