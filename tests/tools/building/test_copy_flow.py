"""A pipeline copied into another sandbox: by names, without credentials, all of it or nothing."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from mcp.client import ClientRequestContext
from mcp_types import ElicitRequestParams, ElicitResult

from aep_flow_mcp.emulator import FaultRule
from aep_flow_mcp.emulator.seed.scenarios import SCENARIOS
from tools.bed import SANDBOX
from tools.pipeline_talks import MADE, Stage, stage

FLOW = SCENARIOS["healthy"]
OTHER = "stage"
SANDBOXES = (SANDBOX, OTHER)
ACCOUNT = "00000000-0000-4000-8000-0000000000ac"
DATASET = "66a00000000000000000000f"
WRITES = r"^POST /data/foundation/(flowservice/(sourceConnections|targetConnections|flows)|conversion)"


def _there(on: Stage) -> dict[str, dict[str, Any]]:
    return {kind: {row["id"]: copy.deepcopy(row) for row in on.store.all(OTHER, kind)} for kind in MADE}


def _furnish(on: Stage, *, account: str | None = None, dataset: str | None = None) -> None:
    """What the flow needs there: an account of its connector, and a dataset of the schema of the same title."""
    flow = on.store.get(SANDBOX, "flows", FLOW) or {}
    source = on.store.get(SANDBOX, "sourceConnections", flow["sourceConnectionIds"][0]) or {}
    target = on.store.get(SANDBOX, "targetConnections", flow["targetConnectionIds"][0]) or {}
    base = on.store.get(SANDBOX, "connections", source["baseConnectionId"]) or {}
    name = account or base["name"]
    on.store.put(OTHER, "connections", {**copy.deepcopy(base), "id": ACCOUNT, "name": name})
    data_set_id = target["params"]["dataSetId"]
    held = on.store.get(SANDBOX, "dataSets", data_set_id) or {}
    title = next(
        row["title"] for row in on.store.all(SANDBOX, "schemas") if row["$id"] == held["schemaRef"]["id"]
    )
    schema = next(row for row in on.store.all(OTHER, "schemas") if row["title"] == title)
    row = {**copy.deepcopy(held), "name": dataset or held["name"]}
    row["schemaRef"] = {**held["schemaRef"], "id": schema["$id"]}
    on.store.collection(OTHER, "dataSets").put(DATASET, row)


async def test_it_is_made_there_by_names_and_switched_off(era: str) -> None:
    async with stage(era, sandboxes=SANDBOXES) as on:
        _furnish(on)
        before, here = _there(on), on.kept()
        flow = here["flows"][FLOW]
        answer, text = await on.call("copy_flow", flow=flow["name"], from_sandbox=SANDBOX, sandbox=OTHER)
        assert answer["status"] == "done"
        assert answer["sandbox"] == OTHER
        made = {
            kind: [row for id, row in rows.items() if id not in before[kind]]
            for kind, rows in _there(on).items()
        }
        assert {kind: len(rows) for kind, rows in made.items()} == {
            **dict.fromkeys(MADE, 1),
            "connections": 0,
        }
        assert on.kept() == here
        (new,), (source,), (target,), (mapping,) = (
            made[kind] for kind in ("flows", "sourceConnections", "targetConnections", "mappingSets")
        )
        assert (new["name"], new["state"]) == (flow["name"], "disabled")
        assert (new["sourceConnectionIds"], new["targetConnectionIds"]) == ([source["id"]], [target["id"]])
        assert source["baseConnectionId"] == ACCOUNT
        assert source["params"] == here["sourceConnections"][flow["sourceConnectionIds"][0]]["params"]
        assert target["params"]["dataSetId"] == DATASET
        old = here["mappingSets"][flow["transformations"][0]["params"]["mappingId"]]
        assert [(row["source"], row["destination"]) for row in mapping["mappings"]] == [
            (row["source"], row["destination"]) for row in old["mappings"]
        ]
        assert new["transformations"][0]["params"]["mappingId"] == mapping["id"]
        assert answer["data"] == {"flow": new["id"], "name": flow["name"], "state": "disabled"}
        sent = json.dumps([one.body for one in on.emulator.journal.writes()])
        for id in (FLOW, *flow["sourceConnectionIds"], *flow["targetConnectionIds"], old["id"]):
            assert id not in sent
        assert "auth" not in sent
        assert flow["name"] in text


async def test_the_account_and_the_dataset_may_be_called_otherwise() -> None:
    async with stage("2026-07-28", sandboxes=SANDBOXES) as on:
        _furnish(on, account="Stage bucket", dataset="Members of stage")
        before = _there(on)
        await on.answer(
            "copy_flow",
            flow=FLOW,
            from_sandbox=SANDBOX,
            sandbox=OTHER,
            name="Loyalty on stage",
            account="Stage bucket",
            renamed={"Loyalty Members": "Members of stage"},
            state="draft",
        )
        (new,) = [row for id, row in _there(on)["flows"].items() if id not in before["flows"]]
        assert (new["name"], new["state"]) == ("Loyalty on stage", "draft")


async def test_a_draft_is_copied_as_a_draft() -> None:
    async with stage("2026-07-28", sandboxes=SANDBOXES) as on:
        before = on.kept()
        asked = {"flow": SCENARIOS["draft"], "from_sandbox": SANDBOX, "name": "A second draft"}
        await on.answer("copy_flow", **asked)
        (new,) = on.created(before)["flows"]
        assert (new["name"], new["state"]) == ("A second draft", "draft")


async def test_what_is_missing_is_named_exactly() -> None:
    async with stage("2026-07-28", sandboxes=SANDBOXES) as on:
        before = _there(on)
        refused = await on.refusal("copy_flow", flow=FLOW, from_sandbox=SANDBOX, sandbox=OTHER)
        assert refused.splitlines()[0].startswith("account: ")
        assert "Brightfjord ingest bucket" in refused.splitlines()[0]
        assert refused.splitlines()[1].startswith("renamed (dataset): ")
        assert "Loyalty Members" in refused.splitlines()[1]
        assert _there(on) == before


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"sandbox": SANDBOX}, "name"),
        ({"flow": SCENARIOS["dataset_to_profile"]}, "flow"),
        ({"flow": "00000000-0000-4000-8000-000000000000"}, "flow"),
        ({"account": "No such account"}, "account"),
        ({"renamed": {"Loyalty Members": "Elsewhere"}}, "renamed (dataset)"),
    ],
)
async def test_a_mistake_is_told_by_its_argument(arguments: dict[str, Any], field: str) -> None:
    async with stage("2026-07-28", sandboxes=SANDBOXES) as on:
        _furnish(on)
        asked = {"flow": FLOW, "from_sandbox": SANDBOX, "sandbox": OTHER, **arguments}
        assert (await on.refusal("copy_flow", **asked)).startswith(f"{field}: ")
        assert on.emulator.journal.writes() == []


async def test_a_field_that_the_schema_there_lacks_is_told() -> None:
    async with stage("2026-07-28", sandboxes=SANDBOXES) as on:
        _furnish(on)
        held = on.store.sandboxes[OTHER]["dataSets"].get(DATASET) or {}
        schema = next(row for row in on.store.all(OTHER, "schemas") if row["$id"] == held["schemaRef"]["id"])
        lacking = copy.deepcopy(schema)
        del lacking["properties"]["loyalty"]
        on.store.collection(OTHER, "schemas").put(schema["$id"], lacking)
        refused = await on.refusal("copy_flow", flow=FLOW, from_sandbox=SANDBOX, sandbox=OTHER)
        assert refused.startswith("mapping[")
        assert "loyalty.tier" in refused


@pytest.mark.parametrize("step", range(4))
async def test_a_refused_step_leaves_nothing_but_a_mapping_set(step: int) -> None:
    async with stage("2026-07-28", sandboxes=SANDBOXES) as on:
        _furnish(on)
        before = _there(on)
        on.emulator.faults.add(FaultRule(WRITES, "status", status=400, after=step, times=1))
        asked = {"flow": FLOW, "from_sandbox": SANDBOX, "sandbox": OTHER}
        answer = (await on.client.call_tool("copy_flow", asked)).structured_content or {}
        now = _there(on)
        assert answer["status"] == ("partly" if step == 3 else "failed")
        assert {kind: rows for kind, rows in now.items() if kind != "mappingSets"} == {
            kind: rows for kind, rows in before.items() if kind != "mappingSets"
        }
        assert len(now["mappingSets"]) - len(before["mappingSets"]) == (step == 3)


async def test_what_changes_while_somebody_is_asked_is_asked_about_again(era: str) -> None:
    questions: list[str] = []
    at: list[Stage] = []

    async def person(context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:
        del context
        questions.append(params.message)
        if len(questions) == 1:
            flow = at[0].store.get(SANDBOX, "flows", FLOW) or {}
            at[0].store.put(SANDBOX, "flows", {**flow, "description": "another one"})
        return ElicitResult(action="accept", content={"approve": True})

    async with stage(era, elicitation=person, sandboxes=SANDBOXES) as on:
        at.append(on)
        _furnish(on)
        await on.answer("copy_flow", flow=FLOW, from_sandbox=SANDBOX, sandbox=OTHER)
        assert len(questions) == 2
        (new,) = [row for row in on.store.all(OTHER, "flows") if row.get("description") == "another one"]
        assert new["state"] == "disabled"
