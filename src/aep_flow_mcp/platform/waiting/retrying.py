"""When a read is repeated, and how long to wait before."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

from ..config import PlatformConfig
from ..errors import PlatformError
from .patience import OutOfTime, time_for_read

T = TypeVar("T")
Sleep = Callable[[float], Awaitable[None]]


def worth_repeating(error: BaseException) -> bool:
    """Whether the same read may succeed a little later: no answer, a bad one, 408, 429 or a 5xx."""
    return isinstance(error, PlatformError) and error.repeatable and not isinstance(error, OutOfTime)


def wait_before(tries: int, error: BaseException | None, *, first: float, longest: float) -> float:
    """Seconds before the next try: what Adobe asked for, else exponential, with up to half of it at random.

    Args:
        tries: how many tries failed so far, from 1.
    """
    backoff = min(longest, first * 2.0 ** (tries - 1))
    asked = error.retry_after if isinstance(error, PlatformError) else None
    if asked is not None:
        # Everyone was told the same moment; a little spread keeps us from coming back all at once.
        return asked + random.uniform(0, min(first, 1.0))
    return backoff * random.uniform(0.5, 1.0)


async def repeated(call: Callable[[], Awaitable[T]], config: PlatformConfig, sleep: Sleep) -> T:
    """`call`, repeated while that is worth it and within the bounds on tries and on time.

    A service that asks for more time than there is, is told of and not waited for.
    """
    from tenacity import (
        AsyncRetrying,
        RetryCallState,
        retry_if_exception,
        stop_after_attempt,
        stop_before_delay,
    )

    def wait(state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        return wait_before(state.attempt_number, error, first=config.first_wait, longest=config.max_wait)

    bounds = stop_after_attempt(config.max_tries) | stop_before_delay(config.max_elapsed)

    def stop(state: RetryCallState) -> bool:
        return bounds(state) or state.upcoming_sleep >= time_for_read()

    retrying = AsyncRetrying(
        stop=stop,
        wait=wait,
        retry=retry_if_exception(worth_repeating),
        sleep=sleep,
        reraise=True,
    )
    # Iterating awaits what `call` returns, whatever kind of callable it is.
    try:
        async for attempt in retrying:
            with attempt:
                return await call()
    except PlatformError as error:
        if error.retry_after:
            error.hint = f"The service asks to wait {error.retry_after:.0f} seconds: call again after that"
        raise
    raise AssertionError("reraise=True ends every unsuccessful iteration with the error itself")
