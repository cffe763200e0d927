"""Every run of a stretch of time, read side by side: those that started in it, and those that never started."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from functools import partial
from typing import TypeVar

from aep_flow_mcp.gathering.lean_reading import LeanReader
from aep_flow_mcp.gathering.progress import Progress
from aep_flow_mcp.gathering.sweeps.sweep import PAGE, Crew, Sweep
from aep_flow_mcp.insight.facts import RunFacts
from aep_flow_mcp.platform.concurrency import together
from aep_flow_mcp.platform.errors import ErrorKind, PlatformError
from aep_flow_mcp.platform.filters import Filter, FilterLike
from aep_flow_mcp.platform.paging import Page
from aep_flow_mcp.platform.reader import FlowReader
from aep_flow_mcp.platform.waiting.patience import OutOfTime

T = TypeVar("T")
STARTED = "metrics.durationSummary.startedAtUTC"
CREATED = "createdAt"
_PARTS = 8
_MOST_COUNTS = 300
"""Ranges that are counted before the rest is listed, however many there would be."""


class RunSweep:
    """Reads runs and hands them on. `stopped` says afterwards that `enough`, or the call's deadline, ended it early."""

    def __init__(
        self,
        aep: FlowReader,
        take: Callable[[RunFacts], None],
        crew: Crew,
        *,
        conditions: Sequence[FilterLike] = (),
        progress: Progress | None = None,
        enough: Callable[[], bool] = lambda: False,
    ) -> None:
        self._lean = LeanReader(aep)
        self._crew = crew
        self._take = take
        self._conditions = list(conditions)
        self._progress = progress
        self._enough = enough
        self.stopped = False
        self._counts = 0

    async def read(self, start: int, end: int) -> None:
        """Every run that started from `start` up to `end` (epoch ms), or was created then and has not started.

        Raises:
            PlatformError: a page could not be read.
        """
        calls = (self._started, self._unstarted, self._expect)
        await together([partial(call, start, end) for call in calls])

    async def _started(self, start: int, end: int) -> None:
        sweep: Sweep[RunFacts] = Sweep(
            fetch=self._fetch,
            path=STARTED,
            time_of=_started_at,
            take=self._take,
            crew=self._crew,
            conditions=self._conditions,
            enough=self._is_enough,
        )
        await sweep.run(start, end)
        self.stopped = self.stopped or sweep.cut

    def _is_enough(self) -> bool:
        self.stopped = self.stopped or self._enough()
        return self.stopped

    async def _fetch(
        self, filters: Sequence[FilterLike], order: str | None, cursor: str | None
    ) -> Page[RunFacts]:
        page = await self._lean.list_runs(filters, order, cursor)
        if self._progress is not None:
            self._progress.done += len(page.items)
        return page

    async def _expect(self, start: int, end: int) -> None:
        """Tell the progress report how much there is to read."""
        if self._progress is None:
            return
        total = await self._count([Filter(STARTED).ge(start), Filter(STARTED).lt(end)])
        if total is not None:
            self._progress.total = (self._progress.total or 0) + total

    async def _unstarted(self, start: int, end: int) -> None:
        """Runs without a start time cannot be filtered for, but they show in the counts of those created."""
        all_runs, started = await together(
            [partial(self._count, conditions) for conditions in self._created(start, end)]
        )
        if all_runs is None or started is None:
            return
        if all_runs <= PAGE or end - start <= _PARTS or self._counts >= _MOST_COUNTS:
            if all_runs > started:
                await self._list_unstarted(start, end)
            return
        missing = all_runs - started
        if not missing:
            return
        if missing * 3 > all_runs:
            await self._list_unstarted(start, end)
            return
        cuts = [start + (end - start) * at // _PARTS for at in range(_PARTS + 1)]
        await together([partial(self._unstarted, cuts[at], cuts[at + 1]) for at in range(_PARTS)])

    def _created(self, start: int, end: int) -> tuple[list[FilterLike], list[FilterLike]]:
        """Conditions for the runs created in a range: all, and those of them that have started."""
        created: list[FilterLike] = [Filter(CREATED).ge(start), Filter(CREATED).lt(end)]
        return created, [*created, Filter(STARTED).gt(0)]

    async def _list_unstarted(self, start: int, end: int) -> None:
        def take(run: RunFacts) -> None:
            if not run.started:
                self._take(run)

        sweep: Sweep[RunFacts] = Sweep(
            fetch=self._fetch,
            path=CREATED,
            # Without a start, a run's time is when it was created; the others are in no order here.
            time_of=lambda run: None if run.started else run.at,
            take=take,
            crew=self._crew,
            conditions=self._conditions,
            enough=self._is_enough,
        )
        await self._in_time(sweep.run(start, end))
        self.stopped = self.stopped or sweep.cut

    async def _in_time(self, call: Awaitable[T]) -> T | None:
        """What `call` gives; None when there is no time left for it."""
        try:
            return await call
        except OutOfTime:
            self.stopped = True
            return None

    async def _count(self, conditions: Sequence[FilterLike]) -> int | None:
        """How many runs there are; None from a service that does not count by these properties, or not in time."""
        self._counts += 1
        try:
            return await self._in_time(self._lean.count_runs([*self._conditions, *conditions]))
        except PlatformError as error:
            if error.kind is ErrorKind.INVALID:
                return None
            raise


def _started_at(run: RunFacts) -> datetime | None:
    return run.at if run.started else None
