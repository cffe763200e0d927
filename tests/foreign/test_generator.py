"""The generator itself: the same seed gives the same organisation, and all that is documented comes up in some."""

from __future__ import annotations

import json

import pytest
from mcp_types import CallToolResult, TextContent

from foreign.asking import Bench, Faults
from foreign.draw import Draw, shrunk
from foreign.filters import BadFilterError, matching, ordered
from foreign.names import FORGED, name, shown
from foreign.organisation import make_organisation
from foreign.truth import Thing
from foreign.visits import visit
from foreign.writes import check_writes


def test_a_seed_is_an_organisation() -> None:
    first, again, other = make_organisation(11), make_organisation(11), make_organisation(12)
    assert _bodies(first) == _bodies(again) != _bodies(other)


def test_taking_one_decision_back_changes_nothing_else() -> None:
    flows = make_organisation(4).flows
    plain = make_organisation(4, frozenset({"flowSpec"})).flows
    assert flows
    for flow, other in zip(flows, plain, strict=True):
        assert other.body["flowSpec"] == {"id": flow.spec_id, "version": "1.0"}
        assert {**flow.body, "flowSpec": None} == {**other.body, "flowSpec": None}


def test_a_fault_is_shrunk_to_the_decisions_that_it_needs() -> None:
    varied = {f"flows.{index}.{point}" for index in range(4) for point in ("flowSpec", "state", "name")}
    needs = {"flows.2.flowSpec", "flows.1.name"}

    def failing(plain: frozenset[str]) -> bool:
        return not any(point in plain or point.rsplit(".", 1)[-1] in plain for point in needs)

    assert shrunk(failing, varied) == needs


def test_documented_variants_come_up() -> None:
    text = "".join(json.dumps(_bodies(make_organisation(seed))) for seed in range(150))
    for variant in (
        '"flowSpec": "9753525b', '"eTag"', '"version": 1.0', '"state": "ENABLED"', '"inletUrl"', '"lastRunDetails": {}',
        '"PARTIAL_SUCCESS"', '"stoppedAtUTC"', '"activites"', '"timeUnit": "hour"', '"mappingVersion": "0"',
        '"mappingVersion": 0', '"frequency": "once", "interval"', '"entitySummaries"', '"Audience 249"',
        "Encryption",
        '"foldernameTemplate"', '"failedInfo"', '"scheduleParams": null', '"core/C12"', FORGED,
    ):  # fmt: skip
        assert variant in text, variant


def test_names_come_in_every_kind() -> None:
    names = [name(Draw(seed)) for seed in range(2_000)]
    assert None in names
    assert "" in names
    assert names.count("Orders") > 10
    assert max(len(each or "") for each in names) > 2_000
    assert any("\u202e" in (each or "") for each in names)
    assert shown("a\u200b b\u0301|1") == "ab1"


def test_conditions_hold_as_documented() -> None:
    kept = {"state": "enabled", "at": 5, "steps": [{"id": "m1"}, None], "flags": {"on": True}}
    thing = Thing("1", {}, kept)
    for condition in (
        "state==ENABLED",
        "at>=5",
        "at<6",
        "steps[].id==m0,m1",
        "flags.on==true",
        'state=="enabled"',
    ):
        assert matching([thing], [condition]) == [thing], condition
    for condition in ("state==disabled", "at>5", "steps[].id==m2", "none==1", "flags.on==false"):
        assert matching([thing], [condition]) == [], condition
    with pytest.raises(BadFilterError):
        matching([thing], ["state"])
    later = Thing("2", {}, {"at": 7})
    assert ordered([thing, later], "-at") == [later, thing]


async def test_every_tool_is_called() -> None:
    """With some organisation, and nothing is sent by any of them."""
    called: set[str] = set()
    known: set[str] = set()
    async with Bench().open() as bench:
        for seed in range(4):
            async with bench.asking(make_organisation(seed), Faults()) as ask:
                await visit(ask)
                await check_writes(ask)
                called |= {answer.tool for answer in ask.answers}
                known |= set(ask.inputs)
                assert ask.service.writes == []
    # Those that the oracle calls, and the one that would send.
    oracle = {
        "describe_flow",
        "get_flow",
        "get_run",
        "get_connection",
        "get_source_connection",
        "get_target_connection",
    }
    assert known - called - oracle <= {"confirm_change", "list_mapping_sets"}


async def test_an_answer_that_violates_the_output_schema_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """The client holds every structured answer against the schema that the tool lists."""
    monkeypatch.setattr("aep_flow_mcp.surface.listed.ListedTool.run", _run_wrongly)
    faults = Faults()
    async with Bench().open() as bench, bench.asking(make_organisation(0), faults) as ask:
        answer = await ask.call("list_flows")
    assert answer.is_error
    assert faults.kinds == ["list_flows: no answer but RuntimeError"]


async def _run_wrongly(
    self: object, arguments: object, context: object, convert_result: bool
) -> CallToolResult:
    return CallToolResult(content=[TextContent(type="text", text="x")], structured_content={"items": 7})


def _bodies(organisation: object) -> object:
    things = vars(organisation)["things"]
    return [[thing.body for thing in collection.values()] for collection in things.values()]
