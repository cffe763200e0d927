"""From what was counted of pipelines to the answer of pipeline_health: which rows its lists have, and how many."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

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
from aep_flow_mcp.answers.pieces import Pieces, as_it_is
from aep_flow_mcp.gathering.health_scope import Scope
from aep_flow_mcp.gathering.histories.closer_look import CloserLook
from aep_flow_mcp.gathering.progress import Progress
from aep_flow_mcp.gathering.side_by_side import MOST
from aep_flow_mcp.insight.facts import FlowFacts
from aep_flow_mcp.insight.health.report import ErrorKey, Health, Missed, Trend, Worse, each_first, ending
from aep_flow_mcp.insight.health.tally import ErrorTally, FlowTally, Tally
from aep_flow_mcp.insight.rhythm.usual import FEWEST_RUNS
from aep_flow_mcp.insight.words import utc
from aep_flow_mcp.platform.models.error_codes import RUN, explain

LISTS = (
    "errors", "failing", "worse", "missed", "never_ran", "ending", "skipping", "slowest", "groups",
    "writers", "readers",
)  # fmt: skip
"""What a cursor can lead on in."""
SHOWN_MESSAGE = 120
SHOWN_BESIDE = 5
"""Rows of each list beside the groups."""
SHOWN_NAMES = 8
ALSO_NAMED = 15
"""Further flows of a list that are told by name alone."""
MOST_DAYS = 31
"""Days are shown in their order, the latest so many."""


class GroupBy(StrEnum):
    """What runs are grouped by."""

    FLOW = "flow"
    CONNECTOR = "connector"
    DATASET = "dataset"
    ERROR = "error"
    DAY = "day"


@dataclass(frozen=True)
class Report:
    """From counts to an answer."""

    health: Health
    scope: Scope
    look: CloserLook
    pieces: Pieces
    zone: str
    top: int
    group_by: GroupBy | None

    def answer(self, progress: Progress, *, stopped: bool) -> PipelineHealth:
        health, scope, now, take = self.health, self.scope, self.pieces.now, self.pieces.take
        # Whoever groups asks for more groups, not for more of the rest.
        top = min(self.top, SHOWN_BESIDE) if self.group_by else self.top
        flows = scope.with_runs
        failing = health.most_failing()
        missed = [] if stopped else health.missed(flows, now=now)
        overdue = {item.flow.id for item in missed}
        worse = [item for item in health.worse(self.look.usual) if self._matters(item, overdue)]
        days = self.group_by is GroupBy.DAY
        groups = self._groups()
        of_errors = self.top if self.group_by is GroupBy.ERROR else top
        answer = PipelineHealth(
            window=str(health.window) if self.zone == "UTC" else f"{health.window} (days in {self.zone})",
            scope=scope.asked.words(),
            flows=len(scope.flows),
            total=Counts.of(health.total),
            before=Counts.of(health.before),
            dataset=self._traffic() if scope.meant else None,
            duration_s=Percentiles.of(health.durations),
            latency_s=Percentiles.of(health.latencies),
            errors=take("errors", health.most_frequent_errors(), of_errors, lambda item: _error_row(*item)),
            failing=take("failing", failing, top, lambda item: self._failing(*item)),
            worse=take("worse", each_first(worse), top, self._worse),
            missed=take("missed", missed, top, self._missed),
            never_ran=take("never_ran", health.never_ran(flows, now=now), top, self._never),
            ending=take("ending", ending(flows, now=now), top, self._ending),
            skipping=take("skipping", health.skipping(), top, lambda item: self._skipping(*item)),
            slowest=take("slowest", health.slowest(), min(top, 3) if top <= 5 else top, self._slow),
            group_by=self.group_by.value if self.group_by else None,
            groups=take("groups", groups, max(self.top, MOST_DAYS if days else 1), as_it_is)
            if self.group_by
            else [],
            complete=not (stopped or progress.cut),
            notes=self._notes(progress, stopped=stopped),
        )
        return answer.model_copy(
            update={
                "more": self.pieces.more,
                "cursors": self.pieces.cursors,
                "part": self.pieces.only,
                "also": self._also(failing[len(answer.failing) :], missed[len(answer.missed) :]),
            }
        )

    def _also(self, failing: list[tuple[str, FlowTally]], missed: list[Missed]) -> dict[str, list[str]]:
        """What the first piece of a list has no row for: the next flows, by name."""
        if self.pieces.only:
            return {}
        names = {
            "failing": [f"{self.scope.told_apart(id)} ({_bad(tally)})" for id, tally in failing[:ALSO_NAMED]],
            "missed": [self.scope.told_apart(item.flow.id) for item in missed[:ALSO_NAMED]],
        }
        return {name: told for name, told in names.items() if told}

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
                # The latest days in their order, then the earlier ones.
                days = [group_row(day, None, tally) for day, tally in sorted(health.days.items())]
                return days[-MOST_DAYS:] + days[:-MOST_DAYS]
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
            writers=self.pieces.take("writers", writers, SHOWN_NAMES, self.scope.told_apart),
            readers=self.pieces.take("readers", readers, SHOWN_NAMES, self.scope.told_apart),
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

    def _slow(self, id: str) -> SlowRow:
        tally, usual = self.health.flows[id], self.look.usual.get(id)
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
        notes += self._streams()
        notes += self._next()
        if not stopped:
            return notes
        of = f" of {progress.total:,}" if progress.total else ""
        read = self.health.total.runs + self.health.before.runs
        return [
            *notes,
            f"Stopped after {progress.elapsed:.0f} s: {read:,}{of} runs were read, "
            "the numbers are those of them. Ask for a shorter window, or one flow, connector or dataset.",
        ]

    def _next(self) -> list[str]:
        """The call that says why: of the flows that fail most, as many as one takes."""
        ids = [id for id, _ in self.health.most_failing() if id in self.scope.flows][:MOST]
        if not ids or self.pieces.only or self.group_by is not None:
            return []
        flows = ids[0] if len(ids) == 1 else ids
        return [f"next: diagnose_flow(flow={flows}, window={self.health.window})"]

    def _streams(self) -> list[str]:
        """That streams have no runs is no good news, where one of the few flows asked about is one."""
        scope = self.scope
        streams = [flow for flow in scope.flows.values() if flow.spec_id in scope.continuous]
        if not scope.asked.limited or not streams:
            return []
        told = "how many failed cannot be told; get_ingestion_metrics tells what arrived"
        if len(scope.flows) == 1:
            return [f"It is a streaming flow: the service lists no runs of it, so {told}."]
        return [f"{len(streams)} of the {len(scope.flows)} flows are streaming, without runs: {told}."]


def _bad(tally: FlowTally) -> str:
    counts = ((tally.failed, "failed"), (tally.partial, "partial"))
    return ", ".join(f"{number} {word}" for number, word in counts if number)


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
