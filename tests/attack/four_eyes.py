"""The attack on four eyes: two callers, three replicas, one store, and a judge who knows what was approved by whom.

`python tests/attack/four_eyes.py --attempts 10000`; with `--redis` the store is a real one; `--seed 17` is one story.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import random
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))

import httpx

from aep_flow_mcp.emulator import Emulator, EmulatorOptions
from attack.one_store import OneStore, one_store
from attack.three_replicas import PUBLIC, AnyReplica, replica
from serving.bed import Served
from serving.browser import DECIDES, NAVIGATION, Browser
from serving.issuer import Issuer, issuing
from support.organisation import emulator_on_shared_seed
from support.redis_server import redis_server, unavailable

LIFE, MOVES_IN_A_STORY = 3_600.0, 100
CALLERS = ("ada", "bob")
SCOPES = {"eve": "openid flows:read flows:write"}
"""Who may not approve, and comes to the page all the same."""


@dataclass(eq=False)
class Wish:
    """A change that somebody asked for. mark: the name that it gives a flow. version: of the flow, as it was shown."""

    mark: str
    asker: str
    flow: str
    name: str
    address: str
    asked: float
    version: str
    approved_by: str | None = None
    decided: bool = False
    written: int = 0
    """How often it was carried out, or came to nothing after it was approved."""


@dataclass
class Report:
    """What a story was, and what was wrong in it."""

    seed: int
    attempts: Counter[str] = field(default_factory=Counter)
    ends: Counter[str] = field(default_factory=Counter)
    found: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)


class Story:
    """The world of one seed."""

    def __init__(
        self,
        seed: int,
        issuer: Issuer,
        replicas: list[httpx.ASGITransport],
        emulator: Emulator,
        store: OneStore,
    ) -> None:
        self.rng = random.Random(seed)
        self.report = Report(seed)
        self.issuer = issuer
        self.emulator = emulator
        self.store = store
        self.balancer = AnyReplica(replicas, self.rng)
        self.programs = self.http()
        self.tokens = {name: issuer.token(name, "flows:read flows:write flows:approve") for name in CALLERS}
        self.browsers: dict[str, Browser] = {}
        self.wishes: list[Wish] = []
        self.seen = len(emulator.journal.writes())
        self.versions: Counter[str] = Counter()

    # --- how -----------------------------------------------------------------------------------------

    def http(self) -> httpx.AsyncClient:
        """Reaches the replicas under the public address, and the issuer where it is."""
        return httpx.AsyncClient(mounts={PUBLIC: self.balancer}, timeout=60, trust_env=False, verify=False)

    def other(self, name: str) -> str:
        return next(one for one in CALLERS if one != name)

    def wish(self) -> Wish | None:
        return self.rng.choice(self.wishes[-6:]) if self.wishes else None

    def version(self, flow: str) -> str:
        return str((self.emulator.store.get("dev", "flows", flow) or {}).get("etag"))

    async def call(self, who: str, tool: str, arguments: dict[str, Any], **more: Any) -> dict[str, Any]:
        """One call of 2026-07-28 at some replica; the structured answer."""
        self.report.attempts[tool] += 1
        door = Served(f"{PUBLIC}/mcp", None, self.emulator, None, http=self.programs)  # type: ignore[arg-type]
        token = more.pop("token", self.tokens[who])
        answer = await door.call(tool, arguments, token=token, elicits=self.rng.random() < 0.5, **more)
        result = answer.json().get("result") or {}
        data: dict[str, Any] = result.get("structuredContent") or {}
        status = str(data.get("status", answer.status_code if answer.status_code != 200 else "error"))
        self.report.ends[f"{tool} {status}"] += 1
        self.report.told.append(f"{who} {tool} {arguments} -> {status}")
        return data

    def browser(self, who: str) -> Browser:
        """Their browser, signed in as far as it is."""
        if who not in self.browsers:
            self.browsers[who] = Browser(self.http(), self.issuer, who)
        return self.browsers[who]

    # --- moves ---------------------------------------------------------------------------------------

    async def ask(self) -> None:
        """Somebody asks for a change; often of a flow that another wish is about."""
        who = self.rng.choice(CALLERS)
        flows = sorted(str(row["id"]) for row in self.emulator.store.all("dev", "flows"))
        flow, mark = self.rng.choice(flows[:4]), f"wish {self.report.seed} {len(self.wishes)}"
        version = self.version(flow)
        rename = [{"op": "replace", "path": "/name", "value": mark}]
        data = await self.call(who, "update_flow", {"flow": flow, "operations": rename})
        if data.get("status") != "needs_confirmation":
            self.report.found.append(f"{mark}: asked for, and not previewed: {data}")
            return
        address = data["next_step"].partition(f"{PUBLIC}/approvals/")[2].split()[0]
        name = data["confirmation_id"]
        self.wishes.append(
            Wish(mark, who, flow, name, f"{PUBLIC}/approvals/{address}", self.store.now, version)
        )

    async def confirm(self) -> None:
        """Somebody confirms, whose it is or not, at once with others or not."""
        wish = self.wish()
        if wish is None:
            return
        who = wish.asker if self.rng.random() < 0.7 else self.other(wish.asker)
        name = wish.name if self.rng.random() < 0.9 else wish.name[::-1]
        more: dict[str, Any] = {}
        if self.rng.random() < 0.1:
            more["token"] = self.issuer.token(
                who, self.rng.choice(("flows:read", "flows:write", "flows:approve"))
            )
        calls = [self.call(who, "confirm_change", {"confirmation_id": name}, **more)]
        if self.rng.random() < 0.3:
            calls.append(self.call(who, "confirm_change", {"confirmation_id": name}))
        for data in await asyncio.gather(*calls):
            if data.get("status") == "needs_confirmation":  # it has changed, and waits anew
                wish.written += 1  # its approval is used up, and nothing may come of it any more
                address = data["next_step"].partition(f"{PUBLIC}/approvals/")[2].split()[0]
                again = Wish(
                    wish.mark,
                    wish.asker,
                    wish.flow,
                    data["confirmation_id"],
                    f"{PUBLIC}/approvals/{address}",
                    self.store.now,
                    self.version(wish.flow),
                )
                self.wishes.append(again)

    async def decide(self) -> None:
        """Somebody presses a button of the page."""
        wish = self.wish()
        if wish is None:
            return
        who = self.rng.choice([self.other(wish.asker)] * 5 + [wish.asker] * 2 + ["eve"])
        await self._press(wish, who, self.rng.choice(("approve", "approve", "approve", "decline")))

    async def _press(self, wish: Wish, who: str, decision: str) -> None:
        self.report.attempts[f"page {decision}"] += 1
        browser = self.browser(who)
        opened = await browser.open(wish.address)
        if DECIDES in opened.text and (wish.mark not in opened.text or who in (wish.asker, "eve")):
            self.report.found.append(f"{wish.mark}: {who} sees a page that is not theirs, or not of it")
        address = browser.address
        if opened.status_code != 200:  # by hand then, with what another page gave them
            address = wish.address
        answer = await browser.press(decision, address=address)
        self._decided(wish, who, decision, answer)

    def _decided(self, wish: Wish, who: str, decision: str, answer: httpx.Response) -> None:
        took = answer.status_code == 200
        self.report.ends[f"page {decision} {answer.status_code}"] += 1
        self.report.told.append(f"{who} {decision} {wish.mark} -> {answer.status_code}")
        if not took:
            return
        if who not in CALLERS or who == wish.asker or wish.decided or self.store.now >= wish.asked + LIFE:
            self.report.found.append(f"{wish.mark}: the {decision} of {who} was taken")
        wish.decided = True
        if decision == "approve":
            wish.approved_by = who

    async def forge(self) -> None:
        """What looks like an approval and is none."""
        wish = self.wish()
        if wish is None:
            return
        who = self.other(wish.asker)
        browser = self.browser(who)
        opened = await browser.open(wish.address)
        kind = self.rng.choice(("token", "origin", "cookie", "site", "address", "form", "signed out", "id"))
        self.report.attempts[f"forge {kind}"] += 1
        changed: dict[str, dict[str, Any]] = {
            "token": {"token": browser.token[::-1]},
            "origin": {"headers": {"Origin": "https://evil.example"}},
            "cookie": {"headers": {"Cookie": f"approvals={'A' * 43}"}},
            "site": {"headers": {"Sec-Fetch-Site": "cross-site"}},
            "address": {"address": f"{PUBLIC}/approvals/{wish.name[::-1]}"},
            "form": {"headers": {"Content-Type": "application/json"}},
            "id": {"address": f"{PUBLIC}/approvals/{wish.name}x"},
        }
        if kind == "signed out":
            form = {"token": browser.token, "decision": "approve"}
            headers = {"Origin": PUBLIC, **NAVIGATION}
            answer = await self.programs.post(wish.address, data=form, headers=headers)
        elif opened.status_code != 200 and kind != "address":
            return
        else:
            answer = await browser.press("approve", **changed[kind])
        if answer.status_code == 200:
            self.report.found.append(f"{wish.mark}: an approval was taken that was none ({kind})")

    async def race(self) -> None:
        """Yes and no in the same moment, at two replicas; one counts."""
        wish = self.wish()
        if wish is None or wish.decided or self.store.now >= wish.asked + LIFE:
            return
        who = self.other(wish.asker)
        browser = self.browser(who)
        opened = await browser.open(wish.address)
        if opened.status_code != 200:
            return
        self.report.attempts["race"] += 2
        yes, no = await asyncio.gather(browser.press("approve"), browser.press("decline"))
        if (yes.status_code == 200) == (no.status_code == 200):
            self.report.found.append(f"{wish.mark}: {yes.status_code} and {no.status_code} at once")
        self._decided(wish, who, "approve", yes) if yes.status_code == 200 else None
        self._decided(wish, who, "decline", no) if no.status_code == 200 else None

    async def answer(self) -> None:
        """The caller's client says yes to a question that nobody put."""
        who, flows = self.rng.choice(CALLERS), self.emulator.store.all("dev", "flows")
        flow = sorted(str(row["id"]) for row in flows)[self.rng.randrange(4)]
        rename = [{"op": "replace", "path": "/name", "value": f"nobody asked {self.report.seed}"}]
        yes = {"action": "accept", "content": {"approve": True}}
        key = self.rng.choice(("aep-flow-mcp:approval", "approve"))
        more: dict[str, Any] = {"inputResponses": {key: yes}}
        if self.rng.random() < 0.3:
            more["requestState"] = self.rng.choice(("v1.AAAA", "{}"))
        await self.call(who, "update_flow", {"flow": flow, "operations": rename}, **more)

    async def touch(self) -> None:
        """Somebody else changes a flow."""
        wish = self.wish()
        row = self.emulator.store.get("dev", "flows", wish.flow) if wish else None
        if wish is not None and row is not None:
            etag = self.emulator.backend.mint.etag(self.emulator.backend.clock.now_ms())
            self.emulator.store.put("dev", "flows", {**row, "etag": etag, "version": etag})

    async def wait(self) -> None:
        """Time goes by: often a little, sometimes too much."""
        await self.store.later(self.rng.choice((1.0, 60.0, 600.0, 3_700.0)))

    # --- the judge -----------------------------------------------------------------------------------

    def look(self) -> None:
        """Hold every write that has arrived against what was approved."""
        writes = self.emulator.journal.writes()
        for write in writes[self.seen :]:
            wish = self._fitting(str(write.body))
            if wish is None:
                self.report.found.append(
                    f"{write.method} {write.path} {write.body} without a fitting approval"
                )
                continue
            wish.written += 1
            self.report.ends["written"] += 1
            # What was shown of a flow that has another version since is not what was approved of it.
            if write.headers.get("if-match") != wish.version:
                self.report.found.append(f"{wish.mark}: sent for another version than was shown")
        self.seen = len(writes)

    def _fitting(self, body: str) -> Wish | None:
        """The wish that a write carries out: approved by the other, in time, and not used."""
        for wish in self.wishes:
            mine = f"'{wish.mark}'" in body or f'"{wish.mark}"' in body
            in_time = self.store.now < wish.asked + LIFE
            if mine and wish.approved_by == self.other(wish.asker) and not wish.written and in_time:
                return wish
        return None


