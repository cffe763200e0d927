"""The end of a pipeline: what goes, what stays, and what a step that fails leaves behind."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from mcp.client import ClientRequestContext
from mcp_types import ElicitRequestParams, ElicitResult

from aep_flow_mcp.emulator import FaultRule
from aep_flow_mcp.emulator.seed.scenarios import SCENARIOS
from aep_flow_mcp.planning import retiring
from tools.bed import SANDBOX
from tools.pipeline_talks import Stage, stage

DELETES = r"^DELETE /data/foundation/flowservice/"
FLOW = SCENARIOS["healthy"]


def _flow(on: Stage, story: str = "healthy") -> dict[str, Any]:
    found = on.store.get(SANDBOX, "flows", SCENARIOS[story])
    assert found is not None
    return found


def _ends(flow: dict[str, Any]) -> set[str]:
    return {*flow["sourceConnectionIds"], *flow["targetConnectionIds"]}


def _gone(on: Stage, before: dict[str, Any]) -> set[str]:
    now = on.kept()
    kinds = ("connections", "sourceConnections", "targetConnections", "mappingSets", "flows", "dataSets")
    return {id for kind in kinds for id in before[kind] if id not in now[kind]}


def _another_flow(on: Stage, **changed: Any) -> dict[str, Any]:
    """A further flow over the same connections, but for what is changed."""
    flow = {
        **copy.deepcopy(_flow(on)),
        "id": "00000000-0000-4000-8000-00000000f10e",
        "name": "Another",
        **changed,
    }
    on.store.put(SANDBOX, "flows", flow)
    return flow


async def test_the_flow_goes_with_what_only_it_uses(era: str) -> None:
    async with stage(era) as on:
        flow, before = _flow(on), on.kept()
        answer, text = await on.call("delete_pipeline", flow=flow["name"])
        assert answer["status"] == "done"
        assert _gone(on, before) == {FLOW} | _ends(flow)
        assert len(on.runs_of("healthy")) > 0
        deleted = [one.path.rsplit("/", 1)[-1] for one in on.emulator.journal.writes()]
        assert deleted[0] == FLOW
        assert set(deleted) == {FLOW} | _ends(flow)
        assert flow["name"] in text


async def test_what_others_use_stays(era: str) -> None:
    async with stage(era) as on:
        flow = _flow(on)
        _another_flow(on, targetConnectionIds=["00000000-0000-4000-8000-000000000000"])
        before = on.kept()
        await on.answer("delete_pipeline", flow=FLOW)
        assert _gone(on, before) == {FLOW, *flow["targetConnectionIds"]}


async def test_the_preview_tells_what_stays_and_what_goes_stale() -> None:
    async with stage("2026-07-28", mcp_approval="two-step") as on:
        flow = _flow(on)
        other = _another_flow(on, targetConnectionIds=["00000000-0000-4000-8000-000000000000"])
        preview = (await on.answer("delete_pipeline", flow=FLOW))["preview"]
        source = flow["sourceConnectionIds"][0]
        (stays,) = [line for line in preview.splitlines() if "Stays, for others use it" in line]
        assert source in stays
        assert other["id"] in stays
        assert "no API deletes one" in preview
        assert "delete_account" not in preview  # others use it
        assert "its runs stop" in preview
        assert "Goes stale: " in preview
        assert "created again under new ids" in preview
        assert on.emulator.journal.writes() == []


@pytest.mark.parametrize("used", [True, False])
async def test_an_account_goes_when_asked_for_and_nothing_else_uses_it(used: bool) -> None:
    async with stage("2026-07-28") as on:
        flow, before = _flow(on), on.kept()
        (source,) = flow["sourceConnectionIds"]
        account = before["sourceConnections"][source]["baseConnectionId"]
        if used:
            refused = await on.refusal("delete_pipeline", flow=FLOW, delete_account=True)
            assert refused.count("delete_account") >= 1
            assert "is used by: " in refused
            assert on.kept() == before
            return
        lonely = {
            **copy.deepcopy(before["connections"][account]),
            "id": "00000000-0000-4000-8000-0000000000ac",
        }
        on.store.put(SANDBOX, "connections", lonely)
        inherited = {"baseConnection": {"id": lonely["id"], "connectionSpec": lonely["connectionSpec"]}}
        row = {**before["sourceConnections"][source], "baseConnectionId": lonely["id"]}
        on.store.put(SANDBOX, "sourceConnections", {**row, "inheritedAttributes": inherited})
        ends = copy.deepcopy(flow["inheritedAttributes"])
        ends["sourceConnections"][0]["baseConnection"] = inherited["baseConnection"]
        on.store.put(SANDBOX, "flows", {**flow, "inheritedAttributes": ends})
        before = on.kept()
        await on.answer("delete_pipeline", flow=FLOW, delete_account=True)
        assert _gone(on, before) == {FLOW, lonely["id"]} | _ends(flow)
        assert on.emulator.journal.writes()[-1].path.endswith(lonely["id"])


@pytest.mark.parametrize("step", [0, 1, 2])
async def test_a_step_that_is_refused_has_the_rest_created_again(step: int) -> None:
    async with stage("2026-07-28") as on:
        flow, before = _flow(on), on.kept()
        on.emulator.faults.add(FaultRule(DELETES, "status", status=403, after=step, times=1))
        result = await on.client.call_tool("delete_pipeline", {"flow": FLOW})
        on.emulator.faults.clear()
        answer, made = result.structured_content or {}, on.created(before)
        assert result.is_error
        if step == 0:
            assert answer["status"] == "failed"
            assert on.kept() == before
            return
        assert answer["status"] == "partly"
        assert len(answer["not_undone"]) == step
        (again,) = made["flows"]
        assert again["state"] == "draft"  # it must not load everything once more by itself
        for member in ("name", "transformations", "scheduleParams", "flowSpec"):
            assert again[member] == flow[member]
        news = {row["id"] for kind in ("sourceConnections", "targetConnections") for row in made[kind]}
        assert len(news) == step - 1
        assert _ends(again) == (_ends(flow) - _gone(on, before)) | news
        for id in (*news, again["id"]):
            assert id in str(answer["not_undone"])
        assert "its runs" in str(answer["not_undone"])


async def test_what_cannot_be_created_again_is_said() -> None:
    async with stage("2026-07-28") as on:
        before = on.kept()
        on.emulator.faults.add(FaultRule(DELETES, "status", status=403, after=1, times=1))
        on.emulator.faults.add(FaultRule("^POST .*/flows$", "status", status=500))
        answer = (await on.client.call_tool("delete_pipeline", {"flow": FLOW})).structured_content or {}
        assert answer["status"] == "partly"
        assert "created again" in answer["not_undone"][0]
        assert on.created(before)["flows"] == []


async def test_an_unknown_outcome_stops_and_names_what_went() -> None:
    async with stage("2026-07-28") as on:
        before = on.kept()
        on.emulator.faults.add(FaultRule(DELETES, "drop", after=1, times=1))
        answer = (await on.client.call_tool("delete_pipeline", {"flow": FLOW})).structured_content or {}
        assert answer["status"] == "unknown"
        assert FLOW in str(answer["not_undone"])
        assert _gone(on, before) == {FLOW}


async def test_a_flow_that_changes_while_somebody_is_asked_is_asked_about_again(era: str) -> None:
    questions: list[str] = []
    at: list[Stage] = []

    async def person(context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:
        del context
        questions.append(params.message)
        if len(questions) == 1:
            on, flow = at[0], _flow(at[0])
            _another_flow(on, targetConnectionIds=["00000000-0000-4000-8000-000000000000"])
            on.store.put(SANDBOX, "flows", {**flow, "etag": '"another"', "version": '"another"'})
        return ElicitResult(action="accept", content={"approve": True})

    async with stage(era, elicitation=person) as on:
        at.append(on)
        flow, before = _flow(on), on.kept()
        answer = await on.answer("delete_pipeline", flow=FLOW)
        assert answer["status"] == "done"
        assert len(questions) == 2
        assert _gone(on, before) == {FLOW, *flow["targetConnectionIds"]}


async def test_what_cannot_be_read_stays() -> None:
    async with stage("2026-07-28") as on:
        flow, before = _flow(on), on.kept()
        on.emulator.faults.add(
            FaultRule(f"^GET .*/sourceConnections/{flow['sourceConnectionIds'][0]}", "status", status=403)
        )
        await on.answer("delete_pipeline", flow=FLOW)
        assert _gone(on, before) == {FLOW, *flow["targetConnectionIds"]}


async def test_a_list_of_users_without_the_flow_itself_proves_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A service that answers with an empty page, or with another one's, says of nobody that they use it."""

    async def none(*of: Any) -> list[Any]:
        return []

    monkeypatch.setattr(retiring, "flows_with", none)
    async with stage("2026-07-28") as on:
        before = on.kept()
        answer = await on.answer("delete_pipeline", flow=FLOW)
        assert answer["status"] == "done"
        assert _gone(on, before) == {FLOW}


