"""From a wish to a flow that runs: each recipe as a conversation; and everything or nothing."""

from __future__ import annotations

from typing import Any

import pytest

from aep_flow_mcp.emulator import FaultRule
from aep_flow_mcp.planning import objects as planning
from tools.bed import NOW
from tools.pipeline_recipes import GOOGLE, RECIPES, S3, START, TO_ZONE, Recipe
from tools.pipeline_talks import MADE, SECRETS, Stage, settle, stage, told

WRITES = (
    r"^POST /data/foundation/(flowservice/(connections|sourceConnections|targetConnections|flows)|conversion)"
)
FAILURES: dict[str, dict[str, Any]] = {
    "refused": {"kind": "status", "status": 400, "body": {"message": "no"}},
    "broken": {"kind": "status", "status": 500},
    "dropped": {"kind": "drop"},
}


@pytest.fixture(autouse=True)
def standing_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server and the emulator agree on the time."""
    monkeypatch.setattr(planning, "now", NOW.timestamp)


async def test_each_conversation_ends_with_a_flow_that_runs(era: str) -> None:
    scheduled = []
    async with stage(era) as on:
        for recipe in RECIPES:
            with told(recipe.what):
                flow_id = await _create(on, recipe)
                scheduled += [(recipe.what, flow_id)] if recipe.runs else []
        on.pass_time("2026-03-03T02:00:00")
        for what, flow_id in scheduled:
            with told(what):
                assert (await on.answer("list_runs", flow_id=flow_id))["items"]
    assert len(scheduled) == len(RECIPES) - 3


async def _create(on: Stage, recipe: Recipe) -> str:
    """The id of the flow that a conversation led to, with everything around it as the recipe says."""
    on.emulator.journal.clear()
    said, plan = await settle(on, recipe.person)
    assert on.emulator.journal.writes() == []
    assert plan["recipe"] == recipe.recipe
    before = on.kept()
    answer, text = await on.call("create_pipeline", **said)
    assert answer["status"] == "done"
    assert all(value not in text for value in SECRETS.values())
    made = on.created(before)
    assert {one["id"] for one in answer["done"]} == {row["id"] for rows in made.values() for row in rows}
    [flow] = made["flows"]
    assert (answer["data"]["flow"], answer["data"]["state"]) == (flow["id"], "enabled")
    _check_ends(on, recipe, said, made)
    _check_mapping(recipe, said, made)
    assert recipe.flow_spec in (None, flow["flowSpec"]["id"])
    assert recipe.schedule in (None, flow.get("scheduleParams"))
    if recipe.runs:
        assert answer["data"]["first_run"] == f"not yet, due {START}"
    elif "HTTP" in recipe.what:
        assert answer["data"]["inlet_url"].startswith("https://")
        assert "batches" in answer["data"]["first_run"]
    return str(flow["id"])


def _check_ends(on: Stage, recipe: Recipe, said: dict[str, Any], made: dict[str, list[Any]]) -> None:
    [flow], [source], [target] = (made[kind] for kind in ("flows", "sourceConnections", "targetConnections"))
    assert (source["connectionSpec"]["id"], target["connectionSpec"]["id"]) == recipe.ends
    assert (flow["sourceConnectionIds"], flow["targetConnectionIds"]) == ([source["id"]], [target["id"]])
    exports = said.get("direction") == "export"
    own = target if exports else source
    assert recipe.params in (None, own.get("params"))
    assert bool(made["connections"]) is recipe.account
    if recipe.account:
        assert own["baseConnectionId"] == made["connections"][0]["id"]
    datasets = source["params"]["datasets"] if exports else [target["params"]]
    found = [on.store.get("dev", "dataSets", item["dataSetId"]) for item in datasets]
    assert [item["name"] for item in found if item] == said["datasets"]


def _check_mapping(recipe: Recipe, said: dict[str, Any], made: dict[str, list[Any]]) -> None:
    [flow] = made["flows"]
    assert [step["name"] for step in flow["transformations"]] == recipe.steps
    assert bool(made["mappingSets"]) is recipe.maps
    if recipe.maps:
        [mapping] = made["mappingSets"]
        assert flow["transformations"][-1]["params"]["mappingId"] == mapping["id"]
        pairs = [{"source": row["source"], "target": row["destination"]} for row in mapping["mappings"]]
        assert pairs == said["fields"]


@pytest.mark.parametrize("failure", FAILURES)
async def test_a_failure_at_each_step_leaves_all_as_it_was_or_names_what_is_left(failure: str) -> None:
    """Each recipe where a step is refused; the other failures where there are most steps, and fewest."""
    async with stage("2026-07-28") as on:
        for recipe in RECIPES if failure == "refused" else (GOOGLE, TO_ZONE):
            said, plan = await settle(on, recipe.person)
            steps = plan["preview"].count("\nbody of ")
            assert (
                steps == 3 + recipe.maps + (recipe.account or recipe is TO_ZONE) * 1 - (recipe is TO_ZONE) * 1
            )
            for step in range(steps):
                with told(f"{recipe.what}, step {step + 1}"):
                    await _fail_at(on, recipe, {**said, "name": f"{recipe.what} {step}"}, step, failure)


async def _fail_at(on: Stage, recipe: Recipe, said: dict[str, Any], step: int, failure: str) -> None:
    before = on.kept()
    on.emulator.faults.add(FaultRule(WRITES, after=step, times=1, **FAILURES[failure]))
    result = await on.client.call_tool("create_pipeline", said)
    assert len(on.emulator.faults.hits) == 1
    on.emulator.faults.clear()
    answer, now, left = result.structured_content or {}, on.kept(), on.created(before)
    assert result.is_error
    if failure != "refused":
        # Without an answer nobody knows whether the service goes on with it: nothing is taken back, all is named.
        assert answer["status"] == "unknown"
        made = [row["id"] for rows in left.values() for row in rows]
        assert len(made) == step
        assert [id for id in made if id not in str(answer)] == []
        return
    if not left["mappingSets"]:
        assert now == before
        assert (answer["status"], answer.get("not_undone", [])) == ("failed", [])
        return
    # It was made just before the flow, and no API deletes one: then the answer names it.
    [mapping] = left["mappingSets"]
    del now["mappingSets"][mapping["id"]]
    assert now == before
    assert recipe.maps
    [sentence] = answer["not_undone"]
    assert answer["status"] == "partly"
    assert mapping["id"] in sentence
    assert "no way to delete a mapping set" in sentence


async def test_the_comparison_sees_what_a_snapshot_sees() -> None:
    async with stage("2026-07-28") as on:
        whole = on.store.snapshot("dev")
        kept = on.kept()
        assert {kind: dict(whole[kind]) for kind in MADE} == {kind: kept[kind] for kind in MADE}
        on.store.put("dev", "runs", {"id": "new"})
        assert on.kept() != kept


async def test_a_switch_that_fails_takes_the_flow_back(era: str) -> None:
    async with stage(era) as on:
        said, _ = await settle(on, TO_ZONE.person)
        before = on.kept()
        on.emulator.faults.add(FaultRule("/action$", "status", status=400))
        result = await on.client.call_tool("create_pipeline", {**said, "state": "disabled"})
        assert (result.structured_content or {})["status"] == "failed"
        assert on.kept() == before


async def test_a_lost_answer_is_found_again() -> None:
    async with stage("2026-07-28") as on:
        said, _ = await settle(on, GOOGLE.person)
        for step in range(5):
            before = on.kept()
            on.emulator.faults.add(FaultRule(WRITES, "lost_answer", after=step, times=1))
            answer = await on.answer("create_pipeline", **{**said, "name": f"lost at {step}"})
            on.emulator.faults.clear()
            assert answer["status"] == "done"
            assert {kind: len(rows) for kind, rows in on.created(before).items()} == dict.fromkeys(MADE, 1)
            assert "found by looking" in answer["message"]


async def test_switched_off_or_a_draft(era: str) -> None:
    async with stage(era) as on:
        said, _ = await settle(on, S3.person)
        ids = []
        for state, first_run in (("disabled", "is disabled"), ("draft", "publish the draft")):
            before = on.kept()
            answer = await on.answer("create_pipeline", **{**said, "name": state}, state=state)
            [flow] = on.created(before)["flows"]
            assert flow["state"] == answer["data"]["state"] == state
            assert first_run in answer["data"]["first_run"]
            ids.append(flow["id"])
        on.pass_time("2026-03-03T02:00:00")
        for flow_id in ids:
            assert (await on.answer("list_runs", flow_id=flow_id))["items"] == []


async def test_how_it_stands_cannot_be_read_and_it_is_done_all_the_same() -> None:
    async with stage("2026-07-28") as on:
        said, _ = await settle(on, S3.person)
        on.emulator.faults.add(FaultRule("^GET .*/runs$", "status", status=403))
        answer = await on.answer("create_pipeline", **said)
        assert answer["status"] == "done"
        assert "could not be read" in answer["data"]["note"]


async def test_labels_that_the_service_did_not_take_are_told() -> None:
    """Only a change of a flow is documented to set them; a flow without them is seen by everybody."""
    async with stage("2026-07-28") as on:
        said, plan = await settle(on, S3.person)
        assert "labels" not in str(plan["preview"])
        before = on.kept()
        answer = await on.answer("create_pipeline", **said, labels=["core/C12"])
        [flow] = on.created(before)["flows"]
        told_so = answer["data"]["labels"]
        assert told_so == ("set" if flow.get("labels") else told_so)
        assert flow.get("labels") or told_so.startswith("NOT set: core/C12. Set them now: update_flow")
