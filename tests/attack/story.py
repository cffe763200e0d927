"""One story of the attack, which follows from its seed: two callers, one service, and everything that can go wrong."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import anyio
from mcp.shared.exceptions import MCPError
from mcp_types import CallToolResult, ElicitResult, InputRequiredResult, TextContent

from aep_flow_mcp.app import platform_config
from aep_flow_mcp.cli import emulator_settings
from aep_flow_mcp.emulator import EmulatorOptions
from aep_flow_mcp.guard import Guard
from aep_flow_mcp.platform.transport import PlatformClient
from aep_flow_mcp.server import build_server
from attack.callers import ERAS, Caller, Held, connected, sign_in
from attack.judge import Judge, Question
from attack.upstream import Upstream, Write
from attack.wishes import Place, Wish
from support.organisation import emulator_on_shared_seed
from tools.writing import SANDBOX

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ENVIRON = {"AEP_SECRET_ID": "AKIASECRETSECRET2345", "AEP_SECRET_KEY": "not-to-be-seen-anywhere"}
MODES = ("ask", "ask", "ask", "human", "two-step", "two-step", "browser", "none")


Visit = Callable[["Story", Wish, Caller, str], Awaitable[bool]]
"""Opens the approval page at an address, for a wish and a caller."""
_CALLING: ContextVar[tuple[Wish, Caller]] = ContextVar("calling")


class StaysOpen(PlatformClient):
    """Both clients end the server's lifespan."""

    async def aclose(self) -> None:
        """Not before the story ends."""


@dataclass
class Report:
    """What a story was, and what was wrong in it."""

    seed: int
    mode: str
    attempts: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    ends: Counter[str] = field(default_factory=Counter)
    enveloped: int = 0
    """Calls that came in `call_tool`."""
    found: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    """Every message and its answer, for who looks at one story."""


