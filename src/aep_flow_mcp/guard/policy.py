"""Where writes may go at all, and by the policy file who may do which. Every refusal is a sentence that says why."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from aep_flow_mcp.callers import Person
from aep_flow_mcp.guard.changes.canonical import shown, visible
from aep_flow_mcp.settings import Settings

if TYPE_CHECKING:
    from aep_flow_mcp.guard.changes.change import Change
    from aep_flow_mcp.guard.rules.counting import Counts
    from aep_flow_mcp.guard.rules.judging import Asked, Decision, Denied
    from aep_flow_mcp.guard.rules.models import PolicyFile, Rule

TYPE_TTL = 60.0
"""Seconds for which a sandbox's type is believed."""
UNKNOWN = "unknown"

ReadType = Callable[[str], Awaitable[str | None]]
"""The type of a sandbox by its name, as the Sandbox API says; None when it does not say."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """Writes may go to this sandbox."""

    sandbox: str
    sandbox_type: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """Nothing is sent; the sentence says why and which setting changes it."""

    sentence: str
    sandbox: str | None = None


class Policy:
    """What the settings allow, and of that the policy file. rules: what the file says; counts: what was done today."""

    def __init__(
        self,
        settings: Settings,
        read_type: ReadType,
        *,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        rules: PolicyFile | None = None,
        counts: Counts | None = None,
    ) -> None:
        self.rules = rules
        self._now = now
        self._counts = counts
        self._settings = settings
        self._read_type = read_type
        self._clock = clock
        self._types: dict[str, tuple[float, str]] = {}

    async def writes(self, sandbox: str | None) -> Allowed | Refusal:
        """Whether writes may go to a sandbox; None is the configured one.

        An error of the Sandbox API makes the type unknown, which counts as production.
        """
        if self._settings.mcp_read_only:
            return Refusal("AEP_MCP_READ_ONLY is on: nothing was sent. Unset it to allow writes.")
        name = self._configured(sandbox)
        if isinstance(name, Refusal):
            return name
        kind = await self._type(name)
        if kind != "development" and not self._settings.mcp_allow_production_writes:
            said = (
                "is of type production"
                if kind == "production"
                else f"has a type that could not be read ({kind})"
            )
            return Refusal(
                f"Sandbox {shown(name, limit=80)} {said}: nothing was sent. Writes to it are refused unless "
                "AEP_MCP_ALLOW_PRODUCTION_WRITES is true.",
                name,
            )
        return Allowed(name, kind)

    async def permits(self, change: Change, who: Person | None) -> Change | Refusal:
        """Whether somebody may make a change now, by the policy file; it comes back with what that asks for.

        What the settings refuse is not asked again: a file narrows, and allows nothing.
        """
        if self.rules is None:
            return change
        found = await self._judged(self._asked(change, who))
        return _with_eyes(change, found) if not isinstance(found, Refusal) else found

    async def takes(self, change: Change, who: Person | None) -> Refusal | None:
        """As `permits`, right before it is sent, and it is counted where the file counts. None: go on."""
        if self.rules is None:
            return None
        asked = self._asked(change, who)
        found = await self._judged(asked)
        if isinstance(found, Refusal):
            return found
        if found.needs_other_approver and not change.four_eyes:
            return _refusal("now wants another person to approve it: call again.", change.sandbox)
        for rule in found.rules:
            if rule.a_day is not None and not await self._taken(rule, asked.who):
                return await self._judged_again(asked, rule)
        return None

    async def decided(self, asked: Asked) -> Decision | Denied:
        """What the file says of something that somebody may want.

        Raises:
            CountError: what was done today cannot be counted.
        """
        from aep_flow_mcp.guard.rules.judging import Decision, fitting, judge

        if self.rules is None:
            return Decision()
        rules = {rule.name: rule for doing in asked.doings for rule in fitting(self.rules, asked, doing)}
        used = await self._used(rules.values(), asked.who)
        return judge(self.rules, asked, self._now(), used)

    async def check_counts(self) -> None:
        """Return if what was done today can be counted, or need not be.

        Raises:
            CountError: it cannot.
        """
        await self._used(self.rules.rules if self.rules else (), None)

    async def _judged(self, asked: Asked) -> Decision | Refusal:
        from aep_flow_mcp.guard.rules.counting import CountError
        from aep_flow_mcp.guard.rules.judging import Denied

        try:
            found = await self.decided(asked)
        except CountError as error:
            return _refusal(f"cannot be counted: {error}.", asked.sandbox)
        return _refusal(f"says: {found.sentence}", asked.sandbox) if isinstance(found, Denied) else found

    async def _judged_again(self, asked: Asked, rule: Rule) -> Refusal:
        """Somebody else was faster, or it cannot be counted."""
        found = await self._judged(asked)
        if isinstance(found, Refusal):
            return found
        return _refusal(f"says: rule {shown(rule.name, limit=120)} allows {rule.a_day} a day.", asked.sandbox)

    async def _used(self, rules: Iterable[Rule], who: Person | None) -> dict[str, int]:
        counts = self._counts_or_none()
        counted = [rule.name for rule in rules if rule.a_day is not None]
        return {name: await counts.used(name, _key(who), self._today()) for name in counted}

    async def _taken(self, rule: Rule, who: Person | None) -> bool:
        from aep_flow_mcp.guard.rules.counting import CountError

        try:
            return await self._counts_or_none().take(rule.name, _key(who), self._today(), rule.a_day or 0)
        except CountError:
            return False

    def _counts_or_none(self) -> Counts:
        from aep_flow_mcp.guard.rules.counting import NoCounts

        return self._counts or NoCounts()

    def _today(self) -> date:
        from aep_flow_mcp.guard.rules.windows import day_of

        return day_of(self._now(), self.rules.timezone if self.rules else "UTC")

    def _asked(self, change: Change, who: Person | None) -> Asked:
        from aep_flow_mcp.guard.rules.doing import doings
        from aep_flow_mcp.guard.rules.judging import Asked

        return Asked(who, doings(change), change.sandbox, change.sandbox_type)

    async def reveals(self, sandbox: str | None) -> Allowed | Refusal:
        """Whether secrets of a sandbox may be returned in clear."""
        if not self._settings.mcp_reveal_secrets:
            return Refusal("Secrets are returned masked: AEP_MCP_REVEAL_SECRETS is not true.")
        name = self._configured(sandbox)
        return name if isinstance(name, Refusal) else Allowed(name, await self._type(name))

    def _configured(self, sandbox: str | None) -> str | Refusal:
        names = self._settings.all_sandboxes
        if not names:
            return Refusal(
                "No sandbox is configured: nothing was sent. Set AEP_SANDBOX to the sandbox to write to."
            )
        if sandbox is not None and sandbox not in names:
            return Refusal(
                f"Sandbox {shown(sandbox, limit=80)} is not configured: nothing was sent. AEP_SANDBOX and "
                f"AEP_SANDBOXES name {', '.join(map(visible, names))}."
            )
        return sandbox or names[0]

    async def _type(self, name: str) -> str:
        known = self._types.get(name)
        if known is not None and self._clock() < known[0]:
            return known[1]
        found = (await self._read_type(name) or UNKNOWN).strip().lower()
        if found not in ("development", "production"):
            # Not remembered: the next call may be able to read it.
            return visible(found)[:40] if found else UNKNOWN
        self._types[name] = (self._clock() + TYPE_TTL, found)
        return found


def _with_eyes(change: Change, found: Decision) -> Change:
    return replace(change, four_eyes=found.needs_other_approver)


def _refusal(what: str, sandbox: str) -> Refusal:
    return Refusal(f"The policy (AEP_MCP_POLICY) {what} Nothing was sent.", sandbox)


def _key(who: Person | None) -> str:
    return "" if who is None else who.key
