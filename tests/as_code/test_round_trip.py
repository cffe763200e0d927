"""Export, an empty sandbox, apply, export again: the same bytes, and nothing left to do."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from aep_flow_mcp.emulator.flow_service.sources_and_targets import check
from aep_flow_mcp.emulator.http.errors import ApiError
from aep_flow_mcp.planning.as_code import creating
from as_code.bed import LONG_AGO, NOW, Bed, contents, counts, emptied, organisation

DELTA = "delta_column: {column}\nschedule:\n"
IMPOSSIBLE = {
    "newsletter-opens-old-tool.yaml": (
        "dataset.id",
        r'dataset:\n  id: "?\w+"?\n',
        "dataset: Message Engagement\n",
    ),
    "customer-lifetime-value-scores.yaml": (
        "delta_column",
        "schedule:\n",
        DELTA.format(column="COMPUTED_AT"),
    ),
    "product-catalogue.yaml": ("delta_column", "every: day", "every: once"),
}
"""Pipelines that the service holds and does not take anew: the file, the field of the finding, and how the line is put
right. The dataset of the first was deleted (2200-500 for a target that names it). The two others load whole tables day
by day, as flows of before do; of a new one that is scheduled a delta column is required (1367-400, both in
help/sources/errors/sources-errors.md), or it runs once."""


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
    for file, (field, *_) in IMPOSSIBLE.items():
        [line] = [line for line in said.splitlines() if line.startswith(f"{file}:")]
        number, column = line.split(":")[1:3]
        assert (int(number) > 1, int(column) >= 1) == (True, True), line
        assert f" {field}: " in line
    assert there.apply()[0] == 1
    assert counts(there.emulator) == before


def test_the_service_itself_refuses_these_and_nothing_else_is_in_their_way(
    exported: Bed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sent all the same they end in its own codes; each comes round once its one line is right."""
    texts = {name: text for name, text in exported.texts.items() if name in IMPOSSIBLE}
    assert len(texts) == len(IMPOSSIBLE)
    there = _alone(exported, texts)
    for name, (_, wrong, right) in IMPOSSIBLE.items():
        text = (there.folder / name).read_text("utf-8")
        changed = re.sub(wrong, right, text)
        assert changed != text, name
        # What goes with the wrong line goes too: the schema of the dataset, and the backfill that once has none of.
        superfluous = r"  backfill: true\n" if "once" in right else r"(?s)\nextra:.*"
        there.write(name, re.sub(superfluous, "" if "once" in right else "\n", changed))
    code, said = there.apply()
    assert code == 0, said
    before = there.texts
    assert there.export()[0] == 0
    assert there.texts == before
    code, said = there.plan()
    assert (code, "Nothing to do." in said) == (0, True), said
    monkeypatch.setattr(creating, "_lacks_delta", lambda *_: False)
    for name in ("customer-lifetime-value-scores.yaml", "product-catalogue.yaml"):
        code, said = _alone(exported, {name: texts[name]}).apply()
        assert (code, "CONNECTOR-1367-400" in said) == (1, True), said
    # A dataset that is not there is told by what the sandbox lists, so the target is sent by itself.
    flow = exported.flow("Newsletter opens (old tool)")
    store = exported.emulator.store.sandboxes["dev"]
    target = store["targetConnections"].get(flow["targetConnectionIds"][0])
    assert target is not None
    body = {name: target[name] for name in ("name", "data", "params", "connectionSpec")}
    with pytest.raises(ApiError, match="FLOW-2200-500"):
        check(exported.emulator.backend, store, "targetConnections", body, complete=True)


def _alone(exported: Bed, texts: dict[str, str]) -> Bed:
    """A folder with these files, and the sandbox without pipelines."""
    there = Bed(exported.folder.parent / "-".join(texts), emptied(organisation()))
    for name, text in texts.items():
        there.write(name, text)
    return there
