"""Export, an empty sandbox, apply, export again: the same bytes, and nothing left to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from as_code.bed import LONG_AGO, NOW, Bed, contents, counts, emptied, organisation

IMPOSSIBLE = {
    "newsletter-opens-old-tool.yaml": "dataset.id",  # its dataset was deleted
    "customer-lifetime-value-scores.yaml": "delta_column",  # 1367-400
    "product-catalogue.yaml": "delta_column",
}
"""Pipelines that the service holds and would not take: file and field of the finding."""


@pytest.fixture
def exported(tmp_path: Path) -> Bed:
    bed = Bed(tmp_path / "pipelines", organisation())
    code, said = bed.export()
    assert code == 0, said
    return bed


def test_every_import_and_export_is_a_file_and_no_internal_flow(exported: Bed) -> None:
    stored = {row["name"]: row for row in exported.emulator.store.sandboxes["dev"]["flows"]}
    names = [document.pipeline.pipeline for document in exported.documents()]
    internal = {name for name in stored if name.startswith(("Profile: ", "Identity: "))}
    assert len(names) == len(list(exported.emulator.store.sandboxes["dev"]["flows"])) - len(internal) > 35
    assert set(names) == set(stored) - internal


def test_what_was_exported_is_as_it_is(exported: Bed) -> None:
    code, said = exported.plan()
    assert (code, "Nothing to do." in said) == (0, True), said


def test_exporting_again_changes_no_byte(exported: Bed) -> None:
    before = contents(exported.folder)
    _, said = exported.export()
    assert " 0 files written" in said
    assert contents(exported.folder) == before


def test_an_empty_sandbox_becomes_the_same_byte_for_byte(exported: Bed, tmp_path: Path) -> None:
    """In a sandbox whose clock stands before all the schedules, so that each start is still to come."""
    there = Bed(tmp_path / "there", emptied(organisation()))
    there.at = LONG_AGO
    there.emulator.backend.clock.ahead = LONG_AGO - NOW
    there.folder.mkdir()
    for name, text in exported.texts.items():
        if name not in IMPOSSIBLE:
            there.write(name, text)
    code, said = there.apply()
    assert code == 0, said
    again = Bed(tmp_path / "again", there.emulator)
    again.at = LONG_AGO
    code, said = again.export()
    assert code == 0, said
    assert sorted(again.texts.values()) == sorted(there.texts.values())
    code, said = there.plan()
    assert (code, "Nothing to do." in said) == (0, True), said


def test_starts_that_have_passed_keep_their_rhythm_and_the_files_stay(exported: Bed) -> None:
    """What is applied today starts at the next time of its rhythm; to the file that is the same."""
    for name in IMPOSSIBLE:
        (exported.folder / name).unlink()
    there = Bed(exported.folder, emptied(organisation()))
    code, said = there.apply()
    assert code == 0, said
    code, said = there.plan()
    assert (code, "Nothing to do." in said) == (0, True), said
    before = there.texts
    code, said = there.export()
    assert code == 0, said
    assert there.texts == before


def test_what_the_service_would_not_take_is_told_by_line_and_field(exported: Bed) -> None:
    there = Bed(exported.folder, emptied(organisation()))
    before = counts(there.emulator)
    code, said = there.plan()
    assert code == 1
    for file, field in IMPOSSIBLE.items():
        [line] = [line for line in said.splitlines() if line.startswith(f"{file}:")]
        number, column = line.split(":")[1:3]
        assert (int(number) > 1, int(column) >= 1) == (True, True), line
        assert f" {field}: " in line
    assert there.apply()[0] == 1
    assert counts(there.emulator) == before
