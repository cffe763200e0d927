"""Each part of describe_flow: told when it is there, named with its problem when it is not, in three rounds."""

from __future__ import annotations

import asyncio
from typing import Any

import anyio
import httpx
import pytest
from mcp import Client

from aep_flow_mcp.cli import emulator_settings
from aep_flow_mcp.emulator import Emulator, EmulatorOptions, FaultRule, Variants
from aep_flow_mcp.emulator.asgi import EmulatorTransport
from aep_flow_mcp.emulator.seed.scenarios import SCENARIOS
from aep_flow_mcp.server import build_server
from tools.bed import SANDBOX, Bed
from tools.conftest import NOW

NOT_FOUND = "not found: deleted, or hidden by an access label"
FLOW = SCENARIOS["healthy"]
AUDIENCES = SCENARIOS["audience_export_with_skips"]
EXPORT = SCENARIOS["export_to_landing_zone_ends_soon"]

# What is taken away: (kind of object in the emulator, where its id is, where the answer tells of it)
PARTS: dict[str, tuple[str, str, str]] = {
    "source": ("sourceConnections", "sources.0.id", "sources.0"),
    "target": ("targetConnections", "targets.0.id", "targets.0"),
    "account": ("connections", "sources.0.account.id", "sources.0.account"),
    "dataset": ("dataSets", "targets.0.dataset.id", "targets.0.dataset"),
    "schema": ("schemas", "targets.0.xdm_schema.id", "targets.0.xdm_schema"),
    "mapping": ("mappingSets", "mapping.id", "mapping"),
    "flow spec": ("flowSpecs", "flow_spec.id", "flow_spec"),
}
ROUTES = {
    "source": "/sourceConnections/",
    "target": "/targetConnections/",
    "account": "/connections/",
    "dataset": "/dataSets/",
    "schema": "/schemas/",
    "mapping": "/mappingSets/",
}


def at(answer: Any, path: str) -> Any:
    for step in path.split("."):
        answer = answer[int(step)] if step.isdecimal() else answer[step]
    return answer


def held(bed: Bed, kind: str, id: str) -> dict[str, Any]:
    found = bed.emulator.store.get(SANDBOX, kind, id)
    assert found is not None
    return found


def spec_name(bed: Bed, kind: str, id: str) -> str:
    name: str = held(bed, kind, id)["name"]
    return name


async def test_each_end_has_its_own_connector_and_account(bed: Bed) -> None:
    for story in ("healthy", "export_to_s3", "audience_export_with_skips", "streaming_raw"):
        flow = held(bed, "flows", SCENARIOS[story])
        answer = await bed.answer("describe_flow", flow_id=flow["id"])
        for kind, ids, told in (
            ("sourceConnections", "sourceConnectionIds", "sources"),
            ("targetConnections", "targetConnectionIds", "targets"),
        ):
            end, part = held(bed, kind, flow[ids][0]), answer[told][0]
            assert part["connector"] == spec_name(bed, "connectionSpecs", end["connectionSpec"]["id"])
            base = end.get("baseConnectionId")
            assert ("account" in part) == (base is not None)
            if base:
                account = held(bed, "connections", base)
                assert part["account"]["name"] == account["name"]
                assert part["account"]["state"] == account["state"]
        sides = {answer["sources"][0]["connector"], answer["targets"][0]["connector"]}
        assert len(sides) == 2


async def test_mapping_schema_and_dataset(bed: Bed) -> None:
    flow = held(bed, "flows", FLOW)
    answer = await bed.answer("describe_flow", flow_id=FLOW)
    params = next(step["params"] for step in flow["transformations"] if step["name"] == "Mapping")
    mapping = held(bed, "mappingSets", params["mappingId"])
    assert answer["mapping"]["id"] == mapping["id"]
    assert answer["mapping"]["version"] == params["mappingVersion"]
    assert answer["mapping"]["fields"] == len(mapping["mappings"])
    first = mapping["mappings"][0]
    assert answer["mapping"]["first"][0] == f"{first['source']} -> {first['destination']}"
    target = held(bed, "targetConnections", flow["targetConnectionIds"][0])
    assert answer["targets"][0]["dataset"] == {
        "id": target["params"]["dataSetId"],
        "name": held(bed, "dataSets", target["params"]["dataSetId"])["name"],
    }
    schema = held(bed, "schemas", target["data"]["schema"]["id"])
    assert answer["targets"][0]["xdm_schema"] == {"id": schema["$id"], "name": schema["title"]}
    assert "problems" not in answer or answer["problems"] == []


