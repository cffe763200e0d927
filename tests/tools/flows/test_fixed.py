"""What the service will not change of a started flow is told before anything is sent; times are taken as shown."""

from __future__ import annotations

from typing import Any

import pytest

from aep_flow_mcp.emulator.seed.scenarios import SCENARIOS
from aep_flow_mcp.pipelines.fixed import FIXED_ONCE_STARTED, SOURCE, fixed_words
from aep_flow_mcp.platform.models.error_codes import explain
from tools.bed import Bed
from tools.writing import CLOUD_STORAGE

FLOW = SCENARIOS["healthy"]


@pytest.mark.parametrize("fixed", FIXED_ONCE_STARTED)
def test_each_fact_stands_in_the_catalogue_with_its_source(fixed: Any) -> None:
    known = explain(fixed.code, "sources")
    assert known is not None
    assert "start time has passed" in known.meaning
    assert known.source == SOURCE


async def test_the_spec_and_the_flow_tell_it(bed: Bed) -> None:
    assert fixed_words() in await bed.text("get_flow_spec", flow_spec_id=CLOUD_STORAGE)
    assert (await bed.answer("describe_flow", flow=FLOW))["fixed"] == fixed_words()
    export = next(flow for flow in bed.stored("flows") if not flow.get("scheduleParams"))
    assert "fixed" not in await bed.answer("describe_flow", flow=export["id"])


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("/scheduleParams/startTime", "2030-06-01T00:00:00Z", "the start time"),
        ("/scheduleParams/backfill", False, "backfill"),
        ("/name", "Renamed", None),
    ],
)
async def test_the_preview_of_a_change_tells_it(bed: Bed, path: str, value: Any, words: str | None) -> None:
    operations = [{"op": "replace", "path": path, "value": value}]
    text = await bed.text("update_flow", flow=FLOW, operations=operations)
    assert ("The start time has passed" in text) == (words is not None)
    if words:
        assert f"refuses to change {words} (" in text
        assert SOURCE in text


async def test_a_time_of_a_schedule_is_taken_as_it_is_shown(bed: Bed) -> None:
    operations = [{"op": "replace", "path": "/scheduleParams/startTime", "value": "2030-06-01T00:00:00Z"}]
    iso, _ = await bed.call("update_flow", flow=FLOW, operations=operations)
    operations[0]["value"] = 1906502400  # type: ignore[assignment]
    epoch, _ = await bed.call("update_flow", flow=FLOW, operations=operations)
    drop = ("confirmation_id", "id", "expires_at")
    assert "1906502400" in str(iso)
    assert {name for name in iso if iso[name] != epoch[name]} <= set(drop)


async def test_a_filter_takes_a_time_as_it_is_shown(bed: Bed) -> None:
    created = sorted(flow["createdAt"] for flow in bed.stored("flows"))
    rows = [
        row for page in await bed.pages("list_flows", detail="full", order_by="createdAt") for row in page
    ]
    row = rows[10]
    found = await bed.answer("list_flows", filters=[f"createdAt>{row['createdAt']}"], count_only=True)
    assert 0 < found["count"] == sum(each > created[10] // 1000 * 1000 for each in created)
