"""How far back a streak of a flow's runs goes, in few requests, however many runs it has.

The run that ended the last streak is the newest that went well. The service filters by what it keeps of a run: by
status first, which leaves out the failed ones; then, where the newest runs that it calls successes lost records all the
same, by the counts that tell them apart. What a run hides in its activities no filter finds, so each run that a filter
gives is looked at, and where only paging on would tell, it is done as long as requests are left.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from aep_flow_mcp.gathering.lean_reading import LeanReader
from aep_flow_mcp.gathering.run_status import STATUS_PATH, spellings
from aep_flow_mcp.insight.facts import RunFacts
from aep_flow_mcp.insight.streaks.streak import EMPTY, FAILING, Streak, Trouble, newest_first, streak_of
from aep_flow_mcp.insight.terms import RunState
from aep_flow_mcp.platform.concurrency import together
from aep_flow_mcp.platform.errors import ErrorKind, PlatformError
from aep_flow_mcp.platform.filters import Condition, Filter, FilterLike
from aep_flow_mcp.platform.models.runs import FlowRun
from aep_flow_mcp.platform.paging import Page
from aep_flow_mcp.platform.reader import FlowReader

MOST_REQUESTS = 9
"""Besides the page of the newest runs: ten in all."""
_CREATED = "createdAt"
_RECORDS = "metrics.recordSummary."
_FILES = "metrics.fileSummary."


@dataclass(frozen=True, slots=True)
class _Sieve:
    """Which runs can end a streak, as filters. `narrow`: each finds runs that do. `told`: all others are known not to
    where the service keeps this count of them."""

    statuses: tuple[RunState, ...]
    narrow: tuple[Condition, ...]
    told: Condition


_SIEVES = {
    FAILING: _Sieve(
        (RunState.SUCCESS,),
        (Filter(f"{_RECORDS}failedRecordCount").eq(0),),
        Filter(f"{_RECORDS}failedRecordCount").ge(0),
    ),
    EMPTY: _Sieve(
        (RunState.SUCCESS, RunState.PARTIAL),
        (
            Filter(f"{_RECORDS}inputRecordCount").gt(0),
            Filter(f"{_FILES}inputFileCount").gt(0),
            Filter(f"{_RECORDS}outputRecordCount").gt(0),
        ),
        Filter(f"{_RECORDS}inputRecordCount").ge(0),
    ),
}


async def look_back(
    aep: FlowReader,
    flow_id: str,
    newest: Sequence[FlowRun],
    trouble: Trouble,
    *,
    requests: int = MOST_REQUESTS,
) -> Streak:
    """The streak at the end of `newest` (the newest runs of the flow, all of them), as far back as it goes.

    Raises:
        PlatformError: runs could not be read.
    """
    known = streak_of(newest_first(map(RunFacts.of, newest)), trouble)
    if known.whole or not known.runs:
        return known
    before = min((run.created_at for run in newest if run.created_at), default=None)
    return await _Looking(LeanReader(aep), flow_id, trouble, requests).whole(known, before)


async def begun_before(
    aep: FlowReader, flow_id: str, trouble: Trouble, before: datetime, *, requests: int
) -> Streak:
    """The streak of a flow of which every run since `before` is known to belong to it, or to end none.

    Raises:
        PlatformError: runs could not be read.
    """
    return await _Looking(LeanReader(aep), flow_id, trouble, requests).whole(
        Streak(trouble, whole=False), before
    )


class _NotFilteredError(Exception):
    """The service does not filter by a property."""


@dataclass(slots=True)
class _Looking:
    """One look back, and how many requests it may still make."""

    lean: LeanReader
    flow_id: str
    trouble: Trouble
    left: int
    sure: bool = field(default=True)
    """Whether every run from the newest down to the one found (or to the beginning) was looked at or filtered out."""
    counted: bool = field(default=True)

    async def whole(self, known: Streak, before: datetime | None) -> Streak:
        older = [Filter(_CREATED).lt(before)] if before else []
        good = await self._last_good(older)
        after: list[FilterLike] = []
        if good is not None and good.created_at is not None:
            after.append(Filter(_CREATED).gt(good.created_at))
        first, number = await self._members(after)
        if first is None:
            return known
        fact = good if self.sure else None
        number = max(number, known.runs)
        return Streak(self.trouble, number, first, fact, self.sure, self.sure and self.counted)

    @property
    def _sieve(self) -> _Sieve:
        return _SIEVES[self.trouble]

    def _passing(self, conditions: Sequence[FilterLike]) -> list[FilterLike]:
        statuses = [text for status in self._sieve.statuses for text in spellings(status) or ()]
        return [Filter("flowId").eq(self.flow_id), Filter(STATUS_PATH).in_(statuses), *conditions]

    def _breaking(self, page: Page[RunFacts]) -> RunFacts | None:
        return next((run for run in page.items if self.trouble.breaks(run)), None)

    async def _last_good(self, older: Sequence[FilterLike]) -> RunFacts | None:
        """The newest run that ends the streak; where not `sure`, the newest of which that is not excluded."""
        conditions = self._passing(older)
        page = await self._page(conditions)
        found = self._breaking(page)
        if found is not None or page.next_cursor is None:
            return found
        hit, all_told = await self._sifted(conditions)
        if all_told:
            return hit
        # Runs whose counts are not kept can be anywhere: read on, with two requests left for the first of the streak.
        while self.left > 2:
            page = await self._page(conditions, page.next_cursor)
            found = self._breaking(page)
            if found is not None:
                return found
            last = page.items[-1] if page.items else None
            if page.next_cursor is None or _is_before(last, hit):
                return hit
        self.sure = False
        return last

    async def _sifted(self, conditions: Sequence[FilterLike]) -> tuple[RunFacts | None, bool]:
        """The newest run that the narrow filters give, and whether no other can be newer."""
        narrow = self._sieve.narrow
        calls = [
            partial(self._count, conditions),
            partial(self._count, [*conditions, self._sieve.told]),
        ]
        try:
            every, told = await together(calls)
            pages = await together([partial(self._page, [*conditions, each]) for each in narrow])
        except _NotFilteredError:
            return None, False
        found = [run for page in pages if (run := self._breaking(page)) is not None]
        hit = max(found, key=_created, default=None)
        # A filter may give runs that lost something in a way that it does not see: then more than a page of them.
        ends = [
            page.items[-1] for page in pages if page.next_cursor and page.items and not self._breaking(page)
        ]
        return hit, every == told and all(hit is not None and _is_before(end, hit) for end in ends)

    async def _members(self, after: Sequence[FilterLike]) -> tuple[RunFacts | None, int]:
        """The first run of the streak after a moment, and how many runs there are since then."""
        of_flow: list[FilterLike] = [Filter("flowId").eq(self.flow_id), *after]
        if self.trouble is EMPTY:
            of_flow = self._passing(after)
        page = await self._page(of_flow, order=_CREATED)
        members = [run for run in page.items if self.trouble.belongs(run)]
        first = newest_first(members)[-1] if members else None
        if page.next_cursor is None or first is None:
            return first, len(members)
        finished = (RunState.FAILED, RunState.PARTIAL, RunState.SUCCESS)
        texts = [text for status in finished for text in spellings(status) or ()]
        counted = of_flow if self.trouble is EMPTY else [*of_flow, Filter(STATUS_PATH).in_(texts)]
        try:
            return first, await self._count(counted)
        except _NotFilteredError:
            self.counted = False
            return first, len(members)

    async def _page(
        self, conditions: Sequence[FilterLike], cursor: str | None = None, *, order: str = f"-{_CREATED}"
    ) -> Page[RunFacts]:
        self.left -= 1
        try:
            return await self.lean.list_runs(conditions, order, cursor)
        except PlatformError as error:
            if error.kind is ErrorKind.INVALID and self._sieve.told.path in str(conditions):
                raise _NotFilteredError from error
            raise

    async def _count(self, conditions: Sequence[FilterLike]) -> int:
        self.left -= 1
        try:
            return await self.lean.count_runs(conditions)
        except PlatformError as error:
            if error.kind is ErrorKind.INVALID:
                raise _NotFilteredError from error
            raise


def _created(run: RunFacts) -> float:
    return run.created_at.timestamp() if run.created_at else 0.0


def _is_before(run: RunFacts | None, other: RunFacts | None) -> bool:
    return run is not None and other is not None and _created(run) <= _created(other)
