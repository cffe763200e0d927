"""What every handler works on: options, time, new identities, the store, tokens, and what is broken."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

from ..http.errors import problem
from ..http.messages import Answer, Call
from ..json_types import JsonObject
from .clock import Clock
from .content import Seed
from .mint import Mint
from .options import EmulatorOptions, Variants
from .selection import Selector
from .store import SPEC_KINDS, Collection, SandboxStore, Store
from .tokens import Tokens

SERVICE_CLIENT = "acp_foundation_flowService"
"""Who writes in the background."""


class Lifecycle(Protocol):
    """What happens by itself in one sandbox: flows run, runs end, states settle."""

    def advance(self) -> None:
        """Let everything happen that falls due up to now."""
        ...

    def entered(self, flow: JsonObject, state: str, *, between: str) -> JsonObject:
        """The flow was written and is on its way to a state. Gives back the flow as it is stored."""
        ...

    def begin_run(
        self,
        flow: JsonObject,
        *,
        at_ms: int,
        starts_ms: int | None = None,
        client: str = SERVICE_CLIENT,
        params: JsonObject | None = None,
    ) -> JsonObject:
        """Store a new run, which then starts and ends by itself. Times are epoch milliseconds."""
        ...


class Backend:
    """One emulated organisation. `broken` maps a base connection id to why it cannot be reached.

    `load` makes the organisation as it is at a time, `live` gives a sandbox its lifecycle; each is called
    when it is first needed.
    """

    def __init__(
        self,
        options: EmulatorOptions,
        *,
        load: Callable[[datetime], Seed],
        live: Callable[[Backend, SandboxStore], Lifecycle],
    ) -> None:
        self.options = options
        self.variants: Variants = options.variants
        self.clock = Clock(options.clock)
        self.mint = Mint(options.seed)
        self.tokens = Tokens(options)
        self.store = Store(self._loaded)
        self._load = load
        self._live = live
        self._broken: dict[str, str] = {}
        self.unreachable: str | None = None
        """What is said of every source where there is nothing behind the accounts."""
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
            lifecycle = self._lifecycles[sandbox.name] = self._live(self, sandbox)
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

    def _loaded(self) -> Seed:
        seed = self._load(self.clock.now())
        self._broken.update(seed.broken)
        self.unreachable = seed.unreachable
        return seed


Handler = Callable[[Backend, Call], Answer]
