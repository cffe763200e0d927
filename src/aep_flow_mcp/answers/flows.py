"""Flows and their runs as rows of a list."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from statistics import median
from typing import Any, ClassVar

from pydantic import BaseModel

from aep_flow_mcp.answers.listing import Detail, Turn, listed_with_specs
from aep_flow_mcp.answers.schedules import schedule_cell
from aep_flow_mcp.answers.text import Listing, Whole
from aep_flow_mcp.gathering import times
from aep_flow_mcp.gathering.finding import names_of
from aep_flow_mcp.gathering.unread import Unread
from aep_flow_mcp.insight.schedule import Timetable
from aep_flow_mcp.insight.shapes import RunRow, run_row
from aep_flow_mcp.insight.words import audience_schedule, mode_of, seconds, utc
from aep_flow_mcp.platform.models.common import to_text
from aep_flow_mcp.platform.models.connections import ConnectionRef
from aep_flow_mcp.platform.models.flows import Flow, FlowKind
from aep_flow_mcp.platform.models.runs import FlowRun, RunStatus
from aep_flow_mcp.platform.models.specs import FlowSpec
from aep_flow_mcp.platform.paging import Page
from aep_flow_mcp.platform.reader import FlowReader

FEWEST = 3
"""Runs from which on a median says what is usual."""


class FlowRow(BaseModel):
    """A flow in a list. `source` and `target` are the accounts.

    `last_run` is the status of the last run, which may still have lost records."""

    id: str
    name: str | None = None
    state: str | None = None
    kind: FlowKind
    mode: str | None = None
    schedule: str | None = None
    source: str | None = None
    target: str | None = None
    audiences: str | None = None
    last_run: RunStatus | None = None
    last_run_at: str | None = None


class FlowRunRow(RunRow):
    """A run in a list over several flows. `usual_s` is the median duration of the flow's runs in this list."""

    named_by: ClassVar[Mapping[str, str]] = {"flow_id": "flow"}
    flow: str | None = None
    flow_id: str | None = None
    usual_s: float | None = None


async def flows_listed(
    aep: FlowReader, lister: Callable[..., Awaitable[Page[Flow]]], asked: Any, turn: Turn
) -> Listing[FlowRow | Whole]:
    """A page of flows, with the modes that their flow specs tell and the names of their accounts."""
    names: dict[str, str] = {}
    unread = Unread()

    async def with_accounts(asked: Any, **turned: Any) -> Page[Flow]:
        page = await lister(asked, **turned)
        if turn.detail is not Detail.FULL:
            ids = (
                id
                for flow in page.items
                for id in (*_accounts(flow.source_refs), *_accounts(flow.target_refs))
            )
            names.update(await names_of(aep.list_connections, ids, "The accounts' names", unread))
        return page

    found = await listed_with_specs(
        with_accounts,
        asked,
        turn,
        list_specs=aep.list_flow_specs,
        lacking="Some modes",
        row=lambda flow, specs: flow_row(flow, specs, names),
    )
    return found.model_copy(update={"note": " ".join(filter(None, [found.note, unread.note])) or None})


def flow_row(flow: Flow, specs: Mapping[str, FlowSpec], accounts: Mapping[str, str]) -> FlowRow:
    """A flow as one row. accounts: account id -> name; an account that is not among them is shown by its id."""
    schedules = [said for each in flow.audiences if (said := audience_schedule(each))]
    audiences = [to_text(each.get("name")) or to_text(each.get("id")) or "" for each in flow.audiences]
    last = flow.last_run
    return FlowRow(
        id=flow.id,
        name=flow.name,
        state=flow.state,
        kind=flow.kind,
        mode=mode_of(flow, specs.get(flow.spec_id or "")),
        schedule=schedule_cell(Timetable.read(flow.schedule), schedules, now=times.now()),
        source=joined([accounts.get(id, id) for id in _accounts(flow.source_refs)]),
        target=joined([accounts.get(id, id) for id in _accounts(flow.target_refs)]),
        audiences=joined(audiences),
        last_run=last.status if last else None,
        last_run_at=utc(last.started_at) if last else None,
    )


def _accounts(refs: Sequence[ConnectionRef]) -> list[str]:
    ids = (ref.base_connection.id for ref in refs if ref.base_connection)
    return list(dict.fromkeys(id for id in ids if id))


def joined(names: Sequence[str], *, most: int = 3) -> str | None:
    """The first names, and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more if names else None


def flow_run_row(
    run: FlowRun, *, names: Mapping[str, str] | None = None, usual: Mapping[str, float] | None = None
) -> FlowRunRow:
    """A run as one row; its flow only where it does not go without saying: equal names are told apart by id.

    names: flow id -> name, as far as they are known. usual: flow id -> seconds.
    """
    if names is None or run.flow_id is None:
        return FlowRunRow(**dict(run_row(run)))
    name = names.get(run.flow_id, run.flow_id)
    several = list(names.values()).count(name) > 1
    return FlowRunRow(
        **dict(run_row(run)),
        flow=f"{name} ({run.flow_id})" if several else name,
        flow_id=run.flow_id,
        usual_s=(usual or {}).get(run.flow_id),
    )


def usual_durations(runs: Sequence[FlowRun]) -> dict[str, int | float]:
    """Flow id -> median seconds of its runs that succeeded; not of flows with fewer than `FEWEST` of them."""
    taken: dict[str, list[float]] = {}
    for run in runs:
        if run.flow_id and run.duration_s is not None and run.status is RunStatus.SUCCESS:
            taken.setdefault(run.flow_id, []).append(run.duration_s)
    medians = {id: seconds(median(each)) for id, each in taken.items() if len(each) >= FEWEST}
    return {id: value for id, value in medians.items() if value is not None}
