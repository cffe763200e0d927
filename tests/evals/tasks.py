"""Tasks that end in a write, which a person has to approve, and questions whose honest answer is that nobody knows."""

from __future__ import annotations

from typing import Any

from evals.about_runs import says
from evals.organisation import Organisation
from evals.plan import SANDBOX
from evals.question import Question, call
from evals.truth import Truth

UNKNOWN = (
    "cannot",
    "not known",
    "unknown",
    "not told",
    "does not",
    "no such",
    "not found",
    "nothing",
    "no flow",
    "none",
)


def tasks(truth: Truth) -> list[Question]:
    off, on, renamed = truth.id("flow:steady-5"), truth.id("flow:disabled"), truth.id("flow:steady-4")
    new_name = f"{truth.name('steady-4')} (renamed)"
    rename = [{"op": "replace", "path": "/name", "value": new_name}]
    return [
        Question(
            "switch-off", f"Switch off the flow {truth.name('steady-5')} ({off}).",
            (call("run_flow_action", flow_id=off, action="disable"),), kind="task", done=_has(off, "state", "disabled"),
        ),
        Question(
            "switch-on", f"Switch on the flow {truth.name('disabled')} ({on}).",
            (call("run_flow_action", flow_id=on, action="enable"),), kind="task", done=_has(on, "state", "enabled"),
        ),
        Question(
            "rename", f"Rename the flow {truth.name('steady-4')} ({renamed}) to {new_name}.",
            (call("update_flow", flow_id=renamed, operations=rename),), kind="task",
            done=_has(renamed, "name", new_name),
        ),
    ]  # fmt: skip


def traps(truth: Truth) -> list[Question]:
    stream = truth.name("stream")
    return [
        Question(
            "no-such-flow", "Why does the flow Nightly Unicorn Import fail?",
            (call("diagnose_flow", flow="Nightly Unicorn Import"),), (says(*UNKNOWN),), kind="trap",
        ),
        Question(
            "stream-runs", f"How many runs of the streaming flow {stream} failed in the last 7 days?",
            (
                call("pipeline_health", window="7d", flow=stream),
                call("find_flows", query=stream),
                call("describe_flow", flow_id=truth.id("flow:stream")),
            ),
            (says("stream"), says("no runs", "never", "cannot", "without runs", "does not", "0 runs")), kind="trap",
        ),
        Question(
            "too-old", f"How many records did {truth.name('steady-0')} write in March 2019?",
            (call("pipeline_health", window="2019-03-01/2019-03-31", flow=truth.name("steady-0")),),
            (says("0 runs", "no run", "nothing", "cannot", "not known", "before", "did not exist"),), kind="trap",
        ),
    ]  # fmt: skip


def _has(flow_id: str, member: str, value: Any) -> Any:
    def done(organisation: Organisation) -> bool:
        flow = organisation.emulator.store.get(SANDBOX, "flows", flow_id)
        return flow is not None and flow[member] == value

    return done
