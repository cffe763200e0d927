"""What people say about pipelines that exist, as an assistant carries it out: at most two writing calls each."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from aep_flow_mcp.emulator.seed.scenarios import SCENARIOS
from aep_flow_mcp.surface.snapshot import load_cards
from tools.bed import SANDBOX
from tools.pipeline_talks import Stage, stage

WRITING = {card["name"] for card in load_cards() if card["writes"]}
PROD = "prod"
SPARE = "homeAddress.postalCode"


pytestmark = pytest.mark.usefixtures("standing_clock")


class Talk:
    """An assistant's calls, counted."""

    def __init__(self, on: Stage) -> None:
        self.on = on
        self.writes = 0

    async def answer(self, tool: str, /, **arguments: Any) -> dict[str, Any]:
        self.writes += tool in WRITING
        return await self.on.answer(tool, **arguments)

    async def refusal(self, tool: str, /, **arguments: Any) -> str:
        self.writes += tool in WRITING
        return await self.on.refusal(tool, **arguments)

    async def found(self, words: str) -> str:
        """The id of the flow that the words find first."""
        flows = (await self.answer("find_flows", query=words))["flows"]
        return str(flows[0]["id"])


async def test_make_three_imports_hourly(era: str) -> None:
    """Make loyalty nightly, the loyalty partner and the support cases hourly."""
    async with stage(era) as on:
        talk = Talk(on)
        ids = [SCENARIOS[one] for one in ("healthy", "partial_ingestion", "occasional_partial_ingestion")]
        names = [str((on.store.get(SANDBOX, "flows", id) or {})["name"]) for id in ids]
        found = [await talk.found(name) for name in names]
        assert found == ids
        await talk.answer("change_pipeline", flow=found, every="hourly")
        for id in ids:
            schedule = (on.store.get(SANDBOX, "flows", id) or {})["scheduleParams"]
            assert (schedule["frequency"], int(schedule["interval"])) == ("hour", 1)
        assert talk.writes == 1


async def test_retire_the_newsletter_import(era: str) -> None:
    """Retire the newsletter import, whose dataset is gone."""
    async with stage(era) as on:
        talk, before = Talk(on), on.kept()
        flow_id = await talk.found("newsletter opens")
        assert flow_id == SCENARIOS["deleted_dataset"]
        flow = before["flows"][flow_id]
        await talk.answer("run_flow_action", flow=flow_id, action="disable")
        await talk.answer("delete_pipeline", flow=flow_id)
        now = on.kept()
        assert flow_id not in now["flows"]
        assert not set(flow["sourceConnectionIds"]) & now["sourceConnections"].keys()
        assert not set(flow["targetConnectionIds"]) & now["targetConnections"].keys()
        assert now["connections"] == before["connections"]
        assert talk.writes == 2


async def test_add_a_field_to_a_mapping(era: str) -> None:
    """Fill the postal code too, from the column zip; the first try misspells the field."""
    async with stage(era) as on:
        talk, flow_id = Talk(on), SCENARIOS["healthy"]
        wrong = [{"source": "zip", "target": "homeAddress.postcode"}]
        refused = await talk.refusal("change_pipeline", flow=flow_id, add_fields=wrong)
        assert refused.startswith("add_fields[0].target: ")
        assert SPARE in refused
        await talk.answer("change_pipeline", flow=flow_id, add_fields=[{"source": "zip", "target": SPARE}])
        step = (on.store.get(SANDBOX, "flows", flow_id) or {})["transformations"][0]["params"]
        version = int(step["mappingVersion"])
        mapped = await talk.answer("get_mapping_set", mapping_set_id=step["mappingId"], version=version)
        assert {"source": "zip", "destination": SPARE} in [
            {name: row[name] for name in ("source", "destination")} for row in mapped["fields"]
        ]
        assert talk.writes == 2