class Story:
    """The world of one seed. What is done in it is in `moves.py`."""

    def __init__(self, seed: int, visit: Visit) -> None:
        self.visit = visit
        self.rng = random.Random(seed)
        self.mode = self.rng.choice(MODES)
        self.envelopes = random.Random(seed) if seed % 2 else None
        """In every other story tools are found by words, and most calls come in `call_tool`."""
        self.forms: dict[str, bool] = {}
        """Whether the calls for a wish come in it, by the wish's mark."""
        self.report = Report(seed, self.mode)
        time = asyncio.get_running_loop().time
        clock = partial(_clock, time, time())
        self.emulator = emulator_on_shared_seed(EmulatorOptions(clock=clock))
        self.judge = Judge(self.emulator)
        self.place = Place(self.emulator, NOW, self.rng)
        calm = self.rng.choice((1.0, 0.95, 0.85, 0.7, 0.5))
        self.upstream = Upstream(
            self.emulator, self.rng, calm, self.judge.arrived, self.judge.acted, self.tamper, self.stir
        )
        self.server_number = 0
        self.stirred = asyncio.Event()
        self.callers = [
            Caller(name, self.rng.choice(list(ERAS)), self._person()) for name in ("alice", "mallory")
        ]
        self.wishes: list[Wish] = []
        self.used: list[tuple[Caller, Held]] = []
        self.tasks: set[asyncio.Task[Any]] = set()

    def _person(self) -> bool:
        return self.rng.random() < {"two-step": 0.5, "ask": 0.75}.get(self.mode, 0.85)

    # --- the server ----------------------------------------------------------------------------------

    async def start(self) -> None:
        """A server, new or once more, and both callers' clients."""
        self.server_number += 1
        options: dict[str, Any] = {
            "mcp_approval": self.mode,
            "mcp_discovery": "search" if self.envelopes else "list",
        }
        settings = emulator_settings(**options)
        client = StaysOpen(platform_config(settings), transport=self.upstream)
        guard = Guard(settings, client, environ=ENVIRON, clock=anyio.current_time, open_browser=self._opened)
        self.guard = guard
        self.server = build_server(settings, client=client, guard=guard, emulated=True)
        self.connections = AsyncExitStack()
        for caller in self.callers:
            await self.connections.enter_async_context(connected(self.server, caller, self._asked))

    async def stop(self) -> None:
        """The clients go away, and with them what they waited for."""
        for caller in self.callers:
            for held in caller.held:
                if held.waiting is not None and not held.waiting.done():
                    held.waiting.cancel()
            caller.held = [held for held in caller.held if held.waiting is None]
        self.upstream.let_go()
        if self.tasks:
            await asyncio.wait(self.tasks)
        await self.connections.aclose()

    async def _opened(self, address: str) -> bool:
        wish, caller = _CALLING.get()
        return await self.visit(self, wish, caller, address)

    def _asked(self, caller: Caller, message: str) -> asyncio.Future[ElicitResult]:
        """An older client was asked."""
        waiting: asyncio.Future[ElicitResult] = asyncio.get_running_loop().create_future()
        wish = next((one for one in reversed(self.wishes) if one.mark in message), None)
        if wish is None:
            open_calls = list(caller.calls.values())
            wish = next((one for one in open_calls if one.target is None and not one.made), self.wishes[-1])
        caller.held.append(Held(self.question(wish, caller, message), waiting=waiting))
        self.stir()
        return waiting

    def question(self, wish: Wish, caller: Caller, text: str) -> Question:
        """What somebody is asked, at this moment."""
        now = anyio.current_time()
        return Question(wish, caller.name, text, self.server_number, now, self.judge.version(wish))

    # --- the world -----------------------------------------------------------------------------------

    def stir(self) -> None:
        """Something waits for the story now."""
        self.stirred.set()

    def tamper(self, write: Write) -> None:
        """Somebody else is faster than a write, by a moment."""
        for wish in self.wishes:
            if wish.target is not None and write.path.endswith("/".join(wish.target)) and self.touch(wish):
                self.judge.changed(wish.target, just_now=True)

    def touch(self, wish: Wish) -> bool:
        """Somebody else changes the object that a wish is about, if it is still there."""
        assert wish.target is not None
        kind, object_id = wish.target
        row = self.emulator.store.get(SANDBOX, kind, object_id)
        if row is None:
            return False
        etag = self.emulator.backend.mint.etag(self.emulator.backend.clock.now_ms())
        changed = {"etag": etag, "version": etag, "labels": [etag]}
        self.emulator.store.put(SANDBOX, kind, {**row, **changed})
        return True

    async def pass_time(self, seconds: float) -> None:
        """Time goes by, and what a gateway gave up on may happen."""
        await anyio.sleep(seconds)
        await self.upstream.catch_up(0.5)

    # --- calls ---------------------------------------------------------------------------------------

    async def message(
        self, caller: Caller, wish: Wish, tool: str, arguments: dict[str, Any], **more: Any
    ) -> None:
        """Send a call, and go on when it has ended or waits for the story."""
        self.report.told.append(f"{caller.name} {caller.era} {tool} {wish.mark} {sorted(more)}")
        task = asyncio.create_task(self._call(caller, wish, tool, arguments, more))
        caller.calls[task] = wish
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        task.add_done_callback(lambda done: caller.calls.pop(done, None))
        await self.until_still({task})

    async def until_still(self, tasks: set[asyncio.Task[Any]], within: float | None = None) -> None:
        """Until one of the calls has ended, or something waits for the story. within: seconds of the loop's time."""
        if not tasks:
            return
        self.stirred.clear()
        waiter = asyncio.create_task(self.stirred.wait())
        try:
            await asyncio.wait({*tasks, waiter}, return_when=asyncio.FIRST_COMPLETED, timeout=within)
        finally:
            waiter.cancel()

    async def _call(
        self, caller: Caller, wish: Wish, tool: str, arguments: dict[str, Any], more: dict[str, Any]
    ) -> None:
        sign_in(caller)
        _CALLING.set((wish, caller))
        sent, given = tool, arguments
        if self._enveloped(wish, tool):
            sent, given = "call_tool", {"name": tool, "arguments": arguments}
            self.report.enveloped += 1
        try:
            if caller.modern:
                more = {**more, "allow_input_required": True}
                result = await caller.client.session.call_tool(sent, given, **more)
            else:
                result = await caller.client.call_tool(sent, given)
        except asyncio.CancelledError:
            self.judge.said(wish, "lost", "", [])
            raise
        except (MCPError, ValueError, TypeError, RuntimeError) as error:
            self.report.ends[type(error).__name__] += 1
            self.report.told.append(f"  {caller.name} {wish.mark} {error}")
            gone = "Connection closed" in str(error)
            self.judge.said(wish, "lost" if gone else "error", str(error), [])
            return
        self._taken(caller, wish, arguments, result)

    def _enveloped(self, wish: Wish, tool: str) -> bool:
        """An answer comes in the form that its question was asked in; a confirmation in any."""
        if self.envelopes is None:
            return False
        now = self.envelopes.random() < 0.8
        return now if tool == "confirm_change" else self.forms.setdefault(wish.mark, now)

    def _taken(
        self,
        caller: Caller,
        wish: Wish,
        arguments: dict[str, Any],
        result: CallToolResult | InputRequiredResult,
    ) -> None:
        """Keep what a client gets from an answer, and have the judge hear what it says."""
        if isinstance(result, InputRequiredResult):
            for key, asked in (result.input_requests or {}).items():
                text = str(getattr(asked.params, "message", ""))
                question = self.question(wish, caller, text)
                question.arguments = arguments
                caller.held.append(Held(question, state=result.request_state, key=key))
            self.report.ends["asked"] += 1
            return
        data = result.structured_content if isinstance(result.structured_content, dict) else {}
        text = "\n".join(part.text for part in result.content if isinstance(part, TextContent))
        status = str(data.get("status", "error" if result.is_error else "answered"))
        self.report.ends[status] += 1
        self.report.told.append(f"  {caller.name} {wish.mark} {text[:300]}")
        if (given := data.get("confirmation_id")) is not None:
            question = self.question(wish, caller, str(data.get("preview")))
            caller.held.append(Held(question, confirmation_id=str(given)))
        ids = [str(one["id"]) for one in data.get("done", []) if one.get("id")]
        self.judge.said(wish, status, text, ids)
        if "defect of this server" in text or text.startswith("Error executing tool"):
            self.report.found.append(f"{wish.tool}: {text[:400]}")
        for secret in ENVIRON.values():
            if secret in text or secret in str(data):
                self.report.found.append(f"{wish.tool}: an answer holds a secret")

    async def end(self) -> Report:
        """Everything that was begun ends, what is late comes, and the judge looks."""
        await self.stop()
        await self.upstream.catch_up()
        self.judge.close()
        self.report.faults.update(self.upstream.faults)
        self.report.found += self.judge.found
        return self.report


def _clock(time: Callable[[], float], began: float) -> datetime:
    """The emulator's time goes with that of the loop."""
    return NOW + timedelta(seconds=time() - began)
