"""How pipelines did over a window, compared with the window before. Fed run by run; keeps sums, not runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple, TypeVar

from aep_flow_mcp.insight.causes import Cause
from aep_flow_mcp.insight.facts import FlowFacts, RunFacts
from aep_flow_mcp.insight.health.board import Board
from aep_flow_mcp.insight.health.quantiles import Quantiles
from aep_flow_mcp.insight.health.tally import ErrorTally, FlowTally, Sums, Tally
from aep_flow_mcp.insight.rhythm.overdue import Attendance, Seen, attendance, shortest_lacking
from aep_flow_mcp.insight.rhythm.usual import FEWEST_RUNS, is_slower
from aep_flow_mcp.insight.schedule import Timetable
from aep_flow_mcp.insight.windows import Window, local_day
from aep_flow_mcp.platform.models.runs import RunStatus

_LONG_AGO = datetime.min.replace(tzinfo=UTC)
MOST_ERRORS = 500
UNLISTED_FLOW = "(flow not found)"

WORSE_SHARE = 0.1
ENDS_SOON = timedelta(days=14)


class ErrorKey(NamedTuple):
    """What makes errors one: the code (or the message where there is none), the cause and the reason."""

    error: str
    cause: Cause | None
    reason: str


OTHER_ERRORS = ErrorKey("other errors", None, "")


class Trend(StrEnum):
    """What got worse for a flow."""

    FAILING = "fails now, did not before"
    FAILS_MORE = "fails more"
    LOSES_MORE = "loses more records"
    SLOWER = "slower"
    SILENT = "no runs now"


@dataclass(frozen=True, slots=True)
class Worse:
    """One flow that did worse than in the window before. `now` and `before` are in the trend's own measure:
    failed runs, share of failed runs, failed records, mean seconds, runs."""

    flow_id: str
    trend: Trend
    now: float
    before: float


@dataclass(frozen=True, slots=True)
class Missed:
    """A flow that ran less often than it is due, and how often it did."""

    flow: FlowFacts
    attendance: Attendance


@dataclass(slots=True)
class Health:
    """Add every run of the window and of the window before, in any order; then ask.

    A run belongs to the window in which it started (or, where it has not started, was created), whole.
    `wanted` decides by flow id which runs count. A run that is added twice is counted twice.
    """

    window: Window
    zone: tzinfo
    wanted: Callable[[str], bool] = field(default=lambda _: True)
    by_day: bool = False
    """Whether `days` are counted, too."""
    total: Sums = field(default_factory=Sums)
    before: Sums = field(default_factory=Sums)
    durations: Quantiles = field(default_factory=Quantiles)
    latencies: Quantiles = field(default_factory=Quantiles)
    flows: dict[str, FlowTally] = field(default_factory=dict)
    flows_before: dict[str, FlowTally] = field(default_factory=dict)
    days: dict[str, Tally] = field(default_factory=dict)
    errors: dict[ErrorKey, ErrorTally] = field(default_factory=dict)
    board: Board | None = None
    """Counted only where one is shown."""
    earlier: Window = field(init=False)
    """The window before."""

    def __post_init__(self) -> None:
        self.earlier = self.window.before

    def add(self, run: RunFacts) -> None:
        """Count one run, if it is wanted and in one of the two windows."""
        at = run.at
        if at is None or not self.wanted(run.flow_id):
            return
        if self.window.start <= at < self.window.end:
            self._add_now(run, at)
        elif self.earlier.start <= at < self.earlier.end:
            self.before.add(run)
            _tally(self.flows_before, run.flow_id, FlowTally).add(run)

    def _add_now(self, run: RunFacts, at: datetime) -> None:
        self.total.add(run)
        if self.board is not None:
            self.board.add(run, at)
        if run.duration_s is not None:
            self.durations.add(run.duration_s)
        if run.latency_s is not None:
            self.latencies.add(run.latency_s)
        _tally(self.flows, run.flow_id, FlowTally).add(run)
        if self.by_day:
            _tally(self.days, local_day(at, self.zone).isoformat(), Tally).add(run)
        if run.error:
            key = ErrorKey(run.error, run.cause, run.reason or "")
            known = key in self.errors or len(self.errors) < MOST_ERRORS
            _tally(self.errors, key if known else OTHER_ERRORS, ErrorTally).add(run)

    def grouped(self, keys_of: Callable[[str], Iterable[str]]) -> dict[str, Tally]:
        """The flows' tallies added up by what `keys_of` says of an id; one with two keys counts in both."""
        groups: dict[str, Tally] = {}
        for flow_id, tally in self.flows.items():
            for key in keys_of(flow_id):
                _tally(groups, key, Tally).merge(tally)
        return groups

    def most_frequent_errors(self) -> list[tuple[ErrorKey, ErrorTally]]:
        """Every group of errors, that of most runs first. A cause may be unknown, and compares with none."""
        return sorted(
            self.errors.items(),
            key=lambda item: (-item[1].runs, item[0].error, item[0].cause or "", item[0].reason),
        )

    def most_failing(self) -> list[tuple[str, FlowTally]]:
        """Flows with a failed or partial run, most failed first, then most partial."""
        bad = [(id, tally) for id, tally in self.flows.items() if tally.bad]
        return sorted(
            bad, key=lambda item: (-item[1].failed, -item[1].bad, -(item[1].records_failed or 0), item[0])
        )

    def skipping(self) -> list[tuple[str, FlowTally]]:
        """Flows that left records out, most first."""
        found = [(id, tally) for id, tally in self.flows.items() if tally.records_skipped]
        return sorted(found, key=lambda item: (-(item[1].records_skipped or 0), item[0]))

    def failing_since(self, flow_id: str) -> tuple[datetime | None, datetime | None]:
        """The first run of the flow's present row of bad ones, and its last good run, as far as they were read.

        The first is None where it does not fail now; the second where no run that was read was good.
        """
        now, before = self.flows[flow_id], self.flows_before.get(flow_id)
        good = now.last_good or (before.last_good if before else None)
        known = [tally.bad_since(good) for tally in (before, now) if tally]
        return min((at for at in known if at), default=None), good

    def slowest(self) -> list[str]:
        """The ids of the flows with a finished run, by mean duration, longest first."""
        means = {id: tally.durations.mean or 0.0 for id, tally in self.flows.items() if tally.durations.count}
        # Ids and numbers compare without a call, and without a pair, for each of ten thousand flows.
        return sorted(sorted(means), key=means.__getitem__, reverse=True)

    def worse(self, usual: Mapping[str, float] = MappingProxyType({})) -> list[Worse]:
        """What got worse for which flow, the gravest first; at most one entry a flow.

        usual: seconds that a run of some flows usually takes: what is no slower than that is not slower, whatever the
        window before was; and what is slower than that got slower, even if the window before was as slow.
        """
        # What did not run before has got no worse.
        compared = (compare(id, self.flows.get(id), before) for id, before in self.flows_before.items())
        found = {entry.flow_id: entry for entry in compared if entry}
        for flow_id, seconds in usual.items():
            if flow_id not in found or found[flow_id].trend is Trend.SLOWER:
                found.pop(flow_id, None)
                entry = self._against_usual(flow_id, seconds)
                if entry:
                    found[flow_id] = entry
        order = list(Trend)
        return sorted(
            found.values(), key=lambda item: (order.index(item.trend), item.before - item.now, item.flow_id)
        )

    def _against_usual(self, flow_id: str, usual: float) -> Worse | None:
        tally = self.flows.get(flow_id)
        mean = tally.durations.mean if tally and tally.durations.count >= FEWEST_RUNS else None
        return Worse(flow_id, Trend.SLOWER, mean, usual) if mean and is_slower(mean, usual) else None

    def missed(self, flows: Iterable[FlowFacts], *, now: datetime) -> list[Missed]:
        """Enabled flows that ran less often in the window than they are due: those that stopped, then most missed."""
        found = []
        known_from = self.earlier.start
        for flow in flows:
            entry = missed_runs(
                flow,
                self.flows.get(flow.id),
                self.window,
                now=now,
                before=self.flows_before.get(flow.id),
                known_from=known_from,
            )
            if entry:
                found.append(entry)
        return sorted(found, key=_gravest)

    def never_ran(self, flows: Iterable[FlowFacts], *, now: datetime) -> list[FlowFacts]:
        """Enabled flows that a schedule or an audience should have started by now, without any run ever.

        Streaming flows have no runs of their own and are for the caller to leave out.
        """
        ran = self.flows.keys() | self.flows_before.keys()
        return [flow for flow in flows if flow.id not in ran and has_never_run(flow, now=now)]


