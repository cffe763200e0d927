"""The runs of a stretch of time, read once and then by what changed: a run that has ended stays as it is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial

from aep_flow_mcp.gathering.lean_reading import LeanReader
from aep_flow_mcp.gathering.remembered.keeping import (
    MOST_KEPT,
    AfreshError,
    Kept,
    Store,
    Watch,
    changed,
    read_again,
)
from aep_flow_mcp.gathering.sweeps.run_sweep import CREATED, STARTED, RunSweep
from aep_flow_mcp.gathering.whole_lists import Reading
from aep_flow_mcp.insight.facts import Outcome, RunFacts
from aep_flow_mcp.insight.windows import epoch_ms
from aep_flow_mcp.platform.concurrency import together
from aep_flow_mcp.platform.errors import ErrorKind, PlatformError
from aep_flow_mcp.platform.filters import Filter, FilterLike

_CHANGES = ("updatedAt",)
_OVER = frozenset({Outcome.SUCCEEDED, Outcome.PARTIAL, Outcome.FAILED})


@dataclass(frozen=True, slots=True)
class _Stretch:
    """From `start` up to, and without, `end`, in epoch milliseconds."""

    start: int
    end: int

    def holds(self, run: RunFacts) -> bool:
        """Whether the run started in it, or was created in it and has not started."""
        return run.at is not None and self.start <= epoch_ms(run.at) < self.end


@dataclass(slots=True)
class _KeptRuns(Kept[RunFacts]):
    """`reach`: all of its runs are among these, or changed since."""

    reach: _Stretch


class RememberedRuns:
    """The runs of each sandbox. Kept by the App: `memory.cache("remembered_runs", RememberedRuns)`."""

    def __init__(self) -> None:
        self._kept: Store[_KeptRuns] = Store()

    async def read(
        self,
        reading: Reading,
        take: Callable[[RunFacts], None],
        start: int,
        end: int,
        *,
        enough: Callable[[], bool],
    ) -> bool:
        """Hand every run of the stretch (epoch ms) to `take`, as it is now. Whether that was given up before the end.

        Raises:
            PlatformError: they could not be read.
        """
        asked = _Stretch(start, end)
        kept = self._kept.take(reading.aep.sandbox)
        if kept is not None and _reaches(kept, asked):
            try:
                runs = await self._refreshed(reading, asked, kept)
            except AfreshError:
                kept = None  # Both at once would be twice the memory.
            else:
                for run in runs:
                    take(run)
                return False
        return await self._afresh(reading, take, asked, enough=enough)

    async def _afresh(
        self,
        reading: Reading,
        take: Callable[[RunFacts], None],
        asked: _Stretch,
        *,
        enough: Callable[[], bool],
    ) -> bool:
        watch = Watch(reading.now)
        runs: dict[str, RunFacts] = {}

        def keep(run: RunFacts) -> None:
            take(run)
            if len(runs) <= MOST_KEPT:
                runs[run.id] = run

        sweep = RunSweep(reading.aep, keep, reading.crew, progress=reading.progress, enough=enough)
        await sweep.read(asked.start, asked.end)
        if not sweep.stopped:
            since = watch.since(run.changed_at for run in runs.values())
            self._kept.put(reading.aep.sandbox, _KeptRuns(runs, since, watch.clock, asked))
        return sweep.stopped

    async def _refreshed(self, reading: Reading, asked: _Stretch, kept: _KeptRuns) -> list[RunFacts]:
        lean, watch = LeanReader(reading.aep), Watch(reading.now)
        under_way = [run.id for run in kept.facts.values() if run.outcome not in _OVER]
        newer, again = await together(
            [
                partial(changed, lean.list_runs, _CHANGES, kept.since),
                partial(read_again, lean.list_runs, under_way),
            ]
        )
        runs = kept.facts | newer | again
        found = [run for run in runs.values() if asked.holds(run)]
        counts: list[Callable[[], Awaitable[int]]] = [
            partial(_count, lean, conditions) for conditions in _counted(asked)
        ]
        started, created, created_and_started = await together(counts)
        begun = sum(run.started for run in found)
        if begun != started or len(found) - begun != created - created_and_started:
            raise AfreshError
        reading.progress.done += len(newer)
        since = watch.since((run.changed_at for run in (*newer.values(), *again.values())), kept.since)
        reach = _Stretch(kept.reach.start, max(kept.reach.end, asked.end))
        self._kept.put(reading.aep.sandbox, _KeptRuns(runs, since, kept.read_at, reach))
        return found


def _reaches(kept: _KeptRuns, asked: _Stretch) -> bool:
    """Whether what is kept, with what changed since, is everything of the stretch."""
    known = kept.reach
    return known.start <= asked.start and (asked.end <= known.end or kept.since <= known.end)


def _counted(asked: _Stretch) -> tuple[Sequence[FilterLike], ...]:
    """Conditions for the runs that started in it, for those created in it, and for those of these that started."""
    created = [Filter(CREATED).ge(asked.start), Filter(CREATED).lt(asked.end)]
    begun = [Filter(STARTED).ge(asked.start), Filter(STARTED).lt(asked.end)]
    return begun, created, [*created, Filter(STARTED).gt(0)]


async def _count(lean: LeanReader, conditions: Sequence[FilterLike]) -> int:
    try:
        return await lean.count_runs(conditions)
    except PlatformError as error:
        if error.kind is ErrorKind.INVALID:
            raise AfreshError from error
        raise
