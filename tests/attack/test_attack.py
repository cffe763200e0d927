"""A few stories of the second attack; `make attack` tells hundreds. One again: `make attack SEEDS="--seed N"`."""

from __future__ import annotations

import pytest

from attack import run
from attack.judge import LIFE, Judge, Question
from attack.story import Report
from attack.upstream import Write
from attack.wishes import Place, account
from support.organisation import emulator_on_shared_seed
from tools.conftest import no_settings_from_outside as no_settings_from_outside

MODERN, OLDER, PAGE, NOBODY = 1, 141, 17, 9
"""Seeds of stories whose modes differ; the comments of a failing one name it."""


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("seed", [MODERN, 22, 26, OLDER, PAGE, NOBODY, 51])
def test_nothing_is_written_without_its_own_yes_and_nothing_untrue_is_said(seed: int) -> None:
    report = run.tell(seed, moves=60)
    assert report.found == []
    assert report.attempts.total() > 30


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_the_stories_are_of_every_mode_and_write() -> None:
    reports: list[Report] = [run.tell(seed, moves=20) for seed in range(12)]
    assert {"ask", "human", "two-step", "browser", "none"} <= {report.mode for report in reports}
    ends = sum((report.ends for report in reports), reports[0].ends.__class__())
    assert ends["done"] > 10
    assert ends["needs_confirmation"] > 10
    assert ends["asked"] > 10
    assert sum(report.enveloped for report in reports) > 50
    assert any(report.ends["done"] for report in reports if report.enveloped)


def test_the_judge_sees_a_write_without_a_yes_and_a_claim_that_is_false() -> None:
    from datetime import UTC, datetime
    from random import Random

    import httpx

    from aep_flow_mcp.emulator import EmulatorOptions

    now = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
    emulator = emulator_on_shared_seed(EmulatorOptions(clock=lambda: now))
    wish = account(Place(emulator, now, Random(1)))
    judge = Judge(emulator)
    judge.of(wish)
    path = "/data/foundation/flowservice/connections"

    def write() -> Write:
        return Write("POST", path, {"name": wish.mark}, httpx.Headers({"x-sandbox-name": "dev"}), 0.0)

    judge.arrived(write())
    assert len(judge.found) == 1
    question = Question(wish, "alice", wish.mark, 1, 0.0, 0)
    assert not judge.agreed(question, caller="mallory", server=1, now=1.0)
    assert not judge.agreed(question, caller="alice", server=2, now=1.0)
    assert judge.agreed(question, caller="alice", server=1, now=LIFE - 1)
    assert not judge.agreed(question, caller="alice", server=1, now=LIFE - 1)
    judge.arrived(write())
    assert len(judge.found) == 2, "one yes, two writes"
    judge.said(wish, "done", "done", [])
    judge.close()
    assert "but 0 connections" in judge.found[-1]