async def test_audiences_and_fields_of_a_destination(bed: Bed) -> None:
    flow = held(bed, "flows", AUDIENCES)
    params = flow["transformations"][0]["params"]
    params["profileSelectors"] = {
        "selectors": [
            {
                "type": "JSON_PATH",
                "value": {"path": f"field{index}", "mapping": {"destination": f"to{index}"}},
            }
            for index in range(30)
        ]
    }
    params["primaryFields"].append({"fieldType": "IDENTITY", "identityNamespace": "Email"})
    bed.emulator.store.put(SANDBOX, "flows", flow)
    answer = await bed.answer("describe_flow", flow_id=AUDIENCES)
    selected = [item["value"] for item in params["segmentSelectors"]["selectors"]]
    assert [(row["id"], row["name"]) for row in answer["audiences"]] == [
        (value["id"], value["name"]) for value in selected
    ]
    assert answer["audiences"][0]["schedule"] == "daily at 04:00 UTC, from 2025-05-12"
    assert answer["attribute_count"] == 30
    assert answer["attributes"][0] == "field0 -> to0"
    assert answer["mandatory_fields"] == params["mandatoryFields"]
    assert answer["primary_fields"] == ["attribute personalEmail.address", "identity Email"]
    assert answer["schedule"] == "per audience"


async def test_schedule_options_and_the_last_change(bed: Bed) -> None:
    flow = held(bed, "flows", SCENARIOS["failed_update"])
    flow["options"] = {"errorDiagnosticsEnabled": True, "partialIngestionPercent": 5}
    flow["createdClient"] = "exc_app"
    flow["scheduleParams"] = {
        "startTime": "1767225600",
        "frequency": "minute",
        "interval": "15",
        "backfill": "true",
    }
    bed.emulator.store.put(SANDBOX, "flows", flow)
    answer = await bed.answer("describe_flow", flow_id=flow["id"])
    assert answer["schedule"] == "every 15 minutes, since 2026-01-01T00:00:00Z, with backfill"
    assert answer["schedule_fields"] == {
        "frequency": "minute",
        "interval": 15,
        "start": "2026-01-01T00:00:00Z",
        "backfill": True,
    }
    assert (answer["error_diagnostics"], answer["partial_ingestion_percent"]) == (True, 5)
    assert answer["created_client"] == "user interface (exc_app)"
    operation = flow["lastOperation"]
    assert answer["last_operation"]["status"] == operation["status"]["value"]
    [error] = operation["status"]["errors"]
    assert error["message"] in answer["last_operation"]["errors"][0]


async def test_runs_tell_what_they_moved_and_why_they_failed(bed: Bed) -> None:
    answer = await bed.answer("describe_flow", flow_id=SCENARIOS["expired_credentials"], runs=4)
    assert len(answer["runs"]) == 4
    runs = {run["id"]: run for run in bed.runs_of(answer["id"])}
    for row in answer["runs"]:
        run = runs[row["id"]]
        assert row["status"] == run["metrics"]["statusSummary"]["status"]
        if row["status"] == "failed":
            activity = run["activities"][0]["statusSummary"]["errors"][0]
            assert row["first_error"].startswith(f"{activity['code']}: {activity['message'][:60]}")
    streaming = await bed.answer("describe_flow", flow_id=SCENARIOS["streaming_raw"])
    assert "no runs" in streaming["runs_note"]
    never = await bed.answer("describe_flow", flow_id=SCENARIOS["never_run"])
    assert "not run yet" in never["runs_note"]


async def test_a_big_export_names_the_first_datasets_and_lists_all(bed: Bed) -> None:
    flow = held(bed, "flows", EXPORT)
    source = held(bed, "sourceConnections", flow["sourceConnectionIds"][0])
    listed = source["params"]["datasets"]
    source["params"]["datasets"] = [
        *listed,
        *({"dataSetId": f"{index:024x}", "name": f"given {index}"} for index in range(40)),
    ]
    bed.emulator.store.put(SANDBOX, "sourceConnections", source)
    answer = await bed.answer("describe_flow", flow_id=EXPORT)
    datasets = answer["sources"][0]["datasets"]
    assert [dataset["id"] for dataset in datasets] == [
        item["dataSetId"] for item in source["params"]["datasets"]
    ]
    assert datasets[0]["name"] == held(bed, "dataSets", listed[0]["dataSetId"])["name"]
    assert datasets[2] == {"id": f"{0:024x}", "problem": NOT_FOUND}
    assert datasets[-1] == {"id": f"{39:024x}", "name": "given 39"}
    assert len(bed.sent("/dataSets")) == 0
    assert len([one for one in bed.sent() if "/dataSets/" in one.path]) == 10


@pytest.mark.parametrize("part", PARTS)
async def test_a_deleted_part_is_told_as_deleted(bed: Bed, part: str) -> None:
    kind, id_path, told = PARTS[part]
    before = await bed.answer("get_flow", flow_id=FLOW)
    id = _id_of(bed, part)
    bed.emulator.store.remove(SANDBOX, kind, id)
    answer, text = await bed.call("describe_flow", flow_id=FLOW)
    assert at(answer, id_path) == id
    assert at(answer, told)["problem"] == NOT_FOUND
    assert [line for line in answer["problems"] if id in line and line.endswith(NOT_FOUND)]
    assert NOT_FOUND in text
    assert answer["name"] == before["item"]["name"]
    assert answer["runs"]


