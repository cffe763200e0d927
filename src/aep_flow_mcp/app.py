"""What one server shares: the client, the readers, the guard. Made in `build_server`, handed down.

Nothing here talks to Adobe, or imports what does, before the first call asks for it: a server lists its tools
at once, with wrong or missing credentials too.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from aep_flow_mcp.environment import Cleaned, unfilled_sentence
from aep_flow_mcp.platform.redaction.values import Redactor
from aep_flow_mcp.settings import Settings

if TYPE_CHECKING:
    import httpx
    from mcp.server.mcpserver import Context

    from aep_flow_mcp.guard import Guard
    from aep_flow_mcp.guard.changes.change import Change
    from aep_flow_mcp.platform.config import Credentials, PlatformConfig
    from aep_flow_mcp.platform.reader import FlowReader
    from aep_flow_mcp.platform.transport import PlatformClient

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
    ) -> None:
        self.settings = settings
        self.emulated = emulated
        self.snapshot = snapshot
        """Of which sandbox and time, where a snapshot answers in Adobe's place."""
        self.on_written: Written | None = None
        self.unconfirmable: str | None = None
        self._transport = transport
        self._client = client
        self._given = client is not None or guard is not None
        self._readers: dict[str | None, FlowReader] = {}
        self._guard = guard
        self._caches: dict[str, Any] = {}
        self.redactor = client.redactor if client is not None else Redactor()
        """Takes what this server knows by value out of everything that leaves it."""
        for secret in (settings.client_secret, settings.access_token):
            if secret is not None:
                self.redactor.learn(secret.get_secret_value())
        self.redactor.watch(Cleaned(os.environ), settings.mcp_secrets_prefix)
        if guard is not None:
            guard.on_written = self._written

    def cache(self, name: str, make: Callable[[], T]) -> T:
        """What one room keeps between calls, such as a search index; made when it is first asked for.

        It is forgotten when this server writes.
        """
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

            self._guard = Guard(self.settings, self.client, environ=Cleaned(os.environ))
            self._guard.emulated = self.emulated
            self._guard.on_written = self._written
            self._guard.unconfirmable = self.unconfirmable
            self._guard.note = f"This is a {self.snapshot}." if self.snapshot else None
        return self._guard

    async def _written(self, ctx: Context[App, Any], change: Change, ids: Mapping[str, str]) -> None:
        """Forget what a write made old, and tell whoever wants to know."""
        self._caches.clear()
        if self.on_written is not None:
            await self.on_written(ctx, change, ids)

    async def settle(self) -> None:
        """Let no further write begin, and wait until those that have begun are finished or undone."""
        await self.guard.in_flight.settle()

    async def aclose(self) -> None:
        """Give the connections back, and forget what was read. A server that runs again starts afresh."""
        client = self._client
        if client is None:
            return
        if not self._given:
            self._client = self._guard = None
            self._readers.clear()
            self._caches.clear()
        await client.aclose()


def platform_config(settings: Settings) -> PlatformConfig:
    """Settings as the client takes them.

    Credentials that are missing, or a file of them that cannot be read, do not stop the start: the first call
    that needs them says so.
    """
    from aep_flow_mcp.platform.config import PlatformConfig

    credentials, problem = _credentials(settings)
    return PlatformConfig(
        platform_url=settings.platform_url,
        ims_url=settings.ims_url,
        credentials=credentials,
        credentials_problem=problem,
        sandbox=settings.all_sandboxes[0] if settings.all_sandboxes else None,
        sandboxes=settings.all_sandboxes,
    )


def _credentials(settings: Settings) -> tuple[Credentials | None, str | None]:
    """The credentials, or why there are none. Single variables win over the file."""
    from aep_flow_mcp.platform.config import DEFAULT_SCOPES, Credentials
    from aep_flow_mcp.platform.credentials import CredentialsError, read_credentials_file

    unfilled = _unfilled(settings)
    if unfilled:
        return None, unfilled
    from_file: Credentials | None = None
    if settings.config_file is not None:
        try:
            from_file = read_credentials_file(settings.config_file)
        except CredentialsError as error:
            return None, str(error)
    client_id = settings.client_id or (from_file.client_id if from_file else None)
    org_id = settings.org_id or (from_file.org_id if from_file else None)
    secret = settings.client_secret or (from_file.client_secret if from_file else None)
    given = {
        "AEP_CLIENT_ID": client_id,
        "AEP_ORG_ID": org_id,
        "AEP_CLIENT_SECRET (or AEP_ACCESS_TOKEN)": secret or settings.access_token,
    }
    missing = [name for name, value in given.items() if not value]
    if client_id is None or org_id is None or missing:
        if len(missing) == len(given):
            return None, None
        return None, f"The credentials are incomplete: set {', '.join(missing)}."
    scopes = settings.scopes or (from_file.scopes if from_file else DEFAULT_SCOPES)
    return Credentials(
        client_id=client_id,
        org_id=org_id,
        client_secret=secret,
        scopes=scopes,
        access_token=settings.access_token,
    ), None


def _unfilled(settings: Settings) -> str | None:
    """Which of the variables for credentials still read as placeholders: a host had nothing to put there."""
    given = {
        "AEP_CLIENT_ID": settings.client_id,
        "AEP_CLIENT_SECRET": settings.client_secret.get_secret_value() if settings.client_secret else None,
        "AEP_ORG_ID": settings.org_id,
        "AEP_ACCESS_TOKEN": settings.access_token.get_secret_value() if settings.access_token else None,
        "AEP_SCOPES": " ".join(settings.scopes),
        "AEP_CONFIG_FILE": str(settings.config_file or ""),
    }
    found = [unfilled_sentence(name, value) for name, value in given.items() if value]
    return " ".join(sentence for sentence in found if sentence) or None