def each_first(found: Sequence[Worse]) -> list[Worse]:
    """What got worse, the first of each trend before the others: a table is cut behind its first rows.

    One slowdown says more than the eleventh single failure.
    """
    firsts = [
        next(item for item in found if item.trend is trend) for trend in dict.fromkeys(i.trend for i in found)
    ]
    return firsts + [item for item in found if item not in firsts]


def compare(flow_id: str, now: Tally | None, before: Tally | None) -> Worse | None:
    """The gravest way in which a flow did worse; None when it did not, or nothing was there before."""
    if before is None or before.runs == 0:
        return None
    if now is None or now.runs == 0:
        return Worse(flow_id, Trend.SILENT, 0, before.runs)
    if now.failed and not before.failed:
        return Worse(flow_id, Trend.FAILING, now.failed, 0)
    share, share_before = now.failure_share, before.failure_share
    if share is not None and share_before is not None and share - share_before >= WORSE_SHARE:
        return Worse(flow_id, Trend.FAILS_MORE, share, share_before)
    lost, lost_before = now.records_failed or 0, before.records_failed or 0
    if lost > 2 * lost_before and _share_lost(now) > 2 * _share_lost(before):
        return Worse(flow_id, Trend.LOSES_MORE, lost, lost_before)
    mean, mean_before = now.durations.mean, before.durations.mean
    if (
        mean is not None
        and mean_before is not None
        and min(now.durations.count, before.durations.count) >= FEWEST_RUNS
        and is_slower(mean, mean_before)
    ):
        return Worse(flow_id, Trend.SLOWER, mean, mean_before)
    return None


