"""What feeds what, from any object: accounts, connections, flows, datasets, mapping sets, schemas."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, Field

from aep_flow_mcp.answers.pictures.lineage import lineage_picture
from aep_flow_mcp.answers.pieces import Pieces, as_it_is
from aep_flow_mcp.answers.progress import progress_of
from aep_flow_mcp.answers.text import InPieces, table
from aep_flow_mcp.gathering import times
from aep_flow_mcp.gathering.finding import index_of
from aep_flow_mcp.gathering.neighbourhood import find_start, read_graph, used_by_this_flow_only
from aep_flow_mcp.insight.lineage import Graph, Impact, Key, Node, NodeKind, impact, mermaid
from aep_flow_mcp.platform.models.text import clean_text
from aep_flow_mcp.surface.dependencies import AppState, Reader
from aep_flow_mcp.surface.params import Cursor
from aep_flow_mcp.surface.registry import read_tool

MOST_NODES = 60
SHOWN = 30
VIEW = "aep-flow-mcp/lineage"
"""Where what an app needs beyond the structure stands in the `_meta` of the answer."""
LISTS = ("nodes", "writers", "readers", "breaks", "starves", "thins", "stales")


class Direction(StrEnum):
    """Which way to follow."""

    BOTH = "both"
    UP = "up"
    DOWN = "down"


class NodeRow(BaseModel):
    """One object; `n` is what `edges` call it."""

    n: str
    kind: NodeKind
    id: str
    name: str | None = None
    detail: str | None = None


class Lineage(InPieces):
    """The neighbourhood of an object. An edge "n1>n2": data, or what it needs, goes from n1 to n2.

    `writers` are the flows that feed the object itself, `readers` those that it feeds.

    The last four lists say what happens when the object is removed, or its credentials stop working: flows that
    fail, datasets that get no more data, datasets that get less, flows that go on without new data. With `complete`
    false something could not be read, and they may lack objects. With a cursor there is only the list that it goes on
    in, `part`; `edges` are those between its nodes and earlier ones.
    """

    start: str
    nodes: list[NodeRow]
    edges: list[str]
    writers: list[str] = Field(default_factory=list)
    readers: list[str] = Field(default_factory=list)
    breaks: list[str]
    starves: list[str]
    thins: list[str]
    stales: list[str]
    mermaid: str | None = None
    part: str | None = None
    complete: bool = True
    notes: list[str] = Field(default_factory=list)

    def text(self) -> str:
        lines = [self.mermaid] if self.mermaid else table(self.nodes)
        if self.nodes and not self.mermaid:
            lines.append(f"edges: {', '.join(self.edges) or 'none'}")
        if "nodes" in self.more:
            lines.append(f"objects: {self.told('nodes', len(self.nodes))}")
        none = "no other flow breaks" if self.complete else "no other flow is known to break"
        breaks = self._listed("breaks flows", "breaks") or (none if self.part is None else "")
        lines += [
            self._listed("written by", "writers"),
            self._listed("read by", "readers"),
            f"without {clean_text(self.start)}: {breaks}" if breaks else "",
            self._listed("datasets without data", "starves"),
            self._listed("datasets with less data", "thins"),
            self._listed("flows on stale data", "stales"),
        ]
        return "\n".join([*filter(None, lines), *self.notes])

    def _listed(self, title: str, name: str) -> str:
        names = getattr(self, name)
        return (
            f"{title} ({self.told(name, len(names))}): {', '.join(map(clean_text, names))}" if names else ""
        )


@read_tool("core")
async def trace_lineage(
    app: AppState,
    aep: Reader,
    object: Annotated[str, Field(min_length=1, max_length=300, description="id or name")],
    object_kind: NodeKind | None = None,
    follow: Direction = Direction.BOTH,
    hops: Annotated[int, Field(ge=1, le=5, description="flows each way")] = 2,
    as_mermaid: bool = False,
    picture: bool = False,
    cursor: Cursor = None,
) -> Lineage:
    """What feeds an object and what it feeds (account, connection, dataset, mapping, schema, flow), and what breaks
    if it goes or its credentials rotate."""
    pieces = Pieces(cursor, LISTS)
    now = times.now()
    progress = progress_of("objects")
    start = await find_start(app, aep, object, object_kind, now=now, progress=progress)
    # What breaks lies downstream, so that way is read in any case.
    graph, notes, complete = await read_graph(aep, start, up=follow is not Direction.DOWN, hops=hops)
    alone: set[Key] = set()
    if start[0] is NodeKind.FLOW:
        index = await index_of(app, aep, now=now, progress=progress)
        if index.uses_lack:
            # What other flows use is not all known: nothing is called this flow's own.
            notes = [*notes, f"Who else uses what could not be told: {', '.join(index.uses_lack)} not read."]
        else:
            alone = used_by_this_flow_only(index, start[1], graph.nodes)
    found, marks = _answer(
        graph, start, follow, notes, alone, pieces, complete=complete, as_mermaid=as_mermaid
    )

    def drawn() -> str:
        return lineage_picture(found.model_dump(mode="json"), marks)

    return found.beside(view=(VIEW, lambda: {"effects": marks}), picture=drawn if picture else None)


def _answer(
    graph: Graph,
    start: Key,
    direction: Direction,
    notes: list[str],
    alone: set[Key],
    pieces: Pieces,
    *,
    complete: bool,
    as_mermaid: bool,
) -> tuple[Lineage, dict[str, str]]:
    """And what happens to each node that it shows, by its number."""
    effect = impact(graph, start)
    up, down = direction is not Direction.DOWN, direction is not Direction.UP
    part = graph.around(start, up=up, down=down).short(start)
    ordered = _nearest_first(part, start)
    numbers = {key: f"n{at}" for at, key in enumerate(ordered, 1)}
    nodes = pieces.take(
        "nodes", ordered, MOST_NODES, lambda key: _row(numbers[key], part.nodes[key], alone=key in alone)
    )
    before = ordered[: pieces.start if pieces.only else 0]
    shown = ordered[len(before) : len(before) + len(nodes)]
    lists = {
        "writers": _flows_at(part, part.before.get(start, {}), numbers),
        "readers": _flows_at(part, part.after.get(start, {}), numbers),
        **_effects(effect, numbers, start),
    }
    found = Lineage(
        start=f"{start[0].value.replace('_', ' ')} {graph.nodes[start].label}",
        nodes=nodes,
        edges=[f"{numbers[source]}>{numbers[target]}" for source, target in _edges(part, before, shown)],
        mermaid=mermaid(_part_of(part, [start, *shown]), start) if as_mermaid and shown else None,
        part=pieces.only,
        complete=complete,
        notes=notes,
        **{name: pieces.take(name, names, SHOWN, as_it_is) for name, names in lists.items()},
        more=pieces.more,
        cursors=pieces.cursors,
    )
    return found, _marks(effect, {key: numbers[key] for key in shown if key != start})


def _nearest_first(graph: Graph, start: Key) -> list[Key]:
    """All nodes, in an order of which one answer can show the first."""
    if len(graph.nodes) <= MOST_NODES:
        return list(graph.nodes)
    ways = itertools.zip_longest(graph.upstream(start), graph.downstream(start))
    near = [start, *(key for keys in ways for key in keys if key is not None)]
    return list(dict.fromkeys([*near, *graph.nodes]))


def _edges(graph: Graph, before: list[Key], shown: list[Key]) -> list[tuple[Key, Key]]:
    """The edges among what is shown, and between that and what was shown before."""
    new = set(shown)
    known = new.union(before)
    return [edge for edge in graph.edges() if known.issuperset(edge) and not new.isdisjoint(edge)]


def _part_of(graph: Graph, keys: list[Key]) -> Graph:
    kept = Graph()
    for key in dict.fromkeys(keys):
        kept.add(graph.nodes[key])
    for source, target in graph.edges():
        if source in kept.nodes and target in kept.nodes:
            kept.link(source, target)
    return kept


def _row(number: str, node: Node, *, alone: bool) -> NodeRow:
    only = "only this flow uses it" if alone else None
    detail = ", ".join(part for part in (node.detail, node.problem, only) if part) or None
    return NodeRow(n=number, kind=node.kind, id=node.id, name=node.name, detail=detail)


def _flows_at(graph: Graph, keys: Iterable[Key], numbers: dict[Key, str]) -> list[str]:
    flows = [graph.nodes[key] for key in keys if key[0] is NodeKind.FLOW]
    return [f"{numbers[node.key]} {node.label}" for node in sorted(flows, key=lambda node: node.label)]


def _effects(effect: Impact, numbers: dict[Key, str], start: Key) -> dict[str, list[str]]:
    """Names, with the number of the node where it is shown."""

    def names(nodes: tuple[Node, ...]) -> list[str]:
        ordered = sorted(nodes, key=lambda node: node.label)
        return [f"{numbers.get(node.key, node.id)} {node.label}" for node in ordered if node.key != start]

    return {name: names(nodes) for name, nodes in _by_list(effect).items()}


def _marks(effect: Impact, numbers: dict[Key, str]) -> dict[str, str]:
    """The list of each of these nodes that is in one. The lists of an answer are cut, in an order of their own: a node
    that is in none of them may break all the same."""
    lists = {node.key: name for name, nodes in _by_list(effect).items() for node in nodes}
    return {number: lists[key] for key, number in numbers.items() if key in lists}


def _by_list(effect: Impact) -> dict[str, tuple[Node, ...]]:
    return {
        "breaks": effect.broken,
        "starves": effect.starved,
        "thins": effect.thinner,
        "stales": effect.stale,
    }