async def test_two_flows_of_a_name_are_not_guessed() -> None:
    async with stage("2026-07-28") as on:
        _another_flow(on, name=_flow(on)["name"])
        before = on.kept()
        refused = await on.refusal("delete_pipeline", flow=_flow(on)["name"])
        assert FLOW in refused
        assert on.kept() == before


async def test_what_holds_half_of_a_character_can_be_deleted_though_not_be_created_again(era: str) -> None:
    async with stage(era) as on:
        flow = _flow(on)
        (source,) = flow["sourceConnectionIds"]
        kept = on.store.get(SANDBOX, "sourceConnections", source)
        assert kept is not None
        on.store.put(SANDBOX, "sourceConnections", {**kept, "name": "Members \ud83d"})
        before = on.kept()
        answer = await on.answer("delete_pipeline", flow=FLOW)
        assert answer["status"] == "done"
        assert _gone(on, before) == {FLOW} | _ends(flow)


async def test_the_preview_tells_what_could_not_be_created_again() -> None:
    async with stage("2026-07-28", mcp_approval="two-step") as on:
        on.store.put(SANDBOX, "flows", {**_flow(on), "description": "Members \ud83d"})
        preview = (await on.answer("delete_pipeline", flow=FLOW))["preview"]
        assert (
            "The deletion of the flow could not be taken back should a later step fail: The request holds half of "
            "a character" in preview
        )
