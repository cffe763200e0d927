"""Runs: the executions of flows, what they moved, and every place where their errors hide."""

from __future__ import annotations

from functools import partial

from pydantic import BaseModel, Field

from aep_flow_mcp.answers.flows import FlowRunRow, flow_run_row, usual_durations
from aep_flow_mcp.answers.listing import Detail, counted, listed, with_total
from aep_flow_mcp.answers.pieces import Pieces, as_it_is
from aep_flow_mcp.answers.text import InPieces, Listing, Whole
from aep_flow_mcp.gathering import times
from aep_flow_mcp.gathering.conditions import where
from aep_flow_mcp.gathering.finding import exact_flow_id, names_of
from aep_flow_mcp.gathering.histories.sifted import count_in, runs_in
from aep_flow_mcp.gathering.run_status import STARTED_PATH
from aep_flow_mcp.gathering.side_by_side import asked_for, not_answered, side_by_side
from aep_flow_mcp.gathering.times import Window
from aep_flow_mcp.gathering.unread import Unread
from aep_flow_mcp.insight.terms import RunState, told_status
from aep_flow_mcp.insight.words import distinct_errors, failing_errors, root_error, seconds, utc
from aep_flow_mcp.platform.models.error_codes import RUN, explain
from aep_flow_mcp.platform.models.runs import Activity, FlowRun, RunError, RunStatus
from aep_flow_mcp.platform.paging import Page
from aep_flow_mcp.platform.reader import FlowReader
from aep_flow_mcp.surface.dependencies import Reader
from aep_flow_mcp.surface.params import (
    NEWEST_FIRST,
    Cursor,
    Filters,
    FlowRefs,
    Id,
    Limit,
    OrderBy,
    Since,
    Until,
)
from aep_flow_mcp.surface.registry import read_tool

LISTS = ("errors", "activities", "batch_ids", "file_lists")
SHOWN_ERRORS = 40
SHOWN = 60


class ErrorRow(BaseModel):
    """One error, skip or warning. `place` says where the run holds it, `where` which activity or audience."""

    code: str | None = None
    message: str | None = None
    count: int | None = None
    place: str
    where: str | None = None


class ActivityRow(BaseModel):
    """One step of a run."""

    name: str
    status: RunStatus
    duration_s: float | None = None
    records_in: int | None = None
    records_out: int | None = None
    records_failed: int | None = None
    records_skipped: int | None = None
    bytes_in: int | None = None
    bytes_out: int | None = None


class RunDetail(InPieces):
    """A run. `clean`: it succeeded and lost nothing, neither failed nor skipped.

    Sizes in bytes, durations in seconds, times in UTC. A number that the API does not know is left out. `diagnostics`
    are Platform paths of the failed rows.
    """

    id: str
    flow_id: str | None = None
    status: RunStatus
    clean: bool | None = None
    started_at: str | None = None
    completed_at: str | None = None
    duration_s: float | None = None
    window_start: str | None = None
    window_end: str | None = None
    records_in: int | None = None
    records_out: int | None = None
    records_failed: int | None = None
    records_skipped: int | None = None
    bytes_in: int | None = None
    bytes_out: int | None = None
    files_in: int | None = None
    files_out: int | None = None
    files_failed: int | None = None
    fix: str | None = None
    error_count: int | None = None
    errors: list[ErrorRow] = Field(default_factory=list)
    activities: list[ActivityRow] = Field(default_factory=list)
    batch_ids: list[str] = Field(default_factory=list)
    diagnostics: dict[str, str] = Field(default_factory=dict)
    file_lists: list[str] = Field(default_factory=list)
    parent_run_id: str | None = None
    predecessor_run_ids: list[str] = Field(default_factory=list)


@read_tool("runs")
async def list_runs(
    aep: Reader,
    flow: FlowRefs | None = None,
    status: RunState | None = None,
    since: Since = None,
    until: Until = None,
    filters: Filters = None,
    order_by: OrderBy = NEWEST_FIRST,
    limit: Limit = 20,
    cursor: Cursor = None,
    detail: Detail = Detail.SUMMARY,
    count_only: bool = False,
) -> Listing[FlowRunRow | Whole]:
    """List or count runs by flow, status, and start time. For what failed and why, over all flows:
    pipeline_health."""
    window = Window(since, until, cursor, at=times.now())
    flows = await side_by_side(asked_for(flow), partial(exact_flow_id, aep))
    asked = [
        *where({"flowId": flows.found or None}, None),
        *window.conditions(STARTED_PATH),
        *(filters or []),
    ]
    if count_only:
        return counted(await count_in(aep, asked, status))
    page = window.page(await runs_in(aep, asked, status, limit=limit, orderby=order_by, cursor=window.cursor))
    found = await _rows(aep, page, flows.found[0] if len(flows.found) == 1 else None, detail)
    if flows.unanswered:
        note = " ".join(filter(None, [found.note, *not_answered(flows.unanswered)]))
        found = found.model_copy(update={"note": note})
    # Successes would have to be looked at one by one, whether records of them failed.
    countable = status not in (RunState.SUCCESS, RunState.PARTIAL)
    return (
        await with_total(found, partial(count_in, aep, asked, status), cursor=cursor) if countable else found
    )


