"""describe_flow tells what the organisation holds, in at most three rounds of calls, and survives missing parts."""

from __future__ import annotations

from typing import Any

import anyio
import httpx
import pytest
from mcp import Client
from mcp_types import TextContent

from aep_flow_mcp.cli import emulator_settings
from aep_flow_mcp.emulator import Emulator, EmulatorOptions, FaultRule
from aep_flow_mcp.emulator.asgi import EmulatorTransport
from aep_flow_mcp.emulator.seed.scenarios import SCENARIOS
from aep_flow_mcp.gathering.flow_parts import NAMED_DATASETS
from aep_flow_mcp.server import build_server
from tools.bed import SANDBOX, Bed
from tools.conftest import NOW

FLOWS = (
    "healthy",
    "streaming_raw",
    "export_to_landing_zone_ends_soon",
    "audience_export_with_skips",
    "draft",
    "once",
)


def held(bed: Bed, kind: str, object_id: str) -> dict[str, Any]:
    found = bed.emulator.store.get(SANDBOX, kind, object_id)
    assert found is not None
    return found


@pytest.mark.parametrize("story", FLOWS)
async def test_every_part_is_what_the_organisation_holds(bed: Bed, story: str) -> None:
    flow = held(bed, "flows", SCENARIOS[story])
    answer, text = await bed.call("describe_flow", flow_id=flow["id"])
    assert (answer["id"], answer["name"], answer["state"]) == (flow["id"], flow["name"], flow["state"])
    source = held(bed, "sourceConnections", flow["sourceConnectionIds"][0])
    target = held(bed, "targetConnections", flow["targetConnectionIds"][0])
    said = str(answer)
    for end in (source, target):
        assert end["id"] in said
        base = end.get("baseConnectionId")
        if base:
            assert held(bed, "connections", base)["name"] in said
    dataset = target.get("params", {}).get("dataSetId")
    if dataset:
        assert held(bed, "dataSets", dataset)["name"] in text
    for item in source.get("params", {}).get("datasets", []):
        assert held(bed, "dataSets", item["dataSetId"])["name"] in text
    flow_spec = next(
        spec for spec in bed.emulator.store.specs("flowSpecs") if spec["id"] == flow["flowSpec"]["id"]
    )
    assert answer["flow_spec"]["name"] == flow_spec["name"]


async def test_kinds_and_schedules(bed: Bed) -> None:
    seen = {}
    for story in (
        "healthy",
        "streaming_raw",
        "export_to_s3",
        "dataset_to_profile",
        "export_silently_stopped",
    ):
        answer = await bed.answer("describe_flow", flow_id=SCENARIOS[story])
        seen[story] = (answer["kind"], answer.get("mode"))
        if story == "export_silently_stopped":
            assert "ended" in answer["schedule"]
    assert seen["healthy"] == ("source", "batch")
    assert seen["streaming_raw"] == ("source", "streaming")
    assert seen["export_to_s3"][0] == "destination"
    assert seen["dataset_to_profile"][0] == "internal"


async def test_last_runs_are_the_newest(bed: Bed) -> None:
    flow_id = SCENARIOS["failed_and_recovered"]
    runs = sorted(
        bed.emulator.store.collection(SANDBOX, "runs").where("flowId", flow_id),
        key=lambda run: -run["createdAt"],
    )
    answer = await bed.answer("describe_flow", flow_id=flow_id, runs=3)
    assert [run["id"] for run in answer["runs"]] == [run["id"] for run in runs[:3]]


async def test_audiences_of_a_destination(bed: Bed) -> None:
    flow = held(bed, "flows", SCENARIOS["audience_export_with_skips"])
    params = next(step["params"] for step in flow["transformations"] if step["name"] == "GeneralTransform")
    names = [item["value"]["name"] for item in params["segmentSelectors"]["selectors"]]
    _, text = await bed.call("describe_flow", flow_id=flow["id"])
    assert names
    assert all(name in text for name in names)


async def test_a_deleted_dataset_is_said_and_the_rest_is_told(bed: Bed) -> None:
    answer, text = await bed.call("describe_flow", flow_id=SCENARIOS["deleted_dataset"])
    assert "deleted" in text
    assert answer["runs"]


@pytest.mark.parametrize(
    ("route", "words"),
    [("connections/", "no permission"), ("mappingSets", "no permission"), ("dataSets", "no permission")],
)
async def test_a_forbidden_part_does_not_fail_the_whole(bed: Bed, route: str, words: str) -> None:
    bed.emulator.faults.add(FaultRule(rf"^GET /data/.*{route}", "status", status=403))
    answer, text = await bed.call("describe_flow", flow_id=SCENARIOS["healthy"])
    assert answer["name"] == held(bed, "flows", SCENARIOS["healthy"])["name"]
    assert words in text


