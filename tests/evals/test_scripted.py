"""One call answers a question about an organisation that nobody here invented, but for what is known to be open."""

from __future__ import annotations

import asyncio
import json

import pytest

from evals.facts import Moment, Number, Omits, Says
from evals.open_faults import LATER, NEVER
from evals.organisation import make_organisation
from evals.plan import SANDBOX
from evals.scripted import Outcome, questions_of, run_scripted
from evals.truth import Truth

SEED = 11


@pytest.fixture(scope="module")
def outcomes() -> list[Outcome]:
    return asyncio.run(run_scripted(SEED))


def test_what_the_first_call_does_not_answer_is_known(outcomes: list[Outcome]) -> None:
    later = {one.question.id for one in outcomes if one.held != 1}
    assert later - LATER.keys() - NEVER.keys() == set()
    never = {one.question.id: one.missing for one in outcomes if one.held is None or one.held > 3}
    assert {id: missing for id, missing in never.items() if id not in NEVER} == {}


def test_many_different_questions_with_facts(outcomes: list[Outcome]) -> None:
    ids = [one.question.id for one in outcomes]
    assert len(ids) == len(set(ids)) >= 60
    assert len({one.question.text for one in outcomes}) == len(ids)
    assert {one.question.kind for one in outcomes} == {"read", "trap", "task"}
    assert all(one.question.facts or one.question.done for one in outcomes)


def test_a_seed_is_one_organisation() -> None:
    one, same, other = (make_organisation(seed) for seed in (SEED, SEED, SEED + 1))
    texts = [
        json.dumps([item.emulator.store.all(SANDBOX, kind) for kind in ("flows", "connections", "runs")])
        for item in (one, same, other)
    ]
    assert texts[0] == texts[1] != texts[2]
    asked = [[question.text for question in questions_of(item)] for item in (one, other)]
    assert len(set(asked[0]) & set(asked[1])) < 30


def test_the_parts_are_played() -> None:
    truth = Truth(make_organisation(SEED))
    first, good, many = truth.streak("refused")
    assert good is not None
    assert good.started < first.started
    assert many == sum(run.started >= first.started for run in truth.runs("refused"))
    assert truth.usual_seconds("slow", 168, 0) > 1.3 * truth.usual_seconds("slow", 336, 168)
    assert truth.using("account:idle") == []
    assert truth.runs("draft") == []
    assert truth.runs("stopped")[-1].started < truth.now_ms - 86_400_000


def test_what_a_fact_takes_for_itself() -> None:
    assert Number(value=1234).said("read 1,234 records")
    assert not Number(value=1234).said("read 12,345 records, id 1234-5678")
    assert not Number(value=23).said("2026-02-23")
    assert Number(value=1000, tolerance=0.01).said("995")
    assert not Number(value=1000).said("995")
    assert Moment(ms=1_772_442_000_000).said("since 2026-03-02T09:00:30Z")
    assert not Moment(ms=1_772_442_000_000).said("since 2026-03-02T09:02Z")
    assert Says(forms=("Plaça  nova",)).said("the Plaça Nova")
    table = "ran less often than due:\nA | 1\nslowest flows:\nB | 2"
    assert Says(forms=("A",), under="ran less").held(table, strict=True)
    assert not Says(forms=("B",), under="ran less").held(table, strict=True)
    assert Omits(name="B", under="ran less").held(table, strict=True)
    assert not Omits(name="B", under="ran less").held(table, strict=False)
    assert not Number("A", 2).held(table, strict=True)
