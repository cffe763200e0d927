"""Long lists read side by side: every item exactly once, whatever the order and the density."""

from __future__ import annotations

import itertools
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aep_flow_mcp.gathering.sweeps.sweep import PAGE, Crew, Sweep, growing
from aep_flow_mcp.platform.errors import ErrorKind, PlatformError
from aep_flow_mcp.platform.filters import Condition, FilterLike
from aep_flow_mcp.platform.paging import Page

T0 = datetime(2026, 1, 1, tzinfo=UTC)
ZERO = round(T0.timestamp() * 1000)


@dataclass
class Service:
    """A list with times (ms after T0; None: has none), filters, an order and pages."""

    times: list[int | None]
    ordered: bool = True
    delay: float = 0.0
    calls: int = 0
    busy: int = 0
    busiest: int = 0
    together: int = 0
    fails_at: int | None = None

    async def fetch(
        self, filters: Sequence[FilterLike], order: str | None, cursor: str | None
    ) -> Page[tuple[int, int | None]]:
        self.calls += 1
        self.busy += 1
        self.busiest = max(self.busiest, self.busy)
        self.together += self.busy
        try:
            await anyio.sleep(self.delay)
            if self.fails_at == self.calls:
                raise PlatformError(ErrorKind.UNAVAILABLE, "out of order")
            if order is not None and not self.ordered:
                raise PlatformError(ErrorKind.INVALID, "cannot order by this", code="1433-400")
            rows = [(number, at) for number, at in enumerate(self.times) if self._passes(at, filters)]
            if order is not None:
                rows.sort(key=lambda row: (row[1] is None, row[1] or 0, row[0]))
            start = int(cursor or 0)
            more = str(start + PAGE) if start + PAGE < len(rows) else None
            return Page(rows[start : start + PAGE], more)
        finally:
            self.busy -= 1

    def _passes(self, at: int | None, filters: Sequence[FilterLike]) -> bool:
        if at is None:
            return False
        for one in filters:
            assert isinstance(one, Condition)
            limit = int(one.values[0]) - ZERO
            if not (at >= limit if one.op == ">=" else at < limit):
                return False
        return True


async def swept(
    service: Service, start: int, end: int, *, workers: int = 8, open_end: bool = False
) -> Counter[int]:
    taken: Counter[int] = Counter()

    def take(row: tuple[int, int | None]) -> None:
        taken[row[0]] += 1

    sweep: Sweep[tuple[int, int | None]] = Sweep(
        fetch=service.fetch,
        path="createdAt",
        time_of=lambda row: None if row[1] is None else T0 + timedelta(milliseconds=row[1]),
        take=take,
        crew=Crew(workers),
    )
    await sweep.run(ZERO + start, ZERO + end, open_end=open_end)
    return taken


def spread(kind: str, drawn: random.Random, number: int) -> list[int | None]:
    """Times within ten seconds: even, crowded, on few moments, or all at once."""
    match kind:
        case "even":
            return [drawn.randrange(10_000) for _ in range(number)]
        case "crowded":
            return [int(10_000 * drawn.random() ** 8) for _ in range(number)]
        case "moments":
            return [drawn.choice((17, 4_000, 4_001, 9_999)) for _ in range(number)]
        case _:
            return [7_777] * number


@settings(max_examples=60, deadline=None)
@given(
    kind=st.sampled_from(["even", "crowded", "moments", "once"]),
    seed=st.integers(0, 10**6),
    number=st.integers(0, 2_500),
    start=st.integers(0, 9_000),
    length=st.integers(1, 12_000),
    workers=st.integers(1, 9),
    ordered=st.booleans(),
    open_end=st.booleans(),
)
async def test_every_item_of_the_range_exactly_once(
    kind: str,
    seed: int,
    number: int,
    start: int,
    length: int,
    workers: int,
    ordered: bool,
    open_end: bool,
) -> None:
    service = Service(spread(kind, random.Random(seed), number), ordered=ordered)
    taken = await swept(service, start, start + length, workers=workers, open_end=open_end)
    end = 10**9 if open_end else start + length
    expected = {each for each, at in enumerate(service.times) if at is not None and start <= at < end}
    assert set(taken) == expected
    assert set(taken.values()) <= {1}
    assert service.busiest <= workers


async def test_pages_are_read_side_by_side() -> None:
    drawn = random.Random(1)
    service = Service([drawn.randrange(10_000_000) for _ in range(6_000)], delay=0.02)
    taken = await swept(service, 0, 10_000_000, workers=10)
    assert len(taken) == 6_000
    assert service.busiest == 10
    assert service.together / service.calls > 6
    assert service.calls < 60 * 1.6


async def test_a_crowd_at_one_end_is_shared() -> None:
    drawn = random.Random(2)
    crowd: list[int | None] = [drawn.randrange(20_000) for _ in range(5_000)]
    service = Service([*crowd, *range(10_000_000, 2_000_000_000, 100_000_000)], delay=0.02)
    assert len(await swept(service, 0, 2_000_000_000, workers=10)) == len(service.times)
    assert service.together / service.calls > 5
    assert service.calls < 50 * 2


async def test_one_failure_ends_it_as_itself() -> None:
    service = Service([number * 7 for number in range(3_000)], delay=0.001, fails_at=9)
    with pytest.raises(PlatformError, match="out of order"):
        await swept(service, 0, 100_000)
    assert service.busy == 0


async def test_enough_is_enough() -> None:
    service = Service([number * 7 for number in range(9_000)], delay=0.001)
    taken: list[int] = []
    sweep: Sweep[tuple[int, int | None]] = Sweep(
        fetch=service.fetch,
        path="createdAt",
        time_of=lambda row: None if row[1] is None else T0 + timedelta(milliseconds=row[1]),
        take=lambda row: taken.append(row[0]),
        crew=Crew(4),
        enough=lambda: len(taken) >= 500,
    )
    await sweep.run(ZERO, ZERO + 10**6)
    assert 500 <= len(taken) < 2_000
    assert service.calls < 20


@given(st.integers(1, 10**4), st.integers(2, 10**12), st.integers(2, 16))
def test_cuts_grow_and_cover(first: int, whole: int, parts: int) -> None:
    if whole < first * parts:
        return
    cuts = growing(first, whole, parts)
    assert cuts[-1] == whole
    assert cuts == sorted(set(cuts))
    assert cuts[0] >= first
    lengths = [cuts[0], *(later - earlier for earlier, later in itertools.pairwise(cuts))]
    assert all(later >= earlier - 2 for earlier, later in itertools.pairwise(lengths))
