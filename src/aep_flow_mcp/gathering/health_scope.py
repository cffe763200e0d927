"""Which flows a question about health is about, and what they are called, as they are when the question is asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from aep_flow_mcp.gathering.asked import AskedError
from aep_flow_mcp.gathering.finding import flow_id_of, ids_meant
from aep_flow_mcp.gathering.flow_index import End, source_end, target_end
from aep_flow_mcp.gathering.memory import Memory
from aep_flow_mcp.gathering.remembered.flows import RememberedFlows
from aep_flow_mcp.gathering.side_by_side import not_answered, side_by_side
from aep_flow_mcp.gathering.unread import Unread
from aep_flow_mcp.gathering.whole_lists import (
    Reading,
    collector,
    read_all,
    read_connectors,
    read_datasets,
    read_flows,
)
from aep_flow_mcp.insight.facts import FlowFacts
from aep_flow_mcp.insight.health.report import UNLISTED_FLOW
from aep_flow_mcp.insight.terms import is_streaming
from aep_flow_mcp.platform.concurrency import together
from aep_flow_mcp.platform.errors import PlatformError
from aep_flow_mcp.platform.filters import Filter, FilterLike
from aep_flow_mcp.platform.models.flows import Flow, FlowKind
from aep_flow_mcp.platform.waiting.patience import OutOfTime

MOST_FILTERED = 80
"""Flows whose runs are asked for by flow id; for more, all runs are read and the others passed over."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The scope as it was asked for. None: not limited."""

    flows: tuple[str, ...] = ()
    connector: str | None = None
    dataset: str | None = None
    kind: FlowKind | None = None

    @property
    def limited(self) -> bool:
        return any((self.flows, self.connector, self.dataset, self.kind))

    def words(self) -> str:
        """Such as "connector amazon-s3, kind source"; "all flows" without limits."""
        parts = [
            ("flow", ", ".join(self.flows)),
            ("connector", self.connector),
            ("dataset", self.dataset),
            ("kind", self.kind),
        ]
        return ", ".join(f"{name} {value}" for name, value in parts if value) or "all flows"


@dataclass(slots=True)
class Scope:
    """The flows asked about, and names for what they use. `flows` is filled while runs are read already,
    when the question is about all of them."""

    asked: Asked
    flows: dict[str, FlowFacts] = field(default_factory=dict)
    connectors: dict[str, str] = field(default_factory=dict)
    datasets: dict[str, str] = field(default_factory=dict)
    ends: dict[str, End] = field(default_factory=dict)
    continuous: set[str] = field(default_factory=set)
    """The flow specs of streaming flows, for which no runs are listed."""
    unread: Unread = field(default_factory=Unread)
    meant: frozenset[str] | None = None
    """The ids of the datasets asked about."""
    _called: tuple[int, Counter[str]] = (0, Counter())
    """How many flows are called so, counted over so many."""

    @property
    def with_runs(self) -> list[FlowFacts]:
        """The flows for which runs can be expected."""
        return [flow for flow in self.flows.values() if flow.spec_id not in self.continuous]

    def wants(self, flow_id: str) -> bool:
        """Whether a run of this flow counts. Runs of flows that are deleted count when all are asked for."""
        return not self.asked.limited or flow_id in self.flows

    def conditions(self) -> list[FilterLike]:
        """Conditions that leave out most runs of other flows."""
        if not self.asked.limited or not 0 < len(self.flows) <= MOST_FILTERED:
            return []
        return [Filter("flowId").in_(self.flows)]

    def name(self, flow_id: str) -> str:
        flow = self.flows.get(flow_id)
        return flow.name or flow_id if flow else UNLISTED_FLOW

    def told_apart(self, flow_id: str) -> str:
        """The name, with the id where another flow is called so."""
        name = self.name(flow_id)
        if self._called[0] != len(self.flows):
            self._called = len(self.flows), Counter(flow.name for flow in self.flows.values())
        return f"{name} ({flow_id})" if self._called[1][name] > 1 else name

    def connector_ids(self, flow_id: str) -> Sequence[str]:
        flow = self.flows.get(flow_id)
        return flow.outer_specs if flow else (UNLISTED_FLOW,)

    def dataset_ids(self, flow_id: str) -> Sequence[str]:
        """The datasets that a flow writes or reads."""
        written, read = self.written_ids(flow_id), self.read_ids(flow_id)
        if flow_id not in self.flows:
            return (UNLISTED_FLOW,)
        return tuple(dict.fromkeys((*written, *read))) or ("(no dataset)",)

    def written_ids(self, flow_id: str) -> Sequence[str]:
        """The datasets that a flow writes into."""
        flow = self.flows.get(flow_id)
        return self._datasets(flow.target_ids) if flow else ()

    def read_ids(self, flow_id: str) -> Sequence[str]:
        """The datasets that a flow reads from."""
        flow = self.flows.get(flow_id)
        return self._datasets(flow.source_ids) if flow else ()

    def _datasets(self, end_ids: Iterable[str]) -> tuple[str, ...]:
        ends = (self.ends.get(id) for id in end_ids)
        return tuple(dict.fromkeys(id for end in ends if end for id in end.datasets))

    def sides(self) -> tuple[list[str], list[str]]:
        """The ids of the flows that write into the datasets asked about, and of those that read from them."""
        meant = self.meant or frozenset()
        writers = [id for id in self.flows if not meant.isdisjoint(self.written_ids(id))]
        return writers, [id for id in self.flows if not meant.isdisjoint(self.read_ids(id))]