async def _rows(
    aep: FlowReader, page: Page[FlowRun], flow_id: str | None, detail: Detail
) -> Listing[FlowRunRow | Whole]:
    if detail is Detail.FULL:
        return listed(page, flow_run_row, detail)
    unread = Unread()
    ids = [flow_id or run.flow_id or "" for run in page.items]
    names = await names_of(aep.list_flows, ids, "The flows' names", unread)
    usual = usual_durations(page.items)
    if flow_id is not None:
        # What holds for every row stands once, below them.
        said = [f"flow: {names.get(flow_id, flow_id)}"] if page.items else []
        said += [f"usually {usual[flow_id]} s (median of the runs here)"] if flow_id in usual else []
        note = ". ".join([*said, *unread.notes]) or None
        return listed(page, flow_run_row, detail, note=note)
    return listed(page, lambda run: flow_run_row(run, names=names, usual=usual), detail, note=unread.note)


@read_tool("runs")
async def get_run(aep: Reader, run_id: Id, cursor: Cursor = None) -> RunDetail:
    """A run: records, bytes, activities, and its errors from everywhere the API hides them. The rows that it left out:
    get_batch_errors."""
    pieces = Pieces(cursor, LISTS)
    return run_detail(await aep.get_run(run_id), pieces)


def run_detail(run: FlowRun, pieces: Pieces) -> RunDetail:
    """A run with all that it tells about itself."""
    start, end = run.window
    errors = distinct_errors(run)
    return RunDetail(
        id=run.id,
        flow_id=run.flow_id,
        status=told_status(run),
        clean=run.clean if run.status.finished else None,
        started_at=utc(run.started_at),
        completed_at=utc(run.completed_at),
        duration_s=seconds(run.duration_s),
        window_start=utc(start),
        window_end=utc(end),
        records_in=run.records_in,
        records_out=run.records_out,
        records_failed=run.records_failed,
        records_skipped=run.records_skipped,
        bytes_in=run.bytes_in,
        bytes_out=run.bytes_out,
        files_in=run.files_in,
        files_out=run.files_out,
        files_failed=run.files_failed,
        fix=_fix(run),
        error_count=len(failing_errors(run)) or None,
        errors=pieces.take("errors", errors, SHOWN_ERRORS, _error_row),
        activities=pieces.take("activities", run.activities, SHOWN, _activity_row),
        batch_ids=pieces.take("batch_ids", run.batch_ids, SHOWN, as_it_is),
        diagnostics=run.diagnostics_urls,
        file_lists=pieces.take("file_lists", run.file_info_urls, SHOWN, as_it_is),
        parent_run_id=run.parent_flow_run_id,
        predecessor_run_ids=[before.flow_run_id for before in run.predecessors if before.flow_run_id],
        more=pieces.more,
        cursors=pieces.cursors,
    )


def _fix(run: FlowRun) -> str | None:
    """What to try first, where the code of the error that says most is a known one."""
    error = root_error(run)
    known = explain(error.code, RUN) if error and error.code else None
    return known.fix if known else None


def _error_row(error: RunError) -> ErrorRow:
    return ErrorRow(
        code=error.code, message=error.message, count=error.count, place=error.place, where=error.where
    )


def _activity_row(activity: Activity) -> ActivityRow:
    # A run of this one activity knows how to read its metrics.
    alone = FlowRun(metrics=activity)
    return ActivityRow(
        name=activity.label,
        status=activity.status,
        duration_s=seconds(alone.duration_s),
        records_in=alone.records_in,
        records_out=alone.records_out,
        records_failed=alone.records_failed,
        records_skipped=alone.records_skipped,
        bytes_in=alone.bytes_in,
        bytes_out=alone.bytes_out,
    )
