"""Several things asked about in one call: each is answered, and one that is not found does not lose the others."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeVar

from aep_flow_mcp.gathering.asked import AskedError
from aep_flow_mcp.platform.concurrency import together
from aep_flow_mcp.platform.errors import PlatformError
from aep_flow_mcp.platform.models.text import clean_text

MOST = 5
"""Things in one call."""
T = TypeVar("T")


@dataclass(frozen=True)
class Answered(Generic[T]):
    """What was found, in the order in which it was asked for, and by what was asked why something was not."""

    found: list[T]
    unanswered: dict[str, str]


def asked_for(given: str | Sequence[str] | None, what: str = "flow") -> list[str]:
    """What is asked about: one text, several, or several as JSON in a text, as some hosts send them.

    what: the argument, for a refusal.

    Raises:
        AskedError: they are more than `MOST`, or empty.
    """
    if isinstance(given, str) and given.lstrip().startswith("["):
        given = _listed(given)
    texts = [given] if isinstance(given, str) else list(given or ())
    wanted = list(dict.fromkeys(text for text in texts if text.strip()))
    if given is not None and not wanted:
        raise AskedError(f"{what} is empty: give an id or a name.")
    if len(wanted) > MOST:
        raise AskedError(f"At most {MOST} at a time; {len(wanted)} were given.")
    return wanted


def _listed(text: str) -> str | list[str]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return value if isinstance(value, list) and all(isinstance(item, str) for item in value) else text


async def side_by_side(wanted: Sequence[str], answer: Callable[[str], Awaitable[T]]) -> Answered[T]:
    """The answer to each, asked at the same time.

    Raises:
        AskedError, PlatformError: none could be answered; of one alone, why.
    """
    if len(wanted) <= 1:
        return Answered([await answer(text) for text in wanted], {})

    async def one(text: str) -> T | Exception:
        try:
            return await answer(text)
        except (AskedError, PlatformError) as error:
            return error

    answers: list[Any] = await together([partial(one, text) for text in wanted])
    unanswered = {
        text: str(told) for text, told in zip(wanted, answers, strict=True) if isinstance(told, Exception)
    }
    if len(unanswered) == len(wanted):
        raise AskedError(" ".join(not_answered(unanswered)))
    return Answered([told for told in answers if not isinstance(told, Exception)], unanswered)


def not_answered(unanswered: dict[str, str]) -> list[str]:
    """A sentence for each."""
    return [f"{clean_text(text)}: {clean_text(why)}" for text, why in unanswered.items()]