async def test_what_differs_between_dev_and_prod(era: str) -> None:
    """What differs between dev and prod, and how exactly does the first of them?"""
    async with stage(era, sandboxes=(SANDBOX, PROD)) as on:
        talk = Talk(on)
        whole = await talk.answer("compare_sandboxes", other_sandbox=PROD)
        here, there = ({flow["name"] for flow in on.store.all(one, "flows")} for one in (SANDBOX, PROD))
        assert whole["both"] == len(here & there)
        assert whole["left_only_count"] == len(here - there)
        assert whole["right_only_count"] == len(there - here)
        first = whole["differ"][0]["flow"]
        assert (await talk.answer("compare_flows", flow=first, other_sandbox=PROD))["total"] > 0
        assert talk.writes == 0


async def test_copy_the_loyalty_pipeline_to_stage(era: str) -> None:
    """Copy the loyalty pipeline to stage, where the dataset has another name."""
    async with stage(era, sandboxes=(SANDBOX, "stage")) as on:
        talk, flow_id = Talk(on), SCENARIOS["healthy"]
        _furnish(on)
        refused = await talk.refusal("copy_flow", flow=flow_id, from_sandbox=SANDBOX, sandbox="stage")
        assert refused.startswith("renamed (dataset): ")
        assert "Loyalty Members" in refused
        renamed = {"Loyalty Members": "Members (stage)"}
        asked = {"flow": flow_id, "from_sandbox": SANDBOX, "sandbox": "stage", "renamed": renamed}
        made = (await talk.answer("copy_flow", **asked))["data"]["flow"]
        (flow,) = [row for row in on.store.all("stage", "flows") if row["id"] == made]
        assert flow["state"] == "disabled"
        assert talk.writes == 2


def _furnish(on: Stage) -> None:
    """An account of the same name, and a dataset of the same schema under another name."""
    flow = on.store.get(SANDBOX, "flows", SCENARIOS["healthy"]) or {}
    source = on.store.get(SANDBOX, "sourceConnections", flow["sourceConnectionIds"][0]) or {}
    target = on.store.get(SANDBOX, "targetConnections", flow["targetConnectionIds"][0]) or {}
    base = on.store.get(SANDBOX, "connections", source["baseConnectionId"]) or {}
    on.store.put("stage", "connections", copy.deepcopy(base))
    held = copy.deepcopy(on.store.get(SANDBOX, "dataSets", target["params"]["dataSetId"]) or {})
    schemas = {row["$id"]: row["title"] for row in on.store.all(SANDBOX, "schemas")}
    title = schemas[held["schemaRef"]["id"]]
    held["schemaRef"]["id"] = next(
        row["$id"] for row in on.store.all("stage", "schemas") if row["title"] == title
    )
    on.store.collection("stage", "dataSets").put(
        "66a00000000000000000000f", {**held, "name": "Members (stage)"}
    )


MISTAKES: tuple[tuple[str, dict[str, Any], str], ...] = (
    ("change_pipeline", {"flow": SCENARIOS["healthy"], "every": "every full moon"}, "every"),
    ("change_pipeline", {"flow": SCENARIOS["healthy"], "every": "daily at 05:00"}, "every"),
    (
        "change_pipeline",
        {"flow": SCENARIOS["healthy"], "remove_fields": ["loyalty.teir"]},
        "remove_fields[0]",
    ),
    ("delete_pipeline", {"flow": SCENARIOS["healthy"], "delete_account": True}, "delete_account"),
    (
        "copy_flow",
        {"flow": SCENARIOS["healthy"], "from_sandbox": SANDBOX, "name": "B", "account": "Nobody's"},
        "account",
    ),
)


@pytest.mark.parametrize(("tool", "arguments", "field"), MISTAKES)
async def test_a_mistake_ends_in_a_finding_that_names_the_field(
    era: str, tool: str, arguments: dict[str, Any], field: str
) -> None:
    async with stage(era) as on:
        assert (await on.refusal(tool, **arguments)).startswith(f"{field}: ")
        assert on.emulator.journal.writes() == []
