"""The flows of a sandbox, read once and then by what changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import partial

from aep_flow_mcp.gathering.lean_reading import LeanReader
from aep_flow_mcp.gathering.remembered.keeping import (
    AfreshError,
    Kept,
    Store,
    Watch,
    changed,
    read_again,
)
from aep_flow_mcp.gathering.whole_lists import Reading, read_flows
from aep_flow_mcp.insight.facts import FlowFacts
from aep_flow_mcp.platform.concurrency import together
from aep_flow_mcp.platform.errors import ErrorKind, PlatformError

_CHANGES = ("updatedAt", "lastRunDetails.startedAtUTC", "lastRunDetails.completedAtUTC")
"""A run is no change of its flow, but the flow tells of its last one."""
_SETTLED = frozenset({"enabled", "disabled", "draft"})


class RememberedFlows:
    """The flows of each sandbox. Kept by the App: `memory.cache("remembered_flows", RememberedFlows)`."""

    def __init__(self) -> None:
        self._kept: Store[Kept[FlowFacts]] = Store()

    async def read(self, reading: Reading) -> dict[str, FlowFacts]:
        """The facts of every flow by id, as they are now.

        Raises:
            PlatformError: they could not be read.
        """
        sandbox = reading.aep.sandbox
        kept = self._kept.take(sandbox)
        if kept is not None:
            try:
                return await self._refreshed(reading, kept)
            except AfreshError:
                kept = None  # Both at once would be twice the memory.
        watch = Watch(reading.now)
        flows = await read_flows(reading)
        if not reading.progress.cut:
            self._kept.put(sandbox, Kept(flows, watch.since(_times(flows.values())), watch.clock))
        return dict(flows)

    async def _refreshed(self, reading: Reading, kept: Kept[FlowFacts]) -> dict[str, FlowFacts]:
        lean, watch = LeanReader(reading.aep), Watch(reading.now)
        unsettled = [flow.id for flow in kept.facts.values() if not _settled(flow)]
        newer, again = await together(
            [
                partial(changed, lean.list_flows, _CHANGES, kept.since),
                partial(read_again, lean.list_flows, unsettled),
            ]
        )
        flows = kept.facts | newer | again
        # Counted afterwards: whatever was made meanwhile, or is gone since it was kept, makes another number.
        try:
            number = await lean.count_flows()
        except PlatformError as error:
            if error.kind is ErrorKind.INVALID:
                raise AfreshError from error
            raise
        if number != len(flows):
            raise AfreshError
        reading.progress.done += len(newer)
        since = watch.since(_times([*newer.values(), *again.values()]), kept.since)
        self._kept.put(reading.aep.sandbox, Kept(flows, since, kept.read_at))
        return dict(flows)


def _settled(flow: FlowFacts) -> bool:
    """Whether whatever becomes of it is a change that it tells of: a last run may end without saying when."""
    return flow.state in _SETTLED and (flow.last_status is None or flow.last_status.finished)


def _times(flows: Iterable[FlowFacts]) -> Iterator[datetime | None]:
    for flow in flows:
        yield flow.changed_at
        yield flow.last_run_at
