"""Pages of a list of which only some items are wanted, where the service's filters cannot tell which."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Protocol, TypeVar

from pydantic import BaseModel

from aep_flow_mcp.gathering.asked import AskedError
from aep_flow_mcp.gathering.run_status import STATUS_PATH, spellings
from aep_flow_mcp.insight.terms import RunState, is_in
from aep_flow_mcp.platform.filters import Filter, FilterLike
from aep_flow_mcp.platform.models.runs import FlowRun
from aep_flow_mcp.platform.paging import Page
from aep_flow_mcp.platform.reader import FlowReader

T = TypeVar("T", bound=BaseModel)
PAGE = 100
MOST_PAGES = 10
"""Pages that are looked through for one page of the answer."""
MOST_COUNTED = 5_000
_RESUMED = re.compile(r"(\d{1,3})\.(.*)", re.DOTALL)
"""How many items of a page were looked at already, before the cursor that leads to the page; in no cursor of ours."""


class _Lister(Protocol[T]):
    async def __call__(
        self, filters: Iterable[FilterLike], *, limit: int, orderby: str | None, cursor: str | None
    ) -> Page[T]: ...


async def sifted(
    lister: _Lister[T],
    asked: Sequence[FilterLike],
    keep: Callable[[T], bool],
    *,
    limit: int,
    orderby: str | None,
    cursor: str | None,
) -> Page[T]:
    """The next `limit` items that are to be kept, or fewer where so many pages have no more; the cursor leads on.

    Raises:
        PlatformError: a page could not be read.
    """
    match = _RESUMED.fullmatch(cursor or "")
    skip, position = (int(match[1]), match[2] or None) if match else (0, cursor)
    found: list[T] = []
    nulls = 0
    for _ in range(MOST_PAGES):
        page = await lister(asked, limit=PAGE, orderby=orderby, cursor=position)
        nulls += page.skipped_nulls
        for at, item in enumerate(page.items[skip:], skip + 1):
            if keep(item):
                found.append(item)
            if len(found) == limit:
                rest = f"{at}.{position or ''}" if at < len(page.items) else page.next_cursor
                return Page(found, rest, nulls)
        skip, position = 0, page.next_cursor
        if position is None:
            break
    return Page(found, position, nulls)


def _may_be(state: RunState) -> list[FilterLike]:
    """The filter for runs that may stand so: a success does not say whether records of it failed."""
    both = state in (RunState.SUCCESS, RunState.PARTIAL)
    states = (RunState.SUCCESS, RunState.PARTIAL) if both else (state,)
    return [Filter(STATUS_PATH).in_([text for each in states for text in spellings(each) or ()])]


async def runs_in(
    aep: FlowReader,
    asked: Sequence[FilterLike],
    state: RunState | None,
    *,
    limit: int,
    orderby: str | None,
    cursor: str | None,
) -> Page[FlowRun]:
    """A page of the runs that stand so; of all, without a state.

    Raises:
        PlatformError: a page could not be read.
    """
    if state is None:
        return await aep.list_runs(asked, limit=limit, orderby=orderby, cursor=cursor)
    if state not in (RunState.SUCCESS, RunState.PARTIAL):
        every = [*asked, *_may_be(state)]
        return await aep.list_runs(every, limit=limit, orderby=orderby, cursor=cursor)
    keep = partial(is_in, state=state)
    return await sifted(
        aep.list_runs, [*asked, *_may_be(state)], keep, limit=limit, orderby=orderby, cursor=cursor
    )


async def count_in(aep: FlowReader, asked: Sequence[FilterLike], state: RunState | None) -> int:
    """How many runs stand so. Successes are looked at one by one, since only they tell whether records failed.

    Raises:
        AskedError: too many of them.
        PlatformError: they could not be read.
    """
    if state is None:
        return await aep.count_runs(asked)
    every = [*asked, *_may_be(state)]
    number = await aep.count_runs(every)
    if state not in (RunState.SUCCESS, RunState.PARTIAL) or not number:
        return number
    if number > MOST_COUNTED:
        raise AskedError(
            f"Of {number:,} runs each would have to be read to tell success from partial: ask for fewer than "
            f"{MOST_COUNTED:,} (flow_id, since, until), or see pipeline_health."
        )
    found, cursor = 0, None
    while True:
        page = await aep.list_runs(every, limit=PAGE, cursor=cursor)
        found += sum(is_in(run, state) for run in page.items)
        cursor = page.next_cursor
        if cursor is None:
            return found
