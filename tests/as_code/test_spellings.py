"""How a service tells what it holds is not always how it takes it: what is exported can be created again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from as_code.bed import LONG_AGO, NOW, Bed, emptied, organisation

SPACED = "concat('a  b\u00a0', store_id, ' \u200b')"
"""An expression in which each space and each character that nobody sees is a part of the result."""


@pytest.fixture
def bed(tmp_path: Path) -> Bed:
    return Bed(tmp_path / "pipelines", organisation())


def _restored(bed: Bed, folder: Path) -> Bed:
    """The files of a bed, applied to its sandbox without pipelines, before all schedules."""
    there = Bed(folder, emptied(organisation()))
    there.at = LONG_AGO
    there.emulator.backend.clock.ahead = LONG_AGO - NOW
    for name, text in bed.texts.items():
        there.write(name, text)
    code, said = there.apply()
    assert code == 0, said
    code, said = there.plan()
    assert (code, "Nothing to do." in said) == (0, True), said
    return there


def _mapping(bed: Bed, name: str) -> dict[str, Any]:
    step = next(step for step in bed.flow(name)["transformations"] if step["name"] == "Mapping")
    found = bed.emulator.store.sandboxes["dev"]["mappingSets"].get(step["params"]["mappingId"])
    assert found is not None
    return found


def test_an_expression_keeps_each_of_its_characters(bed: Bed, tmp_path: Path) -> None:
    held = _mapping(bed, "Store POS receipts")
    rows = [
        {**row, "source": SPACED, "sourceType": "EXPRESSION"} if row["source"] == "store_id" else row
        for row in held["mappings"]
    ]
    bed.emulator.store.sandboxes["dev"]["mappingSets"].put(held["id"], {**held, "mappings": rows})
    bed.export("Store POS receipts")
    there = _restored(bed, tmp_path / "there")
    assert SPACED in [row["source"] for row in _mapping(there, "Store POS receipts")["mappings"]]


@pytest.mark.parametrize(
    "told",
    [
        {"startTime": "1760000000", "interval": "1", "backfill": "true", "frequency": "hour"},
        {"startTime": "1760000000", "frequency": "once", "interval": "15", "backfill": "false"},
        {"startTime": 1760000000, "frequency": "once", "endTime": None},
    ],
)
def test_a_schedule_as_the_service_gives_it_back(bed: Bed, tmp_path: Path, told: dict[str, Any]) -> None:
    bed.change_flow("Store POS receipts", scheduleParams=told)
    bed.export("Store POS receipts")
    [document] = bed.documents()
    assert document.pipeline.extra is None
    there = _restored(bed, tmp_path / "there")
    held = there.flow("Store POS receipts")["scheduleParams"]
    assert (held["startTime"], held["frequency"]) == (1760000000, told["frequency"])
    assert ("interval" in held) == (told["frequency"] != "once")


def test_null_says_no_more_than_nothing(bed: Bed, tmp_path: Path) -> None:
    flow = bed.flow("Web orders")
    bed.change_flow(
        "Web orders",
        options={"errorDiagnosticsEnabled": None, "partialIngestionPercent": "5"},
        transformations=[None, *flow["transformations"]],
    )
    source = bed.emulator.store.sandboxes["dev"]["sourceConnections"].get(flow["sourceConnectionIds"][0])
    assert source is not None
    params = {**source["params"], "type": None, "recursive": "true"}
    bed.emulator.store.sandboxes["dev"]["sourceConnections"].put(source["id"], {**source, "params": params})
    bed.export("Web orders")
    there = _restored(bed, tmp_path / "there")
    made = there.flow("Web orders")
    assert made["options"] == {"partialIngestionPercent": 5}
    assert len(made["transformations"]) == len(flow["transformations"])
    assert there.export()[0] == 0
    assert sorted(there.texts.values()) == sorted(bed.texts.values())


def test_what_no_request_has_is_left_out_and_said_and_no_difference(bed: Bed) -> None:
    """A member that Adobe adds tomorrow would be sent in vain, and be a difference for ever."""
    bed.change_flow("Web orders", insight={"score": 7})
    _, said = bed.export()
    assert "left out of 1 pipelines, for no request of the API has it: flow.insight." in said
    assert "insight" not in "".join(bed.texts.values())
    bed.change_flow("Web orders", insight={"score": 8})
    code, said = bed.plan()
    assert (code, "Nothing to do." in said) == (0, True), said


def test_what_a_file_says_of_such_a_member_is_compared(bed: Bed) -> None:
    bed.change_flow("Web orders", insight={"score": 7})
    bed.export("Web orders")
    with (bed.folder / "web-orders.yaml").open("a") as file:
        file.write("extra:\n  flow:\n    insight: {score: 7}\n")
    assert bed.plan()[0] == 0
    bed.edit("web-orders.yaml", "score: 7", "score: 8")
    code, said = bed.plan()
    assert (code, "insight" in said) == (2, True), said


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("transformations:\n  - name: Mapping\n    params: {mappingId: '${mapping}'}\n", "transformations"),
        ("extra:\n  source:\n    data: {format: '${mapping}'}\n", "extra.source"),
        ("extra:\n  flow:\n    transformations: [Copy, 7]\n", "transformations"),
        (
            "transformations:\n  - {name: Mapping, params: {mappingId: 0123456789abcdef0123456789abcdef}}\n",
            "mapping",
        ),
    ],
)
def test_what_stands_for_nothing_here_is_told_with_its_line(
    bed: Bed, tmp_path: Path, text: str, field: str
) -> None:
    bed.export("Web orders")
    [(name, held)] = bed.texts.items()
    start = held.index("mapping:\n")
    there = Bed(tmp_path / "there", emptied(organisation()))
    there.write(name, held[:start] + held[held.index("schedule:") :] + text)
    code, said = there.plan()
    assert code == 1
    lines = [line for line in said.splitlines() if line.startswith(f"{name}:") and f": {field}" in line]
    assert lines, said
    assert all(int(line.split(":")[1]) > 1 for line in lines)
    assert there.apply()[0] == 1
    assert not there.writes
