"""Some foreign organisations, always the same ones; `make test-foreign` asks two thousand."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from foreign.asking import Bench
from foreign.checking import Report, check_organisation
from foreign.open_faults import known

ORGANISATIONS = 14


class Asked:
    """A bench that stays open from one example to the next, in a task of its own."""

    def __init__(self) -> None:
        self._runner = asyncio.Runner()
        self._done = asyncio.Event()

    def __enter__(self) -> Asked:
        self._runner.run(self._start())
        return self

    def __exit__(self, *failure: object) -> None:
        self._runner.run(self._stop())
        self._runner.close()

    def about(self, seed: int) -> Report:
        return self._runner.run(check_organisation(self._bench, seed))

    async def _start(self) -> None:
        ready: asyncio.Queue[Bench] = asyncio.Queue()
        self._task = asyncio.create_task(self._hold(ready))
        self._bench = await asyncio.wait_for(ready.get(), 60)

    async def _hold(self, ready: asyncio.Queue[Bench]) -> None:
        async with Bench().open() as bench:
            ready.put_nowait(bench)
            await self._done.wait()

    async def _stop(self) -> None:
        self._done.set()
        await self._task


@pytest.fixture(scope="module")
def asked() -> Iterator[Asked]:
    with Asked() as asked:
        yield asked


# A smaller seed is no simpler organisation: `run.py --shrink` takes decisions back instead.
@settings(max_examples=ORGANISATIONS, derandomize=True, deadline=None, database=None, phases=[Phase.generate])
@given(seed=st.integers(min_value=0, max_value=2**31))
def test_everything_true_of_an_organisation_is_found_again_in_the_answers(asked: Asked, seed: int) -> None:
    """Show one again with: python tests/foreign/run.py --seed SEED --shrink"""
    report = asked.about(seed)
    assert report.answers > 100
    found = [f"{kind}: {where[:300]}" for kind, where in report.found if known(kind) is None]
    assert not found, f"seed {seed}: " + "\n".join(found)
