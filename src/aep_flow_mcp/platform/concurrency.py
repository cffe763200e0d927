"""Independent calls at the same time, with plain exceptions."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

import anyio

T = TypeVar("T")


async def together(calls: Iterable[Callable[[], Awaitable[T]]]) -> list[T]:
    """Run the calls concurrently and return their results in order.

    The first exception cancels the others and is raised as itself, not inside an exception group.
    """
    listed = list(calls)
    results: dict[int, T] = {}
    failures: list[Exception] = []

    async def run(index: int, call: Callable[[], Awaitable[T]]) -> None:
        try:
            results[index] = await call()
        except Exception as error:  # noqa: BLE001  (kept, and raised below)
            failures.append(error)
            group.cancel_scope.cancel()

    async with anyio.create_task_group() as group:
        for index, call in enumerate(listed):
            group.start_soon(run, index, call)
    if failures:
        raise failures[0]
    return [results[index] for index in range(len(listed))]
