"""Everything about one flow, gathered in three rounds of concurrent calls.

1. the flow, its last runs and how many there were in a week;
2. what the flow names: source and target connections, their accounts, the mapping set, the specs;
3. what those name: datasets, schemas, and what the flow itself had left out.

Every part may be gone, or not for us to see, on its own: then the part says so, and the rest is told.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar, cast

from aep_flow_mcp.gathering import times
from aep_flow_mcp.gathering.conditions import where
from aep_flow_mcp.gathering.run_status import STARTED_PATH, STATUS_PATH, spellings
from aep_flow_mcp.insight.description import FlowParts, account_id, connector_id, ends, target_schema_id
from aep_flow_mcp.insight.shapes import Problem
from aep_flow_mcp.insight.terms import RunState
from aep_flow_mcp.platform.concurrency import together
from aep_flow_mcp.platform.errors import ErrorKind, PlatformError
from aep_flow_mcp.platform.filters import Filter
from aep_flow_mcp.platform.models.connections import SourceConnection, TargetConnection
from aep_flow_mcp.platform.models.flows import Flow
from aep_flow_mcp.platform.models.runs import FlowRun
from aep_flow_mcp.platform.paging import Page, all_items
from aep_flow_mcp.platform.reader import FlowReader

T = TypeVar("T")
Call = Callable[[], Awaitable[Any]]

WEEK = timedelta(days=7)
NAMED_DATASETS = 10
"""An export may read hundreds of datasets; so many are looked up, the others keep the name they were given."""

_PROBLEMS = {ErrorKind.NOT_FOUND: Problem.NOT_FOUND, ErrorKind.PERMISSION: Problem.NO_PERMISSION}


async def gather_flow(aep: FlowReader, flow_id: str, *, runs: int) -> FlowParts:
    """The flow and its parts, with its last `runs` runs.

    Raises:
        PlatformError: the flow itself cannot be read. No other part raises.
    """
    since = times.now() - WEEK
    flow, last_runs, of_week, failed = await together(
        [
            lambda: aep.get_flow(flow_id),
            lambda: found(lambda: last_runs_of(aep, flow_id, runs)),
            lambda: found(lambda: runs_since(aep, flow_id, since)),
            lambda: found(lambda: runs_since(aep, flow_id, since, RunState.FAILED)),
        ]
    )
    gathering = _Gathering(aep, cast(Flow, flow))
    await together(gathering.named_by_flow())
    await together(gathering.named_by_parts())
    week = (of_week, failed) if isinstance(of_week, int) and isinstance(failed, int) else Problem.UNAVAILABLE
    return gathering.parts(cast("Sequence[FlowRun] | Problem", last_runs), week)


async def found(call: Callable[[], Awaitable[T]]) -> T | Problem:
    """What `call` gives, or why it gives nothing."""
    try:
        return await call()
    except PlatformError as error:
        return _PROBLEMS.get(error.kind, Problem.UNAVAILABLE)


async def last_runs_of(aep: FlowReader, flow_id: str, number: int) -> list[FlowRun]:
    """The latest runs of a flow, newest first. A page may be shorter than asked for, so further ones are read."""
    of_flow = Filter("flowId").eq(flow_id)

    async def page(cursor: str | None) -> Page[FlowRun]:
        return await aep.list_runs(of_flow, limit=number, orderby="-createdAt", cursor=cursor)

    return [run async for run in all_items(page, cap=number)]


async def runs_since(aep: FlowReader, flow_id: str, since: datetime, status: RunState | None = None) -> int:
    """How many runs of a flow began since then, of one status or of any."""
    of_flow = where({"flowId": flow_id, STATUS_PATH: spellings(status)}, None)
    return await aep.count_runs([*of_flow, Filter(STARTED_PATH).ge(since)])


class _Gathering:
    """What is known so far, by kind and id. A round asks for what is not known yet."""

    def __init__(self, aep: FlowReader, flow: Flow) -> None:
        self._aep = aep
        self._flow = flow
        kinds = ("source", "target", "account", "mapping", "dataset", "schema")
        self._known: dict[str, dict[str, Any]] = {kind: {} for kind in kinds}
        # The whole lists have megabytes: they are not read for the few that a flow names.
        connectors, flow_specs = aep.listed_specs()
        self._known["connector"] = {spec.id: spec for spec in connectors}
        self._known["flow_spec"] = {spec.id: spec for spec in flow_specs}

    def named_by_flow(self) -> list[Call]:
        """The second round."""
        aep, flow = self._aep, self._flow
        sources, targets = ends(flow.source_connection_ids, flow.source_refs), self._target_ends()
        refs = [*flow.source_refs, *flow.target_refs]
        bases = [ref.base_connection for ref in refs if ref.base_connection]
        version = flow.mapping.mapping_version if flow.mapping else None
        return [
            *self._ask("source", [id for id, _ in sources], aep.get_source_connection),
            *self._ask("target", [id for id, _ in targets], aep.get_target_connection),
            *self._ask("account", [base.id for base in bases], aep.get_connection),
            *self._ask(
                "mapping",
                [flow.mapping.mapping_id] if flow.mapping else [],
                lambda id: aep.neighbours.get_mapping_set(id, version),
            ),
            *self._ask("flow_spec", [flow.spec_id], aep.get_flow_spec),
            *self._ask("connector", [each.spec_id for each in [*refs, *bases]], aep.get_connection_spec),
        ]

    def named_by_parts(self) -> list[Call]:
        """The third round."""
        aep, flow = self._aep, self._flow
        sources = list(ends(flow.source_connection_ids, flow.source_refs))
        targets = list(self._target_ends())
        both = [(self._known["source"].get(id), ref) for id, ref in sources]
        both += [(self._known["target"].get(id), ref) for id, ref in targets]
        read = [end for end, _ in both if isinstance(end, SourceConnection)]
        written = [end for end, _ in both if isinstance(end, TargetConnection)]
        exported = [id for end in read for id in end.dataset_ids][:NAMED_DATASETS]
        mapping = self._mapping()
        return [
            *self._ask("account", [account_id(end, ref) for end, ref in both], aep.get_connection),
            *self._ask(
                "dataset", [*exported, *(end.dataset_id for end in written)], aep.neighbours.get_dataset
            ),
            *self._ask(
                "schema", [target_schema_id(end, mapping) for end in written], aep.neighbours.get_schema
            ),
            *self._ask("connector", [connector_id(end, ref) for end, ref in both], aep.get_connection_spec),
        ]

    def parts(self, last_runs: Sequence[FlowRun] | Problem, week: tuple[int, int] | Problem) -> FlowParts:
        """All that is known."""
        known = self._known
        return FlowParts(
            flow=self._flow,
            flow_spec=known["flow_spec"].get(self._flow.spec_id or ""),
            connectors=known["connector"],
            sources=known["source"],
            targets=known["target"],
            accounts=known["account"],
            datasets=known["dataset"],
            schemas=known["schema"],
            mapping=self._mapping(),
            runs=last_runs,
            week=week,
        )

    def _ask(
        self, kind: str, ids: Iterable[str | None], call: Callable[[str], Awaitable[Any]]
    ) -> Iterable[Call]:
        """A call for each id that is not known; what it gives is known from then on."""
        known = self._known[kind]
        for id in dict.fromkeys(ids):
            if id and id not in known:
                yield partial(self._learn, kind, id, partial(call, id))

    async def _learn(self, kind: str, id: str, call: Call) -> None:
        self._known[kind][id] = await found(call)

    def _target_ends(self) -> Iterable[tuple[str, Any]]:
        return ends(self._flow.target_connection_ids, self._flow.target_refs)

    def _mapping(self) -> Any:
        return self._known["mapping"].get(self._flow.mapping.mapping_id) if self._flow.mapping else None
