"""What became of a request whose answer says nothing certain: done, or unknown. Never a second request.

Looking can show that something happened. It cannot show that it did not: a request that a gateway gave up on may
still be carried out. So a look that finds nothing is repeated, and in the end the outcome is unknown.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from aep_flow_mcp.guard.changes.canonical import JSON
from aep_flow_mcp.guard.changes.kinds import Kind
from aep_flow_mcp.guard.changes.steps import Step
from aep_flow_mcp.guard.execution.creations import Creating, Creations
from aep_flow_mcp.guard.execution.look import Looker, agrees
from aep_flow_mcp.platform.errors import PlatformError
from aep_flow_mcp.platform.models.common import lives
from aep_flow_mcp.platform.waiting.patience import time_to_look

WAITS = (0.0, 1.0, 2.0, 4.0, 8.0, 15.0)
"""Seconds before each look: a gateway answers 504 while the service behind it goes on, and lists lag behind."""

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
    """It did not happen, which is certain; `sentence` says why."""

    sentence: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """It may have happened, or may still; `sentence` says what to look at. `ids`: what may have come of it."""

    sentence: str
    ids: tuple[str, ...] = ()


Outcome = Done | NotDone | Unknown


@dataclass(frozen=True, slots=True)
class Before:
    """What was there before a request was sent, so that it is not mistaken for what came of it.

    ids, newest: of the objects that what it creates could be confused with; the latest `createdAt` among them. living:
    the ids of those of them that are not on their way out.
    fingerprint: of what the request replaces, where that can be read and stays the same by itself.
    """

    ids: frozenset[str] = frozenset()
    newest: float | None = None
    fingerprint: str | None = None
    living: frozenset[str] = frozenset()

    def had(self, item: dict[str, Any]) -> bool:
        """Whether an object was there already, as far as its id and its time tell."""
        created = item.get("createdAt")
        older = self.newest is not None and isinstance(created, int | float) and created < self.newest
        return older or not isinstance(item.get("id"), str) or item["id"] in self.ids


@dataclass(frozen=True, slots=True)
class Sent:
    """A request as it was sent, references to earlier results resolved, those to secrets not.

    why: how its answer got lost, or what it said, as a sentence.
    creating: the request among those that are under way, where it creates something.
    """

    step: Step
    path: str
    body: JSON
    before: Before
    why: str
    creating: Creating | None = None


@dataclass(frozen=True, slots=True)
class _NotYet:
    """One look did not show that it happened. `looking`: what was looked at, and how it is, as a clause."""

    looking: str
    ids: tuple[str, ...] = ()


class Reconciler:
    """Looks, and looks again, before it says what became of a request."""

    def __init__(self, looker: Looker, sleep: Sleep, creations: Creations) -> None:
        self._looker = looker
        self._sleep = sleep
        self._creations = creations

    async def before(self, step: Step, path: str) -> Before:
        """What has to be known before a step is sent.

        Raises:
            PlatformError: it cannot be read.
        """
        if step.shown_by is not None:
            prints = [await self._looker.fingerprint(path, list(step.shown_by)) for _ in range(2)]
            return Before(fingerprint=prints[0] if prints[0] == prints[1] else None)
        if step.creates is None:
            return Before()
        found = await self._looker.newest(step.creates, dict(step.lookup))
        times = [item["createdAt"] for item in found if isinstance(item.get("createdAt"), int | float)]
        ids, living = (
            frozenset(str(item.get("id")) for item in some)
            for some in (found, [item for item in found if lives(item.get("state"))])
        )
        return Before(ids, max(times, default=None), living=living)

    async def outcome(self, sent: Sent) -> Done | Unknown:
        """What looking shows, over half a minute, or less where nobody would hear of it any more."""
        seen: _NotYet | None = None
        trouble = ""
        looks: list[float] = []
        for wait in WAITS:
            if wait > time_to_look():
                break
            looks.append(wait)
            if wait:
                await self._sleep(wait)
            try:
                found = await self._look(sent)
            except PlatformError as error:
                trouble = f"Looking did not work either: {error}"
                continue
            if isinstance(found, Done):
                return found
            seen = found
        if seen is None:
            return Unknown(f"{sent.why} {trouble} It may have happened: look before doing it again.")
        if sent.step.creates is not None:
            for one in seen.ids:
                await self._creations.disputed(sent.step.creates, one)
        looked = f"It was looked for {len(looks)} times over {sum(looks):g} seconds: {seen.looking}."
        return Unknown(f"{sent.why} {looked} Look again before you repeat it.", seen.ids)

    async def _look(self, sent: Sent) -> Done | _NotYet:
        step = sent.step
        if step.creates is not None:
            return await self._created(sent, step.creates)
        if step.method == "DELETE":
            return await self._deleted(sent)
        if step.method in ("PATCH", "PUT"):
            return await self._updated(sent)
        if step.intended is not None:
            return await self._acted(sent)
        return await self._replaced(sent)

    async def _created(self, sent: Sent, kind: Kind) -> Done | _NotYet:
        found = await self._looker.newest(kind, dict(sent.step.lookup))
        fresh = [item for item in found if not sent.before.had(item)]
        fresh = [item for item in fresh if not await self._creations.is_anothers(kind, item["id"])]
        alike = [item for item in fresh if _same_body(item, sent.body)]
        # Without a body or a name to compare, what appeared may be anybody's: a run may be the schedule's.
        if len(alike) == 1 and sent.step.lookup and sent.body is not None:
            one, fits = alike[0], partial(_same_body, alike[0])
            if not await self._creations.contested(sent.creating, kind, one["id"], fits):
                await self._creations.made(kind, one["id"])
                return _done(one["id"], one, f"{sent.why} It was found by looking.")
        ids = tuple(item["id"] for item in (alike or fresh)[:5])
        if ids:
            return _NotYet(
                f"since then appeared {', '.join(ids)}, which may be this one or somebody else's", ids
            )
        return _NotYet(f"no new {kind.value} is listed, and it may still come")

    async def _deleted(self, sent: Sent) -> Done | _NotYet:
        found = await self._looker.one(sent.path)
        if found is None or str(found.get("state", "")).lower().startswith("delet"):
            return Done(note=f"{sent.why} Looking showed that it is gone.")
        return _NotYet("it is still there, and may still be deleted")

    async def _updated(self, sent: Sent) -> Done | _NotYet:
        step, found = sent.step, await self._looker.one(sent.path)
        if found is None:
            return _NotYet("the object is gone now")
        wanted = _comparable(step)
        unchanged = step.etag is not None and _etag(found) == step.etag
        if not unchanged and wanted and _holds(found, step, wanted):
            return _done(step.object_id, found, f"{sent.why} Looking showed that it is as asked.")
        if unchanged:
            return _NotYet("the object is unchanged, and may still be changed")
        if step.etag is None and wanted:
            return _NotYet("the object is not as asked, and may still be changed")
        return _NotYet("the object has changed since it was read, and whether by this cannot be told")

    async def _acted(self, sent: Sent) -> Done | _NotYet:
        found = await self._looker.one(sent.path.removesuffix("/action"))
        if found is None:
            return _NotYet("the object is gone now")
        if agrees(found, json.loads(sent.step.intended or "{}")):
            return _done(sent.step.object_id, found, f"{sent.why} Looking showed that it is as asked.")
        return _NotYet("the object is as it was, and may still change")

    async def _replaced(self, sent: Sent) -> Done | _NotYet:
        if sent.step.shown_by is None or sent.before.fingerprint is None:
            return _NotYet("nothing that can be read shows whether it happened")
        now = await self._looker.fingerprint(sent.path, list(sent.step.shown_by))
        if now != sent.before.fingerprint:
            return Done(note=f"{sent.why} Looking showed that it is not what it was before.")
        return _NotYet("it is what it was before, and may still be replaced")


def _done(object_id: str | None, found: dict[str, Any], note: str) -> Done:
    return Done(object_id, _etag(found), note=note)


def _etag(found: dict[str, Any]) -> str | None:
    etag = found.get("etag") or found.get("eTag")
    return etag if isinstance(etag, str) else None


def _comparable(step: Step) -> dict[str, Any]:
    """The fields of `after` that can be compared: what is below `auth` comes back masked."""
    after: dict[str, Any] = json.loads(step.after or "{}")
    return {key: value for key, value in after.items() if key != "auth"}


def _holds(found: dict[str, Any], step: Step, wanted: dict[str, Any]) -> bool:
    before = json.loads(step.before or "{}")
    # Whether a PUT takes away what it leaves out is the service's business; a new ETag tells that it happened.
    sure = step.method == "PATCH" or step.etag is None
    removed = [key for key in before if key != "auth" and key not in wanted] if sure else []
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
