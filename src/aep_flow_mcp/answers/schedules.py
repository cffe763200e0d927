"""When flows run, in the few words of a cell, and finding flows by these words. Times are UTC."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from aep_flow_mcp.insight.schedule import Timetable
from aep_flow_mcp.insight.search import fold
from aep_flow_mcp.insight.words import utc

NONE = "none"
"""What is asked for to find flows without a schedule."""
_DAY = timedelta(days=1)
_SAME = {"every day": "daily", "every 24 hours": "daily", "every hour": "hourly", "every week": "weekly"}


def schedule_cell(table: Timetable | None, audiences: Sequence[str], *, now: datetime) -> str | None:
    """ "every 6 hours", "daily at 05:00", with when it starts or ended; None for a flow without a schedule.

    audiences: the schedules of a destination's audiences, as `audience_schedule` says them.
    """
    if table is None:
        own = list(dict.fromkeys(audiences))
        more = f" and {len(own) - 1} other schedules" if len(own) > 1 else ""
        return f"per audience: {own[0]}{more}" if own else None
    words = [_every(table)]
    if table.step is not None and table.first > now:
        words.append(f"starts {utc(table.first)}")
    if table.end is not None:
        words.append(f"{'ended' if table.end <= now else 'ends'} {utc(table.end)}")
    return ", ".join(words)


def asked_schedule(asked: str, cell: str | None) -> bool:
    """Whether a flow with this cell is meant by the words: all of them, in any order, or "none"."""
    words = fold(asked)
    if words == NONE:
        return cell is None
    held = f" {fold(cell or '')} "
    return all(f" {word} " in held for word in _SAME.get(words, words).split())


def _every(table: Timetable) -> str:
    first, step = table.first.astimezone(UTC), table.step
    if step is None:
        return f"once at {utc(table.first)}"
    if step % _DAY:
        number, unit = divmod(step, timedelta(hours=1))
        if unit:
            return f"every {step // timedelta(minutes=1)} minutes"
        return "hourly" if number == 1 else f"every {number} hours"
    days = step // _DAY
    if days % 7 == 0:
        often = "weekly" if days == 7 else f"every {days // 7} weeks"
        return f"{often} on {first:%A} at {first:%H:%M}"
    return f"{'daily' if days == 1 else f'every {days} days'} at {first:%H:%M}"
