"""Changes that wait for somebody's decision on the approval page, in the store that replicas share.

A record goes from waiting to approved or declined once, and from approved to carried out once: the first by a
compare-and-set, the second by taking it away. Who approved stands in it, so that it can be held against who asked at
the end as well.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import replace
from enum import StrEnum
from functools import lru_cache
from typing import Any

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from aep_flow_mcp.callers import Ability, Person
from aep_flow_mcp.guard.approval.pending import Pending
from aep_flow_mcp.guard.changes.preview import Preview
from aep_flow_mcp.store.kept import Kept, Store, key_of

LIFE = 3_600.0
"""Seconds for which a decision, and then its use, is waited for: a colleague has to find the time."""
_PER_CALLER = 64
_IN_ALL = 1_024
_BYTES = 16_000_000
"""What the records of one caller may take."""


class State(StrEnum):
    """How it stands with a change."""

    WAITING = "waiting"
    APPROVED = "approved"
    DECLINED = "declined"


@dataclass(frozen=True)
class Somebody:
    """A person who signed in, as the audit log names them. client: the program that they did it with."""

    issuer: str
    subject: str
    client: str
    name: str | None = None

    @staticmethod
    def of(person: Person) -> Somebody:
        return Somebody(person.issuer, person.subject, person.client, person.name)

    def is_same(self, other: Somebody) -> bool:
        """Whether it is one person. Names and programs say nothing about that."""
        return (self.issuer, self.subject) == (other.issuer, other.subject)

    @property
    def shown(self) -> str:
        """For people to read."""
        return f"{self.name} ({self.subject})" if self.name else self.subject

    def as_json(self) -> dict[str, Any]:
        return {"issuer": self.issuer, "subject": self.subject, "name": self.name, "client": self.client}


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Waiting:
    """What waits: the call that planned it, what its plan was, and how it stands with the decision.

    caller: whom the id belongs to. asker: who that is. digest: SHA-256 of `Change.canonical()`. others: whether another
    person than the asker has to approve. by: who decided. said: what the audit log tells of it, without bodies.
    """

    tool: str
    arguments: dict[str, Any]
    sandbox: str | None
    caller: str
    asker: Somebody
    digest: str
    others: bool
    preview: Preview
    said: dict[str, Any]
    state: State = State.WAITING
    by: Somebody | None = None

    def as_pending(self) -> Pending:
        """The call, as it is planned once more."""
        return Pending(
            tool=self.tool,
            arguments=self.arguments,
            sandbox=self.sandbox,
            caller=self.caller,
            digest=self.digest,
        )

    def objection(self, person: Person, scope: str) -> str | None:
        """Why a person may not decide about it; None where they may. scope: the name of the one to approve."""
        if Ability.APPROVE not in person.abilities:
            return f"You may not approve: that takes the scope {scope}, or a role that allows it."
        own = Somebody.of(person).is_same(self.asker)
        if self.others and own:
            return "You asked for this change yourself: another person has to approve it."
        if not self.others and not own:
            return "Somebody else asked for this change, and they approve it themselves."
        return None


class WaitingRoom:
    """The changes that wait. The ids themselves are not kept, only their digests."""

    def __init__(self, store: Store, room: str, *, life: float = LIFE) -> None:
        self._store = store
        self._room = room
        self._life = life

    async def put(self, waiting: Waiting) -> str:
        """Keep it and return its id: 256 random bits.

        Raises:
            TooMany: there is no room, and none that others would not miss.
            StoreDown: the store does not answer.
        """
        name, value = secrets.token_urlsafe(32), _written(waiting)
        await self._store.put(
            self._room,
            key_of(name),
            value,
            self._life,
            owner=waiting.caller,
            per_owner=_PER_CALLER,
            total=_IN_ALL,
            size=len(value),
            per_owner_size=_BYTES,
        )
        return name

    async def read(self, name: str) -> Waiting | None:
        """What has the id; None where nothing has, or when it is too old."""
        return _read(await self._store.get(self._room, key_of(name)))

    async def decide(self, name: str, state: State, by: Somebody) -> Waiting | None:
        """Take the decision of somebody; the record as it is then, or None where nothing is to be decided any more."""
        key = key_of(name)
        found = await self._store.get(self._room, key)
        waiting = _read(found)
        if found is None or waiting is None or waiting.state is not State.WAITING:
            return None
        decided = replace(waiting, state=state, by=by)
        return decided if await self._store.replace(self._room, key, found, _written(decided)) else None

    async def take(self, name: str, caller: str, *, states: tuple[State, ...]) -> Waiting | None:
        """A caller's own, in one of these states, and it is there no longer: of all who take it one gets it."""
        key = key_of(name)
        found = _read(await self._store.get(self._room, key, owner=caller))
        if found is None or found.state not in states:
            return None
        # A decision is final, so what is taken is what was read; what still waited may have been decided meanwhile.
        return _read(await self._store.take(self._room, key, owner=caller))

    async def count(self) -> int:
        """How many there are, decided ones among them."""
        return await self._store.count(self._room)


@lru_cache(maxsize=1)
def _adapter() -> TypeAdapter[Waiting]:
    return TypeAdapter(Waiting)


def _written(waiting: Waiting) -> bytes:
    # Half a character, which may be in what somebody named, is no UTF-8: the library's own JSON refuses it.
    return json.dumps(_adapter().dump_python(waiting, mode="json"), separators=(",", ":")).encode("ascii")


def _read(found: Kept | None) -> Waiting | None:
    """What was kept; as in pending.py, what a replica of another version has kept may not be valid here."""
    if found is None:
        return None
    try:
        return _adapter().validate_python(json.loads(found.value))
    except ValidationError:
        return None
