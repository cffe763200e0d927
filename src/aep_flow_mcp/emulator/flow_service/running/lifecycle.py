"""What happens by itself: runs that fall due, runs that start and finish, states that settle.

Nothing runs in the background. Each request first brings its sandbox up to the present of the clock.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping
from dataclasses import dataclass

from ...json_types import JsonObject
from ...state.backend import SERVICE_CLIENT, Backend
from ...state.store import SandboxStore
from . import run_results
from .schedule import PAST_TOLERANCE, schedule_of

START_DELAY_MS = 5_000
"""Between a run's due time and its start."""
_SEEDED_RUN_ENDS_MS = 300_000
"""A run that the seed left under way ends this long after the organisation was loaded."""


@dataclass(frozen=True, slots=True)
class Transition:
    """From which states an action leads where, and the state in between."""

    allowed_from: frozenset[str]
    between: str
    leads_to: str


TRANSITIONS: Mapping[str, Transition] = {
    "ENABLE": Transition(frozenset({"disabled"}), "enabling", "enabled"),
    "DISABLE": Transition(frozenset({"enabled"}), "disabling", "disabled"),
    "PUBLISH": Transition(frozenset({"draft"}), "initializing", "enabled"),
    "FINALIZE": Transition(
        frozenset({"initializing", "enabled", "disabled"}), "enabled-finalizing", "enabled"
    ),
    "FINALIZE_UPDATE": Transition(frozenset({"enabled", "disabled"}), "enabled-finalizing", "enabled"),
}


class Lifecycle:
    """The events to come in one sandbox, in order of time (epoch milliseconds)."""

    def __init__(self, backend: Backend, sandbox: SandboxStore) -> None:
        self._backend = backend
        self._sandbox = sandbox
        self._events: list[tuple[int, int, str, str]] = []
        self._count = 0
        self._due: dict[str, int] = {}
        self._settling: dict[str, str] = {}
        now = backend.clock.now_ms()
        for flow in sandbox["flows"]:
            self.reschedule(flow, after_ms=now)
        for run in self._unfinished():
            self._push(now + _SEEDED_RUN_ENDS_MS, "finish", run)

    def _unfinished(self) -> list[str]:
        base = self._sandbox["runs"].base
        statuses = base.column("metrics.statusSummary.status")
        if statuses is None:
            return []
        moving = {"inProgress", "scheduled"}
        ids = base.ids()
        return [ids[row] for row, status in enumerate(statuses) if status in moving]

    def advance(self) -> None:
        """Let everything happen that falls due up to now, in its order."""
        now = self._backend.clock.now_ms()
        while self._events and self._events[0][0] <= now:
            at, _, what, id = heapq.heappop(self._events)
            if what == "due":
                self._fall_due(id, at)
            elif what == "start":
                self._start(id, at)
            elif what == "finish":
                self._finish(id, at)
            else:
                self._settle(id)

    def _push(self, at: int, what: str, id: str) -> None:
        self._count += 1
        heapq.heappush(self._events, (at, self._count, what, id))

    def reschedule(self, flow: JsonObject, *, after_ms: int) -> None:
        """Note when the flow runs next. An earlier note for it no longer counts."""
        self._due.pop(flow["id"], None)
        schedule = schedule_of(flow) if flow.get("state") == "enabled" else None
        due = schedule.next_after(after_ms / 1000) if schedule else None
        if due is not None:
            self._due[flow["id"]] = due * 1000
            self._push(due * 1000, "due", flow["id"])

    def entered(self, flow: JsonObject, state: str, *, between: str) -> JsonObject:
        """The flow was written and is on its way to a state. Gives back the flow as it is stored."""
        settle = self._backend.options.settle
        if settle <= 0:
            flow = flow | {"state": state}
            self._sandbox["flows"].put(flow["id"], flow)
            self._resume(flow)
            return flow
        flow = flow | {"state": between}
        self._sandbox["flows"].put(flow["id"], flow)
        self._due.pop(flow["id"], None)
        self._settling[flow["id"]] = state
        self._push(self._backend.clock.now_ms() + int(settle * 1000), "settle", flow["id"])
        return flow

    def _settle(self, flow_id: str) -> None:
        state = self._settling.pop(flow_id, None)
        flow = self._sandbox["flows"].get(flow_id)
        if state is not None and flow is not None:
            flow = flow | {"state": state}
            self._sandbox["flows"].put(flow_id, flow)
            self._resume(flow)

    def _resume(self, flow: JsonObject) -> None:
        """Note the next run of a flow that may run from now on; a first start just missed still counts."""
        missed = 0 if flow.get("lastRunDetails") else PAST_TOLERANCE * 1000
        self.reschedule(flow, after_ms=self._backend.clock.now_ms() - missed - 1)

    def _fall_due(self, flow_id: str, at: int) -> None:
        if self._due.get(flow_id) != at:
            return
        flow = self._sandbox["flows"].get(flow_id)
        if flow is None:
            return
        self.begin_run(flow, at_ms=at)
        self.reschedule(flow, after_ms=at)

    def begin_run(
        self,
        flow: JsonObject,
        *,
        at_ms: int,
        starts_ms: int | None = None,
        client: str = SERVICE_CLIENT,
        params: JsonObject | None = None,
    ) -> JsonObject:
        """Store a new run in the status `scheduled`, which then starts and ends by itself."""
        run = run_results.new_run(
            self._backend, self._sandbox, flow, at_ms=at_ms, client=client, params=params
        )
        self._sandbox["runs"].put(run["id"], run)
        begins = max(at_ms, starts_ms or 0) + START_DELAY_MS
        self._push(begins, "start", run["id"])
        return run

    def _start(self, run_id: str, at: int) -> None:
        run = self._sandbox["runs"].get(run_id)
        if run is None or run_results.status_of(run) != "scheduled":
            return
        run = run_results.started(self._backend, run, at_ms=at)
        self._sandbox["runs"].put(run_id, run)
        self._note(run, at)
        self._push(at + run_results.duration_ms(run), "finish", run_id)

    def _finish(self, run_id: str, at: int) -> None:
        run = self._sandbox["runs"].get(run_id)
        if run is None or run_results.status_of(run) not in {"inProgress", "scheduled"}:
            return
        run = run_results.finished(self._backend, self._sandbox, run, at_ms=at)
        self._sandbox["runs"].put(run_id, run)
        self._note(run, at)

    def _note(self, run: JsonObject, at: int) -> None:
        """The flow repeats its latest run. That is not a change of the flow: its ETag stays."""
        flow = self._sandbox["flows"].get(run["flowId"])
        if flow is None:
            return
        times = run["metrics"]["durationSummary"]
        last = flow.get("lastRunDetails") or {}
        if last.get("id") != run["id"] and last.get("startedAtUTC", 0) > times.get("startedAtUTC", at):
            return
        details = {"id": run["id"], "state": run_results.status_of(run)} | {
            name: times[name] for name in ("startedAtUTC", "completedAtUTC") if name in times
        }
        self._sandbox["flows"].put(flow["id"], flow | {"lastRunDetails": details})
