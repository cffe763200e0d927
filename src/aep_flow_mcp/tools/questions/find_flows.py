"""Finding flows by words and by what surrounds them, over the whole sandbox."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import Annotated

from pydantic import BaseModel, Field

from aep_flow_mcp.answers.flows import joined
from aep_flow_mcp.answers.pieces import Pieces
from aep_flow_mcp.answers.progress import progress_of
from aep_flow_mcp.answers.schedules import asked_schedule, schedule_cell
from aep_flow_mcp.answers.text import InPieces, table
from aep_flow_mcp.gathering import times
from aep_flow_mcp.gathering.asked import AskedError
from aep_flow_mcp.gathering.finding import ids_meant, index_of, since_of
from aep_flow_mcp.gathering.flow_index import MAX_AGE, FlowIndex
from aep_flow_mcp.gathering.histories.last_runs import partial_last_runs
from aep_flow_mcp.insight.facts import FlowFacts
from aep_flow_mcp.insight.search import Match, fold
from aep_flow_mcp.insight.terms import is_streaming
from aep_flow_mcp.insight.words import utc
from aep_flow_mcp.platform.models.flows import FlowKind
from aep_flow_mcp.platform.models.runs import RunStatus
from aep_flow_mcp.platform.reader import FlowReader
from aep_flow_mcp.surface.dependencies import AppState, Reader
from aep_flow_mcp.surface.params import Cursor
from aep_flow_mcp.surface.registry import read_tool


class FlowState(StrEnum):
    """States that a flow stays in."""

    ENABLED = "enabled"
    DISABLED = "disabled"
    DRAFT = "draft"


class LastStatus(StrEnum):
    """How the last run of a flow stands. `never`: a flow that does not stream ran not once."""

    SUCCESS = "success"
    PARTIAL = "partial"
    FAILED = "failed"
    IN_PROGRESS = "in_progress"
    SCHEDULED = "scheduled"
    NEVER = "never"


_STATUSES: dict[LastStatus, frozenset[RunStatus | None]] = {
    # A flow calls its last run a success that is partial: the run itself has to be looked at.
    LastStatus.SUCCESS: frozenset((RunStatus.SUCCESS,)),
    LastStatus.PARTIAL: frozenset((RunStatus.SUCCESS, RunStatus.PARTIAL_SUCCESS, RunStatus.PARTIAL_FAILURE)),
    LastStatus.FAILED: frozenset((RunStatus.FAILED,)),
    LastStatus.IN_PROGRESS: frozenset((RunStatus.IN_PROGRESS,)),
    LastStatus.SCHEDULED: frozenset((RunStatus.SCHEDULED, RunStatus.QUEUED)),
    LastStatus.NEVER: frozenset((None,)),
}


OLD_S = MAX_AGE
"""Seconds from which on the age of the index is told: it is older only where reading took longer than it is kept."""


class FoundFlow(BaseModel):
    """One match. `source` and `target` are the accounts; `why` names the fields that the words were found in."""

    id: str
    name: str
    state: str
    kind: FlowKind
    connector: str | None = None
    schedule: str | None = None
    source: str | None = None
    target: str | None = None
    dataset: str | None = None
    audiences: str | None = None
    last_run: str | None = None
    last_status: str | None = None
    why: str | None = None


class FoundFlows(InPieces):
    """The best matches of `total`. `age_s` is how old the index is that was searched."""

    total: int
    of: int
    flows: list[FoundFlow]
    age_s: float
    note: str | None = None

    def text(self) -> str:
        more = f" ({self.told('flows', len(self.flows))})" if self.more else ""
        # Which seconds it is old matters only to who has just changed something.
        age = f" (index {self.age_s:.0f} s old)" if self.age_s >= OLD_S else ""
        lines = [f"{self.total} of {self.of} flows match{more}{age}"]
        if self.flows:
            lines += table(self.flows)
        return "\n".join([*lines, self.note] if self.note else lines)


Part = Annotated[str | None, Field(description="id or words of its name")]
Since = Annotated[str | None, Field(description='"7d" or a date')]


@read_tool("core")
async def find_flows(
    app: AppState,
    aep: Reader,
    query: Annotated[
        str, Field(max_length=300, description="words, any order, script or typo; or an id")
    ] = "",
    state: FlowState | None = None,
    kind: FlowKind | None = None,
    connector: Part = None,
    account: Part = None,
    dataset: Part = None,
    xdm_schema: Part = None,
    schedule: Annotated[
        str | None, Field(description='"every 6 hours", "daily", "once", "ended", "starts", "none"')
    ] = None,
    created_since: Since = None,
    ran_since: Since = None,
    last_status: LastStatus | None = None,
    limit: Annotated[int, Field(ge=1, le=50)] = 10,
    cursor: Cursor = None,
) -> FoundFlows:
    """Find dataflows by words (name, description, dataset, account, connector, path, audience) and filters,
    over all of them. Without words: all that pass the filters, last run first."""
    pieces = Pieces(cursor, ("flows",), now=times.now())
    now = pieces.now
    progress = progress_of("objects")
    index = await index_of(app, aep, now=now, progress=progress)
    try:
        keep = _filter(
            index,
            state=state,
            kind=kind,
            connectors=ids_meant(connector, index.every_connector, "connector"),
            accounts=ids_meant(account, index.every_account, "account"),
            datasets=ids_meant(dataset, index.every_dataset, "dataset"),
            schemas=ids_meant(xdm_schema, index.schema_titles, "schema"),
            created_since=since_of("created_since", created_since, now=now),
            ran_since=since_of("ran_since", ran_since, now=now),
            statuses=_STATUSES[last_status] if last_status else None,
        )
    except AskedError as error:
        raise AskedError(f"{error}{index.lacking}") from None
    # Only what is asked or shown: an index may have ten thousand flows.
    told = partial(_schedule, index, now=now)
    among = [
        at
        for at, flow in enumerate(index.order)
        if keep(flow) and (schedule is None or asked_schedule(schedule, told(flow)))
    ]
    last = await _LastRuns.of(aep, [index.order[at] for at in among], last_status)
    among = [at for at in among if last.fits(index.order[at])]
    found = index.search.search(query, among=among)
    if not query.strip():
        found.sort(key=lambda item: _latest_first(index.order[item[0]]))
    else:
        found.sort(key=lambda item: (-item[1].score, _latest_first(index.order[item[0]])))

    def row(item: tuple[int, Match]) -> FoundFlow:
        flow = index.order[item[0]]
        return last.row(_row(index, flow, ", ".join(item[1].why) or None, told(flow), query))

    shown = pieces.take("flows", found, limit, row)
    return FoundFlows(
        total=len(found),
        of=len(index.order),
        flows=shown,
        more=pieces.more,
        cursors=pieces.cursors,
        age_s=round(index.age, 1),
        note=last.note(_note(index)),
    )


@dataclass(frozen=True)
class _LastRuns:
    """What flows do not say of their last runs: whether one that they call a success was partial, whether they stream.

    `partly`: the flows whose last run was partial. `unread`: how many flows' last runs were not looked at.
    """

    asked: LastStatus | None = None
    partly: frozenset[str] = frozenset()
    streaming: frozenset[str] = frozenset()
    unread: int = 0

    @classmethod
    async def of(cls, aep: FlowReader, flows: list[FlowFacts], asked: LastStatus | None) -> _LastRuns:
        if asked is LastStatus.NEVER:
            specs = await aep.list_flow_specs()
            return cls(asked, streaming=frozenset(spec.id for spec in specs if is_streaming(spec)))
        if asked not in (LastStatus.SUCCESS, LastStatus.PARTIAL):
            return cls(asked)
        partly, unread = await partial_last_runs(aep, flows)
        return cls(asked, partly, unread=unread)

    def fits(self, flow: FlowFacts) -> bool:
        if self.asked is LastStatus.PARTIAL:
            return flow.id in self.partly
        return flow.id not in self.partly and (flow.spec_id or "") not in self.streaming

    def row(self, row: FoundFlow) -> FoundFlow:
        return row.model_copy(update={"last_status": "partial"}) if row.id in self.partly else row

    def note(self, other: str | None) -> str | None:
        if not self.unread:
            return other
        words = f"{self.unread:,} last runs were not looked at, whether they lost records: add a filter."
        return f"{words} {other}" if other else words


def _filter(
    index: FlowIndex,
    *,
    state: FlowState | None,
    kind: FlowKind | None,
    connectors: frozenset[str] | None,
    accounts: frozenset[str] | None,
    datasets: frozenset[str] | None,
    schemas: frozenset[str] | None,
    created_since: datetime | None,
    ran_since: datetime | None,
    statuses: frozenset[RunStatus | None] | None,
) -> Callable[[FlowFacts], bool]:
    """One test that a flow passes when it fulfils every condition that is given."""
    tests: list[Callable[[FlowFacts], bool]] = []
    if state is not None:
        tests.append(lambda flow: flow.state == state.value)
    if kind is not None:
        tests.append(lambda flow: flow.kind is kind)
    if connectors is not None:
        tests.append(lambda flow: not connectors.isdisjoint((*flow.source_specs, *flow.target_specs)))
    if accounts is not None:
        tests.append(lambda flow: not accounts.isdisjoint(index.accounts_of(flow)))
    if datasets is not None:
        tests.append(lambda flow: not datasets.isdisjoint(index.datasets_of(flow)))
    if schemas is not None:
        tests.append(lambda flow: not schemas.isdisjoint(index.schemas_of(flow)))
    if created_since is not None:
        tests.append(lambda flow: flow.created_at is not None and flow.created_at >= created_since)
    if ran_since is not None:
        tests.append(lambda flow: flow.last_run_at is not None and flow.last_run_at >= ran_since)
    if statuses is not None:
        tests.append(lambda flow: flow.last_status in statuses)
    return lambda flow: all(test(flow) for test in tests)


def _schedule(index: FlowIndex, flow: FlowFacts, now: datetime) -> str | None:
    held = index.audiences.get(flow.id)
    return schedule_cell(flow.timetable, held.schedules if held else (), now=now)


def _row(index: FlowIndex, flow: FlowFacts, why: str | None, schedule: str | None, query: str) -> FoundFlow:
    return FoundFlow(
        id=flow.id,
        name=flow.name,
        state=flow.state,
        kind=flow.kind,
        connector=joined(index.connector_names(flow)),
        schedule=schedule,
        source=joined(index.source_accounts(flow)),
        target=joined(index.target_accounts(flow)),
        dataset=joined(index.dataset_names(flow)),
        audiences=joined(_asked_first(index.audience_names(flow), query)),
        last_run=utc(flow.last_run_at),
        last_status=flow.last_status.value if flow.last_status else None,
        why=why,
    )


def _asked_first(names: list[str], query: str) -> list[str]:
    """The audiences that the words are found in before the others: a cell shows few."""
    words = fold(query).split()
    return sorted(names, key=lambda name: not any(word in fold(name) for word in words))


def _latest_first(flow: FlowFacts) -> tuple[float, str]:
    return (-flow.last_run_at.timestamp() if flow.last_run_at else 0.0, flow.name)


def _note(index: FlowIndex) -> str | None:
    if not index.problems:
        return None
    again = f"after {MAX_AGE:.0f} s" if index.complete else "with the next call"
    return f"Could not be read, so flows or names may be missing: {', '.join(index.problems)}. Read again {again}."
