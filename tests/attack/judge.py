"""What may be written, what is written, and what is said of it: the judge of a story.

A yes is one person's, for one question, as it was put. It allows each request of what was asked once. At the end the
store is held against everything that was claimed.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from aep_flow_mcp.emulator import Emulator
from attack.upstream import Write
from attack.wishes import FLOW_SERVICE, Wish
from tools.writing import SANDBOX

LIFE = 600.0
ANY = -1
"""The version that somebody agreed to who was not shown one."""
MAYBE = ("unknown", "partly", "lost")
SENT = "had been sent"


@dataclass(eq=False)
class Question:
    """One question that somebody was asked. version: how often its object had been changed by then."""

    wish: Wish
    caller: str
    text: str
    server: int
    asked: float
    version: int
    closed: bool = False
    arguments: dict[str, Any] = field(default_factory=dict)


@dataclass
class Account:
    """What is known of one wish."""

    yes: list[int] = field(default_factory=list)
    arrived: Counter[str] = field(default_factory=Counter)
    acted: Counter[str] = field(default_factory=Counter)
    made: list[tuple[str, str]] = field(default_factory=list)
    late: set[str] = field(default_factory=set)
    said: Counter[str] = field(default_factory=Counter)
    texts: list[str] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)


class Judge:
    """Finds what must not be. `found`: a sentence for each."""

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator
        self.found: list[str] = []
        self.accounts: dict[Wish, Account] = {}
        self.versions: Counter[tuple[str, str]] = Counter()
        self.tailored: set[tuple[tuple[str, str], int]] = set()
        """Versions of objects that came a moment before a write: only a version in the request can stop it."""
        self.record: list[Write] = []

    def of(self, wish: Wish) -> Account:
        return self.accounts.setdefault(wish, Account())

    def version(self, wish: Wish) -> int:
        return self.versions[wish.target] if wish.target else 0

    def changed(self, target: tuple[str, str], *, just_now: bool = False) -> None:
        """Somebody else changed an object, or what hangs on it."""
        self.versions[target] += 1
        if just_now:
            self.tailored.add((target, self.versions[target]))

    # --- what may be ---------------------------------------------------------------------------------

    def agreed(self, question: Question, *, caller: str, server: int, now: float) -> bool:
        """A person says yes to a question; whether it counts."""
        if question.closed or caller != question.caller or server != question.server:
            return False
        question.closed = True
        if now >= question.asked + LIFE:
            return False
        if question.wish.mark not in question.text and question.wish.target is not None:
            self.found.append(f"{question.wish.tool}: the question does not show {question.wish.mark}")
        self.of(question.wish).yes.append(question.version)
        return True

    def nobody_is_asked(self, wish: Wish) -> None:
        """A call in the mode that asks nobody."""
        self.of(wish).yes.append(ANY)

    # --- what is -------------------------------------------------------------------------------------

    def arrived(self, write: Write) -> None:
        """A write reached the service."""
        self.record.append(write)
        if write.headers.get("x-sandbox-name") != SANDBOX:
            self.found.append(f"{write.method} {write.path} went to {write.headers.get('x-sandbox-name')}")
        wish, step = self._wish_of(write)
        if wish is None:
            self.found.append(f"nobody asked for {write.method} {write.path}")
            return
        account = self.of(wish)
        if step == "undo":
            return
        account.arrived[step] += 1
        if account.arrived[step] > len(account.yes):
            self.found.append(
                f"{wish.tool} {wish.mark}: {step} sent {account.arrived[step]} times, yes: {account.yes}"
            )
        if write.method == "PATCH" and "if-match" not in write.headers:
            self.found.append(f"{wish.tool} {wish.mark}: {step} names no version")
        now = self.version(wish)
        fits = now in account.yes or ANY in account.yes or not wish.versioned
        if not fits:
            self.found.append(f"{wish.tool} {wish.mark}: sent at version {now}, yes to {account.yes}")

    def acted(self, write: Write) -> None:
        """A write was carried out."""
        wish, step = self._wish_of(write)
        if wish is None:
            return
        account = self.of(wish)
        account.acted[step] += 1
        target, now = wish.target, self.version(wish)
        shown = now in account.yes or ANY in account.yes
        if target and write.method == "PATCH" and not shown and (target, now) in self.tailored:
            self.found.append(f"{wish.tool} {wish.mark}: carried out on a version that nobody was shown")
        if write.method == "POST" and wish.made and write.made:
            account.made.append((write.path.removeprefix(FLOW_SERVICE), write.made))
            if write.late:
                account.late.add(write.made)

    def _wish_of(self, write: Write) -> tuple[Wish | None, str]:
        tail = write.path.removeprefix(FLOW_SERVICE)
        for wish in self.accounts:
            step = wish.step_of(write.method, write.path, write.body)
            if step is not None:
                return wish, step
        for wish, account in self.accounts.items():
            if write.method == "DELETE" and any(f"{kind}/{made}" == tail for kind, made in account.made):
                return wish, "undo"
            # A flow that was deleted before a step failed is created again, once.
            deleted = sum(times for step, times in account.acted.items() if step != "undo")
            retired = wish.tool == "delete_pipeline" and deleted > account.acted["undo"]
            if write.method == "POST" and tail == "flows" and retired:
                return wish, "undo"
        return None, ""

    # --- what is said --------------------------------------------------------------------------------

    def said(self, wish: Wish, status: str, text: str, ids: list[str]) -> None:
        """How a call ended, as its caller was told; `lost` when nobody heard of it."""
        account = self.of(wish)
        account.said["lost" if SENT in text else status] += 1
        account.texts.append(text)
        if status == "done":
            account.ids += ids

    def close(self) -> None:
        """Hold the store against what was said."""
        for wish, account in self.accounts.items():
            done = account.said["done"]
            most = done + sum(account.said[name] for name in MAYBE)
            if wish.made:
                self._made(wish, account, done, most)
            else:
                self._changed(wish, account, done, most)

    def _made(self, wish: Wish, account: Account, done: int, most: int) -> None:
        heard = "\n".join(account.texts)
        for kind, name in wish.made.items():
            there = [row["id"] for row in self.emulator.store.all(SANDBOX, kind) if row.get("name") == name]
            if not done <= len(there) <= most:
                self._contradiction(wish, account, f"{len(there)} {kind}")
            for one in there:
                if (
                    one not in account.late
                    and not account.said["lost"]
                    and one not in heard
                    and name not in heard
                ):
                    self._contradiction(wish, account, f"nobody was told of {kind} {one}")
        made = [one for one in account.ids if any(one == each for _, each in account.made)]
        if len(made) != len(set(made)):
            self._contradiction(wish, account, f"two calls claim the same object: {made}")

    def _changed(self, wish: Wish, account: Account, done: int, most: int) -> None:
        acted = sum(times for step, times in account.acted.items() if step != "undo")
        if acted > most:
            self._contradiction(wish, account, f"carried out {acted} times")
        # Whoever deleted it: that it is gone is what was asked, and what a look shows.
        gone = wish.method == "DELETE" and wish.target and not self.emulator.store.get(SANDBOX, *wish.target)
        if done and not acted and not gone:
            self._contradiction(wish, account, "never carried out")

    def _contradiction(self, wish: Wish, account: Account, words: str) -> None:
        told = "; ".join(text.split("\n")[0][:200] for text in account.texts if text)
        self.found.append(f"{wish.tool} {wish.mark}: said {dict(account.said)}, but {words}. Told: {told}")
