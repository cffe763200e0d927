"""Two flows side by side, and only what makes a difference."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Annotated, Any

from mcp.server.mcpserver.exceptions import ToolError
from pydantic import BaseModel, Field

from aep_flow_mcp.answers.pieces import Pieces, as_it_is
from aep_flow_mcp.answers.progress import progress_of
from aep_flow_mcp.answers.sandboxes import LISTS as OF_SANDBOXES
from aep_flow_mcp.answers.sandboxes import MOST, SandboxComparison, compare
from aep_flow_mcp.answers.text import InPieces, table
from aep_flow_mcp.gathering import times
from aep_flow_mcp.gathering.finding import flow_id_of
from aep_flow_mcp.gathering.flow_parts import gather_flow
from aep_flow_mcp.insight.compare import Comparison, Side, compare_sides
from aep_flow_mcp.insight.description import FlowParts
from aep_flow_mcp.insight.shapes import Problem
from aep_flow_mcp.platform.concurrency import together
from aep_flow_mcp.platform.models.neighbours import MappingSet
from aep_flow_mcp.platform.models.text import clean_text
from aep_flow_mcp.platform.reader import FlowReader
from aep_flow_mcp.surface.dependencies import AppState, Reader
from aep_flow_mcp.surface.params import Cursor
from aep_flow_mcp.surface.registry import read_tool

LISTS = ("differences", *OF_SANDBOXES)
LONGEST = 120


class DifferenceRow(BaseModel):
    """A field in which the flows differ."""

    field: str
    left: str
    right: str


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
        Field(min_length=1, description="id or name"),
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
        raise ToolError("Give flow; or only other_sandbox, as to compare_sandboxes.")
    if other is None and other_sandbox is None:
        raise ToolError("Give other (an id or a name), or other_sandbox for the flow of the same name there.")
    pieces = Pieces(cursor, LISTS)
    now = times.now()
    there = aep.with_sandbox(other_sandbox)
    progress = progress_of("objects")
    if flow is None:
        return _sandboxes(await compare(app, (aep, there), pieces, now=now, progress=progress))
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


def _sandboxes(names: SandboxComparison) -> FlowComparison:
    return FlowComparison(
        left=f"sandbox {names.left}",
        right=f"sandbox {names.right}",
        same=names.alike,
        differences=[],
        total=names.differing,
        by_name=names,
    )


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
