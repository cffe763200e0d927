"""What the replicas of a server share: one store, the keys that seal, and what each hears of the others' writes."""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from mcp.server.subscriptions import (
    InMemorySubscriptionBus,
    PromptsListChanged,
    ResourcesListChanged,
    ResourceUpdated,
    ServerEvent,
    ToolsListChanged,
)

from aep_flow_mcp.credentials.sources import SourceError, credential
from aep_flow_mcp.settings import Settings, SettingsError
from aep_flow_mcp.store.kept import StoreDown

if TYPE_CHECKING:
    import ssl

    from aep_flow_mcp.store.channel import RedisChannel
    from aep_flow_mcp.store.redis import RedisStore
    from aep_flow_mcp.store.sealing import Seal

logger = logging.getLogger(__name__)

SHORTEST = 32
"""Bytes of a key that seals."""
_EVENTS: dict[str, Callable[..., ServerEvent]] = {
    kind.__name__: kind
    for kind in (ResourceUpdated, ResourcesListChanged, ToolsListChanged, PromptsListChanged)
}


@dataclass(frozen=True, slots=True)
class Shared:
    """What a server has in common with its replicas. secrets: what must be in nothing that leaves it."""

    keys: tuple[bytes, ...] = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)
    store: RedisStore | None = None
    seal: Seal | None = field(default=None, repr=False)

    def channel(self, name: str) -> RedisChannel | None:
        """The channel of that name, where there is a store."""
        if self.store is None or self.seal is None:
            return None
        from aep_flow_mcp.store.channel import RedisChannel

        return RedisChannel(self.store.client, self.seal, name)


def shared(settings: Settings) -> Shared | None:
    """What the settings say is shared; None where nothing is. Nobody is talked to.

    Raises:
        SettingsError: it is not said rightly, or only half of it.
    """
    try:
        url, ring = credential(settings, "mcp_redis_url"), credential(settings, "mcp_state_keys")
    except SourceError as error:
        raise SettingsError(str(error)) from None
    words = ring.replace(",", " ").split() if ring else []
    keys = tuple(word.encode() for word in words)
    if any(len(key) < SHORTEST for key in keys) or (ring and not keys):
        raise SettingsError(
            f"AEP_MCP_STATE_KEYS takes secrets of at least {SHORTEST} characters, with commas between them, such as "
            "openssl rand -base64 32 makes: the first one seals, all of them open."
        )
    if url is None:
        return Shared(keys, tuple(words)) if keys else None
    if not keys:
        raise SettingsError(
            "AEP_MCP_REDIS_URL is set: set AEP_MCP_STATE_KEYS too, to the same on every replica. They seal what is "
            "kept in the store, and the questions that one replica puts and another one gets answered."
        )
    return _with_store(settings, url, words, keys)


def _with_store(settings: Settings, url: str, words: list[str], keys: tuple[bytes, ...]) -> Shared:
    from aep_flow_mcp.store.redis import RedisStore
    from aep_flow_mcp.store.sealing import Seal

    password = _password(url) or ""
    seal = Seal(keys)
    trusts = _trusted(settings) if urlsplit(url).scheme == "rediss" else None
    try:
        store = RedisStore(url, seal, trusts=trusts)
    except StoreDown as error:
        raise SettingsError(str(error)) from None
    except Exception:  # noqa: BLE001  (the library's sentence may quote the address, and the password in it)
        raise _wrong_address() from None
    spellings = {password, unquote(password)} - {""}
    return Shared(keys, (url, *spellings, *words), store, seal)


def _trusted(settings: Settings) -> ssl.SSLContext:
    """Whom this server trusts, as for all requests but those to Adobe: no client certificate is shown."""
    from aep_flow_mcp.credentials.configured import way_to_others
    from aep_flow_mcp.platform.errors import NotSent
    from aep_flow_mcp.platform.wire.network import Egress

    try:
        return Egress(way_to_others(settings)).trust.context
    except NotSent as error:
        raise SettingsError(str(error)) from None


def _password(url: str) -> str | None:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise _wrong_address() from None
    named = parts.hostname if parts.scheme in ("redis", "rediss") else parts.path
    if parts.scheme not in ("redis", "rediss", "unix") or not named:
        raise _wrong_address()
    return parts.password


def _wrong_address() -> SettingsError:
    return SettingsError(
        "AEP_MCP_REDIS_URL takes an address such as rediss://user:password@redis.example.com:6380/0 (redis:// without "
        "TLS, unix:// for a socket)."
    )


class Replicas(InMemorySubscriptionBus):
    """The SDK's bus of changes over all replicas, and who forgets what another one's write has made old.

    channel: the one that all of them listen to. forget: called when another replica has written, and when it may have.
    """

    def __init__(self, channel: RedisChannel, forget: Callable[[], None]) -> None:
        super().__init__()
        self._channel = channel
        self._forget = forget
        self._name = secrets.token_urlsafe(12)
        self._joined = False
        self._listens = False
        self.hears = False
        """Whether the others' messages arrive: while they do not, nothing that was read can be kept."""

    async def publish(self, event: ServerEvent) -> None:
        """Deliver to those who listen here, and through the others to those who listen there."""
        await super().publish(event)
        about = {"uri": event.uri} if isinstance(event, ResourceUpdated) else {}
        await self._tell({"event": type(event).__name__, **about})

    async def written(self) -> None:
        """Say that this replica has written."""
        await self._tell({"written": True})

    async def _tell(self, message: dict[str, Any]) -> None:
        try:
            await self._channel.send(json.dumps({"from": self._name, **message}).encode())
        except StoreDown as error:  # what was written stays written
            logger.warning("%s Other replicas were not told of a write.", error)

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """While a server runs: hear what the others say."""
        if self._listens:  # in this process, for another client of the same server
            yield
            return
        self._listens = True
        from aep_flow_mcp.store.channel import stop_listening

        task = asyncio.create_task(
            self._channel.listen(self._heard, joined=self._has_joined, lost=self._has_lost)
        )
        try:
            yield
        finally:
            self._listens = False
            await stop_listening(task)

    async def _heard(self, data: bytes) -> None:
        message = json.loads(data)
        if message.get("from") == self._name:
            return
        if message.get("written"):
            self._forget()
        made = _EVENTS.get(message.get("event", ""))
        if made is not None:
            await super().publish(made(**{name: message[name] for name in ("uri",) if name in message}))

    async def _has_joined(self) -> None:
        self.hears = True
        self._forget()
        if self._joined:
            # What was missed meanwhile is not known: whoever follows the lists reads them again.
            await super().publish(ResourcesListChanged())
        self._joined = True

    def _has_lost(self) -> None:
        self.hears = False
        self._forget()
