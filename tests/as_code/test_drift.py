"""What was changed outside of the files: which fields, on which side, by whom, when."""

from __future__ import annotations

from pathlib import Path

import pytest

from as_code.bed import Bed, organisation


@pytest.fixture
def bed(tmp_path: Path) -> Bed:
    bed = Bed(tmp_path / "pipelines", organisation())
    bed.export("Web orders", "Store POS receipts")
    assert bed.drift() == (0, "Sandbox dev: 0 pipelines changed outside of the files.")
    return bed


def test_a_change_in_the_sandbox_is_told_with_field_values_and_who(bed: Bed) -> None:
    flow = bed.flow("Web orders")
    schedule = {**flow["scheduleParams"], "interval": 4}
    bed.change_flow("Web orders", scheduleParams=schedule, updatedBy="mira@brightfjord.example")
    code, said = bed.drift()
    assert code == 2
    assert "~ Web orders (web-orders.yaml) was changed in the sandbox (flow) since " in said
    assert 'schedule.every: "hour" -> "4 hours"' in said
    assert "by mira@brightfjord.example" in said
    assert "Store POS receipts" not in said


def test_a_change_through_the_service_is_told_from_the_audit_log(bed: Bed) -> None:
    other = Bed(bed.folder.parent / "other", bed.emulator)
    other.export("Web orders")
    bed.emulator.backend.clock.advance(60)
    other.edit("web-orders.yaml", "every: hour", "every: 4 hours")
    assert other.apply()[0] == 0
    code, said = bed.drift()
    assert code == 2
    assert "Update by " in said, said


def test_a_change_in_the_file_is_no_drift(bed: Bed) -> None:
    bed.edit("web-orders.yaml", "every: hour", "every: 4 hours")
    code, said = bed.drift()
    assert code == 0
    assert "was changed in the file and not applied yet" in said


def test_a_flow_that_was_deleted_is_told(bed: Bed) -> None:
    flow = bed.flow("Web orders")
    bed.emulator.store.sandboxes["dev"]["flows"].remove(flow["id"])
    code, said = bed.drift()
    assert (code, "~ Web orders (web-orders.yaml) is not there any more" in said) == (2, True)


def test_without_the_kept_state_nobody_claims_to_know_the_side(bed: Bed) -> None:
    (bed.folder / "aep-flow-state.json").unlink()
    bed.edit("web-orders.yaml", "every: hour", "every: 4 hours")
    code, said = bed.drift()
    assert (code, "on which side it changed is not known" in said) == (2, True)


def test_applying_makes_the_files_right_again(bed: Bed) -> None:
    flow = bed.flow("Web orders")
    bed.change_flow("Web orders", scheduleParams={**flow["scheduleParams"], "interval": 4})
    assert bed.apply()[0] == 0
    assert bed.flow("Web orders")["scheduleParams"]["interval"] == 1
    assert bed.drift()[0] == 0


def test_rows_that_became_others_under_a_flow_that_takes_the_newest_are_the_sandboxs(bed: Bed) -> None:
    flow = bed.flow("Web orders")
    steps = [dict(step, params=dict(step["params"])) for step in flow["transformations"]]
    mapping = next(step for step in steps if step["name"] == "Mapping")
    del mapping["params"]["mappingVersion"]
    bed.change_flow("Web orders", transformations=steps)
    bed.export("Web orders")
    assert bed.drift()[0] == 0
    sets = bed.emulator.store.sandboxes["dev"]["mappingSets"]
    held = sets.get(mapping["params"]["mappingId"])
    assert held is not None
    rows = [{**held["mappings"][0], "source": "lower(somebody)"}, *held["mappings"][1:]]
    sets.put(held["id"], {**held, "version": held["version"] + 1, "mappings": rows})
    code, said = bed.drift()
    assert code == 2, said
    assert "was changed in the sandbox (mapping) since " in said


def test_what_cannot_be_compared_is_told_beside_what_was_changed_in_the_same_file(bed: Bed) -> None:
    parts = [bed.texts[file] for file in ("web-orders.yaml", "store-pos-receipts.yaml")]
    for file in bed.texts:
        (bed.folder / file).unlink()
    bed.write("shops.yaml", "---\n".join(parts))
    assert bed.apply()[0] == 0
    bed.edit("shops.yaml", "every: hour", "every: 4 hours")
    front, _, back = bed.texts["shops.yaml"].partition("---\n")
    assert "\ndataset: " in back
    back = "\n".join(
        "dataset: Nowhere" if line.startswith("dataset: ") else line for line in back.split("\n")
    )
    bed.write("shops.yaml", f"{front}---\n{back}")
    code, said = bed.drift()
    assert code == 1, said
    assert "no dataset called Nowhere" in said
    assert "was changed in the file and not applied yet" in said
