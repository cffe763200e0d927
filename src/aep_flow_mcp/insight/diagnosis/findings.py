"""What a diagnosis says: findings, each with its evidence, its fix and the next tool to call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any

from aep_flow_mcp.insight.causes import FIXES, HEADLINES, Cause
from aep_flow_mcp.insight.diagnosis.evidence import Evidence, History, is_bad
from aep_flow_mcp.insight.facts import Outcome, cause_of_run
from aep_flow_mcp.insight.shapes import Problem
from aep_flow_mcp.insight.streaks.streak import FAILING, streak_of
from aep_flow_mcp.platform.models.runs import FlowRun


@dataclass(frozen=True, slots=True)
class Step:
    """The next thing to do, as a tool call."""

    tool: str
    arguments: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.tool}({', '.join(f'{name}={value}' for name, value in self.arguments.items())})"


class Basis(StrEnum):
    """What a finding rests on, in the words that say how sure it is."""

    SEEN = "seen now"
    BOTH = "seen now, and named by the errors of its runs"
    ERRORS = "named by the errors of its runs"
    LIKELY = "likely"
    POSSIBLE = "possible"


_LIKELY = 0.5


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, with what speaks for it. `weight` orders findings; `basis` says how sure one is.

    `advice` is what to do where this case needs something else than its cause usually does.
    """

    cause: Cause
    weight: float
    evidence: tuple[str, ...] = ()
    step: Step | None = None
    basis: Basis | None = None
    advice: str | None = None

    @property
    def certainty(self) -> Basis:
        return self.basis or (Basis.LIKELY if self.weight >= _LIKELY else Basis.POSSIBLE)

    @property
    def headline(self) -> str:
        return HEADLINES[self.cause]

    @property
    def fix(self) -> str:
        return self.advice or FIXES[self.cause]


@dataclass(frozen=True, slots=True)
class Case:
    """The evidence, and what its runs say together: what every rule is given."""

    evidence: Evidence
    history: History

    @property
    def telling_runs(self) -> list[FlowRun]:
        """The run asked about; else the newest three of the present streak, or of all that went wrong in a window."""
        by_id = {run.id: run for run in self.evidence.runs}
        if self.evidence.focus:
            return [run for run in (by_id.get(self.evidence.focus),) if run and is_bad(run)]
        number = 3 if self.evidence.window else min(self.history.streak, 3)
        return [by_id[run.id] for run in self.history.bad[:number]]

    @property
    def named_cause(self) -> Cause | None:
        """The cause that the errors of the telling runs name."""
        return next((cause for run in self.telling_runs if (cause := cause_of_run(run))), None)

    @property
    def goes_well(self) -> bool:
        """Whether the newest run that ended succeeded."""
        newest = self.history.newest_finished
        return newest is not None and newest.outcome is Outcome.SUCCEEDED

    @property
    def is_past(self) -> bool:
        """Whether the runs are those of a window that does not reach the present."""
        window = self.evidence.window
        return window is not None and window.end < self.evidence.now - timedelta(minutes=1)

    @property
    def run_words(self) -> tuple[str, ...]:
        """How long it has gone wrong, for a person; () while it goes well."""
        if self.evidence.window and self.history.bad:
            number = len(self.history.bad)
            return (f"{number} of {len(self.history.runs)} runs of the window failed or lost records",)
        if not self.history.streak:
            return ()
        told = self.evidence.streak
        if told is None or told.trouble is not FAILING:
            told = streak_of(self.history.runs, FAILING)
        return (str(told),)


def explore_step(case: Case, source_id: str) -> Step:
    """Looking at what the account shows; describing the flow where the source is not known."""
    source = case.evidence.sources.get(source_id)
    if source is None or isinstance(source, Problem) or source.base_id is None:
        return Step("describe_flow", {"flow": case.evidence.flow.id})
    folder = (source.path or "").strip("/").rpartition("/")[0] if "/" in (source.path or "") else ""
    if not folder:
        return Step("explore_connection", {"account": source.base_id})
    # What is missing cannot be looked into; where it should be can.
    return Step(
        "explore_connection", {"account": source.base_id, "object_type": "folder", "path": f"/{folder}"}
    )
