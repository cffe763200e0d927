"""What feeds what: objects of a sandbox as a graph, and what breaks when one of them goes.

Edges point the way data goes: account -> source connection -> flow -> target connection -> dataset, and from the
dataset on through the flows that read it. A mapping set and a schema point at what cannot work without them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum


class NodeKind(StrEnum):
    """The kinds of objects that lineage knows."""

    FLOW = "flow"
    DATASET = "dataset"
    ACCOUNT = "account"
    SOURCE = "source_connection"
    TARGET = "target_connection"
    MAPPING = "mapping_set"
    SCHEMA = "schema"


Key = tuple[NodeKind, str]
_NO_DATA = frozenset({NodeKind.MAPPING, NodeKind.SCHEMA})
_PASSED_THROUGH = frozenset({NodeKind.SOURCE, NodeKind.TARGET})


@dataclass(frozen=True, slots=True)
class Node:
    """One object. `detail` qualifies it: a state, a path, a connector. `problem` says why it has no name."""

    kind: NodeKind
    id: str
    name: str | None = None
    detail: str | None = None
    problem: str | None = None

    @property
    def key(self) -> Key:
        return self.kind, self.id

    @property
    def label(self) -> str:
        return self.name or self.id


@dataclass(slots=True)
class Graph:
    """Nodes, and edges between their keys. Adding what is there already changes nothing, but fills in a name."""

    nodes: dict[Key, Node] = field(default_factory=dict)
    after: dict[Key, dict[Key, None]] = field(default_factory=dict)
    before: dict[Key, dict[Key, None]] = field(default_factory=dict)

    def add(self, node: Node) -> Key:
        known = self.nodes.get(node.key)
        if (
            known is None
            or (known.name is None and node.name is not None)
            or (node.problem and not known.problem)
        ):
            self.nodes[node.key] = node
        return node.key

    def link(self, source: Key, target: Key) -> None:
        """Data (or what it needs) goes from `source` to `target`."""
        self.after.setdefault(source, {})[target] = None
        self.before.setdefault(target, {})[source] = None

    def edges(self) -> Iterator[tuple[Key, Key]]:
        for source, targets in self.after.items():
            for target in targets:
                yield source, target

    def upstream(self, start: Key) -> list[Key]:
        """Everything that feeds `start`, the nearest first."""
        return _reach(start, lambda key: self.before.get(key, {}))

    def downstream(self, start: Key) -> list[Key]:
        """Everything that `start` feeds, the nearest first."""
        return _reach(start, lambda key: self.after.get(key, {}))

    def around(self, start: Key, *, up: bool = True, down: bool = True) -> Graph:
        """The part of the graph that feeds `start` (up) or is fed by it (down), with the edges on the way.

        Mapping sets and schemas carry no data: they are in it only next to `start`.
        """
        near = {start, *self.before.get(start, {}), *self.after.get(start, {})}
        part = Graph()
        part.add(self.nodes[start])
        for keys in (
            [start, *self.upstream(start)] if up else [],
            [start, *self.downstream(start)] if down else [],
        ):
            kept = {key for key in keys if key in near or key[0] not in _NO_DATA}
            for key in keys:
                if key in kept:
                    part.add(self.nodes[key])
            for source, target in self.edges():
                if source in kept and target in kept:
                    part.link(source, target)
        return part

    def short(self, keep: Key) -> Graph:
        """The graph without source and target connections, except `keep`: what was joined by them is joined."""
        part = Graph()
        for key, node in self.nodes.items():
            if key == keep or key[0] not in _PASSED_THROUGH:
                part.add(node)
        for key in part.nodes:
            for target in _through(key, self.after, part.nodes):
                part.link(key, target)
        return part


@dataclass(frozen=True, slots=True)
class Impact:
    """What happens when an object is removed, or its credentials stop working.

    `broken` flows fail; `starved` datasets get nothing more from any flow in the graph, `thinner` ones less;
    `stale` flows go on, on data that is no longer fed.
    """

    broken: tuple[Node, ...]
    starved: tuple[Node, ...]
    thinner: tuple[Node, ...]
    stale: tuple[Node, ...]


def impact(graph: Graph, start: Key) -> Impact:
    """What removing `start` does to the flows and datasets of the graph.

    The flows that use it break, whichever way data goes: a dataset's removal breaks those that write it too.
    """
    broken = _users(graph, start)
    starved: dict[Key, None] = {}
    thinner: dict[Key, None] = {}
    stale: dict[Key, None] = {}
    dead = set(broken)
    queue = list(broken)
    while queue:
        flow = queue.pop(0)
        for dataset in _beyond(graph.after, flow, NodeKind.DATASET):
            if dataset == start:
                continue
            feeders = set(_beyond(graph.before, dataset, NodeKind.FLOW))
            if not feeders <= dead:
                thinner[dataset] = None
                continue
            thinner.pop(dataset, None)
            starved[dataset] = None
            for reader in _beyond(graph.after, dataset, NodeKind.FLOW):
                if reader not in dead:
                    dead.add(reader)
                    stale[reader] = None
                    queue.append(reader)
    nodes = graph.nodes
    return Impact(*(tuple(nodes[key] for key in keys) for keys in (broken, starved, thinner, stale)))


def mermaid(graph: Graph, start: Key) -> str:
    """The graph as a Mermaid flowchart; `start` is set off."""
    numbers = {key: f"n{at}" for at, key in enumerate(graph.nodes, 1)}
    lines = ["flowchart LR"]
    for key, node in graph.nodes.items():
        opening, closing = _SHAPES[node.kind]
        lines.append(f'  {numbers[key]}{opening}"{_mermaid_text(node)}"{closing}')
    lines += [f"  {numbers[source]} --> {numbers[target]}" for source, target in graph.edges()]
    lines.append(f"  style {numbers[start]} stroke-width:3px")
    return "\n".join(lines)


_SHAPES = {
    NodeKind.FLOW: ("[[", "]]"),
    NodeKind.DATASET: ("[(", ")]"),
    NodeKind.ACCOUNT: ("([", "])"),
    NodeKind.SOURCE: ("[/", "/]"),
    NodeKind.TARGET: ("[/", "/]"),
    NodeKind.MAPPING: ("{{", "}}"),
    NodeKind.SCHEMA: ("{{", "}}"),
}


def _mermaid_text(node: Node) -> str:
    """Names are data: whatever could end the text or start a directive is written as an entity."""
    text = f"{node.kind.replace('_', ' ')}: {node.label}" + (f" ({node.problem})" if node.problem else "")
    return "".join(char if char.isalnum() or char in " :()-_./,+" else f"#{ord(char)};" for char in text)


def _users(graph: Graph, start: Key) -> list[Key]:
    """The flows that cannot work without `start`."""
    kind = start[0]
    if kind is NodeKind.FLOW:
        return [start]
    found = [*_beyond(graph.after, start, NodeKind.FLOW), *_beyond(graph.before, start, NodeKind.FLOW)]
    if kind is NodeKind.SCHEMA:
        for dataset in _beyond(graph.after, start, NodeKind.DATASET):
            found += _beyond(graph.before, dataset, NodeKind.FLOW)
    return list(dict.fromkeys(found))


def _beyond(edges: dict[Key, dict[Key, None]], start: Key, kind: NodeKind) -> list[Key]:
    """The nearest nodes of a kind in one direction, through connections only."""
    found: dict[Key, None] = {}
    queue = [start]
    seen = {start}
    while queue:
        for key in edges.get(queue.pop(0), {}):
            if key in seen:
                continue
            seen.add(key)
            if key[0] is kind:
                found[key] = None
            elif key[0] in _PASSED_THROUGH:
                queue.append(key)
    return list(found)


def _through(start: Key, after: dict[Key, dict[Key, None]], kept: Iterable[Key]) -> list[Key]:
    """The kept nodes that `start` reaches over nodes that are not kept."""
    known = set(kept)
    found: dict[Key, None] = {}
    queue = [start]
    seen = {start}
    while queue:
        for key in after.get(queue.pop(0), {}):
            if key in known:
                found[key] = None
            elif key not in seen:
                seen.add(key)
                queue.append(key)
    return list(found)


def _reach(start: Key, step: Callable[[Key], Iterable[Key]]) -> list[Key]:
    seen = {start: None}
    queue = [start]
    while queue:
        for key in step(queue.pop(0)):
            if key not in seen:
                seen[key] = None
                queue.append(key)
    return list(seen)[1:]
