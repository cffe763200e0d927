"""A store in Redis or Valkey, which replicas share. What is written there is sealed; owners are digests."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aep_flow_mcp.store.kept import Kept, StoreDown, TooMany

if TYPE_CHECKING:
    import ssl

    from redis.asyncio import Redis

    from aep_flow_mcp.store.sealing import Seal

PATIENCE = 2.0
"""Seconds after which the store counts as down: a person waits, and reading does without it."""
_CONNECTIONS = 16
_PARTS = ("values", "owners", "sizes", "ends", "counts", "weights")
_ABSENT = "the redis library is not installed: install this server with its extra, aep-flow-mcp[redis]"


class RedisStore:
    """A `Store` that replicas share.

    Args:
        url: redis://, rediss:// (TLS) or unix://, with the password in it.
        seal: opens and closes what is written.
        trusts: whom to trust, for rediss://; as the library does by default.
        patience: seconds for an answer.
    """

    def __init__(
        self, url: str, seal: Seal, *, trusts: ssl.SSLContext | None = None, patience: float = PATIENCE
    ) -> None:
        self.client = _client(url, trusts, patience)
        """Also for what replicas tell each other."""
        self._seal = seal
        self._operation = self.client.register_script(Path(__file__).with_name("room.lua").read_text("utf-8"))

    async def put(
        self,
        room: str,
        key: str,
        value: bytes,
        life_s: float,
        *,
        owner: str = "",
        per_owner: int,
        total: int,
        size: int = 0,
        per_owner_size: int | None = None,
    ) -> None:
        sealed = self._seal.sealed(value, _place(room, key))
        bounds = [per_owner, total, size, -1 if per_owner_size is None else per_owner_size]
        life = round(life_s * 1_000_000)
        if not await self._run("put", room, key, sealed, _digest(owner), life, *bounds):
            raise TooMany("There is no room for another owner's first.")

    async def get(self, room: str, key: str, *, owner: str | None = None) -> Kept | None:
        return self._opened(await self._run("get", room, key, _digest(owner)), room, key)

    async def take(self, room: str, key: str, *, owner: str | None = None) -> Kept | None:
        return self._opened(await self._run("take", room, key, _digest(owner)), room, key)

    async def replace(self, room: str, key: str, kept: Kept, value: bytes) -> bool:
        sealed = self._seal.sealed(value, _place(room, key))
        return bool(await self._run("replace", room, key, kept.stamp, sealed))

    async def count(self, room: str, *, owner: str | None = None) -> int:
        return int(await self._run("count", room, _digest(owner)))

    async def keys(self, room: str, *, owner: str | None = None) -> list[str]:
        return [key.decode() for key in await self._run("keys", room, _digest(owner))]

    async def check(self) -> None:
        with Answering():
            await self.client.ping()

    async def aclose(self) -> None:
        await self.client.aclose()

    async def _run(self, operation: str, room: str, *given: str | bytes | int) -> Any:
        # One slot of a cluster holds a room.
        keys = [f"aep-flow-mcp:{{{room}}}:{part}" for part in _PARTS]
        with Answering():
            return await self._operation(keys=keys, args=[operation, *given])

    def _opened(self, data: bytes | None, room: str, key: str) -> Kept | None:
        """What no key opens was sealed by nobody of ours, or with a key that is gone: for us it is not there."""
        value = None if data is None else self._seal.opened(data, _place(room, key))
        return None if data is None or value is None else Kept(value, data)


class Answering:
    """Around a request to the store: that it fails is said in one sentence, without what the library says.

    Raises:
        StoreDown: it failed.
    """

    def __enter__(self) -> None:
        """Nothing has to be made ready."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: Any) -> None:
        from redis.exceptions import RedisError

        if isinstance(error, RedisError | OSError):
            raise StoreDown(f"The store that replicas share (AEP_MCP_REDIS_URL) {_why(error)}.") from None


def _why(error: Exception) -> str:
    from redis import exceptions

    from aep_flow_mcp.store.over_tls import refusal

    refused = refusal(error)
    if refused is not None:
        return refused
    if isinstance(error, exceptions.AuthenticationError | exceptions.NoPermissionError):
        return "refuses this server: its user, password or rights are not those that it takes"
    if isinstance(error, exceptions.TimeoutError | TimeoutError):
        return "does not answer in time"
    if isinstance(error, exceptions.ConnectionError | OSError):
        return "cannot be reached"
    return f"does not do what it is asked ({type(error).__name__})"


def _client(url: str, trusts: ssl.SSLContext | None, patience: float) -> Redis:
    try:
        from redis.asyncio import BlockingConnectionPool, Redis
        from redis.asyncio.retry import Retry
        from redis.backoff import NoBackoff

        from aep_flow_mcp.store import over_tls
    except ImportError:
        raise StoreDown(f"AEP_MCP_REDIS_URL is set, and {_ABSENT}.") from None
    pool = BlockingConnectionPool.from_url(
        url,
        max_connections=_CONNECTIONS,
        timeout=patience,
        socket_timeout=patience,
        socket_connect_timeout=patience,
        # A lost answer is not asked for again: what was taken would be gone, and would seem to be another's.
        retry=Retry(NoBackoff(), 0),
    )
    if trusts is not None:
        over_tls.trust(pool, url, trusts)
    return Redis.from_pool(pool)


def _place(room: str, key: str) -> str:
    return f"{room}\x00{key}"


def _digest(owner: str | None) -> str:
    """Nothing for anybody; otherwise what tells owners apart without naming people."""
    return "" if owner is None else hashlib.sha256(owner.encode("utf-8", "surrogatepass")).hexdigest()[:32]
