"""Lineage from connections by name, writers told from readers, and what only one flow uses."""

from __future__ import annotations

from collections import Counter

import pytest

from aep_flow_mcp.emulator.seed.scenarios import SCENARIOS
from aep_flow_mcp.emulator.steering.faults import FaultRule
from tools.bed import Bed


@pytest.mark.parametrize(("kind", "side"), [("source_connection", "source"), ("target_connection", "target")])
@pytest.mark.parametrize("told", [True, False])
async def test_connections_are_found_by_name(bed: Bed, kind: str, side: str, told: bool) -> None:
    ends = bed.stored(f"{side}Connections")
    everything = [*bed.stored("sourceConnections"), *bed.stored("targetConnections")]
    taken = Counter(each["name"] for each in [*everything, *bed.stored("flows"), *bed.stored("connections")])
    end = next(each for each in ends if taken[each["name"]] == 1)
    users = {flow["name"] for flow in bed.stored("flows") if end["id"] in flow[f"{side}ConnectionIds"]}
    answer = await bed.answer("trace_lineage", object=end["name"], **({"kind": kind} if told else {}))
    assert end["id"] in [node["id"] for node in answer["nodes"] if node["kind"] == kind]
    assert {said.partition(" ")[2] for said in answer["breaks"]} == users
    own = answer["readers" if side == "source" else "writers"]
    assert {said.partition(" ")[2] for said in own} == users


async def test_a_name_of_no_connection(bed: Bed) -> None:
    refusal = await bed.refusal("trace_lineage", object="no such thing", kind="target_connection")
    assert "list_target_connections" in refusal


async def test_what_only_this_flow_uses_is_marked(bed: Bed) -> None:
    flow = next(each for each in bed.stored("flows") if each["id"] == SCENARIOS["healthy"])
    mapping = next(s for s in flow["transformations"] if s["name"] == "Mapping")["params"]["mappingId"]
    nodes = {node["id"]: node for node in (await bed.answer("trace_lineage", object=flow["id"]))["nodes"]}
    assert "only this flow uses it" in nodes[mapping]["detail"]
    bases = {end["id"]: end.get("baseConnectionId") for end in bed.stored("sourceConnections")}
    users = Counter(
        base for each in bed.stored("flows") for base in {bases.get(i) for i in each["sourceConnectionIds"]}
    )
    base = bases[flow["sourceConnectionIds"][0]]
    assert ("only this flow uses it" in nodes[base].get("detail", "")) == (users[base] == 1)


async def test_nothing_is_marked_where_others_could_not_be_read(bed: Bed) -> None:
    bed.emulator.faults.add(FaultRule("GET .*/sourceConnections$", "status", status=403))
    text = await bed.text("trace_lineage", object=SCENARIOS["healthy"], direction="up", hops=1)
    assert "only this flow uses it" not in text
    assert "could not be told" in text
