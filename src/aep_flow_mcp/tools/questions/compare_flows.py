"""Two flows side by side, and only what makes a difference."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Annotated, Any

from mcp.server.mcpserver.exceptions import ToolError
from pydantic import BaseModel, Field

from aep_flow_mcp.answers.pieces import Pieces, as_it_is
from aep_flow_mcp.answers.progress import progress_of
from aep_flow_mcp.answers.schedules import schedule_cell
from aep_flow_mcp.answers.text import InPieces, table
from aep_flow_mcp.gathering import times
from aep_flow_mcp.gathering.finding import flow_id_of
from aep_flow_mcp.gathering.flow_parts import gather_flow
from aep_flow_mcp.gathering.sandboxes import NameCompared, Sandbox, compared, read_sandbox
from aep_flow_mcp.insight.compare import Comparison, Side, compare_sides
from aep_flow_mcp.insight.description import FlowParts
from aep_flow_mcp.insight.facts import FlowFacts
from aep_flow_mcp.insight.shapes import Problem
from aep_flow_mcp.platform.concurrency import together
from aep_flow_mcp.platform.models.neighbours import MappingSet
from aep_flow_mcp.platform.models.text import clean_text
from aep_flow_mcp.platform.reader import FlowReader
from aep_flow_mcp.surface.dependencies import AppState, Reader
from aep_flow_mcp.surface.params import Cursor
from aep_flow_mcp.surface.registry import read_tool

LISTS = ("differences", "differ", "left_only", "right_only")
MOST = 30
LONGEST = 120


class DifferenceRow(BaseModel):
    """A field in which the flows differ."""

    field: str
    left: str
    right: str


class NameRow(BaseModel):
    """A name that both sandboxes have, and what differs; left, then right."""

    flow: str
    state: str | None = None
    schedule: str | None = None
    mapping: str | None = None
    flows: str | None = None


class SandboxComparison(InPieces):
    """The flows of two sandboxes by name. `differ`, `left_only` and `right_only` are cut; the counts are whole."""

    left: str
    right: str
    both: int
    alike: int
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
            f"{self.alike} alike in state, schedule and mapping, {self.differing} differ"
            + (f" ({self.told('differ', len(self.differ))})" if "differ" in self.more else ""),
            *(table(self.differ) if self.differ else []),
            self._only(self.left, "left_only", self.left_only),
            self._only(self.right, "right_only", self.right_only),
            self.note or "",
        ]
        return "\n".join(line for line in lines if line)

    def _only(self, sandbox: str, list: str, names: list[str]) -> str:
        if self.more and not names:
            return ""
        told = ", ".join(map(clean_text, names)) or "none"
        return f"only in {clean_text(sandbox)} ({self.told(list, len(names))}): {told}"


class FlowComparison(InPieces):
    """What differs between two flows, without ids, times, authors, versions and run history.

    Of two whole sandboxes there is `by_name`: `same` and `total` are numbers of names then.
    """

    left: str
    right: str
    same: int
    differences: list[DifferenceRow]
    total: int
    by_name: SandboxComparison | None = None

    def text(self) -> str:
        if self.by_name is not None:
            return self.by_name.text()
        shown = f" ({self.told('differences', len(self.differences))})" if self.more else ""
        lines = [
            f"left: {clean_text(self.left)}",
            f"right: {clean_text(self.right)}",
            f"{self.total} fields differ{shown}, {self.same} agree (ids, authors, dates and runs left out)",
        ]
        return "\n".join([*lines, *(table(self.differences) if self.differences else [])])


@read_tool("flows")
async def compare_flows(
    app: AppState,
    aep: Reader,
    flow: Annotated[
        str | None,
        Field(min_length=1, description="id or name; without it all flows of other_sandbox, by name"),
    ] = None,
    other: Annotated[
        str | None, Field(description="id or name; without it the same name in other_sandbox")
    ] = None,
    other_sandbox: str | None = None,
    cursor: Cursor = None,
) -> FlowComparison:
    """How two dataflows differ, field by field: schedule, options, mapping rows, source, target, account. Ids, dates
    and history are ignored."""
    if flow is None and (other is not None or other_sandbox is None):
        raise ToolError("Give flow, or only other_sandbox to compare all flows.")
    if other is None and other_sandbox is None:
        raise ToolError("Give other (an id or a name), or other_sandbox for the flow of the same name there.")
    pieces = Pieces(cursor, LISTS)
    now = times.now()
    there = aep.with_sandbox(other_sandbox)
    progress = progress_of("objects")
    if flow is None:
        sides = [partial(read_sandbox, app, each, now=now, progress=progress) for each in (aep, there)]
        here, beyond = await together(sides)
        return _sandboxes(here, beyond, aep.sandbox, there.sandbox, pieces, now=now)
    left_id = await flow_id_of(app, aep, flow, now=now, progress=progress)
    if other is None:
        name = (await aep.get_flow(left_id)).name or ""
        right_id = await flow_id_of(app, there, name, now=now, progress=progress)
    else:
        right_id = await flow_id_of(app, there, other, now=now, progress=progress)
    calls: list[Callable[[], Awaitable[FlowParts]]] = [
        partial(gather_flow, aep, left_id, runs=1),
        partial(gather_flow, there, right_id, runs=1),
    ]
    left, right = await together(calls)
    return _answer(left, right, compare_sides(_side(left), _side(right)), (aep, there), pieces)


def _sandboxes(
    here: Sandbox, there: Sandbox, left: str | None, right: str | None, pieces: Pieces, *, now: datetime
) -> FlowComparison:
    found = compared(here, there)
    rows = [row for each in found.both if (row := _name_row(each, here, there, now=now))]
    lost = ", ".join(found.problems)
    names = SandboxComparison(
        left=left or "default",
        right=right or "default",
        both=len(found.both),
        alike=len(found.both) - len(rows),
        differing=len(rows),
        differ=pieces.take("differ", rows, MOST, as_it_is),
        left_only_count=len(found.left_only),
        left_only=pieces.take("left_only", found.left_only, MOST, as_it_is),
        right_only_count=len(found.right_only),
        right_only=pieces.take("right_only", found.right_only, MOST, as_it_is),
        note=f"Could not be read, so not compared: {lost}." if lost else None,
    )
    names = names.model_copy(update={"more": pieces.more, "cursors": pieces.cursors})
    return FlowComparison(
        left=f"sandbox {names.left}",
        right=f"sandbox {names.right}",
        same=names.alike,
        differences=[],
        total=names.differing,
        by_name=names,
    )


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
    )
    return row if row.state or row.schedule or row.mapping else None


def _schedule(side: Sandbox, flow: FlowFacts, now: datetime) -> str:
    held = side.index.audiences.get(flow.id)
    return schedule_cell(flow.timetable, held.schedules if held else (), now=now) or "none"


def _side(parts: FlowParts) -> Side:
    mapping = parts.mapping
    rows: tuple[str, ...] | Problem | None = mapping if isinstance(mapping, Problem) else None
    if isinstance(mapping, MappingSet):
        rows = tuple(f"{row.source or ''} -> {row.destination or ''}" for row in mapping.mappings)
    return Side(
        flow=parts.flow,
        sources=tuple(parts.sources.values()),
        targets=tuple(parts.targets.values()),
        accounts=tuple(parts.accounts.values()),
        mappings=rows,
        names=_names(parts),
    )


def _names(parts: FlowParts) -> dict[str, str]:
    """What ids stand for: the same thing has another id in another sandbox."""
    found: dict[str, str] = {}
    groups: tuple[Mapping[str, Any], ...] = (parts.datasets, parts.schemas, parts.connectors, parts.accounts)
    for group in groups:
        for id, part in group.items():
            name = (
                str(part)
                if isinstance(part, Problem)
                else getattr(part, "name", None) or getattr(part, "title", None)
            )
            if name:
                found[id] = name
    spec = parts.flow_spec
    if parts.flow.spec_id and spec is not None and not isinstance(spec, Problem) and spec.name:
        found[parts.flow.spec_id] = spec.name
    return found


def _answer(
    left: FlowParts,
    right: FlowParts,
    found: Comparison,
    readers: tuple[FlowReader, FlowReader],
    pieces: Pieces,
) -> FlowComparison:
    here, there = readers
    sandboxes = (
        (f", sandbox {here.sandbox}", f", sandbox {there.sandbox}")
        if here.sandbox != there.sandbox
        else ("", "")
    )
    rows = [
        DifferenceRow(field=each.field, left=_short(each.left), right=_short(each.right))
        for each in found.differences
    ]
    return FlowComparison(
        left=f"{left.flow.name} ({left.flow.id}, {left.flow.state}{sandboxes[0]})",
        right=f"{right.flow.name} ({right.flow.id}, {right.flow.state}{sandboxes[1]})",
        same=found.same,
        differences=pieces.take("differences", rows, MOST, as_it_is),
        total=len(rows),
        more=pieces.more,
        cursors=pieces.cursors,
    )


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
