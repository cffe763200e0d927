"""An index of a sandbox's flows with the names around them, for search only: at most a minute old."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import anyio
import anyio.to_thread

from aep_flow_mcp.gathering.whole_lists import (
    Reading,
    collector,
    read_all,
    read_connectors,
    read_datasets,
    read_flows,
    read_schema_titles,
)
from aep_flow_mcp.insight.facts import FlowFacts
from aep_flow_mcp.insight.search import Field, SearchIndex, fold
from aep_flow_mcp.insight.words import audience_schedule
from aep_flow_mcp.platform.concurrency import together
from aep_flow_mcp.platform.errors import PlatformError
from aep_flow_mcp.platform.models.common import to_text
from aep_flow_mcp.platform.models.connections import SourceConnection, TargetConnection
from aep_flow_mcp.platform.models.flows import Flow
from aep_flow_mcp.platform.models.neighbours import Dataset

MAX_AGE = 60.0
"""Seconds after which the index is read again, counted from when its reading began."""


MANY = 2_000
"""Flows of which the index is made beside the event loop: of ten thousand it takes a third of a second."""


@dataclass(frozen=True, slots=True)
class End:
    """What the index keeps of a source or target connection."""

    datasets: tuple[str, ...]
    account: str | None
    schema: str | None
    path: str


@dataclass(frozen=True, slots=True)
class Audiences:
    """What the index keeps of the audiences that a destination flow activates."""

    names: tuple[str, ...]
    ids: tuple[str, ...]
    schedules: tuple[str, ...]


@dataclass(frozen=True)
class FlowIndex:
    """The flows of a sandbox and what they are called by.

    `schemas` gives a dataset's schema, the other maps give names by id. `problems` names the lists that could not
    be read.
    """

    flows: dict[str, FlowFacts]
    ends: dict[str, End]
    datasets: dict[str, str]
    schemas: dict[str, str]
    schema_titles: dict[str, str]
    connectors: dict[str, str]
    accounts: dict[str, str]
    problems: tuple[str, ...]
    read_at: float
    audiences: dict[str, Audiences] = field(default_factory=dict)
    """Of each flow that activates any, by the flow's id."""
    complete: bool = True
    """False when time allowed only a part of some list; `problems` says of which."""
    order: list[FlowFacts] = field(init=False)
    search: SearchIndex = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "order", list(self.flows.values()))
        folded = _Folder()
        fields = [self._fields(flow, folded) for flow in self.order]
        object.__setattr__(self, "search", SearchIndex(fields, [self._ids(flow) for flow in self.order]))

    @property
    def age(self) -> float:
        """Seconds since its reading began."""
        return time.monotonic() - self.read_at

    @property
    def lacking(self) -> str:
        """What to add where nothing was found: it may be among what could not be read. Else empty."""
        return f" Could not be read, so it may be there: {', '.join(self.problems)}." if self.problems else ""

    @property
    def every_connector(self) -> dict[str, str]:
        """The names of all connectors, and the ids of those that flows use."""
        return {**{id: id for flow in self.order for id in flow.outer_specs}, **self.connectors}

    @property
    def every_account(self) -> dict[str, str]:
        """Likewise of accounts."""
        return {**{id: id for flow in self.order for id in self.accounts_of(flow)}, **self.accounts}

    @property
    def every_dataset(self) -> dict[str, str]:
        """The names of all datasets, and the ids of those that flows use and Catalog does not list."""
        used = (id for end in self.ends.values() for id in end.datasets)
        return {**{id: id for id in used}, **self.datasets}

    def datasets_of(self, flow: FlowFacts) -> list[str]:
        """The ids of the datasets that a flow writes or reads."""
        ends = (self.ends.get(id) for id in (*flow.target_ids, *flow.source_ids))
        return list(dict.fromkeys(id for end in ends if end for id in end.datasets))

    def schemas_of(self, flow: FlowFacts) -> list[str]:
        ends = [self.ends[id] for id in (*flow.target_ids, *flow.source_ids) if id in self.ends]
        datasets = [self.schemas.get(id) for end in ends for id in end.datasets]
        return list(dict.fromkeys(id for id in (*(end.schema for end in ends), *datasets) if id))

    def accounts_of(self, flow: FlowFacts) -> list[str]:
        ends = (self.ends.get(id) for id in (*flow.source_ids, *flow.target_ids))
        return list(dict.fromkeys((*flow.accounts, *(end.account for end in ends if end and end.account))))

    def source_accounts(self, flow: FlowFacts) -> list[str]:
        """The names of the accounts that a flow reads with."""
        return self._account_names(flow.source_ids)

    def target_accounts(self, flow: FlowFacts) -> list[str]:
        """The names of the accounts that a flow writes with."""
        return self._account_names(flow.target_ids)

    def audience_names(self, flow: FlowFacts) -> list[str]:
        held = self.audiences.get(flow.id)
        return list(held.names) if held else []

    @property
    def uses_lack(self) -> list[str]:
        """The lists without which nobody can say who uses what."""
        needed = ("flows", "source connections", "target connections")
        return [problem for problem in self.problems if problem.endswith(needed)]

    def uses(self) -> dict[str, int]:
        """Account id -> how many flows use it, whichever way."""
        return dict(Counter(id for flow in self.order for id in self.accounts_of(flow)))

    def _account_names(self, ids: Iterable[str]) -> list[str]:
        owners = (end.account for id in ids if (end := self.ends.get(id)))
        return list(dict.fromkeys(self.accounts.get(id, id) for id in owners if id))

    def dataset_names(self, flow: FlowFacts) -> list[str]:
        """Names, and what to say of datasets that Catalog does not list (any more)."""
        lost = "" if "datasets" in self.problems else " (not found)"
        return [self.datasets.get(id) or f"{id}{lost}" for id in self.datasets_of(flow)]

    def connector_names(self, flow: FlowFacts) -> list[str]:
        return [self.connectors.get(id, id) for id in flow.outer_specs]

    def account_names(self, flow: FlowFacts) -> list[str]:
        return [self.accounts.get(id, id) for id in self.accounts_of(flow)]

    def _fields(self, flow: FlowFacts, folded: _Folder) -> tuple[Field, ...]:
        paths = [end.path for id in flow.source_ids if (end := self.ends.get(id)) and end.path]
        texts = [
            ("name", flow.name, 1.0),
            ("dataset", " ".join(self.dataset_names(flow)), 0.9),
            ("account", " ".join(self.account_names(flow)), 0.9),
            ("connector", " ".join(self.connector_names(flow)), 0.9),
            ("audience", " ".join(self.audience_names(flow)), 0.9),
            ("path", " ".join(paths), 0.85),
            ("description", flow.description, 0.8),
        ]
        return tuple(Field(name, text, weight) for name, raw, weight in texts if (text := folded(raw)))

    def _ids(self, flow: FlowFacts) -> Iterable[str]:
        yield flow.id
        yield from (*flow.source_ids, *flow.target_ids, *self.accounts_of(flow), *self.datasets_of(flow))
        if flow.id in self.audiences:
            yield from self.audiences[flow.id].ids
        if flow.mapping_id:
            yield flow.mapping_id


