"""What every handler works on: options, time, new identities, the store, tokens, and what is broken."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from .errors import problem
from .ims import Tokens
from .options import EmulatorOptions, Variants
from .rows import JsonObject
from .selection import Selector
from .store import SPEC_KINDS, Collection, SandboxStore, Store

if TYPE_CHECKING:
    from .lifecycle import Lifecycle
    from .seed import Seed
    from .wire import Call

SERVICE_CLIENT = "acp_foundation_flowService"
"""Who writes in the background."""


class Clock:
    """The options' clock, which can be advanced."""

    def __init__(self, read: Callable[[], datetime]) -> None:
        self._read = read
        self.ahead = timedelta()

    def now(self) -> datetime:
        return self._read().astimezone(UTC) + self.ahead

    def now_ms(self) -> int:
        return int(self.now().timestamp() * 1000)

    def advance(self, seconds: float) -> None:
        self.ahead += timedelta(seconds=seconds)


class Mint:
    """New ids and ETags, the same ones in the same order for the same seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(f"emulator-{seed}")

    def uuid(self) -> str:
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    def hex(self, length: int) -> str:
        return f"{self._random.getrandbits(length * 4):0{length}x}"

    def etag(self, now_ms: int) -> str:
        """With its own double quotes; the last group is the time of the write, as Adobe's look."""
        return f'"{self.hex(8)}-0000-{self.hex(4)}-0000-{now_ms // 1000:08x}0000"'


class Backend:
    """One emulated organisation. `broken` maps a base connection id to why it cannot be reached."""

    def __init__(self, options: EmulatorOptions, seed_data: Seed | None) -> None:
        self.options = options
        self.variants: Variants = options.variants
        self.clock = Clock(options.clock)
        self.mint = Mint(options.seed)
        self.tokens = Tokens(options)
        self._seed_data = seed_data
        self.store = Store(self._load)
        self._broken: dict[str, str] = {}
        self._selectors: dict[tuple[str, str], Selector] = {}
        self._lifecycles: dict[str, Lifecycle] = {}

    @property
    def broken(self) -> dict[str, str]:
        _ = self.store.sandboxes
        return self._broken

    def reset(self) -> None:
        """Back to the seed; the clock stands where it stood at the start."""
        self.store.reset()
        self._broken.clear()
        self._selectors.clear()
        self._lifecycles.clear()
        self.clock.ahead = timedelta()
        self.mint = Mint(self.options.seed)

    def sandbox(self, call: Call) -> SandboxStore:
        """The sandbox of a call, brought up to the present."""
        sandbox = self.store.sandboxes[call.sandbox]
        lifecycle = self._lifecycles.get(sandbox.name)
        if lifecycle is None:
            from .lifecycle import Lifecycle

            lifecycle = self._lifecycles[sandbox.name] = Lifecycle(self, sandbox)
        lifecycle.advance()
        return sandbox

    def lifecycle(self, sandbox: SandboxStore) -> Lifecycle:
        return self._lifecycles[sandbox.name]

    def selector(self, sandbox: SandboxStore, kind: str) -> Selector:
        scope = "" if kind in SPEC_KINDS else sandbox.name
        selector = self._selectors.get((scope, kind))
        if selector is None:
            collection = self.store.collection(sandbox.name, kind)
            order = (("name", False),) if kind in SPEC_KINDS else (("updatedAt", True),)
            selector = self._selectors[scope, kind] = Selector(collection, default_order=order)
        return selector

    def specs(self, kind: str) -> Collection:
        return self.store.specs(kind)

    def connection_spec(self, id: str) -> JsonObject:
        """Raises 1413-400 for an id that no spec has."""
        return self.spec("connectionSpecs", id)

    def flow_spec(self, id: str) -> JsonObject:
        return self.spec("flowSpecs", id)

    def spec(self, kind: str, id: str) -> JsonObject:
        spec = self.specs(kind).get(id)
        if spec is None:
            raise problem(1413, f"There is no spec with the id '{id}'")
        return spec

    def _load(self) -> Seed:
        seed = self._seed_data
        if seed is None:
            from .seed import build_seed

            options = self.options
            seed = build_seed(seed=options.seed, now=self.clock.now(), scale=options.scale)
        self._broken.update(seed.broken)
        return seed
