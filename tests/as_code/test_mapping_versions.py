"""Other rows of a pipeline that is there: a further version of its mapping set, as change_pipeline makes one; a set of
its own where a version would change flows under those who know nothing of it."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from aep_flow_mcp.emulator import FaultRule
from as_code.bed import Answers, Bed, organisation

NAME, FILE = "Web orders", "web-orders.yaml"
OLD = "  - {source: channel, field: _brightfjord.channel}\n"
NEW = "  - {source: lower(channel), field: _brightfjord.channel}\n"


@pytest.fixture
def bed(tmp_path: Path) -> Bed:
    """One pipeline, exported, with another expression for one of its fields."""
    bed = Bed(tmp_path / "pipelines", organisation())
    bed.export(NAME)
    bed.edit(FILE, OLD, NEW)
    return bed


def taken(flow: dict[str, Any]) -> tuple[str, int | None]:
    """Id and version of the mapping set that a flow names."""
    [step] = [one for one in flow["transformations"] if one["name"] == "Mapping"]
    version = step["params"].get("mappingVersion")
    return step["params"]["mappingId"], None if version is None else int(version)


def held(bed: Bed, mapping_id: str) -> dict[str, Any]:
    found = bed.emulator.store.sandboxes["dev"]["mappingSets"].get(mapping_id)
    assert found is not None
    return found


def sources(mapping: dict[str, Any]) -> dict[str, str]:
    return {row["destination"]: row["source"] for row in mapping["mappings"]}


def another(bed: Bed, name: str, *, pinned: bool) -> dict[str, Any]:
    """One more flow over the same mapping set, which names its version or none."""
    flow = copy.deepcopy(bed.flow(NAME))
    flow |= {"id": f"00000000-0000-4000-8000-{len(name):012d}", "name": name}
    if not pinned:
        for step in flow["transformations"]:
            step["params"].pop("mappingVersion", None)
    bed.emulator.store.sandboxes["dev"]["flows"].put(flow["id"], flow)
    return flow


def left_alone(bed: Bed) -> None:
    """Nothing is left to do, and nothing changed outside of the files."""
    assert bed.plan()[0] == 0, bed.plan()[1]
    assert bed.drift()[0] == 0, bed.drift()[1]


def test_other_rows_become_a_further_version_and_the_preview_says_so(bed: Bed) -> None:
    another(bed, "Its twin", pinned=True)
    mapping_id, version = taken(bed.flow(NAME))
    assert version is not None
    before = copy.deepcopy(held(bed, mapping_id))
    code, said = bed.plan()
    assert code == 2
    assert 'mapping._brightfjord.channel: "channel" -> "lower(channel)"' in said
    assert f"become version {version + 1} of the mapping set in use" in said
    answers = Answers()
    assert bed.apply(answers)[0] == 0
    assert f"become version {version + 1} of the mapping set in use" in answers.questions[0]
    assert [one.split("/")[0] for one in bed.writes] == ["PUT ", "PATCH "]
    assert taken(bed.flow(NAME)) == (mapping_id, version + 1)
    now = held(bed, mapping_id)
    assert (now["version"], now.get("name")) == (version + 1, before.get("name"))
    assert sources(now) == sources(before) | {"_brightfjord.channel": "lower(channel)"}
    kept = bed.emulator.store.sandboxes["dev"].earlier_mappings[mapping_id, str(version)]
    assert kept["mappings"] == before["mappings"]
    assert taken(bed.flow("Its twin")) == (mapping_id, version)
    left_alone(bed)


def test_rows_that_stay_keep_what_a_document_has_no_words_for(bed: Bed) -> None:
    mapping_id, _ = taken(bed.flow(NAME))
    mapping = held(bed, mapping_id)
    rows = [{**row, "description": f"as agreed: {row['source']}"} for row in mapping["mappings"]]
    bed.emulator.store.sandboxes["dev"]["mappingSets"].put(mapping_id, {**mapping, "mappings": rows})
    assert bed.apply()[0] == 0
    told = {row["destination"]: row.get("description") for row in held(bed, mapping_id)["mappings"]}
    assert told == {
        row["destination"]: row["description"] if row["destination"] != "_brightfjord.channel" else None
        for row in rows
    }


@pytest.mark.parametrize("whose", ["its own", "another's"])
def test_under_a_flow_that_takes_the_newest_version_nothing_is_changed(bed: Bed, whose: str) -> None:
    if whose == "its own":
        flow = another(bed, NAME, pinned=False)
        bed.emulator.store.sandboxes["dev"]["flows"].remove(flow["id"])
        bed.change_flow(NAME, transformations=flow["transformations"])
        assert bed.drift()[0] == 2
    else:
        another(bed, "Takes the newest", pinned=False)
    mapping_id, _ = taken(bed.flow(NAME))
    before = copy.deepcopy(held(bed, mapping_id))
    code, said = bed.plan()
    assert (code, "the pipeline gets a set of its own" in said) == (2, True), said
    assert bed.apply()[0] == 0
    assert held(bed, mapping_id) == before
    own, version = taken(bed.flow(NAME))
    assert (own != mapping_id, version) == (True, 0)
    assert sources(held(bed, own)) == sources(before) | {"_brightfjord.channel": "lower(channel)"}
    left_alone(bed)


def test_the_version_in_use_is_changed_and_not_the_newest(bed: Bed) -> None:
    mapping_id, version = taken(bed.flow(NAME))
    assert version is not None
    used = copy.deepcopy(held(bed, mapping_id))
    sandbox = bed.emulator.store.sandboxes["dev"]
    sandbox.earlier_mappings[mapping_id, str(version)] = used
    sandbox["mappingSets"].put(mapping_id, {**used, "version": version + 1, "mappings": used["mappings"][:1]})
    assert bed.apply()[0] == 0
    assert taken(bed.flow(NAME)) == (mapping_id, version + 2)
    assert sources(held(bed, mapping_id)) == sources(used) | {"_brightfjord.channel": "lower(channel)"}
    left_alone(bed)


@pytest.mark.parametrize("alike", [True, False])
def test_two_documents_over_one_set(tmp_path: Path, alike: bool) -> None:
    """The same rows are one version for both, others are two, each flow with its own."""
    bed = Bed(tmp_path / "pipelines", organisation())
    another(bed, "Its twin", pinned=True)
    bed.export(NAME, "Its twin")
    mapping_id, version = taken(bed.flow(NAME))
    assert version is not None
    bed.edit(FILE, OLD, NEW)
    bed.edit("its-twin.yaml", OLD, NEW if alike else NEW.replace("lower", "upper"))
    code, said = bed.apply()
    assert code == 0, said
    puts = [one for one in bed.writes if one.startswith("PUT")]
    assert len(puts) == (1 if alike else 2)
    assert taken(bed.flow("Its twin")) == (mapping_id, version + 1)  # its file comes first
    assert taken(bed.flow(NAME)) == (mapping_id, version + len(puts))
    left_alone(bed)


@pytest.mark.parametrize(
    "fault",
    [
        {"route": "^PATCH .*/flows/", "kind": "status", "status": 400},
        {"route": "^PATCH .*/flows/", "kind": "drop"},
        {"route": "^PUT .*/mappingSets/", "kind": "status", "status": 503},
        {"route": "^PUT .*/mappingSets/", "kind": "lost_answer"},
    ],
    ids=lambda fault: f"{fault['route'][1:6].split()[0]} {fault['kind']}",
)
def test_a_second_apply_takes_the_version_that_an_interrupted_one_left(
    bed: Bed, fault: dict[str, Any]
) -> None:
    mapping_id, version = taken(bed.flow(NAME))
    assert version is not None
    bed.emulator.faults.add(FaultRule(times=1, **fault))
    bed.apply()
    bed.emulator.faults.clear()
    if held(bed, mapping_id)["version"] > version and taken(bed.flow(NAME))[1] == version:
        assert f"Version {version + 1} of the mapping set has these rows already" in bed.plan()[1]
    code, said = bed.apply()
    assert code == 0, said
    assert taken(bed.flow(NAME)) == (mapping_id, version + 1)
    assert held(bed, mapping_id)["version"] == version + 1
    left_alone(bed)


def test_a_version_that_somebody_makes_meanwhile_is_not_pointed_to(bed: Bed) -> None:
    mapping_id, version = taken(bed.flow(NAME))
    assert version is not None
    handle = bed.emulator.handle

    def racing(method: str, *rest: Any) -> Any:
        if method == "PUT":
            mapping = held(bed, mapping_id)
            bed.emulator.store.sandboxes["dev"]["mappingSets"].put(
                mapping_id, {**mapping, "version": version + 1}
            )
        return handle(method, *rest)

    bed.emulator.handle = racing  # type: ignore[method-assign,assignment]
    code, said = bed.apply()
    assert (code, "somebody else" in said) == (1, True), said
    assert taken(bed.flow(NAME)) == (mapping_id, version)


def test_versions_that_cannot_be_read_are_told_at_the_mapping(bed: Bed) -> None:
    mapping_id, version = taken(bed.flow(NAME))
    route = f"^GET /data/foundation/conversion/mappingSets/{mapping_id}$"
    whole = Bed(bed.folder.parent / "whole", organisation())
    whole.export(NAME)
    assert whole.plan()[0] == 0
    bed.emulator.faults.add(FaultRule(route=route, kind="status", status=403, after=1))
    code, said = bed.plan()
    line = next(at for at, text in enumerate(bed.texts[FILE].splitlines(), 1) if text == "mapping:")
    assert (code, f"{FILE}:{line}:1: mapping: " in said) == (1, True), said
    assert taken(bed.flow(NAME)) == (mapping_id, version)
    assert bed.writes == []


def test_a_member_without_a_name_is_refused_with_its_place(bed: Bed) -> None:
    bed.write(FILE, bed.texts[FILE] + 'extra:\n  flow:\n    "": true\n')
    line = len(bed.texts[FILE].splitlines())
    code, said = bed.plan()
    assert (code, f"{FILE}:{line}:5: extra.flow." in said) == (1, True), said
