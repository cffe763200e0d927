"""The flows of two sandboxes side by side, by name: what is in both, in one only, and what differs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import partial

from pydantic import BaseModel

from aep_flow_mcp.answers.pieces import Pieces, as_it_is
from aep_flow_mcp.answers.schedules import schedule_cell
from aep_flow_mcp.answers.text import InPieces, table
from aep_flow_mcp.gathering.flow_index import FlowIndex
from aep_flow_mcp.gathering.memory import Memory
from aep_flow_mcp.gathering.progress import Progress
from aep_flow_mcp.gathering.sandboxes import NameCompared, Sandbox, compared, read_sandbox
from aep_flow_mcp.insight.facts import FlowFacts
from aep_flow_mcp.platform.concurrency import together
from aep_flow_mcp.platform.models.text import clean_text
from aep_flow_mcp.platform.reader import FlowReader

LISTS = ("differ", "same", "left_only", "right_only")
MOST = 30


class NameRow(BaseModel):
    """A name that both sandboxes have, and what differs; left, then right."""

    flow: str
    state: str | None = None
    schedule: str | None = None
    mapping: str | None = None
    connector: str | None = None
    account: str | None = None
    path: str | None = None
    dataset: str | None = None
    flows: str | None = None


class SandboxComparison(InPieces):
    """The flows of two sandboxes by name. The lists are cut; the counts are whole. `same`: names of those alike."""

    left: str
    right: str
    both: int
    alike: int
    same: list[str]
    differing: int
    differ: list[NameRow]
    left_only_count: int
    left_only: list[str]
    right_only_count: int
    right_only: list[str]
    note: str | None = None

    def text(self) -> str:
        lines = [
            f"{self.both} names in both {clean_text(self.left)} (left) and {clean_text(self.right)} (right): "
            f"{self.alike} alike, {self.differing} differ"
            + (f" ({self.told('differ', len(self.differ))})" if "differ" in self.more else ""),
            *(table(self.differ) if self.differ else []),
            self._listed("alike", "same", self.same, self.alike),
            self._only(self.left, "left_only", self.left_only, self.left_only_count),
            self._only(self.right, "right_only", self.right_only, self.right_only_count),
            self.note or "",
        ]
        return "\n".join(line for line in lines if line)

    def _only(self, sandbox: str, list: str, names: Sequence[str], count: int) -> str:
        return self._listed(f"only in {clean_text(sandbox)}", list, names, count)

    def _listed(self, what: str, list: str, names: Sequence[str], count: int) -> str:
        """One of the lists; nothing where it is told on another page."""
        if count and not names:
            return ""
        told = ", ".join(map(clean_text, names)) or "none"
        return f"{what} ({self.told(list, len(names))}): {told}"


async def compare(
    memory: Memory,
    readers: tuple[FlowReader, FlowReader],
    pieces: Pieces,
    *,
    now: datetime,
    progress: Progress,
) -> SandboxComparison:
    """All flows of the two sandboxes, left and right.

    Raises:
        PlatformError: the flows of one of them could not be read.
    """
    left, right = readers
    sides = [partial(read_sandbox, memory, each, now=now, progress=progress) for each in readers]
    here, there = await together(sides)
    found = compared(here, there)
    pairs = [(each.name, _name_row(each, here, there, now=now)) for each in found.both]
    rows = [row for _, row in pairs if row is not None]
    same = [name for name, row in pairs if row is None]
    lost = ", ".join(found.problems)
    names = SandboxComparison(
        left=left.sandbox or "default",
        right=right.sandbox or "default",
        both=len(found.both),
        alike=len(same),
        same=pieces.take("same", same, MOST, as_it_is),
        differing=len(rows),
        differ=pieces.take("differ", rows, MOST, as_it_is),
        left_only_count=len(found.left_only),
        left_only=pieces.take("left_only", found.left_only, MOST, as_it_is),
        right_only_count=len(found.right_only),
        right_only=pieces.take("right_only", found.right_only, MOST, as_it_is),
        note=f"Could not be read, so not compared: {lost}." if lost else None,
    )
    return names.model_copy(update={"more": pieces.more, "cursors": pieces.cursors})


def _name_row(each: NameCompared, here: Sandbox, there: Sandbox, *, now: datetime) -> NameRow | None:
    """None where nothing differs."""
    if len(each.left) > 1 or len(each.right) > 1:
        return NameRow(
            flow=each.name, flows=f"{len(each.left)} / {len(each.right)} of this name, not compared"
        )
    left, right = each.left[0], each.right[0]
    cells = [_schedule(side, flow, now) for side, flow in ((here, left), (there, right))]
    rows = each.mapping_rows
    row = NameRow(
        flow=each.name,
        state=f"{left.state} / {right.state}" if left.state != right.state else None,
        schedule=f"{cells[0]} / {cells[1]}" if cells[0] != cells[1] else None,
        mapping="not known" if rows is None else f"{rows} rows on one side only" if rows else None,
        **_around(here.index, there.index, left, right),
    )
    differs = any(value is not None for name, value in row if name != "flow")
    return row if differs else None


def _around(here: FlowIndex, there: FlowIndex, left: FlowFacts, right: FlowFacts) -> dict[str, str]:
    """What is called or placed otherwise, of flows whose connections are known on both sides."""
    if not all(_known(index, flow) for index, flow in ((here, left), (there, right))):
        return {}
    found = {}
    for name, said in _SAID.items():
        one, other = (", ".join(sorted(said(index, flow))) for index, flow in ((here, left), (there, right)))
        if one != other:
            found[name] = f"{one or 'none'} / {other or 'none'}"
    return found


def _known(index: FlowIndex, flow: FlowFacts) -> bool:
    return all(id in index.ends for id in (*flow.source_ids, *flow.target_ids))


def _paths(index: FlowIndex, flow: FlowFacts) -> list[str]:
    return [path for id in (*flow.source_ids, *flow.target_ids) if (path := index.ends[id].path)]


_SAID: dict[str, Callable[[FlowIndex, FlowFacts], Iterable[str]]] = {
    "connector": lambda index, flow: index.connector_names(flow),
    "account": lambda index, flow: index.account_names(flow),
    "path": _paths,
    "dataset": lambda index, flow: index.dataset_names(flow),
}


def _schedule(side: Sandbox, flow: FlowFacts, now: datetime) -> str:
    held = side.index.audiences.get(flow.id)
    return schedule_cell(flow.timetable, held.schedules if held else (), now=now) or "none"
