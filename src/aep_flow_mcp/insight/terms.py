"""What the words mean that several tools use: each is told here, once, and nowhere decided anew.

docs/answers.md says the same for people.
"""

from __future__ import annotations

from enum import StrEnum

from aep_flow_mcp.insight.facts import Outcome, outcome_of
from aep_flow_mcp.platform.models.flows import FlowKind, kind_by_ends
from aep_flow_mcp.platform.models.runs import FlowRun, RunStatus
from aep_flow_mcp.platform.models.specs import FlowSpec


class RunState(StrEnum):
    """How a run stands, as lists are filtered by it. `partial`: a success of which records failed; no `success`."""

    SCHEDULED = "scheduled"
    IN_PROGRESS = "in_progress"
    SUCCESS = "success"
    PARTIAL = "partial"
    FAILED = "failed"


_OUTCOMES = {
    RunState.SCHEDULED: Outcome.WAITING,
    RunState.IN_PROGRESS: Outcome.IN_PROGRESS,
    RunState.SUCCESS: Outcome.SUCCEEDED,
    RunState.PARTIAL: Outcome.PARTIAL,
    RunState.FAILED: Outcome.FAILED,
}


def is_in(run: FlowRun, state: RunState) -> bool:
    """Whether a run stands so."""
    return outcome_of(run) is _OUTCOMES[state]


def told_status(run: FlowRun) -> RunStatus:
    """The status of a run as answers give it: the API's, except that a success of which records failed is partial."""
    hidden = run.status is RunStatus.SUCCESS and outcome_of(run) is Outcome.PARTIAL
    return RunStatus.PARTIAL_SUCCESS if hidden else run.status


def is_streaming(spec: FlowSpec) -> bool:
    """Whether flows of this spec run on and on: the service lists no runs for them, so none of them "never ran"."""
    return not spec.has_runs or (spec.frequency or "").casefold() == "streaming"


def kind_of_spec(spec: FlowSpec) -> FlowKind:
    """The kind of the flows of a spec, in the words in which flows tell theirs."""
    if spec.is_source_flow:
        return FlowKind.SOURCE
    if spec.is_destination_flow:
        return FlowKind.DESTINATION
    return kind_by_ends(set(spec.source_connection_spec_ids), set(spec.target_connection_spec_ids))
