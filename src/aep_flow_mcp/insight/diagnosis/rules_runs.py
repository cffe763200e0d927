"""Rules over what a flow's runs say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from statistics import median

from aep_flow_mcp.insight.causes import Cause
from aep_flow_mcp.insight.diagnosis.evidence import Probe, is_bad
from aep_flow_mcp.insight.diagnosis.findings import Basis, Case, Finding, Step, explore_step
from aep_flow_mcp.insight.facts import FlowFacts, Outcome, RunFacts, cause_of_run
from aep_flow_mcp.insight.health.report import missed_runs
from aep_flow_mcp.insight.health.tally import FlowTally
from aep_flow_mcp.insight.shapes import Problem
from aep_flow_mcp.insight.streaks.streak import EMPTY, streak_of
from aep_flow_mcp.insight.windows import Window
from aep_flow_mcp.insight.words import error_words, last_run_words, root_error, utc
from aep_flow_mcp.platform.models.runs import FlowRun, RunStatus

_BAD_STATUSES = (RunStatus.FAILED, RunStatus.PARTIAL_FAILURE, RunStatus.PARTIAL_SUCCESS)
_TREND_RUNS = 5
_TREND_FACTOR = 1.25
_TREND_SECONDS = 60.0
_TREND_SPAN = timedelta(days=3)
_SAME_HOUR = timedelta(hours=1)
_SKIPPED_SHARE = 0.01
_STUCK_FACTOR = 5.0
_STUCK_AT_LEAST = timedelta(hours=2)
_TESTED = (Cause.CREDENTIALS, Cause.NETWORK, Cause.SOURCE_PERMISSION, Cause.RATE_LIMITED)
_RETRY = "What the errors name is well now: retry the failed runs, the newest first. If one fails again, ask once more."


def errors(case: Case) -> Iterator[Finding]:
    """What the errors of the runs name: those of the present streak, or of the run asked about."""
    if case.evidence.focus is None and case.evidence.window is None and case.goes_well:
        if case.history.bad:
            last = case.history.bad[0]
            words = (
                f"{len(case.history.bad)} of {len(case.history.runs)} runs failed or lost records, last {utc(last.at)}",
            )
            yield Finding(Cause.RECOVERED, 0.35, (*words, *_error_of(case, last)), _retry_step(case, last))
        return
    for run in case.telling_runs:
        named = cause_of_run(run)
        if named is None:
            continue
        facts = RunFacts.of(run)
        words = (f"run {run.id} at {utc(facts.at)}: {error_words(root_error(run)) or 'no error text'}",)
        against = _contradicted(named, case)
        yield Finding(
            named,
            0.45 if against else 0.82,
            (*words, *case.run_words, *against),
            _retry_step(case, facts) if against else _step_for(named, case, run),
            None if against else Basis.ERRORS,
            _RETRY if against else None,
        )


def quiet(case: Case) -> Iterator[Finding]:
    """Runs that find nothing, do not end, or do not come."""
    if case.evidence.focus or case.is_past:
        # The question is about what is past: what the flow does since is another one.
        return
    if case.evidence.unread is not None:
        return  # runs that could not be read are not runs that did not come
    stuck = _stuck(case)
    if stuck:
        yield stuck
    missed = _missed_words(case)
    if missed:
        flow_id = case.evidence.flow.id
        step = Step("run_flow_action", {"flow": flow_id, "action": "disable"})
        advice = (
            "Disable the flow and enable it again, two calls: the next one, then run_flow_action("
            f"flow={flow_id}, action=enable). If it stays, ask Adobe's support."
        )
        yield Finding(Cause.RUNS_MISSING, 0.55, missed, step, advice=advice)
    nothing = case.evidence.streak or streak_of(case.history.runs, EMPTY)
    succeeded = sum(run.outcome is Outcome.SUCCEEDED for run in case.history.finished)
    # One run that finds nothing is none to speak of, where others did.
    if nothing.trouble is EMPTY and case.history.streak == 0 and nothing.runs >= max(1, min(3, succeeded)):
        step = explore_step(case, next(iter(case.evidence.sources), ""))
        yield Finding(Cause.NO_NEW_DATA, 0.6, (str(nothing),), step)


def trends(case: Case) -> Iterator[Finding]:
    """What goes well and still deserves a look: runs that get slower, records that are left out."""
    finished = [] if case.evidence.focus else case.history.finished
    slower = _slower(finished)
    # What failed and is not explained yet is not explained by runs that take longer.
    if slower and all(cause_of_run(run) for run in case.telling_runs):
        step = Step("pipeline_health", {"flow": case.evidence.flow.id, "window": "30d", "group_by": "day"})
        yield Finding(Cause.SLOWER, 0.3 if case.history.bad else 0.38, (slower,), step)
    if finished:
        run = next(run for run in case.evidence.runs if run.id == finished[0].id)
        if run.records_skipped and run.records_in and run.records_skipped >= _SKIPPED_SHARE * run.records_in:
            words = f"{run.records_skipped:,} of {run.records_in:,} records of the newest run were skipped"
            yield Finding(Cause.MANDATORY_ATTRIBUTE, 0.36, (words,), Step("get_run", {"run_id": run.id}))
        if case.goes_well and run.unfailing is None and run.unaccounted:
            words = (
                f"{run.unaccounted:,} of {run.records_in or 0:,} records of the newest run are neither written, "
                "skipped nor counted as failed"
            )
            yield Finding(Cause.UNACCOUNTED, 0.34, (words,), Step("get_run", {"run_id": run.id}))


def _slower(finished: Sequence[RunFacts]) -> str | None:
    """How much longer the newest runs took than the oldest at the same hours, days before; None where they did not.

    By day and by night a flow reads different amounts: evening is not compared with morning.
    """
    timed = [(run.at, run.duration_s) for run in finished if run.at and run.duration_s is not None]
    newest = timed[:_TREND_RUNS]
    older = [
        (at, seconds)
        for at, seconds in timed[_TREND_RUNS:]
        if any(_same_hour(at, other) for other, _ in newest)
    ][-_TREND_RUNS:]
    if len(older) < _TREND_RUNS or newest[0][0] - older[-1][0] < _TREND_SPAN:
        return None
    now, before = (median(seconds for _, seconds in some) for some in (newest, older))
    if now < _TREND_FACTOR * before or now - before < _TREND_SECONDS:
        return None
    return (
        f"median {now:.0f} s over the newest {_TREND_RUNS} runs, {before:.0f} s over the oldest "
        f"{_TREND_RUNS} at the same hours"
    )


def _same_hour(one: datetime, other: datetime) -> bool:
    """Whether two moments are at about the same time of different days."""
    apart = abs(one - other)
    off = apart % timedelta(days=1)
    return apart >= timedelta(hours=22) and min(off, timedelta(days=1) - off) <= _SAME_HOUR


def nothing_found(case: Case) -> Finding:
    """Unknown when something is wrong all the same, else healthy."""
    if case.history.streak or (
        case.evidence.focus
        and any(is_bad(run) for run in case.evidence.runs if run.id == case.evidence.focus)
    ):
        run = next(iter(case.telling_runs), None)
        words = (error_words(root_error(run)) or "the run gives no error",) if run else ()
        step = Step("get_run", {"run_id": run.id}) if run else None
        return Finding(Cause.UNKNOWN, 0.2, (*words, *case.run_words), step)
    last = case.evidence.flow.last_run
    if case.evidence.unread is not None and not case.history.runs:
        told = f"its runs could not be read: {case.evidence.unread.value}"
        if last:
            told += f"; the flow says of its last one: {last_run_words(last)}"
        return Finding(Cause.UNKNOWN, 0.2, (told,))
    if last and not case.history.runs and last.status in (*_BAD_STATUSES, RunStatus.UNKNOWN):
        told = f"no run is listed; the flow says of its last one: {last_run_words(last)}"
        return Finding(Cause.UNKNOWN, 0.2, (told,))
    good = (
        f"{len(case.history.runs)} runs looked at, none failed" if case.history.runs else "no runs are listed"
    )
    if last and not case.history.runs:
        good += f"; the flow says of its last one: {last_run_words(last)}"
    if case.evidence.continuous and not case.history.runs:
        good = "a streaming flow: the service lists no runs for it"
    return Finding(Cause.HEALTHY, 0.1, (good,))


def _contradicted(cause: Cause, case: Case) -> tuple[str, ...]:
    """What speaks against a cause that only an error message names."""
    if cause is Cause.SOURCE_MISSING and any(p.result is Probe.OK for p in case.evidence.explored.values()):
        return ("but the path is found now",)
    if (
        cause is Cause.DATASET_NOT_FOUND
        and case.evidence.datasets
        and Problem.NOT_FOUND not in case.evidence.datasets.values()
    ):
        return ("but the dataset is there now",)
    if cause is Cause.MAPPING_NOT_FOUND and not isinstance(case.evidence.mapping, Problem | None):
        return ("but the mapping set is there now",)
    tests = {probe.result for probe in case.evidence.tested.values()}
    if cause in (Cause.CREDENTIALS, Cause.NETWORK) and tests == {Probe.OK}:
        return ("but the connection test passes now",)
    return ()


def _error_of(case: Case, facts: RunFacts) -> tuple[str, ...]:
    run = next(run for run in case.evidence.runs if run.id == facts.id)
    words = error_words(root_error(run))
    return (words,) if words else ()


def _step_for(cause: Cause, case: Case, run: FlowRun) -> Step:
    account = next(iter(case.evidence.accounts), None)
    tried = case.evidence.tested.get(account or "")
    # What could not be tried a moment ago (nothing is behind a snapshot) is no step to take.
    testable = account and (tried is None or tried.result is not Probe.UNAVAILABLE)
    if testable and cause in _TESTED:
        return Step("test_connection", {"account": account})
    if cause in (Cause.SOURCE_MISSING, Cause.BAD_FILE, Cause.SOURCE_EMPTY) and case.evidence.sources:
        return explore_step(case, next(iter(case.evidence.sources)))
    return Step("get_run", {"run_id": run.id})


def _retry_step(case: Case, last: RunFacts) -> Step:
    tool = "retry_run" if last.outcome is Outcome.FAILED and case.evidence.sources else "get_run"
    return Step(tool, {"run_id": last.id})


def _stuck(case: Case) -> Finding | None:
    usual = sorted(run.duration_s for run in case.history.runs if run.duration_s is not None)
    for run in case.history.unfinished:
        if run.at is None or run.outcome is not Outcome.IN_PROGRESS:
            continue
        age = case.evidence.now - run.at
        typical = usual[len(usual) // 2] if usual else 0.0
        if age >= _STUCK_AT_LEAST and age.total_seconds() > _STUCK_FACTOR * typical:
            words = f"run {run.id} goes on since {utc(run.at)}; runs here usually take {round(typical)} s"
            return Finding(Cause.RUN_STUCK, 0.75, (words,), Step("get_run", {"run_id": run.id}))
    return None


def _missed_words(case: Case) -> tuple[str, ...]:
    """Due times of the last week without a run, as far back as the runs at hand reach."""
    now = case.evidence.now
    flow = FlowFacts.of(case.evidence.flow)
    tally = FlowTally()
    for run in case.history.runs:
        tally.add(run)
    times = [run.at for run in case.history.runs if run.at]
    start = max(now - timedelta(days=7), min(times, default=now - timedelta(days=7)))
    if start >= now:
        return ()
    found = missed_runs(flow, tally if times else None, Window(start, now), now=now, known_from=start)
    # A single gap that was followed by runs is past.
    if found is None or (found.attendance.missed < 2 and not found.attendance.stopped):
        return ()
    kept = found.attendance
    last = f", its last run was {utc(kept.last)}" if kept.last else ""
    return (f"ran {kept.ran} of {kept.due} times, the last due about {utc(kept.last_missing)}{last}",)
