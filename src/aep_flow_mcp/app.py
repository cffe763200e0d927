"""What one server shares: the client, the readers, the guard. Made in `build_server`, handed down.

Nothing here talks to Adobe, or imports what does, before the first call asks for it: a server lists its tools
at once, with wrong or missing credentials too.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from aep_flow_mcp.credentials.configured import platform_config as platform_config
from aep_flow_mcp.credentials.keychain import PREFIX as KEYRING
from aep_flow_mcp.environment import Cleaned
from aep_flow_mcp.platform.redaction.values import Redactor
from aep_flow_mcp.settings import Settings

if TYPE_CHECKING:
    import httpx
    from mcp.server.mcpserver import Context

    from aep_flow_mcp.guard import Guard
    from aep_flow_mcp.guard.changes.change import Change
    from aep_flow_mcp.platform.reader import FlowReader
    from aep_flow_mcp.platform.transport import PlatformClient
    from aep_flow_mcp.replicas import Replicas
    from aep_flow_mcp.store.kept import Store

T = TypeVar("T")
TransportFactory = Callable[[], "httpx.AsyncBaseTransport"]
Written = Callable[["Context[App, Any]", "Change", Mapping[str, str]], Awaitable[None]]
"""Told after a write of this server: the call, what was changed, and the ids by step key."""


class App:
    """The shared state of one server process."""

    def __init__(
        self,
        settings: Settings,
        *,
        transport: TransportFactory | None = None,
        client: PlatformClient | None = None,
        guard: Guard | None = None,
        emulated: bool = False,
        snapshot: str | None = None,
        profile: str | None = None,
        redactor: Redactor | None = None,
        store: Store | None = None,
    ) -> None:
        """store: what outlives a call, of all replicas; without one each guard keeps it in memory."""
        self.settings = settings
        self.profile = profile
        """The name of the credentials that are used here, where they have one."""
        self.profiles: dict[str, App] = {}
        """Where a server has several: what is shared for each, this one among them."""
        self.emulated = emulated
        self.snapshot = snapshot
        """Of which sandbox and time, where a snapshot answers in Adobe's place."""
        self.on_written: Written | None = None
        self.replicas: Replicas | None = None
        """Those who are told when something was written here, where there are several."""
        self.store = store
        self.unconfirmable: str | None = None
        self.page_at: str | None = None
        """The address below which the approval page is served over HTTP; None where it is not."""
        self._transport = transport
        self._client = client
        self._given = client is not None or guard is not None
        self._readers: dict[str | None, FlowReader] = {}
        self._guard = guard
        self._stopping = False
        self._caches: dict[str, Any] = {}
        self.redactor = client.redactor if client is not None else redactor or Redactor()
        """Takes what this server knows by value out of everything that leaves it."""
        for secret in (settings.client_secret, settings.access_token):
            if secret is not None and not secret.get_secret_value().startswith(KEYRING):
                self.redactor.learn(secret.get_secret_value())
        self.redactor.watch(Cleaned(os.environ), settings.mcp_secrets_prefix)
        if guard is not None:
            guard.on_written = self._written

    def cache(self, name: str, make: Callable[[], T]) -> T:
        """What one room keeps between calls, such as a search index; made when it is first asked for.

        It is forgotten when this server writes, or another replica; while those are not heard, nothing is kept.
        """
        if self.replicas is not None and not self.replicas.hears:
            return make()
        if name not in self._caches:
            self._caches[name] = make()
        kept: T = self._caches[name]
        return kept

    @property
    def client(self) -> PlatformClient:
        """The one pooled client."""
        if self._client is None:
            from aep_flow_mcp.platform.transport import PlatformClient

            transport = self._transport() if self._transport else None
            config = platform_config(self.settings)
            self._client = PlatformClient(config, transport=transport, redactor=self.redactor)
        return self._client

    def reader(self, sandbox: str | None = None) -> FlowReader:
        """The reader of a sandbox; None is the configured one."""
        name = sandbox or (self.settings.all_sandboxes[0] if self.settings.all_sandboxes else None)
        if name not in self._readers:
            from aep_flow_mcp.platform.reader import FlowReader

            self._readers[name] = FlowReader(self.client, name)
        return self._readers[name]

    @property
    def guard(self) -> Guard:
        """The only way to write."""
        if self._guard is None:
            from aep_flow_mcp.guard import Guard

            self._guard = Guard(self.settings, self.client, environ=Cleaned(os.environ), store=self.store)
            self._guard.emulated = self.emulated
            self._guard.profile = self.profile
            self._guard.on_written = self._written
            self._guard.unconfirmable = self.unconfirmable
            self._guard.page_at = self.page_at
            self._guard.note = f"This is a {self.snapshot}." if self.snapshot else None
            if self._stopping:
                self._guard.in_flight.stop()
        return self._guard

    def forget(self) -> None:
        """Drop what was kept between calls."""
        self._caches.clear()

    async def _written(self, ctx: Context[App, Any], change: Change, ids: Mapping[str, str]) -> None:
        """Forget what a write made old, and tell whoever wants to know."""
        self.forget()
        if self.replicas is not None:
            await self.replicas.written()
        if self.on_written is not None:
            await self.on_written(ctx, change, ids)

    async def settle(self) -> None:
        """Let no further write begin, and wait until those that have begun are finished or undone."""
        apps = [self, *(each for each in self.profiles.values() if each is not self)]
        for each in apps:
            each._stopping = True
            if each._guard is not None:
                each._guard.in_flight.stop()
        for each in apps:
            # Where nothing was ever asked to write there is no guard, and none is made now: it would want credentials.
            if each._guard is not None:
                await each._guard.in_flight.settle()

    async def aclose(self) -> None:
        """Give the connections back, and forget what was read. A server that runs again starts afresh."""
        for each in self.profiles.values():
            if each is not self:
                await each.aclose()
        if self.store is not None:
            await self.store.aclose()
        client = self._client
        if client is None:
            return
        if not self._given:
            self._client = self._guard = None
            self._readers.clear()
            self._caches.clear()
        await client.aclose()
