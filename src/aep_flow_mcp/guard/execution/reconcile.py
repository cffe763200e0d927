"""What became of a request whose answer was lost: done, not done, or unknown. Never a second request."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from aep_flow_mcp.guard.changes.canonical import JSON
from aep_flow_mcp.guard.changes.kinds import Kind
from aep_flow_mcp.guard.changes.steps import Step
from aep_flow_mcp.guard.execution.look import Looker, agrees
from aep_flow_mcp.platform.errors import PlatformError

WAITS = (0.0, 1.0, 3.0)
"""Seconds before each look: what was created may take a moment to be listed."""

Sleep = Callable[[float], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Done:
    """It happened."""

    id: str | None = None
    etag: str | None = None
    data: Any = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class NotDone:
    """It did not happen; `sentence` says why."""

    sentence: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """It may have happened; `sentence` says what to look at."""

    sentence: str


Outcome = Done | NotDone | Unknown


class Reconciler:
    """Looks, and looks again, before it says that something did not happen."""

    def __init__(self, looker: Looker, sleep: Sleep) -> None:
        self._looker = looker
        self._sleep = sleep

    async def outcome(self, step: Step, path: str, body: JSON, known: frozenset[str], why: str) -> Outcome:
        """The outcome of a step.

        Args:
            path, body: as sent, references to earlier results resolved, those to secrets not.
            known: the ids that what it creates could have been confused with, from before it was sent.
            why: how the answer was lost.
        """
        last: Outcome = Unknown(f"{why} It may have happened: look before doing it again.")
        for wait in WAITS:
            if wait:
                await self._sleep(wait)
            try:
                last = await self._look(step, path, body, known, why)
            except PlatformError as error:
                last = Unknown(f"{why} Looking did not work either: {error} Look before doing it again.")
                continue
            if not isinstance(last, NotDone):
                return last
        return last

    async def _look(self, step: Step, path: str, body: JSON, known: frozenset[str], why: str) -> Outcome:
        if step.creates is not None:
            return await self._created(step, step.creates, body, known, why)
        if step.method == "DELETE":
            return await self._deleted(path, why)
        if step.method in ("PATCH", "PUT"):
            return await self._updated(step, path, why)
        if step.intended is not None:
            return await self._acted(step, path, why)
        return Unknown(f"{why} Whether it happened cannot be looked up: check before doing it again.")

    async def _created(self, step: Step, kind: Kind, body: JSON, known: frozenset[str], why: str) -> Outcome:
        if not step.lookup:
            return Unknown(f"{why} It has no name to look it up by: list before doing it again.")
        found = await self._looker.newest(kind, dict(step.lookup))
        fresh = [item for item in found if isinstance(item.get("id"), str) and item["id"] not in known]
        alike = [item for item in fresh if _same_body(item, body)]
        if len(alike) == 1:
            one = alike[0]
            etag = one.get("etag") or one.get("eTag")
            return Done(
                one["id"], etag if isinstance(etag, str) else None, note=f"{why} It was found by looking."
            )
        if alike or fresh:
            ids = ", ".join(item["id"] for item in (alike or fresh)[:5])
            return Unknown(f"{why} Since then appeared: {ids}. Which of them is this one cannot be told.")
        return NotDone(f"{why} Looking showed that it did not happen.")

    async def _deleted(self, path: str, why: str) -> Outcome:
        found = await self._looker.one(path)
        if found is None or str(found.get("state", "")).lower().startswith("delet"):
            return Done(note=f"{why} Looking showed that it is gone.")
        return NotDone(f"{why} Looking showed that it is still there.")

    async def _updated(self, step: Step, path: str, why: str) -> Outcome:
        found = await self._looker.one(path)
        if found is None:
            return Unknown(f"{why} The object is gone now.")
        etag = found.get("etag") or found.get("eTag")
        if step.etag is not None and etag == step.etag:
            return NotDone(f"{why} Looking showed that the object is unchanged.")
        wanted = _comparable(step)
        if wanted and _holds(found, step, wanted):
            return Done(
                step.object_id,
                etag if isinstance(etag, str) else None,
                note=f"{why} Looking showed that it is as asked.",
            )
        if step.etag is None and wanted:
            return NotDone(f"{why} Looking showed that the object is not as asked.")
        return Unknown(f"{why} The object has changed since it was read, and whether by this cannot be told.")

    async def _acted(self, step: Step, path: str, why: str) -> Outcome:
        found = await self._looker.one(path.removesuffix("/action"))
        if found is None:
            return Unknown(f"{why} The object is gone now.")
        if agrees(found, json.loads(step.intended or "{}")):
            etag = found.get("etag") or found.get("eTag")
            return Done(
                step.object_id,
                etag if isinstance(etag, str) else None,
                note=f"{why} Looking showed that it is as asked.",
            )
        return NotDone(f"{why} Looking showed that it did not happen.")


def _comparable(step: Step) -> dict[str, Any]:
    """The fields of `after` that can be compared: what is below `auth` comes back masked."""
    after: dict[str, Any] = json.loads(step.after or "{}")
    return {key: value for key, value in after.items() if key != "auth"}


def _holds(found: dict[str, Any], step: Step, wanted: dict[str, Any]) -> bool:
    before = json.loads(step.before or "{}")
    removed = [key for key in before if key != "auth" and key not in wanted]
    return agrees(found, wanted) and not any(key in found for key in removed)


_TELLING = (
    "name", "flowId", "connectionSpec", "flowSpec", "providerId", "baseConnectionId", "sourceConnectionIds",
    "targetConnectionIds", "params", "data", "transformations", "scheduleParams", "outputSchema", "mappings",
)  # fmt: skip


def _same_body(stored: dict[str, Any], sent: JSON) -> bool:
    """Whether a stored object can come from this body: whatever both of them have agrees."""
    if not isinstance(sent, dict):
        return True
    return all(
        agrees(stored[key], sent[key]) for key in _TELLING if key in sent and stored.get(key) is not None
    )
