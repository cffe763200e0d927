"""Ten further organisations: export, an empty sandbox, apply, and what is there then."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from as_code.bed import Bed, documents_of, emptied, organisation


@pytest.mark.parametrize("seed", range(1, 11))
def test_ten_further_organisations(seed: int, tmp_path: Path) -> None:
    first = Bed(tmp_path / "pipelines", organisation(seed=seed))
    first.export()
    bad = {
        line.split(":")[0]
        for line in Bed(first.folder, emptied(organisation(seed=seed))).plan()[1].splitlines()
        if ".yaml:" in line
    }
    for name in bad:
        (first.folder / name).unlink()
    there = Bed(first.folder, emptied(organisation(seed=seed)))
    code, said = there.apply()
    assert code == 0, said
    was, now = documents_of(first.inventory()), documents_of(there.inventory())
    kept = {document.pipeline.pipeline for document in there.documents()}
    assert len(kept) > 30
    assert _without_starts(now.values()) == _without_starts(
        one for one in was.values() if _is_kept(one, there, kept)
    )


def _without_starts(documents: Iterable[dict[str, Any]]) -> list[str]:
    made = []
    for document in documents:
        schedule = {name: value for name, value in document.get("schedule", {}).items() if name != "start"}
        made.append(repr({**document, "schedule": schedule}))
    return sorted(made)


def _is_kept(document: dict[str, Any], there: Bed, kept: set[str]) -> bool:
    same = [one for one in there.documents() if one.pipeline.pipeline == document["pipeline"]]
    return document["pipeline"] in kept and any(
        one.pipeline.connector == document["connector"] for one in same
    )
