"""Reading the neighbourhood of an object: one round of concurrent calls for each step away from it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from aep_flow_mcp.gathering.asked import AskedError
from aep_flow_mcp.gathering.finding import can_be_asked, index_of
from aep_flow_mcp.gathering.flow_index import FlowIndex
from aep_flow_mcp.gathering.flow_parts import found
from aep_flow_mcp.gathering.memory import Memory
from aep_flow_mcp.gathering.progress import Progress
from aep_flow_mcp.gathering.unread import Unread
from aep_flow_mcp.insight.lineage import Graph, Key, Node, NodeKind
from aep_flow_mcp.insight.search import fold
from aep_flow_mcp.insight.shapes import Problem
from aep_flow_mcp.platform.concurrency import together
from aep_flow_mcp.platform.errors import ErrorKind, PlatformError
from aep_flow_mcp.platform.filters import Condition, Filter
from aep_flow_mcp.platform.models.connections import SourceConnection, TargetConnection
from aep_flow_mcp.platform.models.flows import Flow
from aep_flow_mcp.platform.paging import Page
from aep_flow_mcp.platform.reader import FlowReader

MOST_OF_ONE = 300
"""Flows or connections of one object that are read; more would fit neither an answer nor a minute."""
_BEYOND = "objects beyond them are not shown, and more may depend on this than is listed"
BATCH = 40
"""Ids in one filter."""
Call = Callable[[], Awaitable[None]]


async def find_start(
    memory: Memory, aep: FlowReader, text: str, kind: NodeKind | None, *, now: datetime, progress: Progress
) -> Key:
    """The object that is meant: an id of any kind, else a name.

    Raises:
        AskedError: nothing is called so, or several things are.
    """
    wanted = text.strip()
    by_id = await _by_id(aep, wanted, [kind] if kind else list(_GETS))
    if by_id is not None:
        return by_id
    if kind in _ENDS:
        return await _end_called(aep, wanted, kind)
    index = await index_of(memory, aep, now=now, progress=progress)
    named: dict[NodeKind, dict[str, str]] = {
        NodeKind.FLOW: {flow.id: flow.name for flow in index.order},
        NodeKind.DATASET: index.datasets,
        NodeKind.ACCOUNT: index.accounts,
        NodeKind.SCHEMA: index.schema_titles,
    }
    plain = fold(wanted)
    kinds = [kind] if kind else list(named)
    same = [(each, id) for each in kinds for id, name in named.get(each, {}).items() if fold(name) == plain]
    if len(same) == 1:
        return same[0]
    if not same and kind is None:
        same = await _ends_called(aep, wanted, list(_ENDS))
        if len(same) == 1:
            return same[0]
    if same:
        which = ", ".join(f"{each.value} {id}" for each, id in same[:5])
        raise AskedError(f"Several objects are called {wanted!r}: {which}. Give kind, or the id.")
    close = [
        (each, id, name) for each in kinds for id, name in named.get(each, {}).items() if plain in fold(name)
    ]
    if len(close) == 1:
        return close[0][0], close[0][1]
    which = ", ".join(f"{name} ({each.value} {id})" for each, id, name in close[:5])
    hint = f"Close: {which}." if close else "Try find_flows."
    raise AskedError(f"No object is called {wanted!r}. {hint}{index.lacking}")


_ENDS: dict[NodeKind, Callable[[FlowReader, Condition], Awaitable[Page[Any]]]] = {
    NodeKind.SOURCE: lambda aep, asked: aep.list_source_connections(asked, limit=5),
    NodeKind.TARGET: lambda aep, asked: aep.list_target_connections(asked, limit=5),
}


async def _ends_called(aep: FlowReader, name: str, kinds: list[NodeKind]) -> list[Key]:
    """The source and target connections of exactly this name; none for names that filters cannot express."""
    if not can_be_asked(name):
        return []
    pages = await together([partial(_ENDS[kind], aep, Filter("name").eq(name)) for kind in kinds])
    return [(kind, item.id) for kind, page in zip(kinds, pages, strict=True) for item in page.items]


async def _end_called(aep: FlowReader, name: str, kind: NodeKind) -> Key:
    called = await _ends_called(aep, name, [kind])
    if len(called) == 1:
        return called[0]
    what = kind.value.replace("_", " ")
    if called:
        ids = ", ".join(id for _, id in called)
        raise AskedError(f"Several {what}s are called {name!r}: {ids}. Give the id.")
    raise AskedError(f"No {what} is called {name!r}: list_{kind.value}s shows what there is.")


def used_by_this_flow_only(index: FlowIndex, flow_id: str, keys: Iterable[Key]) -> set[Key]:
    """Which of the objects at the ends of a flow no other flow of the sandbox uses."""
    mine = index.flows.get(flow_id)
    if mine is None:
        return set()
    others = [flow for flow in index.order if flow.id != flow_id]
    used: dict[NodeKind, set[str]] = {
        NodeKind.ACCOUNT: {id for flow in others for id in index.accounts_of(flow)},
        NodeKind.DATASET: {id for flow in others for id in index.datasets_of(flow)},
        NodeKind.MAPPING: {flow.mapping_id for flow in others if flow.mapping_id},
    }
    own: dict[NodeKind, set[str]] = {
        NodeKind.ACCOUNT: set(index.accounts_of(mine)),
        NodeKind.DATASET: set(index.datasets_of(mine)),
        NodeKind.MAPPING: {mine.mapping_id} if mine.mapping_id else set(),
    }
    return {key for key in keys if key[0] in used and key[1] in own[key[0]] - used[key[0]]}


_GETS: dict[NodeKind, Callable[[FlowReader, str], Awaitable[Any]]] = {
    NodeKind.FLOW: lambda aep, id: aep.get_flow(id),
    NodeKind.ACCOUNT: lambda aep, id: aep.get_connection(id),
    NodeKind.SOURCE: lambda aep, id: aep.get_source_connection(id),
    NodeKind.TARGET: lambda aep, id: aep.get_target_connection(id),
    NodeKind.DATASET: lambda aep, id: aep.neighbours.get_dataset(id),
    NodeKind.MAPPING: lambda aep, id: aep.neighbours.get_mapping_set(id),
    NodeKind.SCHEMA: lambda aep, id: aep.neighbours.get_schema(id),
}


async def _by_id(aep: FlowReader, text: str, kinds: list[NodeKind]) -> Key | None:
    """What has this id. Ids have no spaces, and a schema's is a URI; others are letters, digits and dashes."""
    if " " in text or not text.isascii():
        return None
    is_uri = "://" in text or text.startswith("_")
    fitting = [kind for kind in kinds if (kind is NodeKind.SCHEMA) == is_uri]

    failed: list[PlatformError] = []

    async def exists(kind: NodeKind) -> bool:
        try:
            await _GETS[kind](aep, text)
        except PlatformError as error:
            if error.kind not in (ErrorKind.NOT_FOUND, ErrorKind.INVALID, ErrorKind.PERMISSION):
                failed.append(error)
            return False
        return True

    if not is_uri and not any(char.isdigit() for char in text):
        return None
    there = await together([partial(exists, kind) for kind in fitting])
    start = next(((kind, text) for kind, is_there in zip(fitting, there, strict=True) if is_there), None)
    if start is None and failed:
        raise failed[0]  # it may be what could not be read
    return start