async def read_scope(memory: Memory, reading: Reading, asked: Asked, *, datasets: bool) -> Scope:
    """The flows that `asked` means. datasets: also what they write and read is needed.

    Raises:
        AskedError: nothing is called so, or no flow is in the scope.
        PlatformError: a list could not be read.
    """
    scope = Scope(asked)
    if asked.flows:
        aep, now = reading.aep, reading.now

        async def read(text: str) -> Flow:
            return await aep.get_flow(await flow_id_of(memory, aep, text, now=now, progress=reading.progress))

        answered = await side_by_side(asked.flows, read)
        scope.flows.update({flow.id: FlowFacts.of(flow) for flow in answered.found})
        scope.unread.notes += not_answered(answered.unanswered)
        await _read_specs(reading, scope)
        if datasets:
            await _read_ends(reading, scope)
        return scope
    await fill(memory, reading, scope, datasets=datasets or asked.dataset is not None)
    cut = ", ".join(sorted(reading.progress.cut))
    but = f" Only a part of the {cut} could be read in time: try again." if cut else ""
    but += f" {scope.unread.note}" if scope.unread.note else ""
    try:
        _narrow(scope)
    except AskedError as error:
        raise AskedError(f"{error}{but}") from None
    if not scope.flows:
        raise AskedError(f"No flow is in the scope: {asked.words()}.{but}")
    return scope


async def fill(memory: Memory, reading: Reading, scope: Scope, *, datasets: bool) -> None:
    """Read every flow, the connectors' names and, when needed, the datasets around them."""

    async def flows() -> None:
        conditions = _kind_conditions(scope.asked.kind)
        if conditions:
            scope.flows.update(await read_flows(reading, conditions=conditions))
        else:
            scope.flows.update(await memory.cache("remembered_flows", RememberedFlows).read(reading))

    calls: list[Callable[[], Awaitable[None]]] = [flows, partial(_read_specs, reading, scope)]
    if datasets:
        calls.append(partial(_read_ends, reading, scope))
    await together(calls)


async def _helpful(
    reading: Reading, scope: Scope, what: str, call: Callable[[], Awaitable[None]], *, so: str
) -> None:
    """Read what only helps, as far as there is time and it may be read."""
    try:
        await call()
    except OutOfTime:
        reading.progress.cut.add(what)
    except PlatformError as error:
        scope.unread.add(f"The {what}", error, so=so)


async def _read_specs(reading: Reading, scope: Scope) -> None:
    """Both lists are cached by the client."""
    aep = reading.aep

    async def connectors() -> None:
        scope.connectors.update(await read_connectors(aep))

    async def streams() -> None:
        scope.continuous.update(spec.id for spec in await aep.list_flow_specs() if is_streaming(spec))

    named = partial(_helpful, reading, scope, "connectors", connectors, so="they are known by id only")
    told = (
        "which flows are streams, whose runs nobody lists, is not known: some may wrongly count as never run"
    )
    await together([named, partial(_helpful, reading, scope, "flow specs", streams, so=told)])


async def _read_ends(reading: Reading, scope: Scope) -> None:
    """The datasets of flows. Where flows are chosen by dataset, their connections must be read; else they help."""
    aep = reading.aep

    async def names() -> None:
        scope.datasets.update({id: item.name or id for id, item in (await read_datasets(aep)).items()})

    def ends(what: str, lister: Any, value: Any) -> Callable[[], Awaitable[None]]:
        call = partial(read_all, reading, lister, collector(scope.ends, value))
        so = "the datasets of some flows are not known"
        return call if scope.asked.dataset else partial(_helpful, reading, scope, what, call, so=so)

    calls: list[Callable[[], Awaitable[None]]] = [
        partial(_helpful, reading, scope, "datasets", names, so="they are known by id only"),
        ends("target connections", aep.list_target_connections, target_end),
        ends("source connections", aep.list_source_connections, source_end),
    ]
    await together(calls)


def _kind_conditions(kind: FlowKind | None) -> list[FilterLike]:
    if kind is FlowKind.DESTINATION:
        return [Filter("inheritedAttributes.properties.isDestinationFlow").eq(value=True)]
    return []


def _narrow(scope: Scope) -> None:
    """Leave the flows that fulfil what was asked."""
    asked = scope.asked
    connectors = ids_meant(asked.connector, _used(scope.connectors, _specs(scope)), "connector")
    used = (id for end in scope.ends.values() for id in end.datasets)
    datasets = ids_meant(asked.dataset, {**{id: id for id in used}, **scope.datasets}, "dataset")
    scope.meant = datasets
    for flow in list(scope.flows.values()):
        specs = (*flow.source_specs, *flow.target_specs)
        if (
            (asked.kind is not None and flow.kind is not asked.kind)
            or (connectors is not None and connectors.isdisjoint(specs))
            or (datasets is not None and datasets.isdisjoint(scope.dataset_ids(flow.id)))
        ):
            del scope.flows[flow.id]


def _specs(scope: Scope) -> set[str]:
    return {id for flow in scope.flows.values() for id in (*flow.source_specs, *flow.target_specs)}


def _used(names: dict[str, str], ids: Iterable[str]) -> dict[str, str]:
    """Only the connectors that flows use: the catalogue has a hundred more, and a name may be in both."""
    return {id: names.get(id, id) for id in ids}
