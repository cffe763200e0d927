"""What Adobe counted of what came into datasets, and what the runs of a flow say that they wrote."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from aep_flow_mcp.gathering.asked import AskedError
from aep_flow_mcp.gathering.run_status import STARTED_PATH
from aep_flow_mcp.insight.windows import Window
from aep_flow_mcp.platform.concurrency import together
from aep_flow_mcp.platform.filters import Filter
from aep_flow_mcp.platform.models.neighbours import Dataset
from aep_flow_mcp.platform.reader import FlowReader

MOST_DATASETS = 10
MOST_RUNS = 2_000
_ID = re.compile(r"[0-9a-fA-F]{24}")
_INGESTION = "timeseries.ingestion.dataset."
_PROFILE = "timeseries.profiles.dataset."
_IDENTITY = "timeseries.identity."
_INLET = "timeseries.data.collection.inlet."
FAMILIES: Mapping[str, tuple[str, ...]] = {
    "ingestion": tuple(
        _INGESTION + name
        for name in ("recordsuccess.count", "batchsuccess.count", "batchfailed.count", "dailysize")
    ),
    "profile": tuple(
        _PROFILE + name for name in ("recordread.count", "recordsuccess.count", "batchsuccess.count")
    ),
    "identity": tuple(
        _IDENTITY + name for name in ("dataset.recordsuccess.count", "dataset.recordfailed.count")
    ),
    "streaming": (
        *(_INLET + name for name in ("total.messages.received", "success", "failure")),
        "timeseries.data.collection.validation.category.presence.count",
    ),
}
"""The metrics that Adobe lists, without those that need an id of their own and the size that only adds up."""


@dataclass(frozen=True, slots=True)
class Written:
    """What the runs of a flow that started in a window say they wrote; `all` unless there were too many."""

    runs: int
    records: int
    all: bool


async def datasets_meant(aep: FlowReader, asked: Sequence[str]) -> dict[str, str | None]:
    """Dataset ids with their names, for ids and names. Several of the same name are all meant.

    Raises:
        AskedError: there is none of a name.
    """
    found: dict[str, str | None] = {}
    for text in asked[:MOST_DATASETS]:
        wanted = text.strip()
        if _ID.fullmatch(wanted):
            known = (await aep.neighbours.get_datasets([wanted]))[wanted]
            found[wanted] = known.name if known else None
            continue
        named = await aep.neighbours.find_dataset_by_name(wanted)
        if not named:
            raise AskedError(f"No dataset is called {wanted!r} in sandbox {aep.sandbox}. Give its id.")
        found |= {dataset.id: dataset.name for dataset in named}
    return found


async def datasets_of_flow(aep: FlowReader, flow_id: str) -> dict[str, str | None]:
    """The datasets that a flow writes into, with their names.

    Raises:
        AskedError: it writes into none, such as a flow to a destination.
    """
    flow = await aep.get_flow(flow_id)
    ends = await together([partial(aep.get_target_connection, id) for id in flow.target_connection_ids])
    ids = [id for end in ends if (id := end.dataset_id)]
    if not ids:
        raise AskedError(
            f"{flow.name or flow_id} writes into no dataset, so Adobe counts no ingestion of it. "
            "Its runs: pipeline_health."
        )
    known: Mapping[str, Dataset | None] = await aep.neighbours.get_datasets(ids)
    return {id: dataset.name if dataset else None for id, dataset in known.items()}


async def written_by(aep: FlowReader, flow_id: str, window: Window) -> Written:
    """What the flow's own runs wrote in a window, to hold against the metrics."""
    asked = [
        Filter("flowId").eq(flow_id),
        Filter(STARTED_PATH).ge(window.start),
        Filter(STARTED_PATH).lt(window.end),
    ]
    runs = records = 0
    async for run in aep.iter_runs(asked, cap=MOST_RUNS):
        runs += 1
        records += run.records_out or 0
    return Written(runs, records, runs < MOST_RUNS)
