"""Two callers of one server, each with everything that a client holds: questions, states, confirmation ids."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from mcp import Client
from mcp.client import ClientRequestContext
from mcp.server.auth.middleware.auth_context import auth_context_var
from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.auth.provider import AccessToken
from mcp_types import ElicitRequestParams, ElicitResult

from attack.judge import Question
from attack.wishes import Wish
from tools.bed import in_its_own_task

ERAS = {"2026-07-28": "auto", "2025-11-25": "legacy"}


@dataclass(eq=False)
class Held:
    """An open question as its client holds it.

    state, key: of 2026-07-28. waiting: of 2025-11-25, where the call waits for the answer.
    confirmation_id: of the second call.
    """

    question: Question
    state: str | None = None
    key: str = ""
    waiting: asyncio.Future[ElicitResult] | None = None
    confirmation_id: str | None = None


@dataclass(eq=False)
class Caller:
    """One principal with one client. era: the protocol it speaks. person: whether its client can ask somebody."""

    name: str
    era: str
    person: bool
    client: Client = field(init=False)
    held: list[Held] = field(default_factory=list)
    calls: dict[asyncio.Task[Any], Wish] = field(default_factory=dict)

    @property
    def modern(self) -> bool:
        return self.era == "2026-07-28"


Asked = Callable[[Caller, str], asyncio.Future[ElicitResult]]


@asynccontextmanager
async def connected(server: Any, caller: Caller, asked: Asked) -> AsyncIterator[None]:
    """The caller's client. asked: a question arrived, and the future of its answer."""

    async def put(context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:
        return await asked(caller, params.message)

    client = Client(server, mode=ERAS[caller.era], elicitation_callback=put if caller.person else None)
    async with in_its_own_task(client):
        caller.client = client
        yield


def sign_in(caller: Caller) -> None:
    """From here on this task sends what that caller sends: in one process the server sees the sender's context."""
    token = AccessToken(token="t", client_id=caller.name, scopes=[], subject=caller.name)
    auth_context_var.set(AuthenticatedUser(token))


YES: dict[str, Any] = {"action": "accept", "content": {"approve": True}}
NOES: tuple[dict[str, Any], ...] = (
    {"action": "decline"},
    {"action": "cancel"},
    {"action": "accept", "content": {"approve": False}},
)
NONSENSE: tuple[dict[str, Any], ...] = (
    {"action": "accept"},
    {"action": "accept", "content": {}},
    {"action": "accept", "content": {"approve": "true"}},
    {"action": "accept", "content": {"approve": 1}},
    {"action": "accept", "content": {"approve": ["true"]}},
    {"action": "accept", "content": {"Approve": True}},
    {"action": "accept", "content": {"approved": True, "yes": True}},
    {"action": "decline", "content": {"approve": True}},
    {"action": "cancel", "content": {"approve": True}},
    {"action": "ACCEPT", "content": {"approve": True}},
    {"action": "approve", "content": {"approve": True}},
)


def edited(text: str, rng: random.Random) -> str:
    """The same with one thing changed, anywhere."""
    at = rng.randrange(len(text)) if text else 0
    other = rng.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=~ \u0441")
    how = rng.randrange(5)
    if how == 0:
        return text[:at] + other + text[at:]
    if how == 1:
        return text[:at] + text[at + 1 :]
    if how == 2:
        return text[:at]
    if how == 3 and text.swapcase() != text:
        return text[:at] + text[at:].swapcase()
    return text[:at] + (other if text[at : at + 1] != other else "\x00") + text[at + 1 :]


def answer(content: dict[str, Any]) -> ElicitResult:
    """What a client sends back, whether or not it may."""
    return ElicitResult.model_construct(**content)
