"""The last runs of flows, looked at for what the flows themselves do not say of them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from aep_flow_mcp.insight.facts import FlowFacts, Outcome, RunFacts
from aep_flow_mcp.platform.concurrency import together
from aep_flow_mcp.platform.filters import Filter
from aep_flow_mcp.platform.models.runs import RunStatus
from aep_flow_mcp.platform.reader import FlowReader

_CHUNK = 80
"""Ids in one request."""
MOST = 2_000


async def partial_last_runs(aep: FlowReader, flows: Sequence[FlowFacts]) -> tuple[frozenset[str], int]:
    """The ids of the flows whose last run was partial, and how many flows were too many to look at theirs.

    Raises:
        PlatformError: the runs could not be read.
    """
    told = {
        flow.id
        for flow in flows
        if flow.last_status in (RunStatus.PARTIAL_SUCCESS, RunStatus.PARTIAL_FAILURE)
    }
    by_run = {
        flow.last_run_id: flow.id
        for flow in flows
        if flow.last_status is RunStatus.SUCCESS and flow.last_run_id
    }
    ids = list(by_run)
    chunks = [ids[at : at + _CHUNK] for at in range(0, min(len(ids), MOST), _CHUNK)]

    async def read(chunk: list[str]) -> list[str]:
        page = await aep.list_runs(Filter("id").in_(chunk), limit=100)
        return [run.id for run in page.items if RunFacts.of(run).outcome is Outcome.PARTIAL]

    found = await together([partial(read, chunk) for chunk in chunks])
    partly = {by_run[id] for some in found for id in some if id in by_run}
    return frozenset(told | partly), max(0, len(ids) - MOST)
