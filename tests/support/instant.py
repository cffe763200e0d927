"""An event loop on which waiting takes no time: when nothing can go on, the clock jumps to whoever waits shortest."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import anyio.to_thread

T = TypeVar("T")


class _Selector(selectors.DefaultSelector):
    """Waits for files and threads as long as they take, for timers not at all."""

    loop: InstantLoop

    def select(self, timeout: float | None = None) -> Any:
        if timeout is None:
            return super().select(None)
        ready = super().select(0)
        if ready or timeout <= 0:
            return ready
        if self.loop.threads():
            return super().select(0.001)
        self.loop.skipped += timeout
        return ready


class InstantLoop(asyncio.SelectorEventLoop):
    """`time()` counts the seconds that were waited for, none of which passed."""

    def __init__(self) -> None:
        selector = _Selector()
        selector.loop = self
        self.skipped = 0.0
        self.threads: Callable[[], float] = lambda: 0
        super().__init__(selector)

    def time(self) -> float:
        return self.skipped


def in_no_time(main: Callable[[], Awaitable[T]]) -> T:
    """Run `main` on such a loop."""

    async def with_threads_known() -> T:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, InstantLoop)
        limiter = anyio.to_thread.current_default_thread_limiter()
        loop.threads = lambda: limiter.borrowed_tokens
        return await main()

    with asyncio.Runner(loop_factory=InstantLoop) as runner:
        return runner.run(with_threads_known())
