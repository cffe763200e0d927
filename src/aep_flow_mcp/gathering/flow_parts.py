"""Everything about one flow, gathered in three steps of concurrent calls.

1. the flow, its last runs and how many there were in a week;
2. what the flow names: source and target connections, their accounts, the mapping set, the specs;
3. what those name: datasets, schemas, and what the flow itself had left out.

No call waits for another that it does not need: what a connection names is asked for as soon as that is here.

Every part may be gone, or not for us to see, on its own: then the part says so, and the rest is told.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar, cast

import anyio

from aep_flow_mcp.gathering import times
from aep_flow_mcp.gathering.conditions import where
from aep_flow_mcp.gathering.run_status import STARTED_PATH, STATUS_PATH, spellings
from aep_flow_mcp.insight.description import FlowParts, account_id, connector_id, ends, target_schema_id
from aep_flow_mcp.insight.shapes import Problem
from aep_flow_mcp.insight.terms import RunState
from aep_flow_mcp.platform.concurrency import together
from aep_flow_mcp.platform.errors import ErrorKind, PlatformError
from aep_flow_mcp.platform.filters import Filter
from aep_flow_mcp.platform.models.connections import ConnectionRef, SourceConnection, TargetConnection
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
    gathering = _Gathering(aep)
    _, last_runs, of_week, failed = await together(
        [
            lambda: gathering.follow(flow_id),
            lambda: found(lambda: last_runs_of(aep, flow_id, runs)),
            lambda: found(lambda: runs_since(aep, flow_id, since)),
            lambda: found(lambda: runs_since(aep, flow_id, since, RunState.FAILED)),
        ]
    )
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
    """What is known so far, by kind and id. What was asked for once is not asked for again."""

    def __init__(self, aep: FlowReader) -> None:
        self._aep = aep
        kinds = ("source", "target", "account", "mapping", "dataset", "schema")
        self._known: dict[str, dict[str, Any]] = {kind: {} for kind in kinds}
        # The whole lists have megabytes: they are not read for the few that a flow names.
        connectors, flow_specs = aep.listed_specs()
        self._known["connector"] = {spec.id: spec for spec in connectors}
        self._known["flow_spec"] = {spec.id: spec for spec in flow_specs}
        self._asked: set[tuple[str, str]] = set()
        self._nameable = NAMED_DATASETS
        self._mapping_read = anyio.Event()
        self._flow: Flow

    async def follow(self, flow_id: str) -> None:
        """Read the flow, and whatever it leads to.

        Raises:
            PlatformError: the flow cannot be read.
        """
        self._flow = await self._aep.get_flow(flow_id)
        await together(self._named_by_flow())

    def _named_by_flow(self) -> list[Call]:
        """The calls that lead furthest come first."""
        aep, flow = self._aep, self._flow
        refs = [*flow.source_refs, *flow.target_refs]
        bases = [ref.base_connection for ref in refs if ref.base_connection]
        version = flow.mapping.mapping_version if flow.mapping else None
        return [
            *[partial(self._target, id, ref) for id, ref in self._target_ends()],
            *[
                partial(self._source, id, ref)
                for id, ref in ends(flow.source_connection_ids, flow.source_refs)
            ],
            *self._accounts([base.id for base in bases]),
            partial(self._mapping_set, flow.mapping.mapping_id if flow.mapping else None, version),
            *self._ask("flow_spec", [flow.spec_id], aep.get_flow_spec),
            *self._connectors([each.spec_id for each in [*refs, *bases]]),
        ]

    async def _source(self, id: str, ref: ConnectionRef | None) -> None:
        end = await self._end("source", id, self._aep.get_source_connection)
        read = list(dict.fromkeys(end.dataset_ids)) if isinstance(end, SourceConnection) else []
        named, self._nameable = read[: self._nameable], max(0, self._nameable - len(read))
        await together([*self._named_by_end(end, ref), *self._datasets(named)])

    async def _target(self, id: str, ref: ConnectionRef | None) -> None:
        end = await self._end("target", id, self._aep.get_target_connection)
        written = [end] if isinstance(end, TargetConnection) else []
        calls: list[Call] = [
            *self._datasets([each.dataset_id for each in written]),
            *[partial(self._schema, each) for each in written],
            *self._named_by_end(end, ref),
        ]
        await together(calls)

    async def _schema(self, target: TargetConnection) -> None:
        """The schema of what is written, which may be known by the mapping set only."""
        if not target.schema_id:
            await self._mapping_read.wait()
        id = target_schema_id(target, self._mapping())
        await together(self._ask("schema", [id], self._aep.neighbours.get_schema))

    async def _mapping_set(self, id: str | None, version: int | None) -> None:
        if id:
            self._known["mapping"][id] = await found(
                lambda: self._aep.neighbours.get_mapping_set(id, version)
            )
        self._mapping_read.set()

    async def _end(self, kind: str, id: str, call: Callable[[str], Awaitable[Any]]) -> Any:
        end = self._known[kind][id] = await found(partial(call, id))
        return end

    def _named_by_end(self, end: Any, ref: ConnectionRef | None) -> list[Call]:
        return [*self._accounts([account_id(end, ref)]), *self._connectors([connector_id(end, ref)])]

    def _accounts(self, ids: Iterable[str | None]) -> list[Call]:
        return self._ask("account", ids, self._aep.get_connection)

    def _connectors(self, ids: Iterable[str | None]) -> list[Call]:
        return self._ask("connector", ids, self._aep.get_connection_spec)

    def _datasets(self, ids: Iterable[str | None]) -> list[Call]:
        return self._ask("dataset", ids, self._aep.neighbours.get_dataset)

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

    def _ask(self, kind: str, ids: Iterable[str | None], call: Callable[[str], Awaitable[Any]]) -> list[Call]:
        """A call for each id that was not asked for; what it gives is known from then on."""
        new = [
            id
            for id in dict.fromkeys(ids)
            if id and id not in self._known[kind] and (kind, id) not in self._asked
        ]
        self._asked.update((kind, id) for id in new)
        return [partial(self._learn, kind, id, partial(call, id)) for id in new]

    async def _learn(self, kind: str, id: str, call: Call) -> None:
        self._known[kind][id] = await found(call)

    def _target_ends(self) -> Iterable[tuple[str, Any]]:
        return ends(self._flow.target_connection_ids, self._flow.target_refs)

    def _mapping(self) -> Any:
        return self._known["mapping"].get(self._flow.mapping.mapping_id) if self._flow.mapping else None
