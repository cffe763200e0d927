"""The facts of one run."""

from __future__ import annotations

from sys import intern
from typing import Any

from aep_flow_mcp.insight.facts import Outcome, RunFacts
from aep_flow_mcp.platform.models.runs import FlowRun

from .plain import Facts, Moment, NotPlainError, Wire, id_of, known, time

_PLAIN_OUTCOMES = {"success": Outcome.SUCCEEDED, "inProgress": Outcome.IN_PROGRESS}


class _Times(Wire):
    startedAtUTC: Moment | None = None
    completedAtUTC: Moment | None = None
    stoppedAtUTC: Any = None
    startedAt: Any = None
    completedAt: Any = None


class _More(Wire):
    errors: Any = None


class _Status(Wire):
    status: str | None = None
    errors: Any = None
    extensions: _More | None = None


class _Records(Wire):
    inputRecordCount: int | None = None
    outputRecordCount: int | None = None
    failedRecordCount: int | None = None
    skippedRecordCount: int | None = None
    failedInfo: Any = None
    skippedInfo: Any = None
    warningInfo: Any = None
    sourceSummaries: Any = None
    targetSummaries: Any = None

    def tell_errors(self) -> bool:
        lists = (self.failedInfo, self.skippedInfo, self.warningInfo, self.sourceSummaries)
        return any(lists) or bool(self.targetSummaries)


class _Files(Wire):
    inputFileCount: int | None = None
    failedFileCount: int | None = None


class _Sizes(Wire):
    inputBytes: int | None = None
    outputBytes: int | None = None


class _Latency(Wire):
    avgMs: float | None = None


class _Metrics(Wire):
    statusSummary: _Status | None = None
    durationSummary: _Times | None = None
    recordSummary: _Records | None = None
    fileSummary: _Files | None = None
    sizeSummary: _Sizes | None = None
    latencySummary: _Latency | None = None


class _Activity(Wire):
    statusSummary: _Status | None = None
    recordSummary: _Records | None = None


class _Run(Wire):
    id: str
    flowId: str
    createdAt: Moment | None = None
    updatedAt: Moment | None = None
    metrics: _Metrics | None = None
    activities: list[_Activity] | None = None
    activites: Any = None


_NO_RECORDS, _NO_FILES, _NO_SIZES, _NO_TIMES = _Records(), _Files(), _Sizes(), _Times()


# What is asked of each of thousands of runs is written out here, without a call for each little thing.
def _plain(run: _Run) -> RunFacts:
    metrics = run.metrics
    status = metrics.statusSummary if metrics else None
    if metrics is None or status is None or status.errors or run.activites is not None:
        raise NotPlainError
    outcome = _PLAIN_OUTCOMES.get(status.status or "")
    records, files = metrics.recordSummary or _NO_RECORDS, metrics.fileSummary or _NO_FILES
    sizes, times = metrics.sizeSummary or _NO_SIZES, metrics.durationSummary or _NO_TIMES
    if outcome is None or records.tell_errors():
        raise NotPlainError
    failed = known(records.failedRecordCount)
    if outcome is Outcome.SUCCEEDED and (failed or known(files.failedFileCount)):
        raise NotPlainError
    if not (times.stoppedAtUTC is times.startedAt is times.completedAt is None):
        raise NotPlainError
    for activity in run.activities or ():
        _check_activity(activity)
    begun, ended = times.startedAtUTC, times.completedAtUTC
    started, created = time(begun), time(run.createdAt)
    late = metrics.latencySummary.avgMs if metrics.latencySummary else None
    return RunFacts(
        id_of(run.id),
        intern(id_of(run.flowId)),
        outcome,
        started or created,
        started is not None,
        None if begun is None or ended is None else max(0, ended - begun) / 1000,
        None if late is None or late < 0 else late / 1000,
        known(records.inputRecordCount),
        known(records.outputRecordCount),
        failed,
        known(records.skippedRecordCount),
        known(files.inputFileCount),
        known(sizes.inputBytes),
        known(sizes.outputBytes),
        created_at=created,
        changed_at=time(run.updatedAt) or created,
    )


def _check_activity(activity: _Activity) -> None:
    """An activity of a run that succeeded plainly names no error anywhere."""
    status, records = activity.statusSummary, activity.recordSummary
    if status is not None and (status.errors or (status.extensions and status.extensions.errors)):
        raise NotPlainError
    if records is not None and (known(records.failedRecordCount) or records.tell_errors()):
        raise NotPlainError


run_facts = Facts(_Run, _plain, lambda raw: RunFacts.of(FlowRun.model_validate(raw)))