class FlowIndexes:
    """The index of each sandbox. Kept by the App: `app.cache("flow_indexes", FlowIndexes)`."""

    def __init__(self) -> None:
        self._kept: dict[str | None, FlowIndex] = {}
        self._locks: dict[str | None, anyio.Lock] = {}
        self._dropped = 0

    def drop(self) -> None:
        """Forget everything, because something was written."""
        self._kept.clear()
        self._dropped += 1

    async def get(self, reading: Reading) -> FlowIndex:
        """The index of the reader's sandbox, read again when it is too old. One reading for all who wait.

        Raises:
            PlatformError: the flows could not be read.
        """
        sandbox = reading.aep.sandbox
        lock = self._locks.setdefault(sandbox, anyio.Lock())
        async with lock:
            known = self._kept.get(sandbox)
            if known is None or known.age >= MAX_AGE:
                dropped = self._dropped
                known = await read_index(reading)
                # What was written meanwhile, or was not read in time, is missing in it: good for who waited, for
                # nobody after.
                if dropped == self._dropped and known.complete:
                    self._kept[sandbox] = known
            return known


async def read_index(reading: Reading) -> FlowIndex:
    """Read every flow, its ends, and the names of datasets, connectors and accounts, all side by side.

    Only the flows have to be there: without the rights to read the others, fewer names are known.
    """
    began = time.monotonic()
    ends: dict[str, End] = {}
    accounts: dict[str, str] = {}
    flows: dict[str, FlowFacts] = {}
    audiences: dict[str, Audiences] = {}
    datasets: dict[str, Dataset] = {}
    titles: dict[str, str] = {}
    connectors: dict[str, str] = {}
    problems: list[str] = []
    aep, read = reading.aep, partial(read_all, reading)

    async def optional(what: str, call: Callable[[], Awaitable[None]]) -> None:
        try:
            await call()
        except PlatformError:
            problems.append(what)

    async def into(known: dict[str, Any], call: Callable[[], Awaitable[dict[str, Any]]]) -> None:
        known.update(await call())

    sources = partial(read, aep.list_source_connections, collector(ends, source_end))
    targets = partial(read, aep.list_target_connections, collector(ends, target_end))
    owners = partial(read, aep.list_connections, collector(accounts, lambda item: item.name or item.id))
    await together(
        [
            partial(into, flows, partial(read_flows, reading, aside=partial(_keep_audiences, audiences))),
            partial(optional, "datasets", partial(into, datasets, partial(read_datasets, aep))),
            partial(optional, "schemas", partial(into, titles, partial(read_schema_titles, aep))),
            partial(optional, "connectors", partial(into, connectors, partial(read_connectors, aep))),
            partial(optional, "source connections", sources),
            partial(optional, "target connections", targets),
            partial(optional, "accounts", owners),
        ]
    )
    build = partial(
        FlowIndex,
        flows=flows,
        ends=ends,
        datasets={id: dataset.name or id for id, dataset in datasets.items()},
        schemas={id: dataset.schema_id for id, dataset in datasets.items() if dataset.schema_id},
        schema_titles=titles,
        connectors=connectors,
        accounts=accounts,
        problems=(*problems, *(f"a part of the {what}" for what in sorted(reading.progress.cut))),
        read_at=began,
        audiences=audiences,
        complete=not reading.progress.cut,
    )
    return build() if len(flows) < MANY else await anyio.to_thread.run_sync(build)


def _keep_audiences(known: dict[str, Audiences], flow: Flow) -> None:
    if flow.audiences:
        names = (to_text(each.get("name")) for each in flow.audiences)
        ids = (to_text(each.get("id")) for each in flow.audiences)
        schedules = map(audience_schedule, flow.audiences)
        known[flow.id] = Audiences(*(tuple(filter(None, each)) for each in (names, ids, schedules)))


def source_end(source: SourceConnection) -> End:
    return End(tuple(map(sys.intern, source.dataset_ids)), _kept(source.base_id), None, source.path or "")


def target_end(target: TargetConnection) -> End:
    datasets = (sys.intern(target.dataset_id),) if target.dataset_id else ()
    return End(datasets, _kept(target.base_id), _kept(target.schema_id), "")


def _kept(text: str | None) -> str | None:
    """Ids repeat over thousands of flows: one copy of each is enough."""
    return sys.intern(text) if text else None


class _Folder:
    """Folds each text once, and shares what is equal."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def __call__(self, text: str) -> str:
        known = self._known.get(text)
        if known is None:
            known = self._known[text] = fold(text)
        return known
