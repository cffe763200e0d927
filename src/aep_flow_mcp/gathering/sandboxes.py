"""Two sandboxes side by side: the flows that are called the same, and in what they differ."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from aep_flow_mcp.gathering.finding import index_of
from aep_flow_mcp.gathering.flow_index import FlowIndex
from aep_flow_mcp.gathering.memory import Memory
from aep_flow_mcp.gathering.progress import Progress
from aep_flow_mcp.insight.facts import FlowFacts
from aep_flow_mcp.platform.concurrency import together
from aep_flow_mcp.platform.errors import PlatformError
from aep_flow_mcp.platform.models.neighbours import MappingSet
from aep_flow_mcp.platform.paging import Page, all_items
from aep_flow_mcp.platform.reader import FlowReader

MOST_MAPPINGS = 3_000
PAGE = 100


@dataclass(frozen=True, slots=True)
class Sandbox:
    """The flows of a sandbox by name, and what each mapping set maps; None where that could not be read."""

    index: FlowIndex
    named: dict[str, list[FlowFacts]]
    mappings: dict[str, Counter[tuple[str, str]]] | None


@dataclass(slots=True)
class NameCompared:
    """A name that both sandboxes have: one flow of each, or how many there are where a name is not unique."""

    name: str
    left: list[FlowFacts]
    right: list[FlowFacts]
    mapping_rows: int | None = None
    """How many rows of the mapping stand on one side only; None where a mapping is not known."""


@dataclass(slots=True)
class SandboxesCompared:
    both: list[NameCompared] = field(default_factory=list)
    left_only: list[str] = field(default_factory=list)
    right_only: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


async def read_sandbox(memory: Memory, aep: FlowReader, *, now: datetime, progress: Progress) -> Sandbox:
    """The flows of a sandbox and its mapping sets, side by side."""
    mappings: dict[str, Counter[tuple[str, str]]] = {}
    held: list[FlowIndex] = []
    readable = True

    async def fetch(cursor: str | None) -> Page[MappingSet]:
        return await aep.neighbours.list_mapping_sets(limit=PAGE, cursor=cursor)

    async def read_mappings() -> None:
        nonlocal readable
        try:
            async for item in all_items(fetch, cap=MOST_MAPPINGS):
                rows = ((row.source or "", row.destination or "") for row in item.mappings)
                mappings[item.id] = Counter(rows)
        except PlatformError:
            readable = False

    async def read_index() -> None:
        held.append(await index_of(memory, aep, now=now, progress=progress))

    await together([partial(read_index), partial(read_mappings)])
    named: dict[str, list[FlowFacts]] = {}
    for flow in held[0].order:
        named.setdefault(flow.name, []).append(flow)
    return Sandbox(held[0], named, mappings if readable else None)


def compared(left: Sandbox, right: Sandbox) -> SandboxesCompared:
    """Which names are in both, in one only; names are compared as they are written."""
    found = SandboxesCompared()
    for name in sorted(left.named.keys() | right.named.keys()):
        here, there = left.named.get(name, []), right.named.get(name, [])
        if here and there:
            rows = _mapping_rows(left, right, here[0], there[0]) if len(here) == len(there) == 1 else None
            found.both.append(NameCompared(name, here, there, rows))
        else:
            (found.left_only if here else found.right_only).append(name)
    for title, side in (("left", left), ("right", right)):
        found.problems += [f"{title}: {problem}" for problem in side.index.problems]
        if side.mappings is None:
            found.problems.append(f"{title}: mapping sets")
    return found


def _mapping_rows(left: Sandbox, right: Sandbox, here: FlowFacts, there: FlowFacts) -> int | None:
    if here.mapping_id is None and there.mapping_id is None:
        return 0
    mine = Counter() if here.mapping_id is None else (left.mappings or {}).get(here.mapping_id)
    other = Counter() if there.mapping_id is None else (right.mappings or {}).get(there.mapping_id)
    if mine is None or other is None:
        return None
    return ((mine - other) + (other - mine)).total()
