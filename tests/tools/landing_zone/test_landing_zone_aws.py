"""The same landing zone tools where Adobe keeps the organisation on AWS."""

from __future__ import annotations

import json

import pytest

from aep_flow_mcp.emulator import EmulatorOptions, Variants
from tools.bed import Bed
from tools.conftest import NOW


@pytest.fixture
def emulator_options() -> EmulatorOptions:
    return EmulatorOptions(clock=lambda: NOW, variants=Variants(dlz_provider="aws"))


async def test_bucket_and_folder(bed: Bed) -> None:
    item = (await bed.answer("get_landing_zone_container"))["item"]
    path = item["dlzPath"]
    assert await bed.answer("get_landing_zone_storage_name") == {"provider": "aws", "name": path["dlzFolder"]}
    assert await bed.answer("get_landing_zone_storage_ttl") == {"ttl_days": item["dataTTL"]["timeQuantity"]}
    namespace = await bed.answer("get_landing_zone_namespace")
    assert namespace == {"provider": "aws", "namespace": path["bucketName"]}
    raw = await bed.answer(
        "get_resource", path="/data/foundation/connectors/landingzone/credentials?type=user_drop_zone"
    )
    keys = bed.sent("/landingzone/credentials")[-1].response["credentials"]
    assert set(raw["item"]["credentials"].values()) == {"***"}
    assert not any(value in json.dumps(raw) for value in keys.values())