def _id_of(bed: Bed, part: str) -> str:
    """Where the healthy flow's own objects name a part, found in the emulator."""
    flow = held(bed, "flows", FLOW)
    source = held(bed, "sourceConnections", flow["sourceConnectionIds"][0])
    target = held(bed, "targetConnections", flow["targetConnectionIds"][0])
    ids: dict[str, str] = {
        "source": source["id"],
        "target": target["id"],
        "account": source["baseConnectionId"],
        "dataset": target["params"]["dataSetId"],
        "schema": target["data"]["schema"]["id"],
        "mapping": flow["transformations"][0]["params"]["mappingId"],
        "flow spec": flow["flowSpec"]["id"],
    }
    return ids[part]


@pytest.mark.parametrize("part", ROUTES)
@pytest.mark.parametrize(("status", "problem"), [(403, "no permission"), (400, "unavailable")])
async def test_a_part_that_cannot_be_read_is_told(bed: Bed, part: str, status: int, problem: str) -> None:
    bed.emulator.faults.add(FaultRule(f"GET /data/.*{ROUTES[part]}", "status", status=status))
    answer = await bed.answer("describe_flow", flow_id=FLOW)
    assert at(answer, PARTS[part][2])["problem"] == problem
    assert answer["runs"]


async def test_a_deleted_end_still_tells_its_connector_and_account(bed: Bed) -> None:
    flow = held(bed, "flows", FLOW)
    source = held(bed, "sourceConnections", flow["sourceConnectionIds"][0])
    bed.emulator.store.remove(SANDBOX, "sourceConnections", source["id"])
    [part] = (await bed.answer("describe_flow", flow_id=FLOW))["sources"]
    assert part["connector"] == spec_name(bed, "connectionSpecs", source["connectionSpec"]["id"])
    assert part["account"]["name"] == held(bed, "connections", source["baseConnectionId"])["name"]


async def test_without_runs_or_specs_the_rest_is_told(bed: Bed) -> None:
    bed.emulator.faults.add(FaultRule("GET .*/(runs|connectionSpecs|flowSpecs)", "status", status=403))
    answer = await bed.answer("describe_flow", flow_id=FLOW)
    assert answer["runs_problem"] == "no permission"
    assert answer["flow_spec"]["problem"] == "no permission"
    assert answer["targets"][0]["dataset"]["name"]
    assert "connector" not in answer["sources"][0]
    assert "runs: no permission" in answer["problems"]


async def test_a_missing_permission_for_the_flow_itself_is_an_error(bed: Bed) -> None:
    bed.emulator.faults.add(FaultRule("GET .*/flows/", "status", status=403))
    assert "403" in await bed.refusal("describe_flow", flow_id=FLOW)


@pytest.mark.parametrize("runs", [0, 51, -1])
async def test_a_number_of_runs_that_is_none(bed: Bed, runs: int) -> None:
    assert "runs" in await bed.refusal("describe_flow", flow_id=FLOW, runs=runs)


class Gate(httpx.AsyncBaseTransport):
    """Holds every request until nothing else moves, then lets all of them through: one round."""

    def __init__(self, emulator: Emulator) -> None:
        self.inner = EmulatorTransport(emulator)
        self.waiting: list[anyio.Event] = []
        self.rounds: list[int] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        mine = anyio.Event()
        self.waiting.append(mine)
        await mine.wait()
        return await self.inner.handle_async_request(request)

    async def open_when_all_wait(self) -> None:
        while True:
            await anyio.wait_all_tasks_blocked()
            if self.waiting:
                self.rounds.append(len(self.waiting))
                waiting, self.waiting = self.waiting, []
                for event in waiting:
                    event.set()
            else:
                await asyncio.sleep(0.001)


@pytest.mark.parametrize("bare", [False, True], ids=["as stored", "without inherited attributes"])
async def test_three_rounds_for_each_flow_there_is(bare: bool) -> None:
    """Warm: the token is there and the specs are cached. Without what flows repeat, it takes no round more."""
    emulator = Emulator(EmulatorOptions(clock=lambda: NOW, variants=Variants(flow_spec_ref="string")))
    flows = emulator.store.all(SANDBOX, "flows")
    for flow in flows if bare else []:
        emulator.store.put(SANDBOX, "flows", {**flow, "inheritedAttributes": None})
    gate = Gate(emulator)
    server = build_server(emulator_settings(), transport=lambda: gate, emulated=True)
    opener = asyncio.create_task(gate.open_when_all_wait())
    try:
        async with Client(server) as client:
            await client.call_tool("describe_flow", {"flow_id": FLOW})
            for flow in flows:
                gate.rounds.clear()
                result = await client.call_tool("describe_flow", {"flow_id": flow["id"]})
                assert not result.is_error
                assert result.structured_content is not None
                assert result.structured_content["name"] == flow["name"]
                assert len(gate.rounds) <= 3, (flow["name"], gate.rounds)
                assert sum(gate.rounds) >= 6
    finally:
        opener.cancel()
