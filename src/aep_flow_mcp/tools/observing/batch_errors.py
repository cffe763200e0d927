"""Which rows a batch left out, and why: column, value, reason."""

from __future__ import annotations

from typing import Annotated

from mcp.server.mcpserver.exceptions import ToolError
from pydantic import BaseModel, Field

from aep_flow_mcp.answers.pieces import Pieces, as_it_is
from aep_flow_mcp.answers.rejected import SHOWN_GROUPS, RejectedGroup, grouped, masked_quotes
from aep_flow_mcp.answers.rows import NOTES, RowsShown
from aep_flow_mcp.answers.text import InPieces
from aep_flow_mcp.gathering import times
from aep_flow_mcp.gathering.finding import flow_id_of
from aep_flow_mcp.gathering.observed.rejected import (
    MOST_BATCHES,
    ReadFile,
    Rejections,
    lossy_run_of,
    rejections_of,
)
from aep_flow_mcp.platform.models.error_codes import RUN, explain
from aep_flow_mcp.platform.models.neighbours import BatchError
from aep_flow_mcp.platform.models.text import clean_text
from aep_flow_mcp.platform.redaction.texts import redact_text
from aep_flow_mcp.surface.dependencies import AppState, Reader, Rows
from aep_flow_mcp.surface.params import Cursor
from aep_flow_mcp.surface.registry import read_tool

_MESSAGE, _CODES, _FEW = 300, 20, 20
_NO_FILES = (
    "Adobe has no file of rejected rows: it writes them where the flow has error diagnostics switched on "
    "(options.errorDiagnosticsEnabled), and keeps them for 30 days."
)

Some = Annotated[str | None, Field(max_length=200)]


class BatchRow(BaseModel):
    """A batch as Catalog counts it."""

    id: str
    status: str | None = None
    dataset_id: str | None = None
    records_in: int | None = None
    records_out: int | None = None
    records_failed: int | None = None


class CodeRow(BaseModel):
    """An error that the batch itself counts."""

    code: str | None = None
    records: int | None = None
    message: str | None = None
    meaning: str | None = None


class FileRow(BaseModel):
    """A file of rejected rows. `rows` were read of it; it has more unless `whole`. `bytes` is its size."""

    name: str
    bytes: int | None = None
    rows: int
    whole: bool
    kind: str | None = None


class BatchErrors(InPieces):
    """Rows that batches left out, grouped by why; counts are of the rows read. Values as AEP_MCP_PREVIEW_ROWS says."""

    run_id: str | None = None
    batches: list[BatchRow]
    codes: list[CodeRow] = Field(default_factory=list)
    rejected: list[RejectedGroup] = Field(default_factory=list)
    files: list[FileRow] = Field(default_factory=list)
    note: str | None = None


@read_tool("runs")
async def get_batch_errors(
    app: AppState,
    aep: Reader,
    shown_rows: Rows,
    batch_id: Some = None,
    run_id: Some = None,
    flow: Annotated[
        str | None, Field(description="instead: its newest run that lost records; id or name")
    ] = None,
    cursor: Cursor = None,
) -> BatchErrors:
    """Which rows a batch (or run, or flow) left out and why: error, column, value (masked), how many. Why a whole run
    failed: diagnose_flow."""
    pieces = Pieces(cursor, ("batches", "codes", "rejected", "files"))
    if sum(one is not None for one in (batch_id, run_id, flow)) != 1:
        raise ToolError("Give one of batch_id, run_id and flow.")
    ids = [batch_id] if batch_id else []
    if batch_id is None:
        if run_id:
            run = await aep.get_run(run_id)
        else:
            run = await lossy_run_of(aep, await flow_id_of(app, aep, flow or "", now=times.now()))
        ids, run_id = run.batch_ids, run.id
        if not ids:
            raise ToolError(
                f"Run {run.id} loaded no batch, so no rows were left out. Why it failed: diagnose_flow."
            )
    found = await rejections_of(aep, ids)
    groups = grouped((row for one in found for row in one.rows), shown_rows)
    return BatchErrors(
        run_id=run_id,
        batches=pieces.take("batches", found, _FEW, _batch),
        codes=pieces.take(
            "codes",
            [error for one in found if one.batch for error in one.batch.errors],
            _CODES,
            lambda error: _code(error, app.redactor.text(error.text or ""), shown_rows),
        ),
        rejected=pieces.take("rejected", groups, SHOWN_GROUPS, as_it_is),
        files=pieces.take("files", [file for one in found for file in one.files], _FEW, _file),
        more=pieces.more,
        cursors=pieces.cursors,
        note=" ".join(_notes(found, ids, rows=NOTES[shown_rows] if groups else None)) or None,
    )


def _batch(one: Rejections) -> BatchRow:
    counts = one.batch.metrics if one.batch else None
    return BatchRow(
        id=one.id,
        status=one.batch.status if one.batch else "not in Catalog",
        dataset_id=next(iter(one.batch.dataset_ids), None) if one.batch else None,
        records_in=counts.input_record_count if counts else None,
        records_out=counts.output_record_count if counts else None,
        records_failed=counts.failed_record_count if counts else None,
    )


def _code(error: BatchError, text: str, shown: RowsShown) -> CodeRow:
    """`text` is what the error says, without secrets: half of one no longer looks like one."""
    known = explain(error.code, RUN) if error.code else None
    return CodeRow(
        code=error.code,
        records=error.count,
        message=clean_text(redact_text(text if shown == "on" else masked_quotes(text)), limit=_MESSAGE)
        or None,
        meaning=known.meaning if known else None,
    )


def _file(file: ReadFile) -> FileRow:
    kind = None if file.found.kind == "json" else f"{file.found.kind}, not read"
    return FileRow(
        name=file.name, bytes=file.length, rows=len(file.found.rows), whole=file.whole and not kind, kind=kind
    )


def _notes(found: list[Rejections], ids: list[str], *, rows: str | None) -> list[str]:
    read = [file for one in found for file in one.files]
    notes = [] if read else [_NO_FILES]
    if rows:
        notes.append(rows)
    if any(not file.whole for file in read):
        notes.append("Of files that are not whole only the beginning was read: counts are of that part.")
    unread = sum(one.unread for one in found)
    if unread:
        notes.append(f"At least {unread} further files were not read.")
    unlooked = list(dict.fromkeys(ids))[MOST_BATCHES:]
    if unlooked:
        notes.append(
            f"{MOST_BATCHES} of the run's {len(unlooked) + MOST_BATCHES} batches were read; "
            f"the next: call again with batch_id={unlooked[0]}. get_run lists all."
        )
    return notes
