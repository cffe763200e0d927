"""One organisation from its seed to the list of what was wrong."""

from __future__ import annotations

from dataclasses import dataclass

from foreign.asking import Bench, Faults
from foreign.oracle import check_objects
from foreign.oracle_questions import check_questions
from foreign.oracle_runs import check_runs
from foreign.organisation import make_organisation
from foreign.structure import check_structure
from foreign.visits import visit
from foreign.writes import check_writes


@dataclass(frozen=True)
class Report:
    """What one organisation showed. `found`: (kind, where), the first of each kind."""

    seed: int
    answers: int
    requests: int
    flows: int
    runs: int
    varied: frozenset[str]
    found: tuple[tuple[str, str], ...]

    @property
    def kinds(self) -> list[str]:
        return [kind for kind, _ in self.found]


async def check_organisation(bench: Bench, seed: int, plain: frozenset[str] = frozenset()) -> Report:
    """Make the organisation of a seed, ask everything about it, and compare."""
    faults, organisation = Faults(), make_organisation(seed, plain)
    async with bench.asking(organisation, faults) as ask:
        await visit(ask)
        await check_objects(ask)
        await check_questions(ask)
        await check_runs(ask)
        await check_writes(ask)
        for answer in ask.answers:
            check_structure(ask, answer)
        first = {kind: (kind, where) for kind, where in reversed(faults.found)}
        return Report(
            seed, len(ask.answers), ask.service.requests, len(organisation.flows), len(organisation.runs),
            frozenset(organisation.varied | ask.service.draw.varied), tuple(first.values()),
        )  # fmt: skip
