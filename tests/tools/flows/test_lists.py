"""What rows of lists tell: schedules in words, both accounts, audiences, uses, versions; ids where names are equal."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from aep_flow_mcp.answers.schedules import asked_schedule, schedule_cell
from aep_flow_mcp.emulator.seed.scenarios import SCENARIOS
from aep_flow_mcp.emulator.steering.faults import FaultRule
from aep_flow_mcp.insight.schedule import Timetable
from aep_flow_mcp.platform.models.flows import Schedule
from tools.bed import NOW, SANDBOX, Bed

START = int(datetime(2026, 3, 1, 5, 30, tzinfo=UTC).timestamp())
LATER = int(datetime(2026, 4, 1, 5, 30, tzinfo=UTC).timestamp())


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"frequency": "hour", "interval": 6}, "every 6 hours"),
        ({"frequency": "hour", "interval": "1"}, "hourly"),
        ({"frequency": "hour", "interval": 24}, "daily at 05:30"),
        ({"frequency": "minute", "interval": 15}, "every 15 minutes"),
        ({"frequency": "day", "interval": 1}, "daily at 05:30"),
        ({"frequency": "day", "interval": 3}, "every 3 days at 05:30"),
        ({"frequency": "week", "interval": 1}, "weekly on Sunday at 05:30"),
        ({"frequency": "once"}, "once at 2026-03-01T05:30:00Z"),
        (
            {"frequency": "hour", "interval": 6, "startTime": LATER},
            "every 6 hours, starts 2026-04-01T05:30:00Z",
        ),
        (
            {"timeUnit": "day", "interval": 1, "endTime": START + 60},
            "daily at 05:30, ended 2026-03-01T05:31:00Z",
        ),
        ({"timeUnit": "day", "interval": 1, "endTime": LATER}, "daily at 05:30, ends 2026-04-01T05:30:00Z"),
    ],
)
def test_a_schedule_in_words(params: dict[str, Any], said: str) -> None:
    table = Timetable.read(Schedule.model_validate({"startTime": START, **params}))
    assert schedule_cell(table, (), now=NOW) == said


def test_a_schedule_is_asked_for_by_its_words() -> None:
    assert asked_schedule("every day", "daily at 05:30")
    assert asked_schedule("ended", "daily at 05:30, ended 2026-03-01T05:31:00Z")
    assert asked_schedule("Every 6 Hours", "every 6 hours")
    assert not asked_schedule("every 6 hours", "every 16 hours")
    assert not asked_schedule("starts", "every 6 hours")
    assert asked_schedule("none", None)
    assert not asked_schedule("none", "every 6 hours")


async def test_flows_are_found_by_their_schedule(bed: Bed) -> None:
    params = {flow["id"]: flow.get("scheduleParams") or {} for flow in bed.stored("flows")}
    for hours in (3, 6, 12):
        expected = {
            id
            for id, each in params.items()
            if (each.get("frequency", each.get("timeUnit")), each.get("interval")) == ("hour", hours)
        }
        assert expected
        found = await bed.answer("find_flows", schedule=f"every {hours} hours", limit=50)
        # The others run as their audiences are exported.
        own = {flow["id"] for flow in found["flows"] if params[flow["id"]]}
        assert own == expected
        assert all(f"every {hours} hours" in flow["schedule"] for flow in found["flows"])


def audiences_of(flow: dict[str, Any]) -> list[dict[str, Any]]:
    steps = flow.get("transformations") or []
    chosen = [
        step["params"]["segmentSelectors"] for step in steps if "segmentSelectors" in step.get("params", {})
    ]
    return [each["value"] for selectors in chosen for each in selectors["selectors"]]


async def test_a_flow_is_found_by_an_audience_that_it_activates(bed: Bed) -> None:
    active = {flow["id"]: audiences_of(flow) for flow in bed.stored("flows")}
    audience = next(each[0] for each in active.values() if each)
    expected = {id for id, each in active.items() if audience["name"] in [one["name"] for one in each]}
    for words in (audience["name"], audience["id"]):
        found = {
            flow["id"]: flow for flow in (await bed.answer("find_flows", query=words, limit=50))["flows"]
        }
        assert expected <= set(found)
        assert all(audience["name"] in found[id]["audiences"] for id in expected)


async def test_rows_of_flows_tell_both_accounts_and_the_audiences(bed: Bed) -> None:
    names = {each["id"]: each["name"] for each in bed.stored("connections")}
    bases = {
        end["id"]: end.get("baseConnectionId")
        for kind in ("sourceConnections", "targetConnections")
        for end in bed.stored(kind)
    }
    stored = {flow["id"]: flow for flow in bed.stored("flows")}
    rows = (await bed.answer("list_flows", limit=20))["items"]
    rows += (await bed.answer("find_flows", limit=50))["flows"]
    assert any(row.get("source") for row in rows)
    assert any(row.get("target") for row in rows)
    assert any(row.get("audiences") for row in rows)
    for row in rows:
        flow = stored[row["id"]]
        for side in ("source", "target"):
            base = bases.get(flow[f"{side}ConnectionIds"][0])
            if base in names:
                assert row[side] == names[base]
        for audience in audiences_of(flow)[:3]:
            assert audience["name"] in row["audiences"]


async def test_accounts_tell_how_many_flows_use_them(bed: Bed) -> None:
    bases = {
        end["id"]: end.get("baseConnectionId")
        for kind in ("sourceConnections", "targetConnections")
        for end in bed.stored(kind)
    }
    used: dict[str, int] = {}
    for flow in bed.stored("flows"):
        for base in {bases.get(id) for id in (*flow["sourceConnectionIds"], *flow["targetConnectionIds"])}:
            used[base or ""] = used.get(base or "", 0) + 1
    rows = (await bed.answer("list_connections", limit=100))["items"]
    assert {row["id"]: row["flows"] for row in rows} == {row["id"]: used.get(row["id"], 0) for row in rows}
    unused = {row["id"] for row in rows if not row["flows"]}
    assert unused
    pages = await bed.pages("list_connections", unused=True, limit=2)
    assert [len(page) > 0 for page in pages[:-1]] == [True] * (len(pages) - 1)
    assert {row["id"] for page in pages for row in page} == unused
    assert (await bed.answer("list_connections", unused=True, count_only=True))["count"] == len(unused)


async def test_what_cannot_be_told_is_not_told(bed: Bed) -> None:
    bed.emulator.faults.add(FaultRule("GET .*/sourceConnections$", "status", status=403))
    answer = await bed.answer("list_connections")
    assert all("flows" not in row for row in answer["items"])
    assert "source connections" in answer["note"]
    assert "cannot be told" in await bed.refusal("list_connections", unused=True)


async def test_rows_of_runs_name_their_flow_and_what_is_usual(bed: Bed) -> None:
    names = {flow["id"]: flow["name"] for flow in bed.stored("flows")}
    answer, text = await bed.call("list_runs", limit=100)
    told = [row for row in answer["items"] if names[row["flow_id"]] in row.get("flow", "")]
    assert len({row["flow_id"] for row in told}) > 5
    assert answer["items"][0]["flow_id"] not in text or "flow_id" in text.split("\n", 1)[0]
    alone, text = await bed.call("list_runs", flow=SCENARIOS["healthy"], limit=20)
    assert names[SCENARIOS["healthy"]] in alone["note"]
    took = sorted(row["duration_s"] for row in alone["items"] if row["status"] == "success")
    middle = len(took) // 2
    usual = took[middle] if len(took) % 2 else (took[middle - 1] + took[middle]) / 2
    said = float(alone["note"].partition("usually ")[2].partition(" s")[0])
    assert said == pytest.approx(usual, abs=0.11)


async def test_ids_stand_once_in_a_row_of_text(bed: Bed) -> None:
    answer, text = await bed.call("list_connections", limit=20)
    assert all(row["connection_spec_id"] for row in answer["items"])
    assert "connection_spec_id" not in text
    assert not any(row["connection_spec_id"] in text for row in answer["items"])


async def test_mapping_sets_tell_who_uses_an_older_version_and_whose_name_is_whose(bed: Bed) -> None:
    flow = next(each for each in bed.stored("flows") if each["id"] == SCENARIOS["healthy"])
    step = next(each for each in flow["transformations"] if each["name"] == "Mapping")
    mapping_id, newest = step["params"]["mappingId"], int(step["params"]["mappingVersion"])

    async def users() -> list[str]:
        rows = [row for page in await bed.pages("list_mapping_sets", limit=100) for row in page]
        found: list[str] = next(row["flows"] for row in rows if row["id"] == mapping_id)
        return found

    assert await users() == [flow["name"]]
    old = {**step, "params": {**step["params"], "mappingVersion": newest - 1}}
    bed.store.put(SANDBOX, "flows", {**flow, "transformations": [old]})
    assert await users() == [f"{flow['name']} (uses version {newest - 1}, newest {newest})"]
    other = "11111111-2222-4333-8444-555555555555"
    bed.store.put(SANDBOX, "flows", {**flow, "id": other})
    told = await users()
    assert f"{flow['name']} ({other})" in told
    assert f"{flow['name']} ({flow['id']}, uses version {newest - 1}, newest {newest})" in told


async def test_names_beside_a_page_are_one_request(bed: Bed) -> None:
    bed.emulator.journal.clear()
    runs = await bed.answer("list_runs", limit=100)
    assert len({row["flow_id"] for row in runs["items"]}) > 10
    assert len([one for one in bed.emulator.journal if one.path.endswith("/flows")]) == 1
    assert [one for one in bed.emulator.journal if "/flows/" in one.path] == []
    bed.emulator.journal.clear()
    flows = await bed.answer("list_flows", limit=50)
    assert len({row.get("source") for row in flows["items"]}) > 10
    assert len([one for one in bed.emulator.journal if one.path.endswith("/connections")]) == 1


async def test_names_that_may_not_be_read_are_told(bed: Bed) -> None:
    bed.emulator.faults.add(FaultRule(r"^GET .*/flows\?", "status", status=403, times=None))
    bed.emulator.faults.add(FaultRule(r"^GET .*/flows$", "status", status=403, times=None))
    answer = await bed.answer("list_runs", limit=5)
    assert "The flows' names could not be read, so they are shown by id" in answer["note"]
    assert all(row["flow"] == row["flow_id"] for row in answer["items"])