Move = Callable[[Story], Awaitable[None]]
MOVES: tuple[tuple[Move, int], ...] = (
    (Story.ask, 6),
    (Story.confirm, 8),
    (Story.decide, 6),
    (Story.forge, 3),
    (Story.race, 2),
    (Story.answer, 1),
    (Story.touch, 1),
    (Story.wait, 1),
)


async def tell(
    seed: int, issuer: Issuer, moves: int = MOVES_IN_A_STORY, *, redis: str | None = None
) -> Report:
    """One story, from its seed. redis: the address of the store; memory without one."""
    issuer.scopes.update(SCOPES)
    emulator = emulator_on_shared_seed(EmulatorOptions())
    async with (
        one_store(redis) as store,
        replica(emulator, store, issuer) as first,
        replica(emulator, store, issuer) as second,
        replica(emulator, store, issuer) as third,
    ):
        story = Story(seed, issuer, [first, second, third], emulator, store)
        choices, weights = zip(*MOVES, strict=True)
        for _ in range(moves):
            await story.rng.choices(choices, weights)[0](story)
            story.look()
        return story.report


@contextmanager
def _store_of_its_own(real: bool) -> Iterator[str | None]:
    """The address of a Redis for this attack; none where memory will do."""
    if not real:
        yield None
        return
    if why := unavailable():
        print(why)
        sys.exit(0)
    with TemporaryDirectory() as folder, redis_server(Path(folder), "a-password-of-the-store") as server:
        yield server.url


def main() -> int:
    """1 where anything was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--attempts", type=int, default=10_000)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--redis", action="store_true", help="over a real Redis or Valkey")
    arguments = parser.parse_args()
    logging.disable(logging.CRITICAL)
    reports: list[Report] = []
    began, seed = time.monotonic(), arguments.seed or 0
    with issuing() as issuer, _store_of_its_own(arguments.redis) as redis:
        while sum(one.attempts.total() for one in reports) < arguments.attempts:
            reports.append(asyncio.run(tell(seed, issuer, redis=redis)))
            if arguments.seed is not None:
                print("\n".join(reports[0].told))
                break
            seed += 1
    attempts = sum((one.attempts for one in reports), Counter[str]())
    ends = sum((one.ends for one in reports), Counter[str]())
    print(f"{attempts.total()} attempts in {len(reports)} stories, {time.monotonic() - began:.0f} s")
    for name, count in sorted((attempts | ends).items()):
        print(f"  {count:6} {name}")
    found = [f"seed {one.seed}: {sentence}" for one in reports for sentence in one.found]
    print("\n".join(found) or "nothing was written without an approval that fits")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
