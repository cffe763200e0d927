"""How pipelines did over a window of time, in one answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from enum import StrEnum
from functools import partial
from typing import Annotated, Any

from mcp.server.mcpserver.exceptions import ToolError
from pydantic import Field

from aep_flow_mcp.answers.health import (
    Counts,
    EndingRow,
    ErrorRow,
    FailingRow,
    GroupRow,
    MissedRow,
    NeverRow,
    Percentiles,
    PipelineHealth,
    SkippingRow,
    SlowRow,
    Traffic,
    WorseRow,
    dataset_row,
    group_row,
)
from aep_flow_mcp.answers.progress import progress_of
from aep_flow_mcp.gathering import times
from aep_flow_mcp.gathering.health_scope import Asked, Scope, fill, read_scope
from aep_flow_mcp.gathering.histories.closer_look import MOST_FLOWS, CloserLook, look_closer
from aep_flow_mcp.gathering.memory import Memory
from aep_flow_mcp.gathering.progress import Progress
from aep_flow_mcp.gathering.remembered.runs import RememberedRuns
from aep_flow_mcp.gathering.sweeps.run_sweep import RunSweep
from aep_flow_mcp.gathering.whole_lists import Reading
from aep_flow_mcp.insight.facts import FlowFacts
from aep_flow_mcp.insight.health.report import ErrorKey, Health, Missed, Trend, Worse, ending, of_each
from aep_flow_mcp.insight.health.tally import ErrorTally, FlowTally, Tally
from aep_flow_mcp.insight.rhythm.usual import FEWEST_RUNS
from aep_flow_mcp.insight.windows import Window, WindowError, parse_window, read_zone
from aep_flow_mcp.insight.words import utc
from aep_flow_mcp.platform.concurrency import together
from aep_flow_mcp.platform.models.error_codes import RUN, explain
from aep_flow_mcp.platform.models.flows import FlowKind
from aep_flow_mcp.platform.reader import FlowReader
from aep_flow_mcp.surface.dependencies import AppState, Reader
from aep_flow_mcp.surface.registry import read_tool

PATIENCE = 38.0
"""Seconds after which no further runs are read, so that the answer comes before a call has to end."""
SHOWN_MESSAGE = 120
SHOWN_BESIDE = 5
"""Rows of each list beside the groups."""
MOST_DAYS = 31
"""Days are shown in their order, the latest so many."""


class GroupBy(StrEnum):
    """What runs are grouped by."""

    FLOW = "flow"
    CONNECTOR = "connector"
    DATASET = "dataset"
    ERROR = "error"
    DAY = "day"


Part = Annotated[str | None, Field(description="id or name")]


@read_tool("core")
async def pipeline_health(
    app: AppState,
    aep: Reader,
    window: Annotated[
        str, Field(description='"24h", "yesterday", "last 7 days" (calendar days) or "<time>/<time>"')
    ] = "24h",
    flow: Part = None,
    connector: Part = None,
    dataset: Part = None,
    kind: FlowKind | None = None,
    group_by: GroupBy | None = None,
    top: Annotated[int, Field(ge=1, le=50)] = 5,
    timezone: str = "UTC",
) -> PipelineHealth:
    """What ran, failed, lost records, slowed down, or did not run though due, in a window, against the one before;
    errors with their meaning. For questions about several flows or a period."""
    now = times.now()
    zone, span = _span(window, timezone, now)
    asked = Asked(flow=flow, connector=connector, dataset=dataset, kind=kind)
    datasets = group_by is GroupBy.DATASET
    progress = progress_of("objects")
    reading = Reading.of(aep, now=now, progress=progress)
    if asked.limited:
        scope = await read_scope(app, reading, asked, datasets=datasets)
    else:
        scope = Scope(asked)
    health = Health(span, zone, wanted=scope.wants)
    calls: list[Callable[[], Awaitable[Any]]] = [partial(_read_runs, app, reading, health, scope)]
    if not asked.limited:
        calls.append(partial(fill, app, reading, scope, datasets=datasets))
    stopped = any(await together(calls))
    look = CloserLook() if stopped else await _look_closer(aep, health, top)
    return _Report(health, scope, look, now=now, zone=timezone, top=top, group_by=group_by).answer(
        progress, stopped=stopped
    )


def _span(window: str, timezone: str, now: datetime) -> tuple[tzinfo, Window]:
    try:
        zone = read_zone(timezone)
        return zone, parse_window(window, now=now, zone=zone)
    except WindowError as error:
        raise ToolError(str(error)) from None


async def _read_runs(memory: Memory, reading: Reading, health: Health, scope: Scope) -> bool:
    """Read the runs of both windows; whether that was given up."""
    start, _ = health.window.before.milliseconds
    _, end = health.window.milliseconds
    progress, conditions = reading.progress, scope.conditions()

    def enough() -> bool:
        return progress.elapsed > PATIENCE

    if not conditions:
        remembered = memory.cache("remembered_runs", RememberedRuns)
        return await remembered.read(reading, health.add, start, end, enough=enough)
    sweep = RunSweep(
        reading.aep, health.add, reading.crew, conditions=conditions, progress=progress, enough=enough
    )
    await sweep.read(start, end)
    return sweep.stopped


async def _look_closer(aep: FlowReader, health: Health, top: int) -> CloserLook:
    """Of the flows that will be shown: since when they fail, and how long they usually take."""
    shown = min(top, MOST_FLOWS)
    failing = []
    for id, _ in health.most_failing()[:shown]:
        since, good = health.failing_since(id)
        if since and not good:
            failing.append(id)
    slower = [item.flow_id for item in health.worse() if item.trend is Trend.SLOWER][:shown]
    slow = [id for id, tally in health.slowest()[:3] if tally.durations.count >= FEWEST_RUNS]
    return await look_closer(
        aep,
        failing=failing,
        known_since=health.window.before.start,
        timed=dict.fromkeys([*slower, *slow]),
        before=health.window.start,
    )


@dataclass(frozen=True)
class _Report:
    """From counts to an answer."""

    health: Health
    scope: Scope
    look: CloserLook
    now: datetime
    zone: str
    top: int
    group_by: GroupBy | None

    def answer(self, progress: Progress, *, stopped: bool) -> PipelineHealth:
        health, scope = self.health, self.scope
        # Whoever groups asks for more groups, not for more of the rest.
        of_groups = self.top if self.group_by else 0
        top = min(self.top, SHOWN_BESIDE) if self.group_by else self.top
        of_errors = self.top if self.group_by is GroupBy.ERROR else top
        flows = scope.with_runs
        errors = health.most_frequent_errors()
        failing, slowest, skipping = health.most_failing(), health.slowest(), health.skipping()
        missed = [] if stopped else health.missed(flows, now=self.now)
        overdue = {item.flow.id for item in missed}
        worse = [item for item in health.worse(self.look.usual) if self._matters(item, overdue)]
        never = health.never_ran(flows, now=self.now)
        ends = ending(flows, now=self.now)
        groups = self._groups()
        sizes = {
            "errors": len(errors),
            "failing": len(failing),
            "worse": len(worse),
            "missed": len(missed),
            "never_ran": len(never),
            "ending": len(ends),
            "skipping": len(skipping),
            "groups": 0 if self.group_by is GroupBy.DAY else len(groups),
        }
        shown = {"groups": of_groups, "errors": of_errors}
        return PipelineHealth(
            window=str(health.window) if self.zone == "UTC" else f"{health.window} (days in {self.zone})",
            scope=scope.asked.words(),
            flows=len(scope.flows),
            total=Counts.of(health.total),
            before=Counts.of(health.before),
            dataset=self._traffic() if scope.meant else None,
            duration_s=Percentiles.of(health.durations),
            latency_s=Percentiles.of(health.latencies),
            errors=[_error_row(key, tally) for key, tally in errors[:of_errors]],
            failing=[self._failing(*item) for item in failing[:top]],
            worse=[self._worse(item) for item in of_each(worse, top)],
            missed=[self._missed(item) for item in missed[:top]],
            never_ran=[self._never(item) for item in never[:top]],
            ending=[self._ending(flow) for flow in ends[:top]],
            skipping=[self._skipping(*item) for item in skipping[:top]],
            slowest=[self._slow(*item) for item in slowest[: min(top, 3) if top <= 5 else top]],
            group_by=self.group_by.value if self.group_by else None,
            groups=groups[-max(of_groups, MOST_DAYS) :]
            if self.group_by is GroupBy.DAY
            else groups[:of_groups],
            more={name: size for name, size in sizes.items() if size > shown.get(name, top)},
            complete=not (stopped or progress.cut),
            notes=self._notes(progress, stopped=stopped),
        )

    def _groups(self) -> list[GroupRow]:
        health, scope = self.health, self.scope
        match self.group_by:
            case GroupBy.FLOW:
                rows = [group_row(scope.name(id), id, tally) for id, tally in health.flows.items()]
            case GroupBy.CONNECTOR:
                grouped = health.grouped(scope.connector_ids)
                names = {id: scope.connectors.get(id, id) for id in grouped}
                shared = {name for name, uses in Counter(names.values()).items() if uses > 1}
                rows = [
                    group_row(names[id], id if names[id] in shared else None, tally)
                    for id, tally in grouped.items()
                ]
            case GroupBy.DATASET:
                grouped = health.grouped(scope.dataset_ids)
                written, read = health.grouped(scope.written_ids), health.grouped(scope.read_ids)
                rows = [
                    dataset_row(
                        scope.datasets.get(id, id), id, tally, written=written.get(id), read=read.get(id)
                    )
                    for id, tally in grouped.items()
                ]
            case GroupBy.DAY:
                return [group_row(day, None, tally) for day, tally in sorted(health.days.items())]
            case _:
                # The errors are listed in any case; grouping by them shows more of them.
                return []
        return sorted(rows, key=lambda row: (-row.failed, -row.partial, -row.runs, row.group))

    def _matters(self, item: Worse, overdue: set[str]) -> bool:
        """A flow that is silent because it was switched off, has ended or need not run again yet did not get worse."""
        if item.trend is not Trend.SILENT:
            return True
        flow = self.scope.flows.get(item.flow_id)
        if flow is None or not flow.enabled:
            return False
        # Without a schedule only a rhythm that was seen tells: three runs in the time in which now there was none.
        return item.before >= FEWEST_RUNS if flow.timetable is None else flow.id in overdue

    def _traffic(self) -> Traffic:
        writers, readers = self.scope.sides()
        into, out_of = self._added_up(writers), self._added_up(readers)
        total = self.health.total
        return Traffic(
            written_into=into.records_out,
            read_from=out_of.records_in,
            failed=total.records_failed,
            skipped=total.records_skipped,
            writers=[self.scope.name(id) for id in writers],
            readers=[self.scope.name(id) for id in readers],
        )

    def _added_up(self, ids: Sequence[str]) -> Tally:
        sum_of = Tally()
        for id in ids:
            if id in self.health.flows:
                sum_of.merge(self.health.flows[id])
        return sum_of

    def _failing(self, id: str, tally: FlowTally) -> FailingRow:
        first, good = self.health.failing_since(id)
        streak = self.look.streaks.get(id)
        since = utc(first)
        if streak is not None and streak.first is not None:
            since = streak.since
            good = streak.last_good.at if streak.last_good else None
        elif since and not good and (streak is None or not streak.whole):
            since = f"at least {since}"
        return FailingRow(
            flow=self.scope.name(id),
            id=id,
            failed=tally.failed,
            partial=tally.partial,
            runs=tally.runs,
            records_in=tally.records_in,
            records_out=tally.records_out,
            records_failed=tally.records_failed,
            records_skipped=tally.records_skipped,
            since=since,
            last_good=utc(good),
            last_error=tally.last_error,
            cause=tally.last_cause.value if tally.last_cause else None,
        )

    def _skipping(self, id: str, tally: FlowTally) -> SkippingRow:
        return SkippingRow(
            flow=self.scope.name(id),
            id=id,
            runs=tally.runs,
            records_in=tally.records_in,
            records_out=tally.records_out,
            records_skipped=tally.records_skipped or 0,
        )

    def _slow(self, id: str, tally: FlowTally) -> SlowRow:
        usual = self.look.usual.get(id)
        return SlowRow(
            flow=self.scope.name(id),
            id=id,
            mean_s=round(tally.durations.mean or 0.0, 1),
            max_s=round(tally.durations.largest, 1),
            runs=tally.durations.count,
            usual_s=None if usual is None else round(usual, 1),
            records_in=tally.records_in,
            records_out=tally.records_out,
        )

    def _worse(self, item: Worse) -> WorseRow:
        now, before = _measured(item, usual=item.flow_id in self.look.usual)
        return WorseRow(
            flow=self.scope.name(item.flow_id),
            id=item.flow_id,
            trend=item.trend.value,
            now=now,
            before=before,
        )

    def _missed(self, item: Missed) -> MissedRow:
        return MissedRow(
            flow=item.flow.name or item.flow.id,
            id=item.flow.id,
            ran=item.attendance.ran,
            due=item.attendance.due,
            last_due=utc(item.attendance.last_missing) or "",
            last_run=utc(item.attendance.last),
        )

    def _never(self, flow: FlowFacts) -> NeverRow:
        due = flow.timetable.first if flow.timetable else None
        return NeverRow(flow=flow.name or flow.id, id=flow.id, created=utc(flow.created_at), due=utc(due))

    def _ending(self, flow: FlowFacts) -> EndingRow:
        end = flow.timetable.end if flow.timetable else None
        return EndingRow(flow=flow.name or flow.id, id=flow.id, ends=utc(end) or "")

    def _notes(self, progress: Progress, *, stopped: bool) -> list[str]:
        cut = ", ".join(sorted(progress.cut))
        notes = [f"Only a part could be read in time of: {cut}."] if cut else []
        notes += self.scope.unread.notes
        if not stopped:
            return notes
        of = f" of {progress.total:,}" if progress.total else ""
        read = self.health.total.runs + self.health.before.runs
        return [
            *notes,
            f"Stopped after {progress.elapsed:.0f} s: {read:,}{of} runs were read, "
            "the numbers are those of them. Ask for a shorter window, or one flow, connector or dataset.",
        ]


def _error_row(key: ErrorKey, tally: ErrorTally) -> ErrorRow:
    known = explain(key.error, RUN)
    message = tally.message or ""
    return ErrorRow(
        error=key.error,
        cause=key.cause.value if key.cause else None,
        runs=tally.runs,
        flows=len(tally.flows),
        records_failed=tally.records_failed,
        first=utc(tally.first_at),
        last=utc(tally.last_at),
        meaning=known.meaning if known else None,
        message=(message if len(message) <= SHOWN_MESSAGE else f"{message[: SHOWN_MESSAGE - 1]}…") or None,
    )


def _measured(item: Worse, *, usual: bool) -> tuple[str, str]:
    match item.trend:
        case Trend.FAILS_MORE:
            return f"{item.now:.0%} failed", f"{item.before:.0%}"
        case Trend.SLOWER:
            return f"{item.now:.0f} s mean", f"{item.before:.0f} s{' usually' if usual else ''}"
        case Trend.LOSES_MORE:
            return f"{item.now:,.0f} records", f"{item.before:,.0f}"
        case Trend.FAILING:
            return f"{item.now:.0f} failed", "0"
        case _:
            return "0 runs", f"{item.before:.0f}"
