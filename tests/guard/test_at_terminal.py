"""Who says yes to a plan that a command made; what comes of it otherwise is in tests/as_code/test_apply.py."""

from __future__ import annotations

from pathlib import Path

import pytest

from as_code.bed import Answers, Bed, organisation

DOCUMENT = "Web orders"


@pytest.fixture
def bed(tmp_path: Path) -> Bed:
    bed = Bed(tmp_path / "pipelines", organisation(), mcp_approvers="others")
    bed.export(DOCUMENT)
    bed.edit("web-orders.yaml", "state: enabled", "state: disabled")
    return bed


def test_where_another_person_has_to_approve_nobody_at_the_terminal_is_asked(bed: Bed) -> None:
    answers = Answers()
    code, said = bed.apply(answers)
    assert (code, "Another person than the caller has to approve this" in said) == (1, True)
    assert (answers.questions, bed.writes) == ([], [])


def test_what_is_no_digest_at_all_approves_nothing(tmp_path: Path) -> None:
    """As a shell passes on a byte that is no text."""
    bed = Bed(tmp_path / "pipelines", organisation())
    bed.export(DOCUMENT)
    bed.edit("web-orders.yaml", "state: enabled", "state: disabled")
    code, said = bed.apply(Answers(None), approved="\udcff")
    assert (code, "not the plan that was reviewed" in said) == (1, True)
    assert bed.writes == []
