"""Waiting for what another process does, for so many tries: no clock is read, so a busy machine fails no test."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from typing import Any

import httpx

TRIES = 1_200
PAUSE = 0.05
"""Seconds between two tries."""


def until(
    holds: Callable[[], object],
    what: str,
    *,
    process: subprocess.Popen[bytes] | None = None,
    said: Callable[[], str] | None = None,
    tries: int = TRIES,
) -> None:
    """Try until it holds.

    Args:
        what: who is waited for, as the subject of a sentence.
        process: in which that happens; without it there is nothing to wait for.
        said: what the process told before it ended; else what is in its pipe.

    Raises:
        AssertionError: the process ended, or it did not hold in so many tries.
    """
    for _ in range(tries):
        if process is not None and process.poll() is not None:
            last = said() if said else process.stderr.read().decode() if process.stderr else ""
            raise AssertionError(f"{what} ended with {process.returncode}: {last}")
        if holds():
            return
        time.sleep(PAUSE)
    raise AssertionError(f"{what}: not in {tries} tries")


def answers(url: str, *, status: int | None = None, **how: Any) -> Callable[[], bool]:
    """Whether somebody answers there: with that status, or with any, so that a refusal will do. how: of `httpx.get`."""

    def asked() -> bool:
        try:
            answer = httpx.get(url, timeout=5, **how)
        except httpx.TransportError:
            return False
        return status is None or answer.status_code == status

    return asked
