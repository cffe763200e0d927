"""Where writes may go at all. Every refusal is a sentence that says which setting it was."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aep_flow_mcp.guard.changes.canonical import shown, visible
from aep_flow_mcp.settings import Settings

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
    """What the settings allow."""

    def __init__(
        self, settings: Settings, read_type: ReadType, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
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
