from __future__ import annotations

import sys
import tracemalloc
from collections import Counter
from types import FrameType

import pytest

from aep_flow_mcp.emulator import Scale
from aep_flow_mcp.emulator.seed import Seed, build_seed
from aep_flow_mcp.emulator.seed.scenarios import SCENARIOS
from emulator.conftest import NOW
from emulator.seed.looking import by_id, runs_of


@pytest.mark.parametrize(("flows", "runs"), [(0, 0), (3, 0), (5, 3), (120, 2000), (1, 5000)])
def test_exactly_as_much_as_asked_for(seed: Seed, flows: int, runs: int) -> None:
    plain = seed.by_sandbox["dev"]
    scaled = build_seed(seed=7, now=NOW, scale=Scale(flows, runs)).by_sandbox["dev"]
    assert len(scaled.flows) - len(plain.flows) == flows
    assert len(scaled.runs) - len(plain.runs) == runs
    assert set(SCENARIOS.values()) - {SCENARIOS["dataset_that_is_gone"]} <= {
        *by_id(scaled.flows),
        *by_id(scaled.connections),
        *scaled.datasets,
    }
    column = scaled.runs.column("flowId")
    assert column is not None
    counts = Counter(column)
    generated = [flow["id"] for flow in scaled.flows if flow["name"].startswith("Generated")]
    assert max(counts[id] for id in generated or [""]) - min(counts[id] for id in generated or [""]) <= 1


def test_the_organisation_stays_as_it_is(seed: Seed) -> None:
    plain = seed.by_sandbox["dev"]
    scaled = build_seed(seed=7, now=NOW, scale=Scale(50, 500)).by_sandbox["dev"]
    assert scaled.flows[: len(plain.flows)] == plain.flows
    id = SCENARIOS["partial_ingestion"]
    assert runs_of(scaled, id) == runs_of(plain, id)


def test_generated_flows_resolve(seed: Seed) -> None:
    scaled = build_seed(seed=7, now=NOW, scale=Scale(450, 900)).by_sandbox["dev"]
    sources, targets = by_id(scaled.source_connections), by_id(scaled.target_connections)
    bases, mappings = by_id(scaled.connections), by_id(scaled.mapping_sets)
    specs = by_id(seed.flow_specs)
    for flow in scaled.flows:
        source, target = sources[flow["sourceConnectionIds"][0]], targets[flow["targetConnectionIds"][0]]
        if not flow["name"].startswith("Generated"):
            continue
        assert source["baseConnectionId"] in bases
        dataset = scaled.datasets[target["params"]["dataSetId"]]
        (step,) = flow["transformations"]
        mapping = mappings[step["params"]["mappingId"]]
        assert mapping["outputSchema"]["schemaRef"]["id"] == dataset["schemaRef"]["id"]
        assert source["connectionSpec"]["id"] in specs[flow["flowSpec"]["id"]]["sourceConnectionSpecIds"]


@pytest.mark.parametrize(("flows", "runs"), [(-1, 0), (0, 5), (1, -1)])
def test_a_scale_that_makes_no_sense_is_refused(flows: int, runs: int) -> None:
    with pytest.raises(ValueError, match="scale"):
        build_seed(seed=7, now=NOW, scale=Scale(flows, runs))


def test_a_generated_organisation_takes_little_work_for_each_flow_and_run() -> None:
    few, more, most = (calls_to_build(Scale(flows, 20 * flows)) for flows in (500, 1_000, 2_000))
    assert 500 * 100 < more - few < 500 * 800
    assert most - more < 1.05 * 2 * (more - few)
    assert calls_to_build(Scale(500, 60_000)) - few < 50_000 * 15


def calls_to_build(scale: Scale) -> int:
    """How many functions are called until the sandbox with the generated flows is there."""
    calls = 0

    def count(_: FrameType, event: str, __: object) -> None:
        nonlocal calls
        calls += event in {"call", "c_call"}

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        built = build_seed(seed=7, now=NOW, scale=scale).by_sandbox["dev"]
    finally:
        sys.setprofile(before)
    assert len(built.runs) > scale.runs
    return calls


def test_a_run_takes_some_bytes() -> None:
    tracemalloc.start()
    try:
        few = build_seed(seed=7, now=NOW, scale=Scale(20, 500))
        low = tracemalloc.get_traced_memory()[0]
        many = build_seed(seed=7, now=NOW, scale=Scale(20, 20_500))
        high = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert len(many.by_sandbox["dev"].runs) - len(few.by_sandbox["dev"].runs) == 20_000
    assert high - 2 * low < 20_000 * 60