@pytest.mark.parametrize("flow_id", ["no-such-flow", "a/../b", "..", " "])
async def test_an_id_that_is_none(bed: Bed, flow_id: str) -> None:
    said = await bed.refusal("describe_flow", flow_id=flow_id)
    assert "flow" in said.lower()


class RoundCounting(httpx.AsyncBaseTransport):
    """A request belongs to the round after the latest one that had been answered when it was sent."""

    def __init__(self, emulator: Emulator) -> None:
        self.inner = EmulatorTransport(emulator)
        self.answered = 0
        self.rounds = 0
        self.calls = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        mine = self.answered + 1
        self.rounds, self.calls = max(self.rounds, mine), self.calls + 1
        await anyio.sleep(0.02)
        response = await self.inner.handle_async_request(request)
        self.answered = max(self.answered, mine)
        return response


@pytest.mark.parametrize("story", FLOWS)
async def test_at_most_three_rounds(story: str) -> None:
    await _in_three_rounds(Emulator(EmulatorOptions(clock=lambda: NOW)), story)


async def test_a_schema_that_only_the_mapping_set_names_takes_no_round_more() -> None:
    emulator = Emulator(EmulatorOptions(clock=lambda: NOW))
    flow = emulator.store.get(SANDBOX, "flows", SCENARIOS["healthy"])
    assert flow is not None
    target = emulator.store.get(SANDBOX, "targetConnections", flow["targetConnectionIds"][0])
    assert target is not None
    schema = target["data"].pop("schema")
    emulator.store.put(SANDBOX, "targetConnections", target)
    told = await _in_three_rounds(emulator, "healthy")
    assert told["targets"][0]["xdm_schema"]["id"] == schema["id"]
    assert told["targets"][0]["xdm_schema"]["name"]


async def test_of_all_its_sources_only_so_many_datasets_are_looked_up(bed: Bed) -> None:
    flow = bed.emulator.store.get(SANDBOX, "flows", SCENARIOS["export_to_s3"])
    assert flow is not None
    source = bed.emulator.store.get(SANDBOX, "sourceConnections", flow["sourceConnectionIds"][0])
    assert source is not None
    ids = [f"55ea53c8-0000-4000-8000-00000000000{number}" for number in range(3)]
    for number, id in enumerate(ids):
        datasets = [{"dataSetId": f"{number}{each:023x}", "name": f"set {each}"} for each in range(8)]
        bed.emulator.store.put(
            SANDBOX, "sourceConnections", source | {"id": id, "params": {"datasets": datasets}}
        )
    bed.emulator.store.put(SANDBOX, "flows", flow | {"sourceConnectionIds": ids})
    answer = await bed.answer("describe_flow", flow=flow["id"])
    assert len(answer["sources"]) == 4, "these, and the one that its inherited attributes name"
    assert len([one for one in bed.sent() if "/dataSets/" in one.path]) == NAMED_DATASETS


async def _in_three_rounds(emulator: Emulator, story: str) -> dict[str, Any]:
    counting = RoundCounting(emulator)
    server = build_server(emulator_settings(), transport=lambda: counting, emulated=True)
    async with Client(server) as client:
        await client.call_tool("get_server_info", {})
        counting.answered = counting.rounds = counting.calls = 0
        described = await client.call_tool("describe_flow", {"flow_id": SCENARIOS[story]})
        assert not described.is_error
        assert counting.rounds <= 3
        assert counting.calls >= 6
        told: dict[str, Any] = described.structured_content or {}
        return told


async def test_specs_are_asked_for_by_id_unless_they_were_listed(bed: Bed) -> None:
    flow = SCENARIOS["healthy"]
    first = await bed.text("describe_flow", flow=flow)
    assert not bed.sent("/connectionSpecs")
    assert not bed.sent("/flowSpecs")
    assert [one for one in bed.sent() if "/connectionSpecs/" in one.path]
    bed.emulator.journal.clear()
    server = build_server(
        emulator_settings(), transport=lambda: EmulatorTransport(bed.emulator), emulated=True
    )
    async with Client(server) as client:
        for tool in ("list_connection_specs", "list_flow_specs", "describe_flow"):
            answered = await client.call_tool(tool, {"flow": flow} if tool == "describe_flow" else {})
        assert isinstance(answered.content[0], TextContent)
        assert answered.content[0].text == first
    assert not [one for one in bed.sent() if "Specs/" in one.path]