async def read_graph(aep: FlowReader, start: Key, *, up: bool, hops: int) -> tuple[Graph, list[str], bool]:
    """The objects around `start`, what the reader of the graph should know about it, and whether all of it
    was read.

    Downstream is always read, and every flow that feeds a dataset there: without those nobody could say which
    datasets get nothing more.
    """
    reading = _Reading(aep)
    frontier = await reading.flows_at(start)
    await reading.follow(frontier, hops, reading.fed_by)
    if up:
        await reading.follow(frontier, hops, reading.feeding)
    fed = [key[1] for key in reading.graph.downstream(start) if key[0] is NodeKind.DATASET]
    await reading.add(await reading.feeding(fed))
    await reading.name_all({start, *reading.graph.upstream(start), *reading.graph.downstream(start)})
    complete = not reading.unread.errors and not reading.cut
    return reading.graph, [*dict.fromkeys(reading.notes), *reading.unread.notes], complete


@dataclass
class _Reading:
    """The graph so far. Flows are read whole, with the connections, accounts and datasets at their ends."""

    aep: FlowReader
    graph: Graph = field(default_factory=Graph)
    notes: list[str] = field(default_factory=list)
    unread: Unread = field(default_factory=Unread)
    cut: set[str] = field(default_factory=set)
    """Of what there is more than was followed, as lists are called."""
    seen: set[str] = field(default_factory=set)
    sources: dict[str, SourceConnection] = field(default_factory=dict)
    targets: dict[str, TargetConnection] = field(default_factory=dict)

    async def flows_at(self, start: Key) -> list[Flow]:
        """The flows that use `start`, added to the graph."""
        kind, id = start
        self.graph.add(Node(kind, id))
        match kind:
            case NodeKind.FLOW:
                flows = [await self.aep.get_flow(id)]
            case NodeKind.SOURCE:
                flows = await self._flows("sourceConnectionIds[]", [id])
            case NodeKind.TARGET:
                flows = await self._flows("targetConnectionIds[]", [id])
            case NodeKind.MAPPING:
                flows = await self._flows("transformations[].params.mappingId", [id])
            case NodeKind.ACCOUNT:
                flows = await self._flows_of_account(id)
            case NodeKind.DATASET:
                flows = [*await self.feeding([id]), *await self.fed_by([id])]
            case _:
                flows = await self._flows_of_schema(id)
        await self.add(flows)
        return flows

    async def follow(
        self, flows: list[Flow], hops: int, step: Callable[[list[str]], Awaitable[list[Flow]]]
    ) -> None:
        """Go on from flow to flow over the datasets between them."""
        upwards = step == self.feeding
        for _ in range(hops - 1):
            datasets = {
                id
                for flow in flows
                for key in (self.graph.before if upwards else self.graph.after).get(
                    (NodeKind.FLOW, flow.id), {}
                )
                for id in self._datasets_beyond(key, upwards=upwards)
            }
            flows = [flow for flow in await step(sorted(datasets)) if flow.id not in self.seen]
            if not flows:
                return
            await self.add(flows)

    async def feeding(self, datasets: list[str]) -> list[Flow]:
        """The flows that write into any of the datasets."""
        targets = await self._all(self.aep.iter_target_connections, "params.dataSetId", datasets)
        self.targets.update({target.id: target for target in targets})
        return await self._flows("targetConnectionIds[]", [target.id for target in targets])

    async def fed_by(self, datasets: list[str]) -> list[Flow]:
        """The flows that read any of the datasets."""
        paths = ("params.datasets[].dataSetId", "params.dataSetId")
        lists = await together(
            [partial(self._all, self.aep.iter_source_connections, path, datasets) for path in paths]
        )
        self.sources.update({source.id: source for sources in lists for source in sources})
        ids = dict.fromkeys(source.id for sources in lists for source in sources)
        return await self._flows("sourceConnectionIds[]", list(ids))

    async def name_all(self, keys: set[Key]) -> None:
        """Give accounts, datasets, mapping sets and schemas their names, or say that they are gone."""
        unnamed = [key for key, node in self.graph.nodes.items() if key in keys and node.name is None]
        await together([partial(self._name, key) for key in unnamed if key[0] in _GETS])

    async def _name(self, key: Key) -> None:
        kind, id = key
        thing = await found(partial(_GETS[kind], self.aep, id))
        if isinstance(thing, Problem):
            self.graph.add(Node(kind, id, problem=str(thing)))
            return
        name = getattr(thing, "name", None) or getattr(thing, "title", None)
        state = getattr(thing, "state", None)
        self.graph.add(
            Node(kind, id, name, None if str(state or "enabled").casefold() == "enabled" else str(state))
        )

    async def _flows_of_account(self, id: str) -> list[Flow]:
        listers = (self.aep.iter_source_connections, self.aep.iter_target_connections)
        sources, targets = await together(
            [partial(self._all, lister, "baseConnectionId", [id]) for lister in listers]
        )
        self.sources.update({source.id: source for source in sources})
        self.targets.update({target.id: target for target in targets})
        if sources or targets:
            least = "At least " if self.cut else ""
            self.notes.append(
                f"{least}{len(sources)} source and {len(targets)} target connections use this account."
            )
        reading, writing = await together(
            [
                partial(self._flows, "sourceConnectionIds[]", [source.id for source in sources]),
                partial(self._flows, "targetConnectionIds[]", [target.id for target in targets]),
            ]
        )
        return [*reading, *writing]

    async def _flows_of_schema(self, id: str) -> list[Flow]:
        targets = await self._all(self.aep.iter_target_connections, "data.schema.id", [id])
        self.targets.update({target.id: target for target in targets})
        return await self._flows("targetConnectionIds[]", [target.id for target in targets])

    async def _flows(self, path: str, ids: list[str]) -> list[Flow]:
        flows = await self._all(self.aep.iter_flows, path, ids)
        return list({flow.id: flow for flow in flows}.values())

    async def _all(self, lister: Callable[..., AsyncIterator[Any]], path: str, ids: list[str]) -> list[Any]:
        """Everything whose `path` is one of the ids, a batch of ids a call."""
        batches = [ids[at : at + BATCH] for at in range(0, min(len(ids), MOST_OF_ONE), BATCH)]
        name = lister.__name__.removeprefix("iter_").replace("_", " ")
        if len(ids) > MOST_OF_ONE:
            self.cut.add(name)
            self.notes.append(f"Only the first {MOST_OF_ONE} of {len(ids)} connections were followed.")

        async def read(batch: list[str]) -> list[Any]:
            return [item async for item in lister([Filter(path).in_(batch)], cap=MOST_OF_ONE + 1)]

        # A list is asked for along several ways; that it may not be read is said once.
        what = f"The {name}"
        if what in self.unread.errors:
            return []
        calls = [partial(self.unread.read, what, partial(read, batch), [], so=_BEYOND) for batch in batches]
        lists = await together(calls)
        if any(len(listed) > MOST_OF_ONE for listed in lists):
            self.cut.add(name)
            self.notes.append(f"There are more than {MOST_OF_ONE} {name}: only the first were followed.")
        return [item for listed in lists for item in listed[:MOST_OF_ONE]]

    async def add(self, flows: Iterable[Flow]) -> None:
        """Put flows into the graph with everything at their ends."""
        listed = [flow for flow in flows if flow.id not in self.seen]
        self.seen.update(flow.id for flow in listed)
        await together([*self._missing_ends(listed)])
        for flow in listed:
            self._add_flow(flow)

    def _missing_ends(self, flows: list[Flow]) -> Iterable[Call]:
        for known, ids, get in (
            (
                self.sources,
                {id for flow in flows for id in flow.source_connection_ids},
                self.aep.get_source_connection,
            ),
            (
                self.targets,
                {id for flow in flows for id in flow.target_connection_ids},
                self.aep.get_target_connection,
            ),
        ):
            yield from (partial(self._read_end, known, get, id) for id in sorted(ids - known.keys()))

    async def _read_end(self, known: dict[str, Any], get: Callable[[str], Awaitable[Any]], id: str) -> None:
        what = f"{get.__name__.removeprefix('get_').replace('_', ' ').capitalize()}s among these"
        end = await self.unread.read(what, partial(get, id), None, so=_BEYOND)
        if end is not None:
            known[id] = end

    def _add_flow(self, flow: Flow) -> None:
        graph = self.graph
        me = graph.add(Node(NodeKind.FLOW, flow.id, flow.name or flow.id, flow.state))
        bases = {
            ref.id: ref.base_connection.id
            for ref in [*flow.source_refs, *flow.target_refs]
            if ref.base_connection
        }
        for id in flow.source_connection_ids:
            source = self.sources.get(id)
            end = graph.add(
                Node(
                    NodeKind.SOURCE,
                    id,
                    (source.name or id) if source else None,
                    source.path if source else None,
                )
            )
            graph.link(end, me)
            account = (source.base_id if source else None) or bases.get(id)
            if account:
                graph.link(graph.add(Node(NodeKind.ACCOUNT, account)), end)
            for dataset in source.dataset_ids if source else ():
                graph.link(graph.add(Node(NodeKind.DATASET, dataset)), end)
        for id in flow.target_connection_ids:
            target = self.targets.get(id)
            end = graph.add(Node(NodeKind.TARGET, id, (target.name or id) if target else None))
            graph.link(me, end)
            account = (target.base_id if target else None) or bases.get(id)
            if account:
                graph.link(end, graph.add(Node(NodeKind.ACCOUNT, account)))
            if target and target.dataset_id:
                dataset_key = graph.add(Node(NodeKind.DATASET, target.dataset_id))
                graph.link(end, dataset_key)
                if target.schema_id:
                    graph.link(graph.add(Node(NodeKind.SCHEMA, target.schema_id)), dataset_key)
        if flow.mapping:
            graph.link(graph.add(Node(NodeKind.MAPPING, flow.mapping.mapping_id)), me)

    def _datasets_beyond(self, key: Key, *, upwards: bool) -> list[str]:
        edges = self.graph.before if upwards else self.graph.after
        return [id for kind, id in (key, *edges.get(key, {})) if kind is NodeKind.DATASET]
