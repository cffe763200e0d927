"""Every resource and template lists, reads and completes, in both eras."""

from __future__ import annotations

import pytest
from mcp.shared.exceptions import MCPError
from mcp_types import ResourceTemplateReference, TextResourceContents

from aep_flow_mcp.answers.text import TEXT_LIMIT
from aep_flow_mcp.emulator.seed.scenarios import SCENARIOS
from tools.bed import SANDBOX, Bed


async def text_of(bed: Bed, uri: str) -> str:
    (content,) = (await bed.client.read_resource(uri)).contents
    assert isinstance(content, TextResourceContents)
    return content.text


async def test_fixed_addresses(bed: Bed) -> None:
    listed = {resource.uri for resource in (await bed.client.list_resources()).resources}
    assert {str(uri) for uri in listed} == {
        "aep://connection-specs", "aep://flow-specs", "aep://flows", "aep://operations",
    }  # fmt: skip
    assert "amazon-s3" in await text_of(bed, "aep://connection-specs")
    assert "CloudStorageToAEP" in await text_of(bed, "aep://flow-specs")
    assert "Loyalty members nightly" in await text_of(bed, "aep://flows")
    assert "`list_flows`" in await text_of(bed, "aep://operations")


async def test_templates(bed: Bed) -> None:
    templates = {
        item.uri_template for item in (await bed.client.list_resource_templates()).resource_templates
    }
    assert templates == {
        "aep://connection-specs/{id}", "aep://flow-specs/{id}", "aep://flows/{id}", "aep://flows/{id}/runs",
        "aep://runs/{id}",
    }  # fmt: skip
    flow = bed.emulator.store.get(SANDBOX, "flows", SCENARIOS["healthy"])
    assert flow is not None
    assert flow["name"] in await text_of(bed, f"aep://flows/{flow['id']}")
    run = flow["lastRunDetails"]["id"]
    assert run in await text_of(bed, f"aep://flows/{flow['id']}/runs")
    assert run in await text_of(bed, f"aep://runs/{run}")
    assert "CloudStorageToAEP" in await text_of(bed, f"aep://flow-specs/{flow['flowSpec']['id']}")


async def test_every_connector_is_readable_and_bounded(bed: Bed) -> None:
    for spec in bed.emulator.store.specs("connectionSpecs"):
        text = await text_of(bed, f"aep://connection-specs/{spec['id']}")
        assert len(text) <= TEXT_LIMIT
        assert spec["name"] in text.split("JSON Schemas")[0]
        if spec.get("authSpec"):
            assert '"properties"' in text.split("JSON Schemas")[1]


@pytest.mark.parametrize("uri", ["aep://flows/no-such-flow", "aep://nonsense", "aep://flows/a%2F..%2Fb"])
async def test_what_is_not_there(bed: Bed, uri: str) -> None:
    with pytest.raises(MCPError):
        await text_of(bed, uri)


async def test_ids_complete_by_name_and_by_id(bed: Bed) -> None:
    reference = ResourceTemplateReference(uri="aep://flows/{id}")
    flow_id = SCENARIOS["healthy"]
    by_name = await bed.client.complete(reference, {"name": "id", "value": "members nightly"})
    assert by_name.completion.values == [flow_id]
    by_id = await bed.client.complete(reference, {"name": "id", "value": flow_id[:8]})
    assert by_id.completion.values == [flow_id]