def missed_runs(
    flow: FlowFacts,
    tally: FlowTally | None,
    window: Window,
    *,
    now: datetime,
    before: FlowTally | None = None,
    known_from: datetime | None = None,
) -> Missed | None:
    """What one flow did not run by its own rhythm; None when it need not, is not enabled, or ran as often as it should.

    before: the tally of the runs before the window, if any were read. known_from: since when every run was read.
    """
    table = flow.timetable
    if not flow.enabled or table is None:
        return None
    until = min(window.end, now)
    if table.end is not None and table.end < until:
        until = table.end
    if until <= window.start:
        return None  # nothing is due in it any more
    if table.step is None:
        late = flow.last_run_at is None and flow.last_status is None and tally is None
        due = table.first in window and table.should_have_begun(flow.judged_since, now=until)
        return (
            Missed(flow, Attendance(0, 1, table.first, table.first, None, stopped=True))
            if late and due
            else None
        )
    if _keeps_time(flow, tally, before, (known_from or window.start, until), table.step):
        return None
    seen = _seen(flow, tally, before, known_from or window.start, table)
    found = attendance(seen, period=table.step, window=window, until=until) if until > seen.since else None
    return Missed(flow, found) if found else None


def _keeps_time(
    flow: FlowFacts,
    tally: FlowTally | None,
    before: FlowTally | None,
    span: tuple[datetime, datetime],
    period: timedelta,
) -> bool:
    """Whether no time without a run is long enough to lack one: most flows need no closer look."""
    if tally is not None and not tally.starts_known:
        return False
    longest = shortest_lacking(period).total_seconds() - 2  # starts are whole seconds
    end = span[1].timestamp()
    last = span[0].timestamp()
    if before is not None and before.last_at is not None:
        last = max(last, before.last_at.timestamp())
    elif tally is None and flow.last_run_at is not None:
        # Its last run may have been before all that was read.
        last = min(last, flow.last_run_at.timestamp())
    since = flow.judged_since
    if since is not None and (begin := since.timestamp()) > last:
        last = begin
    for start in sorted(tally.starts) if tally is not None else ():
        if start > end:
            break
        if start - last >= longest:
            return False
        if start > last:
            last = start
    return end - last < longest


def _seen(
    flow: FlowFacts, tally: FlowTally | None, before: FlowTally | None, known_from: datetime, table: Timetable
) -> Seen:
    starts: list[datetime] = []
    ends: dict[datetime, datetime | None] = {}
    for each in (before, tally):
        if each is not None and each.last_at is not None:
            at = each.last_at.replace(microsecond=0)
            starts.append(at)
            ends[at] = each.last_end
    if tally is not None and tally.starts_known:
        starts += [datetime.fromtimestamp(start, UTC) for start in tally.starts]
        ends |= {datetime.fromtimestamp(start, UTC): end for start, end in (tally.long or {}).items()}
    elif tally is not None and tally.last_at is not None:
        known_from = tally.last_at
    last = flow.last_run_at
    if last is not None and last - timedelta(seconds=1) > max(starts, default=_LONG_AGO):
        starts.append(last)
        if flow.last_status is RunStatus.IN_PROGRESS:
            ends[last] = None
    starts = list(dict.fromkeys(starts))
    ran = bool(starts) or flow.last_status is not None
    return Seen(starts, known_from, max(table.first, flow.judged_since or table.first), ran, ends)


def _gravest(item: Missed) -> tuple[bool, float, int, str, str]:
    kept = item.attendance
    return not kept.stopped, -kept.missed / kept.due, -kept.missed, item.flow.name, item.flow.id


def ending(flows: Iterable[FlowFacts], *, now: datetime) -> list[FlowFacts]:
    """Enabled flows whose schedule ends within `ENDS_SOON`, or has ended and left them enabled; the last end first."""
    ends = [
        (flow.timetable.end, flow.name, flow)
        for flow in flows
        if flow.enabled and flow.timetable and flow.timetable.end and flow.timetable.end <= now + ENDS_SOON
    ]
    return [flow for _, _, flow in sorted(ends, key=lambda item: item[:2], reverse=True)]


def has_never_run(flow: FlowFacts, *, now: datetime) -> bool:
    """Whether an enabled flow that should have run by now has no last run."""
    if not flow.enabled or flow.last_run_at is not None or flow.last_status is not None:
        return False
    if flow.timetable is not None:
        return flow.timetable.should_have_begun(flow.judged_since, now=now)
    # An audience export starts daily or after an evaluation of its audiences, which happens daily.
    return bool(flow.audiences) and flow.created_at is not None and (now - flow.created_at).days >= 2


def _share_lost(tally: Tally) -> float:
    lost = tally.records_failed or 0
    return lost / tally.records_in if tally.records_in else float(bool(lost))


CountT = TypeVar("CountT", Tally, FlowTally, ErrorTally)
KeyT = TypeVar("KeyT", str, ErrorKey)


def _tally(kept: dict[KeyT, CountT], key: KeyT, make: type[CountT]) -> CountT:
    found = kept.get(key)
    if found is None:
        found = kept[key] = make()
    return found
