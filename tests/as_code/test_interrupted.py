"""An apply that is cut off at any request, or killed: a second one finishes it, and nothing is there twice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from aep_flow_mcp.emulator import FaultRule
from as_code.bed import Bed, counts, emptied, organisation
from as_code.test_apply import NEW

TWO = (
    NEW.replace("pipeline: Till refunds", "pipeline: Till vouchers").replace("/refunds/", "/vouchers/")
    + "state: disabled\n"
)
WRITES = 9
"""Requests that make the two pipelines: two ends, a mapping set and a flow each, and one that switches off."""
KINDS: tuple[dict[str, Any], ...] = (
    {"kind": "status", "status": 400, "body": {"message": "refused"}},
    {"kind": "status", "status": 503},
    {"kind": "drop"},
    {"kind": "lost_answer"},
    {"kind": "not_json"},
)


@pytest.fixture
def bed(tmp_path: Path) -> Bed:
    bed = Bed(tmp_path / "pipelines", emptied(organisation()))
    bed.write("till-refunds.yaml", NEW)
    bed.write("till-vouchers.yaml", TWO)
    return bed


def finished(bed: Bed) -> dict[str, Any]:
    """What is there, object by object, without ids and times."""
    store = bed.emulator.store.sandboxes["dev"]
    flows = []
    for flow in store["flows"]:
        source = store["sourceConnections"].get(flow["sourceConnectionIds"][0])
        target = store["targetConnections"].get(flow["targetConnectionIds"][0])
        step = next(one for one in flow["transformations"] if one["name"] == "Mapping")
        mapping = store["mappingSets"].get(step["params"]["mappingId"])
        assert source and target and mapping, flow["name"]
        flows.append(
            {
                "flow": {name: flow.get(name) for name in ("name", "scheduleParams", "options")},
                "off": flow["state"] in ("disabled", "disabling"),
                "source": {name: source.get(name) for name in ("name", "params", "data", "baseConnectionId")},
                "target": {name: target.get(name) for name in ("name", "params", "data")},
                "rows": [(row["source"], row["destination"]) for row in mapping["mappings"]],
            }
        )
    return {"flows": sorted(flows, key=lambda one: one["flow"]["name"]), "counts": counts(bed.emulator)}


@pytest.fixture(scope="module")
def wanted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What an apply that nothing interrupts leaves."""
    bed = Bed(tmp_path_factory.mktemp("whole") / "pipelines", emptied(organisation()))
    bed.write("till-refunds.yaml", NEW)
    bed.write("till-vouchers.yaml", TWO)
    assert bed.apply()[0] == 0
    assert len(bed.writes) == WRITES
    return finished(bed)


@pytest.mark.parametrize("after", range(WRITES))
@pytest.mark.parametrize("fault", KINDS, ids=lambda fault: f"{fault['kind']}{fault.get('status', '')}")
def test_a_second_apply_finishes_what_a_fault_cut_off(
    bed: Bed, wanted: dict[str, Any], fault: dict[str, Any], after: int
) -> None:
    rule = FaultRule(route="^POST /data/foundation/(flowservice|conversion)", times=1, after=after, **fault)
    bed.emulator.faults.add(rule)
    bed.apply()
    bed.emulator.faults.clear()
    code, said = bed.apply()
    assert code == 0, said
    left = finished(bed)
    assert left["flows"] == wanted["flows"]
    assert left["counts"] == wanted["counts"]
    assert bed.plan()[0] == 0


@pytest.mark.parametrize("after", range(1, WRITES))
def test_a_second_apply_finishes_what_a_kill_cut_off(bed: Bed, wanted: dict[str, Any], after: int) -> None:
    """The process is gone at once: nothing is undone, nothing is written down."""
    handle = bed.emulator.handle
    sent: list[str] = []

    class Killed(BaseException):
        """As a kill: nothing in the product catches it."""

    def dying(method: str, path: str, *rest: Any) -> Any:
        if method == "POST" and "/ims/" not in path and "search" not in path:
            if len(sent) == after:
                raise Killed
            sent.append(path)
        return handle(method, path, *rest)

    bed.emulator.handle = dying  # type: ignore[method-assign]
    with pytest.raises(BaseException) as raised:  # noqa: PT011
        bed.apply()
    assert "Killed" in repr(raised.value)
    bed.emulator.handle = handle  # type: ignore[method-assign]
    code, said = bed.apply()
    assert code == 0, said
    left = finished(bed)
    assert left == wanted
    assert bed.plan()[0] == 0
