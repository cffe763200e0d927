"""The rows that batches left out, read from Data Access within bounds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

from aep_flow_mcp.gathering.asked import AskedError
from aep_flow_mcp.platform.concurrency import together
from aep_flow_mcp.platform.errors import ErrorKind, PlatformError
from aep_flow_mcp.platform.filters import Filter
from aep_flow_mcp.platform.kept.data_access import FileList, Place
from aep_flow_mcp.platform.models.kept import FileEntry
from aep_flow_mcp.platform.models.neighbours import Batch
from aep_flow_mcp.platform.models.rejected import RejectedRow, RejectedRows, read_rejected
from aep_flow_mcp.platform.models.runs import FlowRun
from aep_flow_mcp.platform.reader import FlowReader

MOST_BATCHES = 3
MOST_FILES = 10
MOST_BYTES = 400_000
"""Of each file: a look at the reasons, not a download of the rows."""
MOST_ROWS = 2_000
"""Of each file."""
NEWEST = 50
"""Runs of a flow among which the one is looked for that lost records."""
_NOTHING = frozenset({ErrorKind.NOT_FOUND})


@dataclass(frozen=True)
class ReadFile:
    """A file of rejected rows and what of it was read."""

    name: str
    place: Place
    length: int | None
    found: RejectedRows
    whole: bool


@dataclass(frozen=True)
class Rejections:
    """One batch: as Catalog has it (None: it has not), and its files; `unread` were left out by the bounds."""

    id: str
    batch: Batch | None
    files: list[ReadFile] = field(default_factory=list)
    unread: int = 0

    @property
    def rows(self) -> list[tuple[str, RejectedRow]]:
        return [(file.name, row) for file in self.files for row in file.found.rows]


async def lossy_run_of(aep: FlowReader, flow_id: str) -> FlowRun:
    """The newest run of a flow that lost records and loaded a batch.

    Raises:
        AskedError: there is none among the newest.
    """
    page = await aep.list_runs(Filter("flowId").eq(flow_id), limit=NEWEST, orderby="-createdAt")
    for run in page.items:
        if run.batch_ids and run.status.finished and not run.clean:
            return run
    raise AskedError(
        f"None of the newest {len(page.items)} runs of this flow lost records in a batch. "
        "Why a run failed before it loaded anything: diagnose_flow."
    )


async def rejections_of(aep: FlowReader, batch_ids: Sequence[str]) -> list[Rejections]:
    """What the first few of some batches left out, side by side.

    Raises:
        PlatformError: Data Access cannot be read.
    """
    return await together([partial(_batch, aep, id) for id in list(dict.fromkeys(batch_ids))[:MOST_BATCHES]])


async def _batch(aep: FlowReader, id: str) -> Rejections:
    asked: list[tuple[Place, str | None]] = [("meta", "row_errors"), ("failed", None)]
    batch, *lists = await together(
        [partial(_catalogued, aep, id), *(partial(_listed, aep, id, *one) for one in asked)]
    )
    if batch is None and all(isinstance(one, PlatformError) for one in lists):
        raise next(one for one in lists if isinstance(one, PlatformError))
    wanted = [
        (place, path, entry)
        for (place, path), listed in zip(asked, lists, strict=True)
        for entry in (listed.files if isinstance(listed, FileList) else [])
        if entry.length != 0 and not entry.name.startswith("_")
    ]
    more = sum(listed.more for listed in lists if isinstance(listed, FileList))
    read = await together([partial(_read, aep, id, *one) for one in wanted[:MOST_FILES]])
    held = batch if isinstance(batch, Batch) else None
    return Rejections(id, held, [one for one in read if one], len(wanted) - len(wanted[:MOST_FILES]) + more)


async def _catalogued(aep: FlowReader, id: str) -> Batch | FileList | PlatformError | None:
    try:
        return await aep.neighbours.get_batch(id)
    except PlatformError as error:
        if error.kind in _NOTHING:
            return None
        raise


async def _listed(
    aep: FlowReader, id: str, place: Place, path: str | None
) -> Batch | FileList | PlatformError | None:
    """The files at a place; the error where there is nothing, which is no failure while the batch is there."""
    try:
        return await aep.data_access.list_files(id, place, path)
    except PlatformError as error:
        if error.kind in _NOTHING:
            return error
        raise


async def _read(
    aep: FlowReader, id: str, place: Place, folder: str | None, entry: FileEntry
) -> ReadFile | None:
    """The rows at the beginning of a file; None where it is gone meanwhile."""
    path = entry.name if folder is None or entry.name.startswith(f"{folder}/") else f"{folder}/{entry.name}"
    try:
        start = await aep.data_access.read_file(id, place, path, most=MOST_BYTES)
    except PlatformError as error:
        if error.kind in _NOTHING:
            return None
        raise
    found = read_rejected(start.content, whole=start.whole, most=MOST_ROWS)
    return ReadFile(entry.name, place, entry.length, found, start.whole and len(found.rows) < MOST_ROWS)
