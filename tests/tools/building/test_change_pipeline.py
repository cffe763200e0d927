"""A pipeline changed in words: what is stored afterwards, what is refused beforehand, and what a failure leaves."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from mcp.client import ClientRequestContext
from mcp_types import ElicitRequestParams, ElicitResult

from aep_flow_mcp.emulator import FaultRule
from aep_flow_mcp.emulator.seed.scenarios import SCENARIOS
from tools.bed import NOW, SANDBOX
from tools.pipeline_talks import Stage, stage

FLOW = SCENARIOS["healthy"]
ROW = {"source": "upper(zip)", "target": "homeAddress.postalCode"}


pytestmark = pytest.mark.usefixtures("standing_clock")


def _stored(on: Stage, kind: str, object_id: str) -> dict[str, Any]:
    found = on.store.get(SANDBOX, kind, object_id)
    assert found is not None
    return found


def _flow(on: Stage, flow_id: str = FLOW) -> dict[str, Any]:
    return _stored(on, "flows", flow_id)


def _source(on: Stage, flow_id: str = FLOW) -> dict[str, Any]:
    return _stored(on, "sourceConnections", _flow(on, flow_id)["sourceConnectionIds"][0])


def _mapping(on: Stage) -> dict[str, Any]:
    return _stored(on, "mappingSets", _flow(on)["transformations"][0]["params"]["mappingId"])


def _writes(on: Stage) -> list[tuple[str, str]]:
    return [(one.method, one.path.rsplit("/", 2)[-2]) for one in on.emulator.journal.writes()]


async def test_schedule_options_and_path_at_once(era: str) -> None:
    async with stage(era) as on:
        start = _flow(on)["scheduleParams"]["startTime"]
        answer = await on.answer(
            "change_pipeline",
            flow=_flow(on)["name"],
            every="every 6 hours",
            tolerated_percent=12,
            error_diagnostics=False,
            path="/loyalty/new/",
        )
        assert answer["status"] == "done"
        assert _writes(on) == [("PATCH", "sourceConnections"), ("PATCH", "flows")]
        now = _flow(on)
        assert {name: now["scheduleParams"][name] for name in ("startTime", "frequency", "interval")} == {
            "startTime": start,
            "frequency": "hour",
            "interval": 6,
        }
        assert now["options"] == {"errorDiagnosticsEnabled": False, "partialIngestionPercent": 12}
        assert _source(on)["params"]["path"] == "/loyalty/new/"
        (told,) = answer["data"]["flows"]
        assert told["flow"] == FLOW
        assert told["next_run"] == "2026-03-02T14:15:00Z"


async def test_the_preview_says_it_in_words_and_in_fields() -> None:
    async with stage("2026-07-28", mcp_approval="two-step") as on:
        preview = (await on.answer("change_pipeline", flow=FLOW, every="6 hours"))["preview"]
        assert "runs daily at 02:15 -> every 6 hours, next run 2026-03-02T14:15:00Z" in preview
        assert 'scheduleParams.frequency: "day" -> "hour"' in preview
        assert "scheduleParams.interval: 1 -> 6" in preview
        assert on.emulator.journal.writes() == []


async def test_a_row_more_is_a_further_version_that_the_flow_points_to(era: str) -> None:
    async with stage(era) as on:
        before = copy.deepcopy(_mapping(on))
        await on.answer("change_pipeline", flow=FLOW, add_fields=[ROW], remove_fields=["loyalty.tier"])
        now = _mapping(on)
        assert now["version"] == before["version"] + 1
        rows = [(row["source"], row["destination"]) for row in now["mappings"]]
        old = [(row["source"], row["destination"]) for row in before["mappings"]]
        kept = [row for row in old if row[1] != "loyalty.tier"]
        assert rows == [*kept, (ROW["source"], ROW["target"])]
        assert [row.get("functionVersion") for row in now["mappings"][:-1]] == [1] * len(kept)
        step = _flow(on)["transformations"][0]["params"]
        assert (step["mappingId"], int(step["mappingVersion"])) == (before["id"], now["version"])
        earlier = on.store.sandboxes[SANDBOX].earlier_mappings[before["id"], str(before["version"])]
        assert earlier["mappings"] == before["mappings"]


async def test_the_other_rows_keep_each_of_their_characters() -> None:
    """In an expression two spaces are not one, and a character that nobody sees is a character."""
    spaced = "concat('a  b\u00a0', zip, ' \u200b')"
    async with stage("2026-07-28") as on:
        held = _mapping(on)
        first, *others = held["mappings"]
        row = {**first, "source": spaced, "sourceType": "EXPRESSION"}
        on.store.put(SANDBOX, "mappingSets", {**held, "mappings": [row, *others]})
        await on.answer("change_pipeline", flow=FLOW, add_fields=[ROW])
        made = _mapping(on)["mappings"]
        assert made[0]["source"] == spaced
        assert len(made) == len(others) + 2


async def test_the_version_in_use_is_changed_and_not_the_newest() -> None:
    async with stage("2026-07-28") as on:
        used = copy.deepcopy(_mapping(on))
        on.store.sandboxes[SANDBOX].earlier_mappings[used["id"], str(used["version"])] = used
        newest = {**used, "version": used["version"] + 1, "mappings": used["mappings"][:1]}
        on.store.put(SANDBOX, "mappingSets", newest)
        await on.answer("change_pipeline", flow=FLOW, add_fields=[ROW])
        assert len(_mapping(on)["mappings"]) == len(used["mappings"]) + 1
        assert int(_flow(on)["transformations"][0]["params"]["mappingVersion"]) == used["version"] + 2


@pytest.mark.parametrize("whose", ["its own", "another's"])
async def test_under_a_flow_that_takes_the_newest_version_nothing_is_changed(whose: str) -> None:
    """The pipeline gets a mapping set of its own, which the preview says."""
    async with stage("2026-07-28") as on:
        flow = copy.deepcopy(_flow(on))
        del flow["transformations"][0]["params"]["mappingVersion"]
        if whose != "its own":
            flow |= {"id": "00000000-0000-4000-8000-00000000f10e", "name": "Another"}
        on.store.put(SANDBOX, "flows", flow)
        before = copy.deepcopy(_mapping(on))
        answer = await on.answer("change_pipeline", flow=FLOW, add_fields=[ROW])
        assert answer["status"] == "done"
        assert _stored(on, "mappingSets", before["id"]) == before
        assert _writes(on) == [("POST", "conversion"), ("PATCH", "flows")]
        assert _mapping(on)["id"] != before["id"]
        assert len(_mapping(on)["mappings"]) == len(before["mappings"]) + 1


async def test_a_version_that_an_attempt_before_left_is_taken() -> None:
    async with stage("2026-07-28") as on:
        version = _mapping(on)["version"]
        on.emulator.faults.add(FaultRule("^PATCH .*/flows/", "status", status=400, times=1))
        failed = await on.client.call_tool("change_pipeline", {"flow": FLOW, "add_fields": [ROW]})
        assert (failed.structured_content or {})["status"] == "partly"
        answer = await on.answer("change_pipeline", flow=FLOW, add_fields=[ROW])
        assert answer["status"] == "done"
        assert _mapping(on)["version"] == version + 1
        assert int(_flow(on)["transformations"][0]["params"]["mappingVersion"]) == version + 1


async def test_several_at_once_are_one_question(era: str) -> None:
    questions: list[str] = []

    async def person(context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:
        del context
        questions.append(params.message)
        return ElicitResult(action="accept", content={"approve": True})

    async with stage(era, elicitation=person) as on:
        flows = [SCENARIOS[one] for one in ("healthy", "partial_ingestion", "occasional_partial_ingestion")]
        await on.answer("change_pipeline", flow=flows, every="hourly")
        assert len(questions) == 1
        for flow in flows:
            schedule = _flow(on, flow)["scheduleParams"]
            assert (schedule["frequency"], int(schedule["interval"])) == ("hour", 1)


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"every": "now and then"}, "every"),
        ({"every": "daily at 05:00"}, "every"),
        ({"every": "once"}, "every"),
        ({"start_time": "2030-01-01"}, "start_time"),
        ({"start_time": "soon"}, "start_time"),
        ({"every": "5 minutes"}, "every"),
        ({"add_fields": [{"source": "x", "target": "homeAddress.postcode"}]}, "add_fields[0].target"),
        ({"add_fields": [{"source": "x", "target": "loyalty.tier"}]}, "add_fields[0].target"),
        ({"add_fields": [{"source": " ", "target": "homeAddress.postalCode"}]}, "add_fields[0].source"),
        ({"remove_fields": ["loyalty.teir"]}, "remove_fields[0]"),
        ({"flow": [FLOW, SCENARIOS["once"]], "name": "Both"}, "name"),
        ({"flow": SCENARIOS["streaming_raw"], "every": "day"}, "start_time"),
        ({"flow": SCENARIOS["streaming_raw"], "path": "/x"}, "path"),
    ],
)
async def test_a_mistake_is_told_by_its_argument(arguments: dict[str, Any], field: str) -> None:
    async with stage("2026-07-28") as on:
        refused = await on.refusal("change_pipeline", **{"flow": FLOW, **arguments})
        assert refused.startswith(f"{field}: "), refused
        assert on.emulator.journal.writes() == []


async def test_what_the_service_keeps_is_said_with_the_way_round() -> None:
    async with stage("2026-07-28") as on:
        refused = await on.refusal("change_pipeline", flow=FLOW, every="daily at 05:00")
        assert "1366-400" in refused
        assert "02:15" in refused
        assert "delete_pipeline" in refused


async def test_a_time_of_day_that_it_has_already_is_no_change() -> None:
    async with stage("2026-07-28") as on:
        answer = await on.answer("change_pipeline", flow=FLOW, every="daily at 02:15")
        assert answer["status"] == "unchanged"
        assert on.emulator.journal.writes() == []


async def test_a_flow_that_has_not_started_takes_a_time_of_day() -> None:
    async with stage("2026-07-28") as on:
        flow = _flow(on)
        later = {**flow["scheduleParams"], "startTime": int(NOW.timestamp()) + 86_400}
        on.store.put(SANDBOX, "flows", {**flow, "scheduleParams": later})
        await on.answer("change_pipeline", flow=FLOW, every="daily at 05:00")
        assert _flow(on)["scheduleParams"]["startTime"] == 1_772_600_400  # 2026-03-04T05:00Z


async def test_a_path_that_others_read_too_is_not_moved_under_them() -> None:
    async with stage("2026-07-28") as on:
        other = {**copy.deepcopy(_flow(on)), "id": "00000000-0000-4000-8000-00000000f10e", "name": "Another"}
        on.store.put(SANDBOX, "flows", other)
        refused = await on.refusal("change_pipeline", flow=FLOW, path="/elsewhere/")
        assert refused.startswith("path: ")
        assert other["id"] in refused
        assert _source(on)["params"]["path"] == "/loyalty/members/"


@pytest.mark.parametrize("failure", [{"status": 400}, {"status": 403}])
async def test_a_refused_step_takes_the_earlier_ones_back(failure: dict[str, int]) -> None:
    async with stage("2026-07-28") as on:
        before = on.kept()
        on.emulator.faults.add(FaultRule("^PATCH .*/flows/", "status", **failure))
        result = await on.client.call_tool(
            "change_pipeline", {"flow": FLOW, "path": "/elsewhere/", "every": "hour"}
        )
        assert (result.structured_content or {})["status"] == "failed"
        assert _source(on)["params"] == before["sourceConnections"][_source(on)["id"]]["params"]
        assert on.kept()["flows"] == before["flows"]


async def test_a_version_that_nothing_points_to_is_named() -> None:
    async with stage("2026-07-28") as on:
        before = copy.deepcopy(_flow(on))
        on.emulator.faults.add(FaultRule("^PATCH .*/flows/", "status", status=400))
        result = await on.client.call_tool("change_pipeline", {"flow": FLOW, "add_fields": [ROW]})
        answer = result.structured_content or {}
        assert answer["status"] == "partly"
        assert _mapping(on)["id"] in answer["not_undone"][0]
        assert "cannot be taken back" in answer["not_undone"][0]
        assert _flow(on) == before


async def test_a_version_that_somebody_else_made_is_not_pointed_to() -> None:
    async with stage("2026-07-28") as on:
        before = copy.deepcopy(_flow(on))
        other = {"id": _mapping(on)["id"], "version": _mapping(on)["version"] + 2}
        on.emulator.faults.add(FaultRule("^PUT .*/mappingSets/", "status", status=200, body=other))
        result = await on.client.call_tool("change_pipeline", {"flow": FLOW, "add_fields": [ROW]})
        answer = result.structured_content or {}
        assert answer["status"] == "failed"
        assert "somebody else" in answer["message"]
        assert _flow(on) == before


async def test_what_changes_while_somebody_is_asked_is_asked_about_again(era: str) -> None:
    questions: list[str] = []
    at: list[Stage] = []

    async def person(context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:
        del context
        questions.append(params.message)
        if len(questions) == 1:
            on = at[0]
            mapping = copy.deepcopy(_mapping(on))
            on.store.sandboxes[SANDBOX].earlier_mappings[mapping["id"], str(mapping["version"])] = mapping
            on.store.put(SANDBOX, "mappingSets", {**mapping, "version": mapping["version"] + 1})
            moved = {**_flow(on), "etag": '"another"', "version": '"another"', "description": "reviewed"}
            on.store.put(SANDBOX, "flows", moved)
        return ElicitResult(action="accept", content={"approve": True})

    async with stage(era, elicitation=person) as on:
        at.append(on)
        version = _mapping(on)["version"]
        answer = await on.answer("change_pipeline", flow=FLOW, add_fields=[ROW])
        assert answer["status"] == "done"
        assert len(questions) == 2
        assert _flow(on)["description"] == "reviewed"
        assert int(_flow(on)["transformations"][0]["params"]["mappingVersion"]) == version + 2


async def test_a_name_in_other_capitals_is_another_name(era: str) -> None:
    async with stage(era) as on:
        wanted = _flow(on)["name"].swapcase()
        answer = await on.answer("change_pipeline", flow=FLOW, name=wanted, description="1e3")
        assert answer["status"] == "done"
        assert (_flow(on)["name"], _flow(on)["description"]) == (wanted, "1e3")
        await on.answer("change_pipeline", flow=FLOW, description="1000")
        assert _flow(on)["description"] == "1000"


async def test_what_held_half_of_a_character_can_be_changed(era: str) -> None:
    async with stage(era) as on:
        on.store.put(SANDBOX, "flows", {**_flow(on), "description": "Members \ud83d"})
        answer = await on.answer("change_pipeline", flow=FLOW, description="Members")
        assert answer["status"] == "done"
        assert _flow(on)["description"] == "Members"


@pytest.mark.parametrize("left_out", ["flows", "sourceConnections", "targetConnections"])
async def test_an_answer_that_leaves_the_id_out_is_about_what_was_asked_for(left_out: str) -> None:
    async with stage("2026-07-28") as on:
        flow = _flow(on)
        ids = {
            "flows": FLOW,
            "sourceConnections": flow["sourceConnectionIds"][0],
            "targetConnections": flow["targetConnectionIds"][0],
        }
        kept = on.store.get(SANDBOX, left_out, ids[left_out])
        assert kept is not None
        body = {"items": [{**kept, "id": None}]}
        route = f"^GET /data/foundation/flowservice/{left_out}/{ids[left_out]}$"
        on.emulator.faults.add(FaultRule(route=route, kind="status", status=200, body=body))
        await on.answer("change_pipeline", flow=FLOW, description="Reviewed")
        assert _flow(on)["description"] == "Reviewed"
        before = on.kept()
        await on.answer("delete_pipeline", flow=FLOW)
        assert {id for id in ids.values() if id not in on.kept()[_kind_of(id, before)]} == set(ids.values())


def _kind_of(id: str, kept: dict[str, dict[str, Any]]) -> str:
    return next(kind for kind in kept if id in kept[kind])
