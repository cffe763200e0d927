"""Facts read straight from JSON are those that the models give, whatever the JSON looks like."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from aep_flow_mcp.emulator import Emulator, EmulatorOptions, Variants
from aep_flow_mcp.insight.facts import FlowFacts, RunFacts
from aep_flow_mcp.insight.lean import flow_facts, run_facts
from aep_flow_mcp.platform.models.flows import Flow
from aep_flow_mcp.platform.models.runs import FlowRun
from insight.made import NOW, raw_flow, raw_run

ODD = st.sampled_from(
    [
        *(None, 0, -1, 7, 1.5, "", "12", "1700000000000", "x", "a b\u200b", True, [], {}, [None]),
        *([{"code": "C", "message": "m"}], {"id": "y"}, {"errors": [{"code": "C"}]}, ["p", "q"]),
        *(1_700_000_000, 1_700_000_000_000, "success", "FAILED"),
    ]
)


def paths(value: Any, prefix: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where something is in a JSON document."""
    found = [prefix] if prefix else []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        found += paths(inner, (*prefix, key))
    return found


@st.composite
def bent(draw: st.DrawFn, documents: list[dict[str, Any]]) -> dict[str, Any]:
    """One of the documents, with some of its parts replaced, added or removed."""
    made = deepcopy(draw(st.sampled_from(documents)))
    for _ in range(draw(st.integers(0, 4))):
        where = draw(st.sampled_from(paths(made)))
        holder: Any = made
        for key in where[:-1]:
            holder = holder[key]
        if isinstance(holder, dict) and draw(st.booleans()) and draw(st.booleans()):
            del holder[where[-1]]
        else:
            holder[where[-1]] = deepcopy(draw(ODD))
    extra = draw(
        st.sampled_from([None, "activites", "state", "name", "scheduleParams", "lastRunDetails", "metrics"])
    )
    if extra:
        made[extra] = deepcopy(draw(ODD))
    document: dict[str, Any] = made
    return document


def same(read: Any, lean: Any, model: Any, document: dict[str, Any]) -> None:
    """Both give the same, or both refuse."""
    try:
        expected = read(model.model_validate(document))
    except ValidationError:
        with pytest.raises(ValidationError):
            lean(document)
    else:
        assert lean(document) == expected


RUNS = [
    raw_run(1),
    raw_run(2, status="failed", errors=[{"code": "CONNECTOR-1001-500", "message": "no"}]),
    raw_run(3, status="inProgress", seconds=None, read=None),
    raw_run(4, failed=5),
]
FLOWS = [raw_flow(), raw_flow(state="disabled", scheduleParams={}, lastRunDetails=None, transformations=[])]


@settings(max_examples=300, deadline=None)
@given(bent(RUNS))
def test_runs(document: dict[str, Any]) -> None:
    same(RunFacts.of, run_facts, FlowRun, document)


@settings(max_examples=300, deadline=None)
@given(bent(FLOWS))
@example(raw_flow(transformations=[{"name": "Mapping", "params": {"mappingId": 0}}]))
def test_flows(document: dict[str, Any]) -> None:
    same(FlowFacts.of, flow_facts, Flow, document)


@pytest.mark.parametrize("name", ["defaults", "others"])
def test_everything_in_the_emulator(name: str) -> None:
    others = Variants(activities_key="activites", completed_key="stoppedAtUTC", status_case="upper")
    emulator = Emulator(
        EmulatorOptions(clock=lambda: NOW, variants=others if name == "others" else Variants())
    )
    flows, runs = emulator.store.all("dev", "flows"), emulator.store.all("dev", "runs")
    assert len(flows) > 30
    assert len(runs) > 1000
    for document in flows:
        same(FlowFacts.of, flow_facts, Flow, document)
    for document in runs[::7]:
        same(RunFacts.of, run_facts, FlowRun, document)


def test_what_the_api_calls_unknown_is_plain() -> None:
    run = raw_run(1)
    run["metrics"]["sizeSummary"] = {"inputBytes": -1, "outputBytes": -1}
    run["metrics"]["recordSummary"]["failedRecordCount"] = -1
    facts = run_facts.of_json(msgspec.Raw(msgspec.json.encode(run)))
    assert facts is not None
    assert facts.bytes_in is facts.bytes_out is facts.records_failed is None
    assert facts == RunFacts.of(FlowRun.model_validate(run))
